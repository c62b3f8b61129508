"""A manager vouches: whoever the directory names, who spoke with the caller, and who has no other part in the call."""

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from tests.entrasim.surfer import Surfer
from tests.helpdesk.conftest import Place
from tests.helpdesk.test_confirming import _form, _token, _url
from tests.notifications.conftest import MailServerUp
from tests.verification.conftest import LINK, Desk, at_microsoft
from tests.verification.test_passes import acts_about

from tenantry.kit.errors import Invalid
from tenantry.safeguards.policies import Strength
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import Method, Wrong

if TYPE_CHECKING:
    from entrasim.state import User
    from tenantry.directory.models import DirectoryUser


@pytest.fixture
def boss(place: Place, dana: "DirectoryUser") -> "User":
    """Dana's manager in the tenant; our mirror does not know them."""
    tag = uuid.uuid4().hex[:6]
    boss = place.tenant.add_user(name="Bo Head", password="Head-of-something-1", mail=f"bo-{tag}@kestrel.example")
    place.tenant.update_user(str(dana.object_id), manager_id=boss.id)
    return boss


def vouch(desk: Desk, link: str, number: str, user: "User") -> Client:
    """Open the link, enter the number, sign in at Microsoft as this person and come back."""
    client = Client()
    assert client.get(link).status_code == 200
    left = client.post(link, {"number": number})
    if left["Location"].startswith("/verify/"):
        return client
    page = at_microsoft(Surfer(desk.simulator.browser_url), left["Location"], user)
    parts = urlsplit(page.location or "")
    assert client.get(f"{parts.path}?{parts.query}").status_code == 302
    return client


def test_the_manager_is_asked_by_mail_and_the_reset_goes_on_after_their_word(
    desk: Desk, dana: "DirectoryUser", boss: "User", smtp: MailServerUp, rule: Callable[[Strength], None]
) -> None:
    """Issue 4, caller verification (e): bound to caller, operation and ticket; the number proves that they spoke."""
    from tenantry.audit.models import Event
    from tenantry.helpdesk.models import Operation

    rule(Strength.GOOD)
    cache.clear()
    place, client = desk.place, desk.client
    verify = reverse("verification:start", args=(place.customer.pk, dana.object_id, "reset-password"))
    begun = client.post(verify, {"ticket": "T-1", "method": "manager"})
    row = Verification.objects.get(object_id=dana.object_id)
    assert (row.voucher_id, row.voucher_name) == (uuid.UUID(boss.id), "Bo Head")
    recipients, text = smtp.box.got[-1]
    assert recipients == [boss.mail]
    found = LINK.search(text.replace("=\n", ""))
    assert found
    link = found.group(1)
    body = text.replace("\r\n", "\n").partition("\n\n")[2]
    told = re.sub(r"\S*/verify/\S*|\d+ minutes", "", body)
    assert "vouch" in told
    assert not re.search(rf"(?<![\w=-]){row.number}(?![\w-])", told), "the number is told by telephone alone"
    shown = client.get(begun["Location"]).content.decode()
    assert f"<b>{row.number}</b>" in shown
    assert link in shown
    assert "Never give it to the caller" in shown
    asked = Client().get(link).content.decode()
    assert "Do you vouch for" in asked
    assert "Dana Doe" in asked
    assert f"<b>{row.number}</b>" not in asked
    done = vouch(desk, link, row.number, boss)
    assert "You vouched" in done.get(link).content.decode()
    row.refresh_from_db()
    assert (row.state, row.strength) == (State.PASSED, Strength.GOOD)
    passed = Event.objects.get(target_id=str(dana.object_id), action="verification.passed")
    assert "Bo Head vouched" in passed.summary
    assert passed.details["vouched_by"] == boss.user_principal_name
    url = _url(place, dana)
    page = client.get(f"{url}?ticket=T-1")
    assert client.post(url, _form(_token(page), ticket="T-2")).status_code == 422
    assert client.post(url, _form(_token(client.get(f"{url}?ticket=T-1")))).status_code == 302
    assert Operation.objects.get(object_id=dana.object_id).grounds["caller_verified"] == "manager"
    row.refresh_from_db()
    assert row.state == State.USED


def test_a_second_factor_of_the_manager_makes_it_no_stronger(desk: Desk, dana: "DirectoryUser", boss: "User") -> None:
    desk.place.tenant.tell_methods_in_id_tokens()
    desk.place.tenant.sign_in_methods(boss.id, "pwd", "mfa")
    row = desk.start(dana, method=Method.MANAGER)
    vouch(desk, desk.link(row), row.number, boss)
    row.refresh_from_db()
    assert (row.state, row.strength) == (State.PASSED, Strength.GOOD)


def test_the_caller_another_person_and_a_wrong_number_do_not_count(
    desk: Desk, dana: "DirectoryUser", boss: "User", place: Place
) -> None:
    mallory = place.add_user("Mallory", password="Not-a-manager-1")
    row = desk.start(dana, method=Method.MANAGER)
    link = desk.link(row)
    wrong_number = f"{(int(row.number) + 1) % 100:02d}"
    for left, number, user, why in (
        (4, row.number, place.in_tenant(dana), Wrong.NOT_MANAGER),
        (3, row.number, place.in_tenant(mallory), Wrong.NOT_MANAGER),
        (2, wrong_number, boss, Wrong.NUMBER),
        (1, "", boss, Wrong.NUMBER),
    ):
        vouch(desk, link, number, user)
        row.refresh_from_db()
        assert (row.state, row.tries_left, row.last_wrong) == (State.WAITING, left, why)
    assert "1 try is left" in Client().get(link).content.decode()
    vouch(desk, link, f" {row.number[0]} {row.number[1]}", boss)
    row.refresh_from_db()
    assert row.state == State.PASSED
    client = Client()
    client.post(f"{link}decline/")
    row.refresh_from_db()
    assert row.state == State.DENIED
    assert "You do not vouch" in client.get(link).content.decode()
    assert acts_about(dana)[-1] == "denied_by_the_caller"


def test_a_managers_link_lives_for_thirty_minutes_and_no_other_does(
    desk: Desk, dana: "DirectoryUser", boss: "User", place: Place
) -> None:
    own, managers = desk.start(dana), desk.start(dana, method=Method.MANAGER, ticket="T-2")
    own_link, link = desk.link(own), desk.link(managers)
    place.clock.travel(minutes=29)
    assert Client().get(own_link).status_code == 404
    assert Client().get(link).status_code == 200
    place.clock.travel(minutes=1)
    assert Client().get(link).status_code == 404


def test_who_cannot_vouch_is_told_before_anything_is_sent(
    desk: Desk, dana: "DirectoryUser", boss: "User", place: Place
) -> None:
    """Issue 4: the manager is never the caller nor a technician; none, blocked, and unread are told apart."""
    from tenantry.technicians.models import MicrosoftAccount, Technician

    tenant = place.tenant

    def refused(words: str) -> None:
        with pytest.raises(Invalid, match=words):
            desk.start(dana, method=Method.MANAGER)

    tenant.update_user(boss, account_enabled=False)
    refused("is blocked")
    tenant.update_user(boss, account_enabled=True)
    account = MicrosoftAccount.objects.create(
        technician=Technician.objects.create_user(
            f"x-{boss.id[:8]}@harbour-it.example", display_name="X", role="auditor", created_at=place.clock.now()
        ),
        tenant_id=place.tenant_id,
        object_id=uuid.UUID(boss.id),
        user_name="x",
        linked_at=place.clock.now(),
    )
    refused("works in this help desk")
    account.delete()
    row = desk.start(dana, method=Method.MANAGER)
    Technician.objects.create_user(
        boss.user_principal_name.upper(), display_name="Bo", role="engineer", created_at=place.clock.now()
    )
    vouch(desk, desk.link(row), row.number, boss)  # joined the help desk while the link was out
    row.refresh_from_db()
    assert (row.state, row.last_wrong) == (State.WAITING, Wrong.HELP_DESK)
    refused("works in this help desk")
    tenant.update_user(str(dana.object_id), manager_id=str(dana.object_id))
    refused("their own manager")
    tenant.update_user(str(dana.object_id), manager_id=None)
    refused("names no manager")
    tenant.fault("error", status=403, path="/users/*/manager")
    refused("did not tell")
    cache.clear()
    url = reverse("verification:start", args=(place.customer.pk, dana.object_id, "reset-password"))
    page = desk.client.post(url, {"ticket": "", "method": "manager"})
    assert page.status_code == 422
    assert "names no manager" in page.content.decode()
