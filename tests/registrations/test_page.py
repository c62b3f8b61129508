"""The owner's page of the app registrations, from the first run to mending."""

import re
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from tests.registrations.conftest import Home

from tenantry.graph.apps import App, registration
from tenantry.registrations.models import AppRegistration
from tenantry.technicians.models import Technician

if TYPE_CHECKING:
    from entrasim.state import User

PAGE = "/settings/apps/"


@pytest.fixture
def local(home: Home, settings: Any) -> Home:  # noqa: ANN401  pytest-django's settings
    """A console on this machine's own address, where Microsoft's public client can come back to."""
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    return home


def press(client: Client, home: Home, user: "User | None" = None, **fields: str) -> str:
    """Press a button of the page, sign in at Microsoft, come back; returns the page."""
    left = client.post(reverse("registrations:sign-in"), fields)
    assert left.status_code == 302, left.content.decode()
    back = urllib.parse.urlsplit(home.browse(left["Location"], user).location)
    answer = client.get(f"{back.path or '/'}?{back.query}", follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_technician_who_owns_nothing_is_refused(home: Home, charlie: Technician) -> None:
    client = Client()
    client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(PAGE).status_code == 403
    assert client.post(reverse("registrations:sign-in"), {"purpose": "check"}).status_code == 403
    assert client.get("/settings/apps/return", {"state": "x", "code": "y"}).status_code == 403
    assert PAGE not in client.get("/settings/").content.decode()


def test_a_stranger_is_sent_to_sign_in(home: Home, eve: Client) -> None:
    assert eve.get(PAGE).status_code == 302
    assert eve.get("/settings/apps/return?state=x&code=y").status_code == 302


def test_away_from_localhost_the_first_run_names_the_command_and_the_list_by_hand(home: Home, as_alice: Client) -> None:
    page = as_alice.get(PAGE).content.decode()
    assert "tenantry apps create" in page
    assert 'name="purpose"' not in page
    for words in ("https://console.example/connect/return", "User-PasswordProfile.ReadWrite.All", "Multitenant"):
        assert words in page
    assert PAGE in as_alice.get("/customers/").content.decode()


def test_the_first_run_on_localhost_checks_shows_the_tenant_and_registers_both(local: Home, as_alice: Client) -> None:
    """The whole road in two sign-ins: the first one shows in which tenant the second would register."""
    page = as_alice.get(PAGE).content.decode()
    assert re.search(r"<button[^>]*disabled[^>]*>Register", page)
    page = press(as_alice, local, purpose="check")
    assert "not registered in that tenant yet" in page
    assert local.here() == []
    assert local.tenant.id in page
    page = press(as_alice, local, purpose="create", tenant=local.tenant.id)
    assert page.count("as it has to be") == 2
    assert len(local.here()) == 2
    for app in App:
        assert registration(app).is_set_up
    assert "Register them" not in page


def test_a_sign_in_to_another_tenant_than_was_shown_registers_nothing(local: Home, as_alice: Client) -> None:
    other = local.sim.new_tenant(name="Elsewhere Ltd")
    left = as_alice.post(reverse("registrations:sign-in"), {"purpose": "create", "tenant": other.id})
    page = local.browse(left["Location"])
    assert "localhost:8000" not in page.location
    assert local.here() == []


@pytest.mark.parametrize("fields", [{}, {"purpose": "burn"}, {"purpose": "create"}, {"purpose": "mend", "tenant": "x"}])
def test_a_form_that_says_nothing_is_refused(local: Home, as_alice: Client, fields: dict[str, str]) -> None:
    assert as_alice.post(reverse("registrations:sign-in"), fields).status_code == 400


def test_an_answer_works_once_and_only_in_the_browser_that_began(local: Home, as_alice: Client) -> None:
    left = as_alice.post(reverse("registrations:sign-in"), {"purpose": "check"})
    back = urllib.parse.urlsplit(local.browse(left["Location"]).location)
    address = f"/settings/apps/return?{back.query}"
    stranger = Client()
    stranger.force_login(
        Technician.objects.get(email="alice@harbour-it.example"), backend="django.contrib.auth.backends.ModelBackend"
    )
    assert b"fits no sign-in" in stranger.get(address, follow=True).content
    assert b"not registered" in as_alice.get(address, follow=True).content
    assert b"fits no sign-in" in as_alice.get(address, follow=True).content


def test_an_answer_that_comes_too_late_does_nothing(local: Home, as_alice: Client) -> None:
    left = as_alice.post(reverse("registrations:sign-in"), {"purpose": "check"})
    back = urllib.parse.urlsplit(local.browse(left["Location"]).location)
    local.clock.travel(minutes=31)
    assert b"half an hour" in as_alice.get(f"/settings/apps/return?{back.query}", follow=True).content
    assert not AppRegistration.objects.exists()


def test_what_differs_is_shown_and_mended_through_our_own_app(home: Home, as_alice: Client) -> None:
    """Away from localhost the registered help-desk app signs the administrator in; nothing usable is kept of it."""
    home.create()
    home.create(App.ELEVATION)
    made = home.registered()
    made.redirect_uris.append("https://old.example/back")
    made.sign_in_audience = "AzureADMyOrg"
    access: list[dict[str, object]] = [
        {"name": "ipaddr", "source": None, "essential": False, "additionalProperties": []}
    ]
    made.further["optionalClaims"] = {"idToken": [], "accessToken": access, "saml2Token": []}
    page = press(as_alice, home, purpose="check")
    assert "callers cannot be verified" in page
    assert "https://old.example/back" in page
    digest = re.search(r'name="shown_helpdesk" value="(\w+)"', page)
    assert digest is not None
    writes = len(home.writes())
    page = press(as_alice, home, purpose="mend", tenant=home.tenant.id, shown_helpdesk=digest[1])
    assert "https://old.example/back" not in page
    claims = made.further["optionalClaims"]
    assert isinstance(claims, dict)
    assert [claim["name"] for claim in claims["idToken"]] == ["auth_time"]
    assert claims["accessToken"] == access  # what others asked for stays
    assert made.redirect_uris == [
        "https://console.example/connect/return",
        "https://console.example/connect/administrator/return",
        "https://console.example/verify/return",
        "https://console.example/settings/apps/return",
    ]
    assert len(home.writes()) == writes + 1
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert [s for s in sessions if "eyJ" in s or "code_verifier" in s] == []


def test_mending_without_having_been_shown_is_refused(home: Home, as_alice: Client) -> None:
    home.create()
    home.registered().redirect_uris.clear()
    home.registered().redirect_uris.append("https://console.example/settings/apps/return")
    page = press(as_alice, home, purpose="mend", tenant=home.tenant.id)
    assert "Something changed at Microsoft" in page
    assert len(home.registered().redirect_uris) == 1


def test_a_look_alike_is_offered_and_taken_over_by_a_button_of_its_own(local: Home, as_alice: Client) -> None:
    alike = local.sim.register_app(display_name="Tenantry Help Desk", home_tenant_id=local.tenant.id)
    page = press(as_alice, local, purpose="create", tenant=local.tenant.id, app="helpdesk")
    assert "of the same name is there" in page
    assert f'name="take_over" value="{alike.app_id}"' in page
    assert local.here() == [alike]
    press(as_alice, local, purpose="create", tenant=local.tenant.id, app="helpdesk", take_over=alike.app_id)
    assert registration(App.HELPDESK).client_id == alike.app_id


def test_a_declined_sign_in_is_told_in_words(local: Home, as_alice: Client) -> None:
    left = as_alice.post(reverse("registrations:sign-in"), {"purpose": "check"})
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(left["Location"]).query)["state"][0]
    answer = {"state": state, "error": "access_denied", "error_description": "AADSTS65004: User declined."}
    page = as_alice.get("/settings/apps/return", answer, follow=True).content.decode()
    assert "it was declined" in page


def test_the_page_says_when_a_certificate_ends_soon(home: Home, as_alice: Client) -> None:
    import datetime as dt

    home.create()
    certificate = home.certificate()
    certificate.not_after = home.clock.now() + dt.timedelta(days=12, hours=1)
    certificate.save()
    page = as_alice.get(PAGE).content.decode()
    assert "12 days left" in page
    assert "tenantry credential rotate" in page


def test_somebody_without_a_role_is_told_on_the_page(
    home: Home, as_alice: Client, stranger: Callable[..., "User"]
) -> None:
    home.create()
    home.tenant.consent_delegated(home.registered(), ["Application.ReadWrite.All"])
    home.registered().redirect_uris.append("https://old.example/back")
    page = press(as_alice, home, purpose="check")
    digest = re.search(r'name="shown_helpdesk" value="(\w+)"', page)
    assert digest is not None
    page = press(
        as_alice, home, stranger(), purpose="mend", tenant=home.tenant.id, app="helpdesk", shown_helpdesk=digest[1]
    )
    assert "may not manage app registrations" in page
