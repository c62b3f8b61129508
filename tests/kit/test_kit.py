"""Keys, seals, settings, logs, moves and jobs."""

import asyncio
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from tenantry.customers.models import Customer, State
from tenantry.env import BadSettings, Environment
from tenantry.kit import clock as time_source
from tenantry.kit import jobs
from tenantry.kit.errors import Conflict
from tenantry.kit.keys import secret_key_of
from tenantry.kit.logs import Redact, strike
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.kit.transitions import move

CANARY = "Canary-7-of-hearts!"


def test_a_secret_shows_itself_nowhere_but_in_reveal() -> None:
    secret = Secret(CANARY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{secret!r}"):
        assert CANARY not in shown
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_sealed_value_opens_only_at_its_own_place() -> None:
    sealed = seal(Secret(CANARY), table="operation", row=1, column="password")
    assert CANARY.encode() not in sealed
    assert unseal(sealed, table="operation", row=1, column="password").reveal() == CANARY
    for table, row, column in (("other", 1, "password"), ("operation", 2, "password"), ("operation", 1, "other")):
        with pytest.raises(CannotUnseal):
            unseal(sealed, table=table, row=row, column=column)


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("answer eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJncmFwaCJ9.c2lnbmF0dXJl ok", "eyJhdWQiOiJncmFwaCJ9"),
        (f'{{"password": "{CANARY}"}}', CANARY),
        (f"client_secret={CANARY}&x=1", CANARY),
        ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("GET /welcome/3q2-7wAAAAAAAAAAAAAAAAAAAAA", "3q2-7wAAAAAAAAAAAAAAAAAAAAA"),
        ("postgresql://tenantry:hunter2@db/tenantry", "hunter2"),
    ],
)
def test_log_lines_lose_what_looks_like_a_secret(line: str, hidden: str) -> None:
    assert hidden not in strike(line)


def test_a_traceback_loses_it_too() -> None:
    try:
        raise ValueError(f"password={CANARY}")  # noqa: TRY301
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed %s", ("now",), __import__("sys").exc_info())
    Redact().filter(record)
    assert record.exc_text is not None
    assert CANARY not in record.exc_text
    assert record.getMessage() == "failed now"


def test_an_unknown_setting_is_an_error_that_names_it() -> None:
    with pytest.raises(BadSettings, match="TENANTRY_COLUD"):
        Environment({"TENANTRY_COLUD": "china"})


def test_a_secret_may_come_from_a_file_but_not_from_both(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("  from a file \n")
    assert Environment({"TENANTRY_CLIENT_SECRET_FILE": str(path)}).text("TENANTRY_CLIENT_SECRET") == "from a file"
    with pytest.raises(BadSettings, match="Both"):
        Environment({"TENANTRY_CLIENT_SECRET_FILE": str(path), "TENANTRY_CLIENT_SECRET": "x"}).text(
            "TENANTRY_CLIENT_SECRET"
        )
    with pytest.raises(BadSettings, match="cannot be read"):
        Environment({"TENANTRY_SECRET_KEY_FILE": str(tmp_path / "none")}).text("TENANTRY_SECRET_KEY")


@pytest.mark.parametrize(("name", "value"), [("TENANTRY_PORT", "http"), ("TENANTRY_PORT", "70000")])
def test_a_bad_number_says_what_is_expected(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        Environment({name: value}).number(name, 1)


def test_generated_keys_are_kept_and_private(tmp_path: Path) -> None:
    first = secret_key_of(Environment({}), tmp_path)
    assert secret_key_of(Environment({}), tmp_path) == first
    assert (tmp_path / "keys" / "secret-key").stat().st_mode & 0o077 == 0


def test_a_move_that_somebody_else_made_first_is_a_conflict(customer: Customer) -> None:
    mine = Customer.objects.get(pk=customer.pk)
    theirs = Customer.objects.get(pk=customer.pk)
    move(theirs, from_=State.ACTIVE, to=State.ARCHIVED, archived_at=time_source.now())
    with pytest.raises(Conflict):
        move(mine, from_=State.ACTIVE, to=State.ARCHIVED)
    assert mine.state == State.ACTIVE


@pytest.mark.usefixtures("database")
def test_a_job_rolls_back_with_the_change_that_asked_for_it() -> None:
    jobs.task("tests.noop")(lambda: None)
    with transaction.atomic():
        jobs.enqueue("tests.noop", lock="rolled-back")
        assert ProcrastinateJob.objects.filter(lock="rolled-back").exists()
        transaction.set_rollback(True)
    assert not ProcrastinateJob.objects.filter(lock="rolled-back").exists()


@pytest.mark.usefixtures("database")
def test_a_job_that_waits_already_is_not_put_in_twice() -> None:
    jobs.task("tests.once")(lambda: None)
    for _ in range(3):
        with transaction.atomic():
            jobs.enqueue("tests.once", once="tests-once")
    assert ProcrastinateJob.objects.filter(queueing_lock="tests-once", status="todo").count() == 1


@pytest.mark.usefixtures("database")
def test_a_sweep_puts_in_what_neither_waits_nor_runs_and_loses_nothing_in_a_race(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs.task("tests.each")(lambda: None)

    def put(*names: str) -> None:
        jobs.enqueue_each("tests.each", {name: {"key": name} for name in names}, is_locked=True)

    def rows() -> list[tuple[object, ...]]:
        found = ProcrastinateJob.objects.filter(task_name="tests.each").order_by("queueing_lock")
        return list(found.values_list("queueing_lock", "lock", "args"))

    with transaction.atomic():
        put("a", "b")
        assert rows() == [("a", "a", {"key": "a"}), ("b", "b", {"key": "b"})]
        put("a", "b", "c")
        assert [row[0] for row in rows()] == ["a", "b", "c"]
        with monkeypatch.context() as blind:  # "a" comes in between looking and putting in
            blind.setattr(jobs, "_in_hand", lambda _: frozenset())
            put("a", "d")
        assert [row[0] for row in rows()] == ["a", "b", "c", "d"]
        transaction.set_rollback(True)


_TAKE = "SELECT id FROM procrastinate_fetch_job_v2(ARRAY['stalled-test'], %s)"
_PUT = """
INSERT INTO procrastinate_jobs (task_name, queue_name, lock, queueing_lock, args)
VALUES ('tests.noop', 'stalled-test', 'the-lock', %s, '{}') RETURNING id
"""


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("is_forgotten", [False, True])
def test_the_lock_of_a_worker_that_died_is_freed_and_that_of_a_living_one_is_not(is_forgotten: bool) -> None:
    """A killed worker must not keep a tenant from being looked at for ever."""
    with transaction.atomic(), connection.cursor() as cursor:

        def ask(statement: str, *values: str | int | None) -> int | None:
            cursor.execute(statement, values)
            row = cursor.fetchone()
            return row[0] if row else None

        worker = ask("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        taken = ask(_PUT, "first")
        assert ask(_TAKE, worker) == taken
        waiting = ask(_PUT, "second")
        assert jobs.release_stalled() == 0
        assert ask(_TAKE, worker) is None, "its lock is held"
        if is_forgotten:
            cursor.execute("DELETE FROM procrastinate_workers WHERE id = %s", [worker])
        else:
            dead = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '41 seconds' WHERE id = %s"
            cursor.execute(dead, [worker])
        assert jobs.release_stalled() == 1
        assert ask(_TAKE, None) == waiting
        transaction.set_rollback(True)


@pytest.mark.parametrize("cron", ["30 * * * * *", "*/5 * * * *", "* * * * * *"])
def test_a_rhythm_that_leaves_its_seconds_open_is_refused(cron: str) -> None:
    """ "30 * * * * *" reads like once a minute and is every second of one minute in each hour."""
    from tenantry.kit import jobs

    with pytest.raises(ValueError, match="seconds"):
        jobs.every(cron, "kit.never")(lambda: None)


def test_no_more_jobs_run_side_by_side_than_are_wanted_although_more_were_taken() -> None:
    """The worker takes jobs ahead, so that no place waits for the queue; Microsoft must not meet more of us for it."""
    from tenantry.worker import side_by_side

    running, most = 0, 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    async def all_of_them() -> None:
        place: Any = side_by_side(3)
        await asyncio.gather(*(place(job, None, None) for _ in range(9)))

    asyncio.run(all_of_them())
    assert (running, most) == (0, 3)
