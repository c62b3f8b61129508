"""Webhooks on the wire: signed, tried again, no redirect, no forbidden address, nothing secret in logs or database."""

import base64
import hashlib
import hmac
import ipaddress
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from tests.conftest import SharedClock
from tests.notifications.conftest import Hook, Received, Receiver

from tenantry.audit.models import Event
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.notifications import actions, tasks
from tenantry.notifications.models import Alert, AlertChannel
from tenantry.notifications.policies import hold, next_try_at, refused_address, webhook_host
from tenantry.technicians.actions import actor_for

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.technicians.models import Technician

Raise = Callable[..., Alert]
Jobs = Callable[[], None]


def is_signed(received: Received, secret: str) -> bool:
    """As a receiver checks it, from the published scheme and not from our code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in received.headers["webhook-signature"].split(" ")


def test_a_message_is_signed_with_id_and_time_and_says_what_why_and_who(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    alert = raise_one()
    run_jobs()
    (got,) = hook.receiver.got
    assert is_signed(got, hook.secret)
    got.body += b" "
    assert not is_signed(got, hook.secret)
    assert got.path == "/hooks/canary-path-token?key=canary-query"
    assert int(got.headers["webhook-timestamp"]) == int(clock.now().timestamp())
    assert got.json["type"] == "alert.opened"
    told = got.json["data"]["alert"]
    assert told["id"] == str(alert.pk)
    assert (told["cause"], told["fix"]) == ("The role is missing.", "Assign it.")
    assert told["link"] == f"{settings.PUBLIC_URL}/customers/{alert.customer_id}/"


def test_what_was_not_taken_is_sent_again_under_the_same_id_with_growing_pauses(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    hook.receiver.answers = [500, 404, 429]
    raise_one()
    run_jobs()
    assert hook.fresh().failing_since is not None
    assert hook.channel.last_outcome == "Answered 500"
    for seconds, expected in ((29, 1), (1, 2), (59, 2), (1, 3), (119, 3), (1, 4)):
        clock.travel(seconds=seconds)
        tasks.sweep()
        run_jobs()
        assert len(hook.receiver.got) == expected
    assert len({got.headers["webhook-id"] for got in hook.receiver.got}) == 1
    assert all(is_signed(got, hook.secret) for got in hook.receiver.got)
    assert hook.fresh().failing_since is None
    (delivery,) = hook.deliveries()
    assert (delivery.state, delivery.attempts) == ("delivered", 4)


def test_the_log_of_a_channel_tells_each_message_and_what_came_of_it(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, as_alice: "Client"
) -> None:
    """Issue 4: webhooks signed, retried, with a delivery log."""
    page = f"/settings/notifications/{hook.channel.pk}/"
    assert "Nothing sent yet" in as_alice.get(page).content.decode()
    hook.receiver.answers = [500]
    alert = raise_one()
    run_jobs()
    text = as_alice.get(page).content.decode()
    assert alert.title in text
    assert "Answered 500" in text
    assert "canary" not in text
    assert page in as_alice.get("/settings/notifications/").content.decode()
    assert as_alice.get(f"/settings/notifications/{alert.pk}/").status_code == 404


def test_a_worker_that_dies_while_sending_leaves_a_message_that_goes_again(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: killed after sending, before it was written down."""
    from tenantry.notifications.actions import delivering

    raise_one()

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_end", killed)
        with pytest.raises(SystemExit):
            run_jobs()
    tasks.sweep()
    run_jobs()
    assert len(hook.receiver.got) == 1
    clock.travel(minutes=6)
    tasks.sweep()
    run_jobs()
    assert len(hook.receiver.got) == 2
    assert hook.receiver.got[0].headers["webhook-id"] == hook.receiver.got[1].headers["webhook-id"]


def test_after_a_day_it_is_given_up_and_that_is_recorded(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    hook.receiver.answers = [503] * 100
    raise_one()
    run_jobs()
    for _ in range(30):
        clock.travel(hours=1)
        tasks.sweep()
        run_jobs()
    (delivery,) = hook.deliveries()
    assert delivery.state == "failed"
    assert Event.objects.filter(
        action="notifications.delivery_given_up", target_id=str(hook.channel.pk), result="failed"
    ).exists()
    tried = len(hook.receiver.got)
    clock.travel(hours=2)
    tasks.sweep()
    run_jobs()
    assert len(hook.receiver.got) == tried


def test_a_redirect_is_not_followed(hook: Hook, raise_one: Raise, run_jobs: Jobs) -> None:
    hook.receiver.answers = [302]
    raise_one()
    run_jobs()
    assert [got.path for got in hook.receiver.got] == ["/hooks/canary-path-token?key=canary-query"]
    assert "not followed" in hook.fresh().last_outcome


def test_nothing_secret_is_in_logs_tables_screens_or_messages(
    hook: Hook,
    raise_one: Raise,
    run_jobs: Jobs,
    caplog: pytest.LogCaptureFixture,
    as_alice: "Client",
) -> None:
    """Canaries: the signing secret, and the tokens in the address."""
    hook.receiver.answers = [500]
    canaries = ("canary-path-token", "canary-query", hook.secret, hook.secret.removeprefix("whsec_"))
    with caplog.at_level(logging.DEBUG):
        raise_one()
        run_jobs()
        hook.receiver.close()
        as_alice.post(f"/settings/notifications/{hook.channel.pk}/test/")
        page = as_alice.get("/settings/notifications/").content.decode()
    with connection.cursor() as cursor:
        rows = ""
        for table in (
            *("notifications_alert", "notifications_alertchannel", "notifications_delivery"),
            *("audit_event", "procrastinate_jobs"),
        ):
            cursor.execute(f"SELECT t::text FROM {table} t")
            rows += "\n".join(row[0] for row in cursor.fetchall())
    assert "refuses connections" in page
    assert f"127.0.0.1:{hook.receiver.port}" in page
    for canary in canaries:
        assert canary not in caplog.text
        assert canary not in page
        assert canary not in rows
        assert canary.encode().hex() not in rows
        assert all(canary.encode() not in got.body for got in hook.receiver.got)


def test_a_sealed_address_does_not_open_in_another_row(hook: Hook, alice: "Technician", run_jobs: Jobs) -> None:
    other, _ = actions.add_webhook(
        actor=actor_for(alice), technician=alice, url=f"http://127.0.0.1:{hook.receiver.port}/other"
    )
    AlertChannel.objects.filter(pk=other.pk).update(url_sealed=hook.channel.url_sealed)
    delivery = actions.send_test(actor=actor_for(alice), technician=alice, channel_id=other.pk)
    assert delivery.state == "failed"
    assert "cannot be opened" in delivery.outcome
    assert hook.receiver.got == []


def test_a_new_secret_signs_from_then_on(hook: Hook, alice: "Technician") -> None:
    _, secret = actions.renew_secret(actor=actor_for(alice), technician=alice, channel_id=hook.channel.pk)
    actions.send_test(actor=actor_for(alice), technician=alice, channel_id=hook.channel.pk)
    (got,) = hook.receiver.got
    assert is_signed(got, secret.reveal())
    assert not is_signed(got, hook.secret)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/x", "https://"),
        ("ftp://hooks.example.com/x", "https://"),
        ("https://user:pass@hooks.example.com/", "name or password"),
        ("https://hooks.example.com/#x", "never sent"),
        ("https://", "no address"),
        ("https://hooks.example.com:0/", "no address"),
        ("https://hooks.example.com:99999/", "no address"),
        ("https://hooks.example.com/a b", "blanks"),
        ("https://169.254.169.254/latest/meta-data/", "metadata"),
        ("https://[fe80::1]/", "metadata"),
        ("https://[::ffff:169.254.169.254]/", "metadata"),
        ("https://[64:ff9b::a9fe:a9fe]/", "metadata"),
        ("https://168.63.129.16/", "metadata"),
        ("https://[fd00:ec2::254]/", "metadata"),
        ("https://0.0.0.0/", "no address of one machine"),
        ("https://127.0.0.1/", "this machine"),
        ("https://[::1]/", "this machine"),
        ("https://localhost/", "this machine"),
        ("http://127.0.0.1/", "https://"),
    ],
)
def test_an_address_that_may_not_be_is_refused_with_the_reason(url: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        webhook_host(url, may_be_loopback=False)


def test_private_addresses_and_ports_are_allowed_and_only_the_host_is_shown() -> None:
    assert webhook_host("https://10.0.0.5:8443/token", may_be_loopback=False) == "10.0.0.5:8443"
    assert webhook_host("https://hooks.example.com/token?x=1", may_be_loopback=False) == "hooks.example.com"
    assert refused_address(ipaddress.ip_address("192.168.1.9"), may_be_loopback=False) == ""


def test_a_name_that_leads_to_a_forbidden_address_is_refused_when_sending(
    no_channels: None, alice: "Technician", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up when a message goes, and every address of it counts."""
    import socket

    channel, _ = actions.add_webhook(
        actor=actor_for(alice), technician=alice, url="https://hooks.harbour-it.example/token"
    )
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("203.0.113.9", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    delivery = actions.send_test(actor=actor_for(alice), technician=alice, channel_id=channel.pk)
    assert delivery.state == "failed"
    assert "169.254.169.254" in delivery.outcome


def test_tls_is_verified_against_the_name(no_channels: None, alice: "Technician", tmp_path: Path) -> None:
    import trustme

    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    def over_tls(*names: str) -> Receiver:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        return Receiver(context)

    ours, foreign = over_tls("localhost"), over_tls("elsewhere.example")

    def outcome(receiver: Receiver) -> str:
        channel, _ = actions.add_webhook(
            actor=actor_for(alice), technician=alice, url=f"https://localhost:{receiver.port}/"
        )
        delivery = actions.send_test(actor=actor_for(alice), technician=alice, channel_id=channel.pk)
        channel.delete()
        return f"{delivery.state}: {delivery.outcome}"

    try:
        assert "not trusted" in outcome(ours)
        with override_settings(ALERTS_CA_FILE=str(ca_file)):
            assert outcome(ours) == "delivered: Answered 204"
            assert "not trusted" in outcome(foreign)
        assert foreign.got == []
    finally:
        ours.close()
        foreign.close()


def test_only_who_may_says_where_alerts_go(hook: Hook, charlie: "Technician") -> None:
    from django.test import Client

    with pytest.raises(NotAllowed):
        actions.add_webhook(actor=actor_for(charlie), technician=charlie, url="https://evil.example/")
    with pytest.raises(NotAllowed):
        actions.remove_channel(actor=actor_for(charlie), technician=charlie, channel_id=hook.channel.pk)
    browser = Client()
    browser.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get("/settings/notifications/").status_code == 403
    for name in ("test", "remove", "secret"):
        assert browser.post(f"/settings/notifications/{hook.channel.pk}/{name}/").status_code == 403
    assert browser.post("/settings/notifications/webhook/", {"url": "https://evil.example/"}).status_code == 403
    assert AlertChannel.objects.count() == 1
    assert browser.get("/alerts/").status_code == 200


def test_the_secret_is_shown_once_and_a_test_says_how_it_went(
    no_channels: None, receiver: Receiver, as_alice: "Client"
) -> None:
    url = f"http://127.0.0.1:{receiver.port}/path"
    page = as_alice.post("/settings/notifications/webhook/", {"url": url})
    secret = page.context["new_secret"]
    assert secret.startswith("whsec_")
    assert secret in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert secret not in as_alice.get("/settings/notifications/").content.decode()
    twice = as_alice.post("/settings/notifications/webhook/", {"url": url})
    assert twice.status_code == 400
    assert "Alerts go there already." in twice.content.decode()
    channel = AlertChannel.objects.get()
    answer = as_alice.post(f"/settings/notifications/{channel.pk}/test/", follow=True).content.decode()
    assert "The test was sent. Answered 204." in answer
    assert receiver.events == ["test"]
    assert is_signed(receiver.got[0], secret)
    receiver.answers = [418]
    answer = as_alice.post(f"/settings/notifications/{channel.pk}/test/", follow=True).content.decode()
    assert "The test was not delivered. Answered 418" in answer
    as_alice.post(f"/settings/notifications/{channel.pk}/remove/")
    assert AlertChannel.objects.count() == 0


def test_pauses_double_to_an_hour_and_holds_too(clock: SharedClock) -> None:
    now = clock.now()
    pauses = [(next_try_at(attempts=n, now=now) - now).total_seconds() for n in range(1, 12)]
    assert pauses[:4] == [30, 60, 120, 240]
    assert max(pauses) == 3600
    assert [hold(returns=n).total_seconds() / 60 for n in range(6)] == [5, 10, 20, 40, 60, 60]
