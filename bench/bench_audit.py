"""The record: events a second that eight writers append, and events a second that are verified.

Each writer commits an intent with `begin` (which puts it in the chain before it returns) and its outcome with `close`,
as every effect on a tenant does. The floor is the same rows inserted plainly by as many writers, in the same run.
"""

import os
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from enum import StrEnum

from bench import world
from bench.outcome import Bar, Outcome

WRITERS = 8
ACTS = 400  # of each writer: two events each
ROUNDS = 3
VERIFIED = 200_000
CUSTOMERS = 50
APPEND_LIMIT, VERIFY_LIMIT = 500.0, 100_000.0


class Tag(StrEnum):
    """What is appended."""

    RESET = "bench.password_reset"


def measure() -> Outcome:
    """Append with eight writers, then verify a long record, from the database and from an export."""
    with world.database() as address:
        world.set_up()
        world.migrate()
        floors, appends = [], []
        for _ in range(ROUNDS):  # in turns, so that a busy machine is busy for both
            floors.append(_rate(lambda number: _plain(address, number)))
            appends.append(_rate(_through_the_record))
        floor, append = statistics.median(floors), statistics.median(appends)
        from tenantry.audit.chain import sealing  # noqa: PLC0415  after set-up
        from tenantry.audit.chain.verifying import verify  # noqa: PLC0415

        sealing.seal_all()
        _fill()
        sealing.seal_all()
        rates = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            verdict = verify()
            rates.append(verdict.links / (time.perf_counter() - started))
            if not verdict.is_whole:
                raise SystemExit(verdict.problems[0].words)
        hashed = _hash_floor()
        exported, offline = _export()
    verified = statistics.median(rates)
    return Outcome(
        figure={
            "append_events_per_second": append,
            "verify_events_per_second": verified,
            "verify_export_events_per_second": offline,
            "export_events_per_second": exported,
        },
        floor={"plain_insert_events_per_second": floor, "three_hashes_an_event_per_second": hashed},
        ratios={"floor_to_append": floor / append, "hash_floor_to_verify": hashed / verified},
        bars=[
            Bar(f"appended under {WRITERS} writers", append, APPEND_LIMIT, "events/s", is_at_least=True),
            Bar("verified in the database", verified, VERIFY_LIMIT, "events/s", is_at_least=True),
        ],
        details={"writers": WRITERS, "rounds": ROUNDS, "verified_events": verdict.links, "appends": appends},
    )


def _rate(write: Callable[[int], int]) -> float:
    """Events a second of all writers together, from their common start to the end of the last."""
    counts = [0] * WRITERS
    ready = threading.Barrier(WRITERS + 1)

    def run(number: int) -> None:
        ready.wait()
        counts[number] = write(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)


def _through_the_record(number: int) -> int:
    from django.db import connection  # noqa: PLC0415  after set-up

    from tenantry.audit import actions  # noqa: PLC0415
    from tenantry.audit.models import Result  # noqa: PLC0415
    from tenantry.kit.actor import Actor  # noqa: PLC0415

    actor = Actor(kind="technician", id=uuid.uuid4(), name=f"Technician {number}", address="192.0.2.7")
    for _ in range(ACTS):
        about = actions.About(
            customer_id=uuid.UUID(int=number + 1),
            customer_name="Kestrel Logistics",
            tenant_id=uuid.UUID(int=number + 1),
            target_kind="user",
            target_id=str(uuid.uuid4()),
            target_name="Dana Okafor (dana@kestrel.example)",
        )
        intent = actions.begin(actor=actor, action=Tag.RESET, about=about, justification="Forgot it", ticket="T-4711")
        actions.close(intent, result=Result.DONE, summary="Read back.")
    connection.close()
    return ACTS * 2


def _plain(address: str, number: int) -> int:
    """The same rows by the bare driver, without a chain, each committed."""
    import psycopg  # noqa: PLC0415

    statement = """
        INSERT INTO floor_event (recorded_at, kind, action, actor_kind, actor_id, actor_name, actor_address,
            customer_id, customer_name, tenant_id, target_kind, target_id, target_name, justification, ticket, result,
            summary, details, exchanges)
        VALUES (now(), 'intent', 'bench.password_reset', 'technician', %s, 'Technician', '192.0.2.7', %s,
            'Kestrel Logistics', %s, 'user', %s, 'Dana Okafor (dana@kestrel.example)', 'Forgot it', 'T-4711', '', '',
            '{}', '[]') RETURNING id
    """
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute("CREATE TABLE IF NOT EXISTS floor_event (LIKE audit_event INCLUDING ALL)")
        connection.execute("SELECT pg_advisory_unlock(1)")
        for _ in range(ACTS * 2):
            connection.execute(statement, (uuid.uuid4(), uuid.UUID(int=number), uuid.UUID(int=number), "x")).fetchone()
    return ACTS * 2


def _fill() -> None:
    """Rows as months of work leave them, put in without the product to save time; sealed as usual."""
    from django.db import connection  # noqa: PLC0415  after set-up

    from tenantry import cli  # noqa: PLC0415

    with cli.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO audit_event (recorded_at, kind, action, actor_kind, actor_id, actor_name, actor_address,
                customer_id, customer_name, tenant_id, target_kind, target_id, target_name, justification, ticket,
                result, summary, details, exchanges)
            SELECT now() + n * interval '1 second', 'fact', 'bench.noted', 'technician', gen_random_uuid(),
                'Technician ' || n %% 20, '192.0.2.7',
                ('00000000-0000-0000-0000-' || lpad((1 + n %% %s)::text, 12, '0'))::uuid,
                'Customer ' || n %% %s, gen_random_uuid(), 'user', gen_random_uuid()::text,
                'Dana Okafor (dana' || n || '@kestrel.example)', 'Forgot the password', 'T-' || n, '',
                'Done, read back after 3 s.', '{"kind": "password_reset", "must_change": true}',
                '[{"status": 204, "request_id": "6f1a", "client_request_id": "77aa"}]'
            FROM generate_series(1, %s) n
            """,
            [CUSTOMERS, CUSTOMERS, VERIFIED],
        )
        cursor.execute("ANALYZE")


def _hash_floor() -> float:
    """Three SHA-256 of an event's size, and nothing else, in one process."""
    import hashlib  # noqa: PLC0415

    event, link = os.urandom(420), os.urandom(142)
    count = 100_000
    started = time.perf_counter()
    for _ in range(count):
        hashlib.sha256(event).digest()
        hashlib.sha256(link).digest()
        hashlib.sha256(link).digest()
    return count / (time.perf_counter() - started)


def _export() -> tuple[float, float]:
    """Events a second of writing an export, and of checking it without the database."""
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    from tenantry.audit.chain.exporting import export  # noqa: PLC0415  after set-up
    from tenantry.audit.chain.offline import verify_file  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "record.jsonl"
        started = time.perf_counter()
        with path.open("wb") as file:
            count = sum(1 for line in export() if file.write(line)) - 2
        exported = count / (time.perf_counter() - started)
        started = time.perf_counter()
        verdict = verify_file(path)
        return exported, verdict.links / (time.perf_counter() - started)
