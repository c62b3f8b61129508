"""Retention: only the beginning goes, only after a year, only where an anchor was; and what is left is proven whole."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import Error, connection, transaction
from django.test import override_settings
from psycopg import sql

from tenantry.audit import actions, report
from tenantry.audit.chain import anchors, exporting, offline, pruning, sealing, verifying
from tenantry.audit.chain.verifying import verify
from tenantry.audit.events import AuditEvent
from tenantry.audit.models import Anchor, Checkpoint, Event, Link, Result
from tenantry.custody.actions import checking, keeping, retaining
from tenantry.custody.models import Keeper
from tenantry.env import BadSettings, Environment
from tenantry.kit import clock as source
from tenantry.kit import scoping
from tenantry.kit.actor import Actor
from tenantry.kit.clock import TravellingClock
from tenantry.streams.models import Stream, StreamKind

if TYPE_CHECKING:
    from tests.conftest import SharedClock

ACTOR = Actor(kind="technician", id=uuid.UUID(int=5), name="Alice Moreau")
CUSTOMERS = [uuid.UUID(int=n) for n in (11, 12)]
RETIRED = uuid.UUID(int=13)
"""A customer of whom nothing happened lately."""
Run = Callable[..., Any]


class Tag(StrEnum):
    TRIED = "tests.password_reset"


@pytest.fixture
def behind(database: None, postgres_uri: str, clock: "SharedClock") -> Iterator[Run]:
    """A database of the test's own with an empty record; yields what runs statements as superuser, past triggers."""
    settings = connection.settings_dict
    before, own = settings["NAME"], f"prune_{uuid.uuid4().hex[:8]}"
    connection.close()
    with psycopg.connect(postgres_uri, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [before])
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(own), sql.Identifier(before)))
    settings["NAME"] = own
    with psycopg.connect(postgres_uri, dbname=own, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute(
            "TRUNCATE audit_event, audit_link, audit_unsealed, audit_anchor, audit_checkpoint, "
            "audit_customercheckpoint, custody_keeper, custody_check, streams_stream RESTART IDENTITY CASCADE"
        )
        yield owner.execute
    connection.close()
    settings["NAME"] = before
    with psycopg.connect(postgres_uri, autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))


@pytest.fixture
def years(behind: Run, tmp_path: Path) -> Iterator[Run]:
    """Three years of acts, an anchor after each month, and one act whose outcome came a month later."""
    with override_settings(AUDIT_ANCHOR_FILE=str(tmp_path / "anchors.jsonl"), AUDIT_RETENTION_DAYS=400, IS_DEMO=True):
        then = TravellingClock(dt.datetime.now(tz=dt.UTC).replace(microsecond=0) - dt.timedelta(days=3 * 365))
        now = source.install(then)
        try:
            act(RETIRED)
            for month in range(36):
                split = None if month % 3 else act(CUSTOMERS[0], is_open=True)
                for customer in (*CUSTOMERS, None):
                    act(customer)
                sealing.seal_all()
                keeping.take_and_hand_over()
                then.travel(dt.timedelta(days=30))
                if split is not None:
                    actions.close(split, result=Result.DONE, summary=f"Later, {month}.")
        finally:
            source.install(now)
        sealing.seal_all()
        yield behind


def act(customer: uuid.UUID | None, *, is_open: bool = False) -> Any:  # noqa: ANN401  an Intent
    where = actions.About(customer_id=customer, customer_name="Kestrel", tenant_id=uuid.uuid4(), target_name="Dana")
    intent = actions.begin(actor=ACTOR, action=Tag.TRIED, about=where)
    if not is_open:
        actions.close(intent, result=Result.DONE, summary="Read back.")
    return intent


def test_the_setting_has_a_floor_of_a_year() -> None:
    """AC 4 (audit): retention is not below one year."""
    import subprocess
    import sys

    for days, is_well in (("364", False), ("1", False), ("365", True)):
        code = "import tenantry.settings"
        environment = {"PATH": "/usr/bin", "TENANTRY_SECRET_KEY": "x", "TENANTRY_AUDIT_RETENTION_DAYS": days}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
        assert (done.returncode == 0) is is_well, done.stderr
        assert is_well or f"must be 365 or more, not {days}" in done.stderr
    with pytest.raises(BadSettings, match="whole number"):
        Environment({"TENANTRY_AUDIT_RETENTION_DAYS": "ever"}).number("TENANTRY_AUDIT_RETENTION_DAYS", 0)


def test_only_a_whole_beginning_that_is_old_and_anchored_goes_and_the_rest_is_proven(
    years: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AC 4 (audit): pruning leaves a checkpoint, is an event, and verify proves what is left."""
    monkeypatch.setattr(pruning, "_LARGEST", 60)  # several transactions
    total = Link.objects.count()
    outside = offline.read_anchors([tmp_path / "anchors.jsonl"])
    assert verify(anchors=outside).is_whole
    with override_settings(AUDIT_RETENTION_DAYS=0):
        assert retaining.prune_by_schedule() == 0
    now = source.now()
    stream = Stream.objects.create(
        kind=StreamKind.WEBHOOK, target="x", cursor=40, next_try_at=now, created_at=now, created_by="x"
    )
    retaining.prune_by_schedule()
    assert 0 < (Checkpoint.objects.latest("sequence").sequence) <= 40
    stream.delete()

    gone = retaining.prune_by_schedule() + Checkpoint.objects.earliest("sequence").events
    assert retaining.prune_by_schedule() == 0
    checkpoint = Checkpoint.objects.latest("sequence")
    cutoff = source.now() - dt.timedelta(days=400)
    first = Link.objects.earliest("sequence")
    assert first.sequence == checkpoint.sequence + 1 == gone + 1
    # Nothing younger went; what is older and stays has not reached an anchor, or belongs to an act that stays.
    assert not Event.objects.filter(recorded_at__lt=cutoff - dt.timedelta(days=95)).exists()
    assert Event.objects.filter(action=Tag.TRIED, recorded_at__gt=cutoff).count() > 70
    assert not Event.objects.filter(kind="outcome", intent__isnull=True).exists()
    told = Event.objects.filter(action="audit.record_pruned").order_by("pk").last()
    assert told is not None
    assert (told.details["sequence"], told.details["hash"]) == (checkpoint.sequence, bytes(checkpoint.hash).hex())

    sealing.seal_all()
    assert Link.objects.count() < total
    for _ in range(2):
        assert verify(anchors=outside).problems == []
        assert checking.look().problems == []
        for customer in CUSTOMERS:
            assert verify(customer_id=customer, anchors=outside).problems == []
        act(CUSTOMERS[0])
        act(RETIRED)  # whose chain goes on from the checkpoint
        act(None)
        sealing.seal_all()
    assert Link.objects.get(customer_id=RETIRED, customer_sequence=3).sequence > checkpoint.sequence
    with pytest.MonkeyPatch.context() as patch:  # the walk says the same as the database
        patch.setattr(verifying, "_ask", lambda *_: None)
        assert [problem.kind for problem in verify(anchors=outside).problems] == ["link"]  # only that the two differ
    lines = list(exporting.export())
    assert offline.verify_lines(lines, anchors=outside).problems == []
    assert offline.verify_lines(exporting.export(customer_id=CUSTOMERS[1]), anchors=outside).problems == []
    assert [p.kind for p in offline.verify_lines(lines).problems] == ["beginning"]
    untold = [line for line in lines if b"audit.record_pruned" not in line]
    assert "no event tells" in " ".join(p.words for p in offline.verify_lines(untold, anchors=outside).problems)

    month = (source.now() - dt.timedelta(days=900)).date().replace(day=1)
    assert report.monthly(customer_id=CUSTOMERS[0], month=month).kept_since is not None
    assert report.monthly(customer_id=CUSTOMERS[0], month=source.now().date().replace(day=1)).kept_since is None


def test_the_database_refuses_everything_else(years: Run) -> None:
    """AC 4 (audit): the database still refuses deletions; its one function has a floor and conditions."""
    places = list(Anchor.objects.filter(customer_id=None).order_by("sequence").values_list("sequence", flat=True))
    link = Link.objects.get(sequence=places[1])
    for place, days, words in (
        (places[0], 364, "365 days or more"),
        (places[0], None, "365 days or more"),
        (places[0] - 1, 365, "no anchor"),
        (places[0], 365, "an outcome after"),
        (places[-1], 365, "no anchor"),
        (10_000_000, 365, "no link"),
        (0, 365, "no link"),
    ):
        with pytest.raises(Error, match=words), transaction.atomic():
            pruning.prune(actor=ACTOR, place=place, kept_days=days)  # type: ignore[arg-type]
    scope = scoping.of_technician(uuid.uuid4())
    with scoping.scoped(scope), pytest.raises(Error, match="permission denied for function audit_prune"):
        pruning.prune(actor=ACTOR, place=places[0], kept_days=365)
    for statement in (
        f"DELETE FROM audit_event WHERE id = {link.event_id}",
        f"DELETE FROM audit_link WHERE sequence = {link.sequence}",
        "TRUNCATE audit_event CASCADE",
    ):
        with pytest.raises(Error, match=r"append-only|permission denied"), connection.cursor() as cursor:
            cursor.execute(statement)
    with scoping.scoped(scope), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tenantry.pruning', 'on', true)")
        with pytest.raises(Error, match=r"append-only|permission denied"), transaction.atomic():
            cursor.execute("DELETE FROM audit_link WHERE sequence = %s", [link.sequence])
    with connection.cursor() as cursor:  # whoever is none of ours may not even ask
        cursor.execute("SELECT has_function_privilege('public', 'audit_prune(bigint, integer)', 'EXECUTE')")
        assert cursor.fetchone() == (False,)
    assert verify().is_whole
    # A record that is not whole keeps everything, and so does one whose anchors nobody has taken.
    years("UPDATE audit_event SET summary = 'bent' WHERE id = %s", [link.event_id])
    assert retaining.prune_by_schedule() == 0
    years("UPDATE audit_event SET summary = '' WHERE id = %s AND kind = 'intent'", [link.event_id])
    Keeper.objects.all().delete()
    assert retaining.prune_by_schedule() == 0


def test_a_bent_or_forged_checkpoint_is_found(years: Run, tmp_path: Path) -> None:
    """AC 4 (audit): tampering with the checkpoint, and pruning past the product."""
    outside = offline.read_anchors([tmp_path / "anchors.jsonl"])
    assert retaining.prune_by_schedule() > 0
    sealing.seal_all()
    place = Checkpoint.objects.latest("sequence").sequence

    def found() -> set[str]:
        return {problem.kind for problem in verify(anchors=outside).problems}

    assert found() == set()
    for change, back in (
        ("hash = sha256(hash)", None),
        ("sequence = sequence - 1", None),
        ("sequence = sequence + 1", None),
    ):
        years("CREATE TEMP TABLE kept AS SELECT * FROM audit_checkpoint WHERE sequence = %s", [place])
        years(f"UPDATE audit_checkpoint SET {change} WHERE sequence = %s", [place])
        assert found(), change
        years("DELETE FROM audit_checkpoint WHERE abs(sequence - %s) < 2", [place])
        assert found(), "gone"
        years("INSERT INTO audit_checkpoint SELECT * FROM kept")
        years("DROP TABLE kept")
        assert back is None
        assert found() == set(), change
    for change in ("customer_hash = sha256(customer_hash)", "customer_sequence = customer_sequence - 1"):
        years("CREATE TEMP TABLE kept AS SELECT * FROM audit_customercheckpoint")
        years(f"UPDATE audit_customercheckpoint SET {change} WHERE customer_id = %s", [CUSTOMERS[0]])
        assert found(), change
        years("DELETE FROM audit_customercheckpoint")
        assert found(), "gone"
        years("INSERT INTO audit_customercheckpoint SELECT * FROM kept")
        years("DROP TABLE kept")
        assert found() == set(), change

    # The event that tells of the pruning goes, or the pruning never was: somebody removed what is a month old.
    told = Event.objects.get(action="audit.record_pruned", details__sequence=place)
    years("UPDATE audit_event SET action = 'audit.record_pruning' WHERE id = %s", [told.pk])
    assert {"beginning", "changed"} <= found()
    years("UPDATE audit_event SET action = 'audit.record_pruned' WHERE id = %s", [told.pk])
    assert found() == set()
    young = [mark for mark in anchors.known() if not any(mark.customer)][-2]
    years(
        "INSERT INTO audit_checkpoint SELECT sequence, hash, now(), 99 FROM audit_link WHERE sequence = %s",
        [young.sequence],
    )
    years(
        "INSERT INTO audit_customercheckpoint (checkpoint_id, customer_id, customer_sequence, customer_hash) "
        "SELECT DISTINCT ON (customer_id) %(n)s, customer_id, customer_sequence, customer_hash FROM audit_link "
        "WHERE sequence <= %(n)s AND customer_id IS NOT NULL ORDER BY customer_id, customer_sequence DESC",
        {"n": young.sequence},
    )
    years(
        "DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_link WHERE sequence <= %s)", [young.sequence]
    )
    years("DELETE FROM audit_link WHERE sequence <= %s", [young.sequence])
    actions.record(
        actor=ACTOR, action=AuditEvent.PRUNED, about=actions.About(),
        details={"sequence": young.sequence, "hash": young.hash.hex()},
    )  # fmt: skip
    sealing.seal_all()
    (problem,) = verify(anchors=outside).problems
    assert problem.kind == "beginning"
    assert "more than a year ago" in problem.words
    assert not checking.look().is_whole
