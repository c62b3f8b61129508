"""Mail through a real SMTP server: STARTTLS, sign-in, one message for each address, tried again."""

import email
import logging
from collections.abc import Callable
from email.header import decode_header, make_header
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import override_settings
from tests.conftest import SharedClock
from tests.notifications.conftest import MailServerUp

from tenantry.env import BadSettings
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.kit.logs import strike
from tenantry.kit.mail_server import mail_server_of
from tenantry.notifications import actions, tasks
from tenantry.notifications.models import Alert, Delivery
from tenantry.technicians.actions import actor_for

if TYPE_CHECKING:
    from tenantry.notifications.models import AlertChannel
    from tenantry.technicians.models import Technician

Raise = Callable[..., Alert]
Jobs = Callable[[], None]


def to(alice: "Technician", *addresses: str) -> "AlertChannel":
    return actions.add_mail(actor=actor_for(alice), technician=alice, addresses=list(addresses))


def test_an_alert_arrives_as_mail_with_cause_fix_who_and_link(
    smtp: MailServerUp, alice: "Technician", raise_one: Raise, run_jobs: Jobs
) -> None:
    to(alice, "noc@harbour-it.example", "boss@harbour-it.example")
    alert = raise_one(title="Kestrel: Degraded\r\nBcc: eve@example.com")
    run_jobs()
    assert [box for box, _ in smtp.box.got] == [["noc@harbour-it.example"], ["boss@harbour-it.example"]]
    assert set(smtp.box.signed_in) == {("alerts", "canary-mail-p@ss")}
    message = email.message_from_string(smtp.box.got[0][1])
    assert "Degraded Bcc: eve@example.com" in " ".join(str(make_header(decode_header(message["Subject"]))).split())
    assert message["Bcc"] is None
    assert message["From"] == "Tenantry <alerts@harbour-it.example>"
    delivery = Delivery.objects.get(alert=alert)
    assert message["Message-ID"] == f"<{delivery.pk}@harbour-it.example>"
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes)
    text = body.decode()
    assert "The role is missing." in text
    assert "What to do: Assign it." in text
    assert "Who: a Global Administrator of the tenant" in text
    assert f"{settings.PUBLIC_URL}/customers/{alert.customer_id}/" in text


def test_one_refused_address_does_not_send_twice_to_the_other(
    smtp: MailServerUp, alice: "Technician", raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    smtp.box.refuses = {"gone@harbour-it.example"}
    channel = to(alice, "gone@harbour-it.example", "noc@harbour-it.example")
    raise_one()
    run_jobs()
    channel.refresh_from_db()
    assert channel.last_outcome == "The mail server refused gone@harbour-it.example."
    smtp.box.refuses = set()
    clock.travel(minutes=1)
    tasks.sweep()
    run_jobs()
    assert [box for box, _ in smtp.box.got] == [["noc@harbour-it.example"], ["gone@harbour-it.example"]]
    channel.refresh_from_db()
    assert channel.failing_since is None


@pytest.mark.parametrize(
    ("url", "ca", "words"),
    [
        ("smtp://alerts:wrong@127.0.0.1:{port}?tls=starttls", True, "does not accept the name and password"),
        ("smtp://alerts:canary-mail-p%40ss@127.0.0.1:{port}?tls=starttls", False, "not trusted"),
        ("smtp://127.0.0.1:1?tls=none", True, "refuses connections"),
    ],
)
def test_trouble_with_the_mail_server_is_told_without_its_password(
    smtp: MailServerUp, alice: "Technician", url: str, ca: bool, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    channel = to(alice, "noc@harbour-it.example")
    with (
        caplog.at_level(logging.DEBUG),
        override_settings(
            MAIL_SERVER=mail_server_of(url.format(port=smtp.port)), ALERTS_CA_FILE=str(smtp.ca_file) if ca else ""
        ),
    ):
        delivery = actions.send_test(actor=actor_for(alice), technician=alice, channel_id=channel.pk)
    assert delivery.state == "failed"
    assert words in delivery.outcome
    assert "canary-mail" not in caplog.text + delivery.outcome
    assert smtp.box.got == []


def test_without_a_mail_server_no_mail_channel_can_be_added(no_channels: None, alice: "Technician") -> None:
    with pytest.raises(NotAllowed) as refused:
        to(alice, "noc@harbour-it.example")
    assert "TENANTRY_MAIL_URL" in refused.value.remedy


@pytest.mark.parametrize(
    "addresses", [[], [" "], ["no-address"], ["a@b.example\nBcc: c@d.example"], ["x@y.example"] * 1]
)
def test_addresses_are_checked(smtp: MailServerUp, alice: "Technician", addresses: list[str]) -> None:
    if addresses == ["x@y.example"]:
        to(alice, *addresses)  # the same twice is refused
    with pytest.raises(Invalid):
        to(alice, *addresses)


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "smtp://",
        "smtp://host:abc",
        "smtp://host?tls=maybe",
        "smtps://host?tls=none",
        "smtp://user@host",
        "smtp://user:canary@mail.example.com?tls=none",
        "smtp://host/path",
        "smtp://host?other=1",
    ],
)
def test_a_mail_address_that_cannot_be_used_is_an_error_at_start_that_keeps_the_password(url: str) -> None:
    with pytest.raises(BadSettings) as bad:
        mail_server_of(url)
    assert "canary" not in str(bad.value)


def test_ports_follow_from_tls_and_the_password_never_shows() -> None:
    found = [mail_server_of(url) for url in ("smtp://h", "smtps://h", "smtp://h?tls=none", "smtp://u:c%2Fd@h:2525")]
    assert [(server.port, server.tls) for server in found if server] == [
        (587, "starttls"),
        (465, "implicit"),
        (25, "none"),
        (2525, "starttls"),
    ]
    last = found[-1]
    assert last is not None
    assert last.password is not None
    assert last.password.reveal() == "c/d"
    assert "c/d" not in repr(last)
    assert mail_server_of("") is None
    assert "canary" not in strike("smtp://u:canary@h whsec_canarycanary")
