"""A technician's own settings."""

from collections.abc import Callable

from django.test import Client
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import acts_of, is_signed_in

from tenantry.technicians.models import Technician

SETTINGS = "/settings/"


def test_a_new_name_is_saved_and_recorded(technician: Technician, as_technician: Client) -> None:
    answer = as_technician.post(SETTINGS, {"display_name": "Noor H.", "email": technician.email})
    assert answer["Location"] == SETTINGS
    technician.refresh_from_db()
    assert technician.display_name == "Noor H."
    assert acts_of(technician)[-1][:2] == ("technicians.profile_changed", "Changed: name.")
    assert b"Saved." in as_technician.get(SETTINGS).content


def test_a_new_address_asks_to_confirm_and_is_then_saved(technician: Technician, as_technician: Client) -> None:
    new = f"new-{technician.email}"
    answer = as_technician.post(SETTINGS, {"display_name": technician.display_name, "email": new.upper()})
    assert answer["Location"] == "/accounts/reauthenticate/?next=%2Fsettings%2F"
    technician.refresh_from_db()
    assert technician.email != new
    answer = as_technician.post(answer["Location"], {"password": PASSWORD, "next": SETTINGS})
    assert answer.status_code == 307
    assert as_technician.post(answer["Location"], {})["Location"] == SETTINGS
    technician.refresh_from_db()
    assert technician.email == new


def test_a_wrong_password_does_not_confirm(technician: Technician, as_technician: Client) -> None:
    page = as_technician.post("/accounts/reauthenticate/", {"password": "not it", "next": SETTINGS})
    assert b"This is not your password" in page.content


def test_an_address_of_somebody_else_is_refused(
    technician: Technician, alice: Technician, as_technician: Client
) -> None:
    as_technician.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = as_technician.post(SETTINGS, {"display_name": "Typed Name", "email": alice.email})
    assert page.status_code == 200
    assert b"Another technician has this e-mail address" in page.content
    assert b'value="Typed Name"' in page.content
    technician.refresh_from_db()
    assert technician.email != alice.email


def test_other_browsers_are_signed_out_and_this_one_stays(
    technician: Technician, as_technician: Client, visitor: Client
) -> None:
    visitor.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    assert visitor.get(SETTINGS).status_code == 200
    assert as_technician.get("/settings/sign-out-elsewhere/").status_code == 405
    assert as_technician.post("/settings/sign-out-elsewhere/")["Location"] == SETTINGS
    assert visitor.get(SETTINGS).status_code == 302
    assert as_technician.get(SETTINGS).status_code == 200


def test_a_new_password_ends_other_sessions(
    technician: Technician, as_technician: Client, browser: Callable[[], Client]
) -> None:
    other = browser()
    other.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    new = "walnut ferry lantern 4"
    answer = as_technician.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer["Location"] == SETTINGS
    assert other.get(SETTINGS).status_code == 302
    assert as_technician.get(SETTINGS).status_code == 200
    fresh = browser()
    fresh.post("/accounts/login/", {"login": technician.email, "password": new})
    assert is_signed_in(fresh, technician)


def test_whoever_has_no_password_can_set_one(technician: Technician, as_technician: Client) -> None:
    technician.set_unusable_password()
    technician.save()
    as_technician.force_login(technician)
    assert as_technician.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"
    assert as_technician.get("/accounts/password/set/").status_code == 200
    answer = as_technician.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert answer["Location"] == SETTINGS
    technician.refresh_from_db()
    assert technician.check_password(PASSWORD)
