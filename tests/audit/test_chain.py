"""The hash chain: whatever is done to the record past the product is found (AC: audit, 1,000 random tamperings)."""

import datetime as dt
import hashlib
import random
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.utils import CursorWrapper
from tests.conftest import Owner

from tenantry.audit import actions, commands
from tenantry.audit.chain import anchors, canonical, exporting, fitting, offline, sealing, verifying
from tenantry.audit.chain.checking import Mark, Verdict
from tenantry.audit.chain.verifying import verify
from tenantry.audit.models import Event, Link, Result, Unsealed
from tenantry.custody.commands import anchor
from tenantry.kit.actor import Actor

ACTOR = Actor(kind="technician", id=uuid.UUID(int=5), name="Alice Moreau", address="192.0.2.7")
CUSTOMERS = [uuid.UUID(int=11), uuid.UUID(int=12), None]


class Tag(StrEnum):
    TRIED = "tests.password_reset"
    NOTED = "tests.noted"


def about(customer_id: uuid.UUID | None = None, name: str = "dana@kestrel.example") -> actions.About:
    return actions.About(customer_id=customer_id, customer_name="Kestrel", tenant_id=uuid.uuid4(), target_name=name)


# --- pure: an export in memory ----------------------------------------------------------------------------------------


def sealed(events: list[list[str | None]], *, sealed_us: int = 1_764_000_000_000_000) -> list[bytes]:
    """An export as the product writes it, computed from the description of the chain."""
    lines = [orjson.dumps({"tenantry_audit": 1, "scope": "all", "made_at": "", "begins_after": []}) + b"\n"]
    head, own = canonical.START, dict.fromkeys(CUSTOMERS, (0, canonical.START))
    for sequence, texts in enumerate(events, 1):
        digest = canonical.digest_of(canonical.pack(texts))
        customer = uuid.UUID(texts[canonical.CUSTOMER_FIELD]) if texts[canonical.CUSTOMER_FIELD] else None
        place, own_hash = 0, canonical.START
        if customer:
            place, own_hash = own[customer][0] + 1, own[customer][1]
            own_hash = canonical.customer_hash_of(own_hash, customer.bytes, place, sequence, sealed_us, digest)
            own[customer] = (place, own_hash)
        head = canonical.hash_of(head, sequence, int(str(texts[0])), sealed_us, digest, own_hash)
        values = (sequence, int(str(texts[0])), place, sealed_us, digest.hex(), own_hash.hex(), head.hex())
        document = dict(zip(exporting.LINK_COLUMNS, values, strict=True))
        lines.append(orjson.dumps(document | {"event": dict(zip(canonical.FIELDS, texts, strict=True))}) + b"\n")
    return finished(lines)


def finished(lines: list[bytes]) -> list[bytes]:
    """The same with the line that ends an export."""
    newest = orjson.loads(lines[-1])
    end = {"sequence": newest.get("sequence", 0), "hash": newest.get("hash", canonical.START.hex())}
    end |= {"events": len(lines) - 1, "sha256": hashlib.sha256(b"".join(lines)).hexdigest()}
    return [*lines, orjson.dumps({"end": end}) + b"\n"]


def of_customer(customer: uuid.UUID) -> list[bytes]:
    """The export of one customer out of that of everything."""
    head = {"tenantry_audit": 1, "scope": str(customer), "made_at": "", "begins_after": []}
    own = [line for line in WHOLE[1:-1] if orjson.loads(line)["event"]["customer_id"] == str(customer)]
    return finished([orjson.dumps(head) + b"\n", *own])


def some_events(count: int) -> list[list[str | None]]:
    made: list[list[str | None]] = []
    for number in range(1, count + 1):
        texts: list[str | None] = [f"{name} {number}" for name in canonical.FIELDS]
        customer = CUSTOMERS[number % 3]
        texts[0], texts[canonical.CUSTOMER_FIELD] = str(number * 2), str(customer) if customer else None
        made.append(texts)
    return made


EVENTS = some_events(30)
WHOLE = sealed(EVENTS)
ANCHOR = Mark(canonical.NO_CUSTOMER, 30, bytes.fromhex(orjson.loads(WHOLE[-1])["end"]["hash"]))


def tampered(luck: random.Random) -> tuple[str, list[bytes]]:
    """The export after something was done to it that the doer wants nobody to notice."""
    lines = list(WHOLE)
    kind = luck.choice(["edit", "edit and seal", "byte", "delete", "delete and number", "swap", "truncate", "forge"])
    place = luck.randrange(1, len(lines) - 1)
    events = [list(texts) for texts in EVENTS]
    field = luck.randrange(len(canonical.FIELDS))
    match kind:
        case "edit":
            document = orjson.loads(lines[place])
            document["event"][canonical.FIELDS[field]] = luck.choice(["", "nothing", "7", None, " "])
            lines[place] = orjson.dumps(document) + b"\n"
        case "edit and seal":  # every hash written anew: the anchor knows better
            events[place - 1][15] = "as the customer asked"
            lines = sealed(events)
        case "byte":
            where = luck.randrange(len(lines[place]) - 1)
            line = bytearray(lines[place])
            line[where] ^= 1 << luck.randrange(8)
            lines[place] = bytes(line)
        case "delete":
            del lines[place]
        case "delete and number":
            del events[place - 1]
            lines = sealed(events)
        case "swap":
            other = luck.choice([number for number in range(1, len(lines) - 1) if number != place])
            lines[place], lines[other] = lines[other], lines[place]
        case "truncate":
            lines = sealed(events[: place - 1])
        case "forge":
            forged = [*events[place - 1]]
            forged[0] = str(luck.randrange(1000, 2000))
            lines.insert(place, sealed([forged])[1])
    return kind, lines


def test_a_thousand_random_tamperings_are_all_found_and_what_is_whole_is_not_complained_of() -> None:
    """AC 4 (audit): edit, delete, swap, truncate, forge; each also with every hash after it written anew."""
    assert offline.verify_lines(WHOLE, anchors=[ANCHOR]).problems == []
    luck = random.Random(4)
    seen: dict[str, int] = {}
    missed = []
    for _ in range(1000):
        kind, lines = tampered(luck)
        if lines == WHOLE:
            lines = [*WHOLE[:3], *WHOLE[4:]]  # an edit that changed nothing: take a deletion instead
        seen[kind] = seen.get(kind, 0) + 1
        verdict = offline.verify_lines(lines, anchors=[ANCHOR])
        if verdict.is_whole or not verdict.problems[0].words:
            missed.append((kind, lines))
    assert missed == []
    assert len(seen) == 8
    assert min(seen.values()) > 50


@pytest.mark.parametrize("scope", ["everything", "customer"])
def test_no_byte_of_an_export_can_be_another_one(scope: str) -> None:
    """AC 4 (audit): any edit, the first line, the last and a customer's way into the whole chain included."""
    lines = WHOLE if scope == "everything" else of_customer(uuid.UUID(int=11))
    assert offline.verify_lines(lines).problems == []
    missed = []
    for number in (0, 1, len(lines) - 2, len(lines) - 1):
        for place in range(len(lines[number]) - 1):
            line = bytearray(lines[number])
            line[place] ^= 1
            try:
                verdict = offline.verify_lines([*lines[:number], bytes(line), *lines[number + 1 :]])
            except offline.Unreadable:
                continue
            if verdict.is_whole:
                missed.append((number, place))
    assert missed == []


def test_an_export_that_lost_its_sum_is_still_checked_by_its_chain() -> None:
    """Whoever makes an export out of streamed lines has no sum; a customer's export without one was changed."""

    def bare(lines: list[bytes], **other: object) -> list[bytes]:
        end = orjson.loads(lines[-1])["end"]
        del end["sha256"]
        return [*lines[:-1], orjson.dumps({"end": end | other}) + b"\n"]

    own = of_customer(uuid.UUID(int=11))
    assert offline.verify_lines(bare(WHOLE)).problems == []
    for lines in (bare(WHOLE, sequence=29), bare(WHOLE, hash="0" * 64), bare(WHOLE, events="30"), bare(own)):
        assert [problem.kind for problem in offline.verify_lines(lines).problems] == ["file"]


def test_the_first_finding_names_the_event_and_its_place() -> None:
    document = orjson.loads(WHOLE[7])
    document["event"]["justification"] = "as asked"
    lines = [*WHOLE[:7], orjson.dumps(document) + b"\n", *WHOLE[8:]]

    verdict = offline.verify_lines(lines)

    assert [(problem.kind, problem.sequence, problem.event_id) for problem in verdict.problems] == [("changed", 7, 14)]


# --- in the database --------------------------------------------------------------------------------------------------


@pytest.fixture
def behind(owner: Owner) -> Iterator[CursorWrapper]:
    """A cursor of somebody who owns the tables and has switched the triggers off."""
    with owner() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield cursor


@pytest.mark.usefixtures("database", "clock")
class TestInTheDatabase:
    def test_the_database_seals_as_the_description_says_and_an_intent_is_sealed_before_it_can_be_sent(self) -> None:
        customer = uuid.uuid4()
        odd = 'Zoë "quoted" \\ back\nslash \t 名 😀'
        intent = actions.begin(
            actor=ACTOR, action=Tag.TRIED, about=about(customer, odd), details={"b": [1, None, 1.50], "a": odd}
        )
        link = Link.objects.get(event_id=intent.event_id)
        assert link.customer_sequence == 1
        actions.close(intent, result=Result.DONE, summary=odd)
        assert Unsealed.objects.exists()
        sealing.seal_all()

        assert verify(customer_id=customer).links == 2
        assert verify().problems == []
        assert verify().unsealed == 0

    def test_links_cannot_be_changed_removed_or_emptied(self, owner: Owner) -> None:
        intent = actions.begin(actor=ACTOR, action=Tag.TRIED, about=about())
        for statement in (
            f"UPDATE audit_link SET digest = hash WHERE event_id = {intent.event_id}",
            f"DELETE FROM audit_link WHERE event_id = {intent.event_id}",
            "TRUNCATE audit_link",
        ):
            with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
                cursor.execute(statement)
            with pytest.raises(DatabaseError, match="append-only"), owner() as cursor:
                cursor.execute(statement)

    def test_sealing_waits_for_no_callers_transaction_and_is_refused_inside_one(self) -> None:
        with transaction.atomic():
            late = actions.record(actor=ACTOR, action=Tag.NOTED, about=about())
            with pytest.raises(RuntimeError, match="lock"):
                sealing.seal()
            ids: list[int] = []

            def other() -> None:
                ids.append(actions.begin(actor=ACTOR, action=Tag.TRIED, about=about()).event_id)
                connection.close()

            thread = threading.Thread(target=other)
            thread.start()
            thread.join(timeout=20)
            assert Link.objects.filter(event_id=ids[0]).exists()
        sealing.seal_all()
        assert Link.objects.get(event_id=late).sequence > Link.objects.get(event_id=ids[0]).sequence
        assert verify().problems == []

    def test_what_is_done_behind_the_product_is_found_and_named(self, behind: object) -> None:
        cursor = behind
        customer = uuid.uuid4()
        ids = [actions.begin(actor=ACTOR, action=Tag.TRIED, about=about(customer)).event_id for _ in range(6)]
        sealing.seal_all()
        head = Link.objects.order_by("-sequence")[0]
        anchor = Mark(canonical.NO_CUSTOMER, head.sequence, bytes(head.hash))
        place = Link.objects.get(event_id=ids[2]).sequence

        def found() -> Verdict:
            return verify(anchors=[anchor])

        def run(statement: str) -> None:
            cursor.execute(statement)  # type: ignore[attr-defined]

        assert found().is_whole
        run(f"UPDATE audit_event SET justification = 'as asked' WHERE id = {ids[2]}")
        assert [(p.kind, p.event_id) for p in found().problems] == [("changed", ids[2])]
        run(f"UPDATE audit_event SET justification = '' WHERE id = {ids[2]}")

        run(f"CREATE TEMP TABLE kept AS SELECT * FROM audit_event WHERE id = {ids[2]}")
        run(f"DELETE FROM audit_event WHERE id = {ids[2]}")
        assert [(p.kind, p.event_id) for p in found().problems] == [("missing", ids[2])]
        run("INSERT INTO audit_event SELECT * FROM kept")
        assert found().is_whole

        run(f"CREATE TEMP TABLE links AS SELECT * FROM audit_link WHERE sequence >= {place}")
        run(f"DELETE FROM audit_link WHERE sequence = {place}")
        assert {p.kind for p in found().problems} == {"order", "unlinked"}
        run(f"INSERT INTO audit_link SELECT * FROM links WHERE sequence = {place}")
        run(f"DELETE FROM audit_link WHERE sequence >= {place}")
        assert [p.kind for p in found().problems][:2] == ["truncated", "unlinked"]
        run("INSERT INTO audit_link SELECT * FROM links")
        assert found().is_whole

        run(
            f"UPDATE audit_link l SET event_id = -l.event_id, digest = o.digest FROM links o "
            f"WHERE l.sequence = {place} AND o.sequence = {place + 1}"
        )
        assert "link" in {p.kind for p in found().problems}
        run(f"DELETE FROM audit_link WHERE sequence = {place}")
        run(f"INSERT INTO audit_link SELECT * FROM links WHERE sequence = {place}")

        run("CREATE TEMP TABLE forged AS SELECT * FROM kept")
        run("UPDATE forged SET id = 9000000000")
        run("INSERT INTO audit_event SELECT * FROM forged")
        assert [(p.kind, p.event_id) for p in found().problems] == [("unlinked", 9000000000)]
        run("DELETE FROM audit_event WHERE id = 9000000000")
        assert found().is_whole

    def test_an_edit_of_any_column_is_found_by_the_database_itself_and_by_the_walk(
        self, behind: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """AC 4 (audit): both ways of checking recompute from every stored column, whichever piece it falls into."""
        monkeypatch.setattr(fitting, "_AT_ONCE", 3)
        run = behind.execute  # type: ignore[attr-defined]
        customer = uuid.uuid4()
        intents = [actions.begin(actor=ACTOR, action=Tag.TRIED, about=about(customer)) for _ in range(5)]
        for intent in intents:
            actions.close(intent, result=Result.DONE, summary="Read back.", details={"a": 1})
        sealing.seal_all()
        events = list(Event.objects.filter(customer_id=customer, kind="outcome").order_by("pk"))
        others = {
            "text": "{0} || 'x'", "character varying": "{0} || 'x'", "bigint": "COALESCE({0}, 0) + 1000000",
            "smallint": "{0} + 1", "uuid": "gen_random_uuid()", "jsonb": '\'{{"a": 1.0}}\'',
            "timestamp with time zone": "{0} + interval '1 microsecond'", "bytea": "sha256({0})",
        }  # fmt: skip
        walked: list[bool] = []
        walk = verifying._walk_all

        def told(*given: Any) -> Verdict:  # noqa: ANN401
            verdict = walk(*given)
            walked.append(verdict.is_whole)
            return verdict

        monkeypatch.setattr(verifying, "_walk_all", told)
        assert verify().is_whole
        assert walked == []
        tried = 0
        for table, key in (("audit_event", "id"), ("audit_link", "event_id")):
            run(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s "
                "AND table_schema = current_schema() ORDER BY ordinal_position",
                [table],
            )
            for number, (column, kind) in enumerate(behind.fetchall()):  # type: ignore[attr-defined]
                event = events[number % len(events)]
                value = "'fact', intent_id = NULL" if column == "kind" else others[kind].format(f"l.{column}")
                run(f"CREATE TEMP TABLE before AS SELECT * FROM {table} WHERE {key} = {event.pk}")
                run(f"UPDATE {table} l SET {column} = {value} WHERE {key} = {event.pk}")
                assert not verify().is_whole, (table, column)
                assert walked.pop() is False, (table, column)
                run(f"DELETE FROM {table} WHERE {key} IN ({event.pk}, {event.pk} + 1000000)")
                run(f"INSERT INTO {table} SELECT * FROM before; DROP TABLE before")
                assert verify().is_whole, (table, column)
                tried += 1
        assert tried == len(canonical.FIELDS) + 9
        assert walked == []

    def test_writers_side_by_side_keep_the_chain_whole(self) -> None:
        """AC 4 (audit): concurrent writers keep the chain whole."""
        customers = [uuid.uuid4(), uuid.uuid4()]
        failures: list[BaseException] = []

        def write(number: int) -> None:
            try:
                for count in range(25):
                    intent = actions.begin(actor=ACTOR, action=Tag.TRIED, about=about(customers[count % 2]))
                    actions.close(intent, result=Result.DONE, summary=f"{number}")
                    with transaction.atomic():
                        actions.record(actor=ACTOR, action=Tag.NOTED, about=about(customers[number % 2]))
                        transaction.set_rollback(count % 5 == 0)
            except BaseException as error:  # noqa: BLE001  handed to the test
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        sealing.seal_all()

        assert verify().problems == []
        assert sum(verify(customer_id=customer).links for customer in customers) == 8 * (25 * 2 + 20)

    def test_a_killed_process_leaves_the_chain_whole(self) -> None:
        """AC 4 (audit): writers that are killed at any moment; what they committed is sealed by the next."""
        given = connection.settings_dict
        code = (
            "import sys, psycopg\n"
            f"c = psycopg.connect(host={given['HOST']!r}, port={given['PORT']!r} or None, user={given['USER']!r},"
            f" password={given['PASSWORD']!r} or None, dbname={given['NAME']!r}, autocommit=True)\n"
            "print('ready', flush=True)\n"
            "while True:\n"
            '    c.execute("INSERT INTO audit_event (recorded_at, kind, action, actor_kind, actor_name, actor_address,'
            " customer_name, target_kind, target_id, target_name, justification, ticket, result, summary, details,"
            " exchanges) VALUES (now(), 'fact', 'tests.killed', 'system', '', '', '', '', '', '', '', '', '', '', '{}',"
            " '[]')\")\n"
            "    c.execute('SELECT audit_seal(now(), 500, NULL)')\n"
        )
        writers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        deadline = time.monotonic() + 30
        while Event.objects.filter(action="tests.killed").count() < 20 and time.monotonic() < deadline:
            actions.begin(actor=ACTOR, action=Tag.TRIED, about=about())
        for writer in writers:
            writer.kill()
            writer.wait()
            assert writer.stdout is not None
            writer.stdout.close()
        sealing.seal_all()
        assert Event.objects.filter(action="tests.killed").count() >= 20
        assert verify().problems == []

    def test_an_export_is_checked_offline_with_the_anchors_of_before(self, tmp_path: Path, settings: object) -> None:
        settings.AUDIT_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")  # type: ignore[attr-defined]
        customer = uuid.uuid4()
        for name in ("Dana", "=1+1", "'quoted", "\tTab", "Zoë\r\n名"):
            actions.begin(actor=ACTOR, action=Tag.TRIED, about=about(customer, name))
        said: list[str] = []
        verify_command = [sys.executable, "-m", "tenantry", "audit", "verify", "--export"]
        for _ in range(3):  # the first also records who keeps anchors
            assert anchor(said.append) == 0
        assert "Nothing was sealed since the last anchor" in said[-3]

        for form, owner in (("jsonl", ""), ("csv", ""), ("jsonl", str(customer))):
            path = tmp_path / f"record-{owner}.{form}"
            assert commands.export(said.append, customer=owner, form=form, output=str(path)) == 0
            done = subprocess.run(
                [*verify_command, path, "--anchors", tmp_path / "anchors.jsonl"],
                capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"}, cwd=tmp_path,
            )  # fmt: skip
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            assert "The record is whole." in done.stdout
            lines = path.read_bytes().splitlines(keepends=True)
            path.write_bytes(b"".join(lines[:-3]))  # the newest go, and with them the end
            assert commands.verify_export(said.append, path=path, anchors=[tmp_path / "anchors.jsonl"]) == 1
        assert commands.verify_export(said.append, path=tmp_path / "anchors.jsonl", anchors=[]) == 2
        assert commands.verify_database(said.append, anchors=[]) == 0


def test_canonical_bytes_are_as_the_description_says() -> None:
    assert canonical.pack(["é", None, ""]) == struct.pack(">i", 2) + "é".encode() + b"\xff" * 4 + bytes(4)
    moment = dt.datetime(2026, 11, 25, 9, 0, 0, 250_000, tzinfo=dt.UTC)
    assert canonical.moment(canonical.microseconds(moment)) == moment
    assert anchors.line_of(ANCHOR).startswith(b'{"scope":"all","sequence":30,')
