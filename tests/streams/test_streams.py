"""Streams of the record, to receivers that really listen: at least once, in order, and nothing is left out."""

import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from django.test import override_settings
from tests.notifications.conftest import Receiver

from tenantry.audit import actions as record
from tenantry.audit.chain import offline, sealing
from tenantry.audit.models import Event, Link
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.streams import actions, queries, syslog, tasks
from tenantry.streams.models import Stream, StreamKind
from tenantry.technicians.actions import actor_for

if TYPE_CHECKING:
    from django.test import Client
    from tests.conftest import SharedClock

    from tenantry.technicians.models import Technician

WRITER = Actor(kind="technician", id=uuid.UUID(int=5), name="Zoë Moreau")
FRAME = re.compile(rb"(\d+) ")


class Tag(StrEnum):
    NOTED = "tests.noted_with_a_name_longer_than_syslog_has_room_for"


def note(count: int = 1) -> list[int]:
    """Write events and seal them; returns their places in the chain."""
    about = record.About(customer_name="Kestrel", target_name="名 😀\nline")
    ids = [record.record(actor=WRITER, action=Tag.NOTED, about=about, summary=f"{n}") for n in range(count)]
    sealing.seal_all()
    return sorted(Link.objects.filter(event_id__in=ids).values_list("sequence", flat=True))


class SyslogServer:
    """Keeps what it got over each connection; breaks the next `breaks` ones before their end."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.got: list[bytes] = []
        self.breaks = 0
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if self.breaks:
                self.breaks -= 1
                connection.recv(1)
                # Closed with bytes unread, and at once: the sender sees a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()
                continue
            data = b""
            try:
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                while part := connection.recv(65_536):
                    data += part
            except OSError:
                pass
            connection.close()
            while data:  # as RFC 6587 describes octet counting
                length = FRAME.match(data)
                assert length
                start = length.end()
                self.got.append(data[start : start + int(length[1])])
                data = data[start + int(length[1]) :]

    def close(self) -> None:
        with contextlib.suppress(OSError):  # closed already
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(timeout=20)


@pytest.fixture(autouse=True)
def _alone(database: None) -> Iterator[None]:
    """Streams are of the whole deployment; receivers of the tests listen on this machine."""
    sealing.seal_all()
    with override_settings(IS_DEMO=True):
        yield
    Stream.objects.all().delete()


@pytest.fixture
def server() -> Iterator[SyslogServer]:
    running = SyslogServer()
    yield running
    running.close()


def to_syslog(alice: "Technician", port: int, kind: StreamKind, host: str = "127.0.0.1") -> Stream:
    return actions.add_syslog(actor=actor_for(alice), technician=alice, kind=kind, host=host, port=port, whole=False)


def documents(messages: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(message[message.index(b"{") :]) for message in messages]


def test_a_webhook_gets_every_event_in_order_signed_and_again_after_a_failure(
    alice: "Technician", clock: "SharedClock", run_jobs: Callable[[], None]
) -> None:
    """AC 4 (audit): streaming with at-least-once delivery; lag is told."""
    receiver = Receiver()
    receiver.answers = [500, 503]
    before = note()[0]
    stream, secret = actions.add_webhook(
        actor=actor_for(alice), technician=alice, url=f"http://127.0.0.1:{receiver.port}/in?key=canary",
        whole=False,
    )  # fmt: skip
    assert b"canary" not in bytes(stream.url_sealed or b"")
    places = note(150)
    for seconds in (0, 29, 1, 59, 1):
        clock.travel(seconds=seconds)
        tasks.sweep()
        run_jobs()
        if seconds == 0:
            (stands,) = queries.standings()
            assert (stands.stream.failing_since is not None, stands.stream.last_outcome) == (True, "Answered 500")
            assert stands.events >= 150
            assert stands.since is not None
    receiver.close()
    (stands,) = queries.standings()
    assert (stands.events, stands.stream.failing_since) == (0, None)
    log = queries.log_of(stream.pk)
    told = [(one.is_taken, one.outcome, str(one.delivery_id)) for one in reversed(log.attempts)]
    assert [(taken, words.startswith("Answered 5")) for taken, words, _ in told] == [
        (False, True), (False, True), (True, False), (True, False)
    ]  # fmt: skip
    assert [key for *_, key in told] == [got.headers["webhook-id"] for got in receiver.got]
    assert sum(one.events for one in log.attempts if one.is_taken) == log.attempts[0].last - before
    assert len(queries.log_of(stream.pk, only_failed=True).attempts) == 2

    refused, again, taken, more = receiver.got
    assert refused.body[-2000:] == again.body[-2000:] == taken.body[-2000:]
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    key = base64.b64decode(secret.reveal().removeprefix("whsec_"))
    for got in receiver.got:
        content = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert got.headers["webhook-signature"] == f"v1,{wanted}"
    events = [event for got in (taken, more) for event in got.json["data"]["events"]]
    sequences = [event["sequence"] for event in events]
    assert sequences == list(range(before + 1, before + 1 + len(sequences)))
    assert set(places) <= set(sequences)


def test_streamed_events_are_lines_of_an_export_and_can_be_checked_like_one(
    alice: "Technician", server: SyslogServer
) -> None:
    note(3)
    stream = actions.add_syslog(
        actor=actor_for(alice), technician=alice, kind=StreamKind.SYSLOG_TCP, host="127.0.0.1",
        port=server.port, whole=True,
    )  # fmt: skip
    sealing.seal_all()
    assert actions.hand_over(stream.pk) > 3
    server.close()
    head = {"tenantry_audit": 1, "scope": "all", "made_at": "", "begins_after": []}
    found = documents(server.got)
    end = {"end": {"sequence": found[-1]["sequence"], "hash": found[-1]["hash"], "events": len(found)}}
    lines = [orjson.dumps(document) + b"\n" for document in (head, *found, end)]
    assert offline.verify_lines(lines).problems == []


def test_a_syslog_message_is_as_rfc_5424_wants_it() -> None:
    event = {"recorded_at": "2026-11-25 09:00:00.25+00", "action": str(Tag.NOTED), "result": "refused", "target": "名"}
    line = json.dumps({"sequence": 2_147_483_648, "event": event}).encode()
    header, _, body = syslog.message_of(line, hostname="console.example").partition(b" {")
    assert header == (
        b"<108>1 2026-11-25T09:00:00.250000Z console.example tenantry - tests.noted_with_a_name_longer_t "
        b'[meta sequenceId="1"]'
    )
    assert body.isascii()
    event["result"] = ""
    line = json.dumps({"sequence": 7, "event": event}).encode()
    assert syslog.message_of(line, hostname="").startswith(b"<109>1 2026-11-25T09:00:00.250000Z - tenantry - ")


def test_a_syslog_server_that_breaks_off_gets_everything_again(
    alice: "Technician", server: SyslogServer, clock: "SharedClock"
) -> None:
    server.breaks = 1
    stream = to_syslog(alice, server.port, StreamKind.SYSLOG_TCP)
    places = note(60)
    assert actions.hand_over(stream.pk) == 0
    stream.refresh_from_db()
    assert (stream.attempts, stream.failing_since is None, stream.lease) == (1, False, None)
    assert actions.hand_over(stream.pk) == 0  # not before the pause is over
    clock.travel(seconds=31)
    assert actions.hand_over(stream.pk) >= 60
    assert actions.hand_over(stream.pk) == 0
    assert set(places) <= {document["sequence"] for document in documents(server.got)}


def test_a_worker_that_died_leaves_a_lease_and_the_next_one_sends_again(
    alice: "Technician", server: SyslogServer, clock: "SharedClock"
) -> None:
    stream = to_syslog(alice, server.port, StreamKind.SYSLOG_TCP)
    note()
    Stream.objects.filter(pk=stream.pk).update(lease=uuid.uuid4(), leased_until=clock.now() + actions.LEASE)
    assert actions.hand_over(stream.pk) == 0
    clock.travel(seconds=actions.LEASE.total_seconds())
    assert actions.hand_over(stream.pk) >= 1


def test_datagrams_hold_whole_messages_and_the_longest_are_shortened(alice: "Technician") -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(20)
        stream = to_syslog(alice, receiver.getsockname()[1], StreamKind.SYSLOG_UDP)
        about = record.About(target_name="Dana")
        record.record(actor=WRITER, action=Tag.NOTED, about=about, details={"text": "x" * 70_000})
        sealing.seal_all()
        count = actions.hand_over(stream.pk)
        got = documents([receiver.recv(65_535) for _ in range(count)])
    long = got[-1]
    assert (long["shortened"], "details" in long["event"], long["event"]["target_name"]) == (True, False, "Dana")
    assert long["digest"]


def test_tls_is_checked(alice: "Technician", tmp_path: Path, clock: "SharedClock") -> None:
    import trustme

    authority, context, ca_file = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert("localhost").configure_cert(context)
    server = SyslogServer(context)
    stream = to_syslog(alice, server.port, StreamKind.SYSLOG_TLS, host="localhost")
    note()
    assert actions.hand_over(stream.pk) == 0
    stream.refresh_from_db()
    assert "not trusted" in stream.last_outcome
    clock.travel(seconds=31)
    with override_settings(ALERTS_CA_FILE=str(ca_file)):
        assert actions.hand_over(stream.pk) >= 1
    server.close()
    assert documents(server.got)


def test_addresses_that_cannot_be_are_refused_and_only_who_may_adds_streams(
    alice: "Technician", charlie: "Technician"
) -> None:
    for host in ("169.254.169.254", "syslog.example/path", "a b", "", "user@host.example"):
        with pytest.raises(Invalid):
            to_syslog(alice, 514, StreamKind.SYSLOG_UDP, host=host)
    with override_settings(IS_DEMO=False), pytest.raises(Invalid):
        to_syslog(alice, 514, StreamKind.SYSLOG_UDP)
    with pytest.raises(NotAllowed):
        to_syslog(charlie, 514, StreamKind.SYSLOG_UDP, host="syslog.example")


def test_the_page_adds_shows_and_removes_receivers_and_each_stands_in_the_record(as_alice: "Client") -> None:
    added = as_alice.post("/settings/streams/webhook/", {"url": "https://siem.example/in?key=canary"})
    assert "whsec_" in added.content.decode()
    form = {"kind": "syslog_tls", "host": "syslog.example", "port": "6514"}
    assert as_alice.post("/settings/streams/syslog/", form).status_code == 302
    assert as_alice.post("/settings/streams/syslog/", form | {"host": "127.0.0.1/x"}).status_code == 400
    text = as_alice.get("/settings/streams/").content.decode()
    assert "siem.example" in text
    assert "syslog.example:6514" in text
    assert "canary" not in text
    assert "whsec_" not in text
    for stream in Stream.objects.all():
        assert as_alice.post(f"/settings/streams/{stream.pk}/try/").status_code == 302
        assert as_alice.post(f"/settings/streams/{stream.pk}/remove/").status_code == 302
        actions_of = Event.objects.filter(target_id=str(stream.pk)).order_by("pk").values_list("action", flat=True)
        assert list(actions_of) == ["streams.stream_added", "streams.stream_removed"]
    assert "No receiver yet" in as_alice.get("/settings/streams/").content.decode()


def test_the_log_of_deliveries_is_read_page_by_page_and_kept_short(
    as_alice: "Client", alice: "Technician", server: SyslogServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 4: webhooks signed, retried, with a delivery log."""
    from tenantry.kit import clock
    from tenantry.streams.models import Attempt

    stream, other = to_syslog(alice, 6514, StreamKind.SYSLOG_TCP), to_syslog(alice, 6515, StreamKind.SYSLOG_TCP)
    for number in range(1, 61):
        Attempt.objects.create(
            stream=stream, attempted_at=clock.now(), first=number, last=number, events=1,
            is_taken=number % 20 != 0, outcome=f"Outcome <{number}>",
        )  # fmt: skip
    page = f"/settings/streams/{stream.pk}/"
    assert page in as_alice.get("/settings/streams/").content.decode()
    first = as_alice.get(page).content.decode()
    assert "Outcome &lt;60&gt;" in first
    assert "Outcome &lt;11&gt;" in first
    assert "Outcome &lt;10&gt;" not in first
    earlier = re.findall(r'href="(\?after=\d+)"', first)[0]
    assert "Outcome &lt;10&gt;" in as_alice.get(page + earlier).content.decode()
    failed = as_alice.get(f"{page}?show=failed").content.decode()
    assert re.findall(r"Outcome &lt;(\d+)&gt;", failed) == ["60", "40", "20"]
    assert as_alice.get(f"{page}?after=x%27").status_code == 200
    assert as_alice.get(f"/settings/streams/{uuid.uuid4()}/").status_code == 404
    assert "Nothing here" in as_alice.get(f"/settings/streams/{other.pk}/").content.decode()

    monkeypatch.setattr(actions, "KEPT_ATTEMPTS", 7)
    tasks.forget_attempts()
    assert list(Attempt.objects.filter(stream=stream).order_by("-pk").values_list("first", flat=True)) == [
        60, 59, 58, 57, 56, 55, 54
    ]  # fmt: skip
    actions.remove(actor=actor_for(alice), technician=alice, stream_id=stream.pk)
    assert not Attempt.objects.filter(stream_id=stream.pk).exists()
