"""Custody of the record: anchors to file, syslog and mail, the daily check, its page and its alert."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from django.test import Client, override_settings
from tests.notifications.conftest import MailServerUp, Receiver
from tests.streams.test_streams import SyslogServer

from tenantry import doctor
from tenantry.audit import actions as record
from tenantry.audit.chain import anchors, sealing
from tenantry.audit.chain.canonical import NO_CUSTOMER
from tenantry.audit.chain.checking import Mark
from tenantry.audit.models import Anchor, Event, Link
from tenantry.custody import commands, queries, tasks
from tenantry.custody.actions import checking, keeping
from tenantry.custody.models import Check, Extent, Keeper, KeeperKind
from tenantry.env import BadSettings
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotAllowed
from tenantry.kit.syslog_servers import syslog_servers_of
from tenantry.notifications import actions as notifications
from tenantry.notifications.models import Alert, AlertKind, AlertState
from tenantry.technicians.actions import actor_for

if TYPE_CHECKING:
    from tests.conftest import SharedClock

    from tenantry.technicians.models import Technician

WRITER = Actor(kind="technician", id=uuid.UUID(int=5), name="Zoë Moreau")


class Tag(StrEnum):
    NOTED = "tests.noted"


def note(count: int = 1, customer: uuid.UUID | None = None) -> list[int]:
    about = record.About(customer_id=customer, customer_name="Kestrel", target_name="名 😀")
    ids = [record.record(actor=WRITER, action=Tag.NOTED, about=about) for _ in range(count)]
    sealing.seal_all()
    return ids


@pytest.fixture(autouse=True)
def own_file(no_channels: None, clock: "SharedClock", tmp_path: Path) -> Iterator[Path]:
    """Keepers and checks are of the whole deployment; each test has its own file of anchors."""
    sealing.seal_all()
    with override_settings(AUDIT_ANCHOR_FILE=str(tmp_path / "anchors.jsonl"), IS_DEMO=True):
        yield tmp_path / "anchors.jsonl"
    Keeper.objects.all().delete()
    Check.objects.all().delete()


@pytest.fixture
def behind(database: None, postgres_uri: str) -> Iterator[Callable[..., object]]:
    """Somebody who owns the server and has switched the triggers off."""
    with psycopg.connect(postgres_uri, dbname=connection.settings_dict["NAME"], autocommit=True) as other:
        other.execute("SET session_replication_role = replica")
        yield other.execute


def open_alerts() -> list[tuple[str, str]]:
    return list(
        Alert.objects.filter(kind=AlertKind.RECORD, state=AlertState.OPEN)
        .order_by("opened_at")
        .values_list("key", "code")
    )


def test_anchors_reach_file_syslog_and_mail_and_verify_takes_a_copy_of_each(
    own_file: Path, smtp: MailServerUp, tmp_path: Path
) -> None:
    """AC 4 (audit): anchors go to file, syslog or mail; each finds a record that was cut off."""
    server, customer = SyslogServer(), uuid.uuid4()
    note(3, customer)
    with override_settings(
        AUDIT_ANCHOR_SYSLOG=syslog_servers_of(f"tcp://127.0.0.1:{server.port}", name="x"),
        AUDIT_ANCHOR_MAIL=("trustee@kestrel.example", "noc@harbour-it.example"),
    ):
        said: list[str] = []
        assert commands.anchor(said.append) == 0
        assert len([line for line in said if line.startswith(("Written", "Sent", "Taken"))]) == 4
        assert {kept.waiting for kept in queries.kept()} == {0}
    server.close()

    assert [box for box, _ in smtp.box.got] == [["noc@harbour-it.example"], ["trustee@kestrel.example"]]
    copies = {
        "file": own_file.read_bytes(),
        "syslog": b"".join(b"Nov 25 09:00:00 console " + message + b"\n" for message in server.got),
        "mail": smtp.box.got[1][1].encode(),
        "mailbox": b"".join(b"From noc@harbour-it Wed Nov 25\n" + text.encode() + b"\n" for _, text in smtp.box.got),
    }
    assert server.got[0].startswith(b"<109>1 ")
    assert b" tenantry - audit.anchor - {" in server.got[0]
    for name, copy in copies.items():
        path = tmp_path / f"copy-{name}"
        path.write_bytes(copy)
        found = {(mark.customer, mark.sequence, mark.hash) for mark in commands_anchors(path)}
        head = Anchor.objects.filter(customer_id=None).order_by("-sequence")[0]
        assert (bytes(16), head.sequence, bytes(head.hash)) in found, name
        assert customer.bytes in {owner for owner, _, _ in found}, name
    export = tmp_path / "record.jsonl"
    from tenantry.audit.commands import export as write

    assert write(said.append, customer="", form="jsonl", output=str(export)) == 0
    for name in copies:
        verify = [sys.executable, "-m", "tenantry", "audit", "verify", "--export", str(export)]
        done = subprocess.run(
            [*verify, "--anchors", str(tmp_path / f"copy-{name}")],
            capture_output=True, text=True, check=False, env={"PATH": "/usr/bin"},
            cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert "anchors met" in done.stdout


def commands_anchors(path: Path) -> list[Any]:
    from tenantry.audit.chain.offline import read_anchors

    return list(read_anchors([path]))


def test_what_is_not_taken_is_tried_again_told_after_an_hour_and_never_lost(
    own_file: Path, clock: "SharedClock"
) -> None:
    """AC 4 (audit): anchors are delivered at least once."""
    server = SyslogServer()
    server.breaks = 10_000
    syslog = syslog_servers_of(f"tcp://127.0.0.1:{server.port}", name="x")
    with override_settings(AUDIT_ANCHOR_SYSLOG=syslog, IS_DEMO=False):
        note(2)
        tasks.anchor()
        keeper = Keeper.objects.get(kind=KeeperKind.SYSLOG)
        assert (keeper.attempts, keeper.cursor < Anchor.objects.latest("pk").pk, keeper.lease) == (1, True, None)
        assert own_file.exists()  # one that fails holds up no other
        tasks.hand_over()
        keeper.refresh_from_db()
        assert keeper.attempts == 1  # not before the pause is over
        assert open_alerts() == []
        for _ in range(8):
            clock.travel(minutes=15)
            note()
            tasks.anchor()
        assert open_alerts() == [(f"anchors:{keeper.pk}", "anchors_not_taken")]
        assert [f.fix != "" for f in doctor._custody() if "anchors to" in f.name] == [True]
        server.breaks = 0
        clock.travel(hours=1)
        tasks.hand_over()
        assert open_alerts() == []
    server.close()
    got = b"".join(server.got)
    for row in Anchor.objects.filter(pk__gt=keeper.cursor):
        assert bytes(row.hash).hex().encode() in got

    # A worker that died leaves a lease; and who is named no more goes, which stands in the record.
    Keeper.objects.filter(kind=KeeperKind.FILE).update(lease=uuid.uuid4(), leased_until=clock.now() + keeping.LEASE)
    note()
    tasks.anchor()
    file = Keeper.objects.get(kind=KeeperKind.FILE)
    assert file.cursor < Anchor.objects.latest("pk").pk
    clock.travel(seconds=keeping.LEASE.total_seconds())
    tasks.hand_over()
    file.refresh_from_db()
    assert file.cursor == Anchor.objects.latest("pk").pk
    assert not Keeper.objects.filter(kind=KeeperKind.SYSLOG).exists()
    acts = Event.objects.filter(target_id=str(keeper.pk)).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["custody.anchor_receiver_added", "custody.anchor_receiver_removed"]


def test_mail_comes_once_a_day_with_every_anchor_of_the_day(smtp: MailServerUp, clock: "SharedClock") -> None:
    with override_settings(AUDIT_ANCHOR_MAIL=("trustee@kestrel.example",)):
        for hour in range(26):
            note()
            tasks.anchor()
            tasks.hand_over()
            assert len(smtp.box.got) == (1 if hour < 24 else 2), hour
            clock.travel(hours=1)
    second = smtp.box.got[1][1]
    hashes = [bytes(row.hash).hex() for row in Anchor.objects.filter(customer_id=None).order_by("-pk")[1:25]]
    assert [one for one in hashes if one not in second] == []


def test_the_daily_check_looks_at_what_is_new_and_once_a_week_at_everything(clock: "SharedClock") -> None:
    note(3)
    checks = []
    for _ in range(8):
        note(2)
        checks.append(checking.check_by_schedule())
        clock.travel(days=1)
    assert [check.extent for check in checks] == [Extent.WHOLE, *[Extent.NEW] * 6, Extent.WHOLE]
    assert {check.is_whole for check in checks} == {True}
    assert {check.events for check in checks[1:7]} == {2}
    assert checks[7].first == 1 == checks[0].first
    assert checks[7].events == checks[7].last == Link.objects.count()


def test_a_record_that_was_bent_is_told_once_stays_visible_and_is_told_again_when_whole(
    as_alice: Client,
    alice: "Technician",
    charlie: "Technician",
    receiver: Receiver,
    run_jobs: Callable[[], None],
    clock: "SharedClock",
    behind: Callable[..., object],
) -> None:
    """AC 4 (audit): scheduled verification, an alert when it fails, and the result on the page and in the doctor."""
    notifications.add_webhook(actor=actor_for(alice), technician=alice, url=f"http://127.0.0.1:{receiver.port}/in")
    ids = note(4)
    assert "Not checked yet" in as_alice.get("/settings/record/").content.decode()
    assert as_alice.post("/settings/record/check/").status_code == 302
    assert "Being checked" in as_alice.get("/settings/record/").content.decode()
    run_jobs()
    assert "Whole as of" in as_alice.get("/settings/record/").content.decode()
    assert doctor_says() == (True, "whole as of")
    with pytest.raises(NotAllowed):
        checking.ask(actor=actor_for(charlie), technician=charlie)

    # An event that was checked long ago: what is new is well, and the weekly check of everything finds it.
    behind("UPDATE audit_event SET summary = 'as asked' WHERE id = %s", [ids[1]])
    note()
    clock.travel(days=1)
    assert checking.check_by_schedule().is_whole
    clock.travel(days=6)
    for _ in range(3):
        clock.travel(days=1)
        assert not checking.check_by_schedule().is_whole
        run_jobs()
    assert open_alerts() == [("", "record_not_whole")]
    assert receiver.events == ["opened"]
    page = as_alice.get("/settings/record/").content.decode()
    assert "Not whole" in page
    assert f"Event {ids[1]} is not what was sealed" in page
    assert doctor_says() == (False, "NOT whole as")

    behind("UPDATE audit_event SET summary = '' WHERE id = %s", [ids[1]])
    clock.travel(days=1)
    mended = checking.check_by_schedule()
    assert (mended.extent, mended.is_whole) == (Extent.WHOLE, True)
    run_jobs()
    assert receiver.events == ["opened", "resolved"]
    told = Event.objects.filter(action="custody.record_checked").order_by("-pk").values_list("result", flat=True)
    assert list(told[:4]) == ["", "failed", "failed", "failed"]


def test_a_cut_behind_the_last_check_is_found_by_the_daily_one(
    clock: "SharedClock", behind: Callable[..., object], own_file: Path
) -> None:
    note(3)
    checked = checking.check_by_schedule()
    before = Mark(NO_CUSTOMER, checked.last, bytes(checked.head))
    place = note(2)
    tasks.anchor()
    behind("CREATE TEMP TABLE kept AS SELECT * FROM audit_link WHERE event_id = ANY(%s)", [place])
    behind("CREATE TEMP TABLE events AS SELECT * FROM audit_event WHERE id = ANY(%s)", [place])
    behind("DELETE FROM audit_link WHERE event_id = ANY(%s)", [place])
    behind("DELETE FROM audit_event WHERE id = ANY(%s)", [place])
    clock.travel(days=1)
    assert "Events are missing at the end" in checking.look(after=before).problems[0].words
    behind("INSERT INTO audit_event SELECT * FROM events; INSERT INTO audit_link SELECT * FROM kept")
    assert checking.check_by_schedule().is_whole
    own_file.write_text("nothing that anybody could read\n")
    assert "file of anchors cannot be used" in checking.check_by_schedule().problems[0]


def doctor_says() -> tuple[bool, str]:
    (finding,) = [one for one in doctor._custody() if one.name == "check of the record"]
    return finding.is_good, finding.words[:12].strip() if not finding.is_good else finding.words[:11]


@pytest.mark.parametrize(
    "text", ["syslog.example", "https://x:1", "tls://", "tls://h:0", "tls://u@h", "tcp://h/p", "udp://h:x"]
)
def test_a_syslog_server_that_cannot_be_is_refused_at_start(text: str) -> None:
    with pytest.raises(BadSettings, match="tls://syslog"):
        syslog_servers_of(text, name="TENANTRY_AUDIT_ANCHOR_SYSLOG")
    assert [str(one) for one in syslog_servers_of("tls://h, udp://[::1]:99", name="x")] == [
        "tls://h:6514",
        "udp://[::1]:99",
    ]


def test_a_line_of_an_anchor_is_ascii_and_fits_a_line_of_mail() -> None:
    note()
    for mark in anchors.take():
        line = anchors.line_of(mark)
        assert line.isascii()
        assert len(line) < 900
