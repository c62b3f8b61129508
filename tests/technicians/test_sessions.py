"""Sessions: the list, ending one, the two limits, and the lock after too many wrong passwords."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from tests.conftest import SharedClock
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import acts_of, is_signed_in

from tenantry.technicians import session_store
from tenantry.technicians.models import BrowserSession, Technician

SETTINGS = "/settings/"
LOGIN = "/accounts/login/"


def _sign_in(client: Client, technician: Technician, agent: str = "Firefox") -> Client:
    client.post(LOGIN, {"login": technician.email, "password": PASSWORD}, headers={"user-agent": agent})
    assert is_signed_in(client, technician)
    return client


def test_other_sessions_are_listed_and_ended_one_by_one(
    technician: Technician, browser: Callable[[], Client], charlie: Technician
) -> None:
    here, lost, kept = (_sign_in(browser(), technician, name) for name in ("Here", "Lost laptop", "Telephone"))
    page = here.get(SETTINGS).content.decode()
    assert "Lost laptop" in page
    assert "Telephone" in page
    row = BrowserSession.objects.get(technician=technician, agent="Lost laptop")
    stranger = browser()
    stranger.force_login(charlie)
    assert stranger.post(f"/settings/sessions/{row.pk}/end/").status_code == 404
    assert lost.get(SETTINGS).status_code == 200
    assert here.get(f"/settings/sessions/{row.pk}/end/").status_code == 405
    assert here.post(f"/settings/sessions/{row.pk}/end/")["Location"] == SETTINGS
    assert lost.get(SETTINGS)["Location"].startswith(LOGIN)
    assert kept.get(SETTINGS).status_code == 200
    assert acts_of(technician)[-1][:2] == ("technicians.session_ended", "Signed out in one other browser.")
    assert here.post(f"/settings/sessions/{uuid.uuid4()}/end/").status_code == 404
    here.post("/settings/sign-out-elsewhere/")
    assert kept.get(SETTINGS).status_code == 302
    assert "Telephone" not in here.get(SETTINGS).content.decode()


def test_a_browser_is_told_in_words() -> None:
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0"
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 Version/17 Safari/604"
    said = [BrowserSession(agent=agent).browser for agent in (edge, phone, "curl/8", "")]
    assert said == ["Edge on Windows", "Safari on iPhone", "curl/8", "A browser"]


def test_a_session_ends_without_activity(
    technician: Technician, browser: Callable[[], Client], clock: SharedClock
) -> None:
    client = _sign_in(browser(), technician)
    for _ in range(3):
        clock.travel(minutes=59)
        assert client.get(SETTINGS).status_code == 200
    clock.travel(minutes=30)
    assert client.get("/customers/", headers={"hx-request": "true"}).status_code == 200  # asks by itself
    clock.travel(minutes=30)
    answer = client.get("/customers/?q=a")
    assert answer["Location"] == f"{LOGIN}?next=/customers/%3Fq%3Da"
    assert "after 60 minutes without activity" in client.get(answer["Location"]).content.decode()


def test_a_session_ends_after_twelve_hours_however_busy(
    technician: Technician, browser: Callable[[], Client], clock: SharedClock
) -> None:
    client = _sign_in(browser(), technician)
    for _ in range(14):
        clock.travel(minutes=50)
        assert client.get(SETTINGS).status_code == 200
    clock.travel(minutes=20)
    part = client.get(SETTINGS, headers={"hx-request": "true", "hx-current-url": "http://testserver/settings/"})
    assert part["HX-Redirect"] == f"{LOGIN}?next=%2Fsettings%2F"
    assert not BrowserSession.objects.filter(technician=technician).exists()


@override_settings(SESSION_IDLE_MINUTES=5, SESSION_HOURS=1)
def test_the_limits_are_settings(technician: Technician, browser: Callable[[], Client], clock: SharedClock) -> None:
    client = _sign_in(browser(), technician)
    assert b"after 5 minutes without activity, and after 1 hours" in client.get(SETTINGS).content
    clock.travel(minutes=5)
    assert client.get(SETTINGS).status_code == 302


def test_signing_out_and_a_new_password_clear_the_list(technician: Technician, browser: Callable[[], Client]) -> None:
    first, second = _sign_in(browser(), technician), _sign_in(browser(), technician)
    new = "walnut ferry lantern 4"
    first.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert second.get(SETTINGS).status_code == 302
    assert first.get(SETTINGS).status_code == 200
    assert BrowserSession.objects.filter(technician=technician).count() == 1
    first.post("/accounts/logout/")
    assert not BrowserSession.objects.filter(technician=technician).exists()


def test_a_lock_is_recorded_once(technician: Technician, browser: Callable[[], Client], clock: SharedClock) -> None:
    for _ in range(8):
        browser().post(LOGIN, {"login": technician.email, "password": "not it"})
    locked = [summary for action, summary, _ in acts_of(technician) if action == "technicians.sign_in_locked"]
    assert locked == ["Too many wrong passwords: no password is accepted for five minutes."]
    clock.travel(minutes=5, seconds=1)
    _sign_in(browser(), technician)


def test_the_database_knows_no_key_that_opens_a_session(technician: Technician, browser: Callable[[], Client]) -> None:
    """AC 4 (ASVS 7.2.3): 165 random bits in the cookie, and only their digest in the tables."""
    client = _sign_in(browser(), technician)
    client.get(SETTINGS)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert re.fullmatch(r"[a-z0-9]{32}", key)
    row = Session.objects.get(session_key=session_store.digest(key))
    noted = BrowserSession.objects.get(technician=technician)
    assert noted.session_key == row.session_key
    assert key not in f"{row.session_key} {row.get_decoded()}"
    thief = browser()
    for stolen in (row.session_key, row.session_key[:32]):
        thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
        assert not is_signed_in(thief)
    assert is_signed_in(client, technician)
    client.post("/accounts/logout/")
    assert not Session.objects.filter(pk=row.pk).exists()
