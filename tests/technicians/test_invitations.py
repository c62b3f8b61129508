"""Invitations: mailed or shown once, taken once, and dead when they expire, are renewed or withdrawn."""

import email
import email.message
import email.policy
import functools
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connections
from django.test import Client, override_settings
from tests.conftest import SharedClock
from tests.technicians.helpers import acts_of, is_signed_in, path_of, token_of
from tests.technicians.staff_helpers import PASSWORD, browser_of, new_person, who

from tenantry.audit.models import Event
from tenantry.kit.errors import Conflict, Invalid, NotAllowed, Refusal
from tenantry.kit.mail_server import mail_server_of
from tenantry.kit.sealed import Secret
from tenantry.technicians.models import OneTimeLink, Team, Technician
from tenantry.technicians.staff import changing, inviting, reading

FORM = {"display_name": "Bob Lindqvist", "password1": PASSWORD, "password2": PASSWORD}


class Mailbox:
    """A mail server on this machine that keeps what it is given."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.url = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802  aiosmtpd calls it so
        """Keep the text of a message."""
        del server, session
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, email.message.EmailMessage)
        self.texts.append(message.get_content())
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A running mail server."""
    kept = Mailbox()
    with socket.socket() as probe:  # aiosmtpd cannot say which port it got, so one is looked for first
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    kept.url = f"smtp://127.0.0.1:{port}?tls=none"
    yield kept
    controller.stop()


def _invite(by: Technician, role: str = "engineer") -> inviting.Invitation:
    address = f"bob-{uuid.uuid4().hex[:8]}@harbour-it.example"
    return inviting.invite(**who(by), display_name="Bob L", email=address, role=role)


def _page(invitation: inviting.Invitation) -> str:
    return path_of(invitation.link.reveal())


def test_somebody_is_invited_joins_and_is_in(alice: Technician, visitor: Client, clock: SharedClock) -> None:
    """The whole way through the screens; without a mail server the link is shown once."""
    team = Team.objects.create(name=f"Team {uuid.uuid4().hex[:8]}", created_at=clock.now())
    address = f"Bob-{uuid.uuid4().hex[:8]}@harbour-it.example"
    sent = {"display_name": "Bob L", "email": address, "role": "engineer", "teams": [str(team.pk)]}
    answer = browser_of(alice).post("/settings/technicians/invite/", sent)
    page = answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    bob = Technician.objects.get(email=address.lower())
    assert (bob.is_active, bob.is_invited, bob.has_usable_password()) == (False, True, False)
    link = page.partition("/join/")[2].partition("/")[0]
    page_path = f"/join/{link}/"
    for _ in range(3):
        assert visitor.get(page_path).status_code == 200
    assert visitor.post(page_path, {**FORM, "password2": "another one 77"}).status_code == 400
    assert visitor.post(page_path, {**FORM, "password1": "short", "password2": "short"}).status_code == 400
    assert not Technician.objects.get(pk=bob.pk).is_active
    assert visitor.post(page_path, FORM).status_code == 302
    bob.refresh_from_db()
    assert (bob.display_name, bob.role, list(bob.teams.all())) == ("Bob Lindqvist", "engineer", [team])
    assert bob.is_active
    assert bob.joined_at is not None
    assert is_signed_in(visitor, bob)
    assert [action for action, _, _ in acts_of(bob)][:2] == ["technicians.invited", "technicians.joined"]
    recorded = str(list(Event.objects.filter(target_id=str(bob.pk)).values()))
    assert link not in recorded
    assert PASSWORD not in recorded


def test_a_mail_takes_the_link_along_and_the_screen_does_not(alice: Technician, mailbox: Mailbox) -> None:
    with override_settings(MAIL_SERVER=mail_server_of(mailbox.url), MAIL_FROM="console@harbour-it.example"):
        invitation = _invite(alice)
        assert invitation.is_mailed
        page = (
            browser_of(alice)
            .post(f"/settings/technicians/{invitation.technician.pk}/new-link/", follow=True)
            .content.decode()
        )
    assert "/join/" not in page
    first, second = mailbox.texts
    assert invitation.link.reveal() in first
    assert "/join/" in second
    assert invitation.link.reveal() not in second


def test_a_mail_server_that_is_down_leaves_a_link_to_copy(alice: Technician) -> None:
    down = mail_server_of("smtp://127.0.0.1:9?tls=none")
    with override_settings(MAIL_SERVER=down, MAIL_FROM="console@harbour-it.example"):
        invitation = _invite(alice)
    assert not invitation.is_mailed
    assert invitation.trouble


def test_an_invitation_that_was_used_expired_renewed_withdrawn_or_guessed_lets_nobody_in(
    alice: Technician, browser: Callable[[], Client], clock: SharedClock
) -> None:
    used, renewed, withdrawn, expired = (_invite(alice) for _ in range(4))
    assert browser().post(_page(used), FORM).status_code == 302
    again = inviting.renew_invitation(**who(alice), target_id=renewed.technician.pk)
    inviting.withdraw_invitation(**who(alice), target_id=withdrawn.technician.pk)
    assert not Technician.objects.filter(pk=withdrawn.technician.pk).exists()
    clock.travel(days=7, seconds=-1)
    assert browser().get(_page(expired)).status_code == 200
    clock.travel(seconds=1)
    dead = {_page(used): 410, _page(renewed): 410, _page(expired): 410, _page(withdrawn): 404, "/join/guessed/": 404}
    for page, status in dead.items():
        visitor = browser()
        assert visitor.get(page).status_code == status, page
        assert visitor.post(page, FORM).status_code == status, page
        assert not is_signed_in(visitor)
    for other in ("welcome", "setup"):  # a token is good for its own page only
        assert browser().get(f"/{other}/{token_of(again.link.reveal())}/").status_code == 404
    assert reading.get_person(expired.technician.pk).standing == reading.Standing.INVITATION_EXPIRED
    fresh = inviting.renew_invitation(**who(alice), target_id=expired.technician.pk)
    assert browser().post(_page(fresh), FORM).status_code == 302


def test_of_two_who_open_the_link_at_the_same_moment_one_joins(alice: Technician) -> None:
    token = token_of(_invite(alice).link.reveal())
    assert sorted(_race(*[functools.partial(_join, token, name) for name in ("One", "Two")])) == ["done", "link_used"]


def test_a_withdrawal_and_a_joining_at_the_same_moment_end_one_way(alice: Technician) -> None:
    for _ in range(4):
        invitation = _invite(alice)
        token, key = token_of(invitation.link.reveal()), invitation.technician.pk
        outcomes = _race(
            functools.partial(_join, token, "Bob"),
            functools.partial(inviting.withdraw_invitation, **who(alice), target_id=key),
        )
        assert outcomes.count("done") == 1, outcomes
        left = Technician.objects.filter(pk=key).first()
        assert left is None or left.is_active


def test_an_address_has_one_account_and_a_role_above_is_not_given(alice: Technician) -> None:
    invitation = _invite(alice)
    with pytest.raises(Invalid, match="already"):
        inviting.invite(**who(alice), display_name="B", email=invitation.technician.email.upper(), role="auditor")
    admin = new_person("administrator")
    owner = _invite(alice, "owner")
    for act in (inviting.renew_invitation, inviting.withdraw_invitation):
        with pytest.raises(NotAllowed):
            act(**who(admin), target_id=owner.technician.pk)
        with pytest.raises(Conflict):
            act(**who(alice), target_id=admin.pk)
    assert OneTimeLink.objects.filter(technician=owner.technician, used_at=None).exists()


def _join(token: str, name: str) -> Technician:
    return inviting.join(token=token, display_name=name, password=Secret(PASSWORD), network_address="")


def _race(*acts: Callable[[], object]) -> list[str]:
    start, outcomes = threading.Barrier(len(acts)), list[str]()

    def run(act: Callable[[], object]) -> None:
        try:
            start.wait(timeout=10)
            act()
            outcomes.append("done")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_an_invitation_ends_with_whoever_sent_it(alice: Technician, visitor: Client) -> None:
    """No right outlives its time: who is switched off, or may give less, has no door open for somebody they chose."""

    def invited(by: Technician, role: str) -> tuple[Technician, str]:
        name = f"door-{uuid.uuid4().hex[:8]}"
        made = inviting.invite(**who(by), display_name=name, email=f"{name}@elsewhere.example", role=role)
        return made.technician, path_of(made.link.reveal())

    leaver, stays = new_person("administrator"), new_person("administrator")
    owner = new_person("owner")
    person, door = invited(leaver, "administrator")
    _, another = invited(stays, "engineer")
    _, high = invited(owner, "owner")
    _, low = invited(owner, "engineer")
    changing.deactivate(**who(alice), target_id=leaver.pk)
    changing.change_role(**who(alice), target_id=owner.pk, role="administrator")
    assert [visitor.get(path).status_code for path in (door, another, high, low)] == [410, 200, 410, 200]
    assert visitor.post(door, FORM).status_code == 410
    person.refresh_from_db()
    assert not person.is_active
    assert "who sent it, was switched off" in acts_of(person)[-1][1]
    assert (
        visitor.get(path_of(inviting.renew_invitation(**who(alice), target_id=person.pk).link.reveal())).status_code
        == 200
    )
