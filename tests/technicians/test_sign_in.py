"""Sign-in by password and second step, its limits, and the end of a session."""

import logging
import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from tests.conftest import SharedClock
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import acts_of, is_signed_in, path_of, totp_code

from tenantry.kit.logs import Redact
from tenantry.technicians import actions
from tenantry.technicians.models import Technician

LOGIN = "/accounts/login/"
STEP = 59_999_999


@pytest.fixture(autouse=True)
def _one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes change every 30 real seconds; here they stand still, so that no test fails on the turn."""
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([STEP]))


def _sign_in(client: Client, technician: Technician, password: str = PASSWORD, **more: str) -> str:
    answer = client.post(LOGIN, {"login": technician.email.upper(), "password": password, **more})
    return answer["Location"] if answer.status_code == 302 else answer.content.decode()


def _set_up_totp(client: Client) -> tuple[str, list[str]]:
    """Confirm it is you, set up an authenticator app; returns its secret and the recovery codes."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    found = re.search(r"\b[A-Z2-7]{32}\b", page)
    assert found
    secret = found.group(0)
    answer = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret, STEP)})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    codes = re.findall(r"<li>(\d{8})</li>", client.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    return secret, codes


def test_e_mail_and_password_sign_in(technician: Technician, visitor: Client) -> None:
    assert _sign_in(visitor, technician) == "/"
    assert is_signed_in(visitor, technician)
    assert acts_of(technician) == [("technicians.signed_in", "Signed in with a password.", "")]


def test_signing_in_gives_a_new_session(technician: Technician, visitor: Client) -> None:
    session = visitor.session
    session["planted"] = "by somebody else"
    session.save()
    planted = session.session_key
    _sign_in(visitor, technician)
    assert visitor.session.session_key != planted
    fixed = Client()
    fixed.cookies["tenantry"] = planted or ""
    assert not is_signed_in(fixed)


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/settings/", "/settings/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_sign_in_leads_only_to_pages_of_this_console(
    technician: Technician, visitor: Client, wanted: str, led_to: str
) -> None:
    assert _sign_in(visitor, technician, next=wanted) == led_to


def test_a_wrong_password_says_the_same_for_every_address(
    technician: Technician, browser: Callable[[], Client]
) -> None:
    words = "This e-mail address and password do not belong together"
    assert words in _sign_in(browser(), technician, "not the password")
    nobody = Technician(email="nobody@harbour-it.example")
    assert words in _sign_in(browser(), nobody, "not the password")
    assert acts_of(technician) == [("technicians.sign_in_refused", "A wrong password was given.", "refused")]


def test_after_five_failures_the_right_password_waits_too(
    technician: Technician, browser: Callable[[], Client], clock: SharedClock
) -> None:
    for _ in range(5):
        _sign_in(browser(), technician, "not the password")  # each from another network address
    late = browser()
    assert "Too many failed tries" in _sign_in(late, technician)
    assert not is_signed_in(late)
    clock.travel(minutes=5, seconds=1)
    assert _sign_in(late, technician) == "/"


def test_ten_failures_from_one_network_address_stop_it(technician: Technician, visitor: Client) -> None:
    for number in range(10):
        _sign_in(visitor, Technician(email=f"guess-{number}@harbour-it.example"), "not the password")
    assert "Too many failed tries" in _sign_in(visitor, technician)


def test_somebody_switched_off_cannot_sign_in_and_is_signed_out(technician: Technician, as_technician: Client) -> None:
    assert as_technician.get("/settings/").status_code == 200
    Technician.objects.filter(pk=technician.pk).update(is_active=False)
    assert as_technician.get("/settings/").status_code == 302
    assert "do not belong together" in _sign_in(as_technician, technician)


def test_signing_out_takes_a_post(technician: Technician, as_technician: Client) -> None:
    page = as_technician.get("/accounts/logout/")
    assert page.status_code == 200
    assert b"Sign out?" in page.content
    assert is_signed_in(as_technician)
    assert as_technician.post("/accounts/logout/").status_code == 302
    assert not is_signed_in(as_technician)
    assert acts_of(technician)[-1][:2] == ("technicians.signed_out", "Signed out.")


def test_an_authenticator_app_from_set_up_to_removal(
    technician: Technician, as_technician: Client, browser: Callable[[], Client]
) -> None:
    asked = as_technician.get("/accounts/2fa/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    secret, codes = _set_up_totp(as_technician)
    code = totp_code(secret, STEP)

    second = browser()
    assert _sign_in(second, technician) == "/accounts/2fa/authenticate/"
    assert not is_signed_in(second)
    assert second.get("/settings/")["Location"].startswith(LOGIN)
    page = second.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert b"This code is not right" in page.content
    assert second.post("/accounts/2fa/authenticate/", {"code": code})["Location"] == "/"
    assert is_signed_in(second, technician)

    replay = browser()
    _sign_in(replay, technician)
    page = replay.post("/accounts/2fa/authenticate/", {"code": code})
    assert b"This code is not right, or it was used already" in page.content
    assert replay.post("/accounts/2fa/authenticate/", {"code": codes[0]})["Location"] == "/"
    assert is_signed_in(replay, technician)

    _sign_in(third := browser(), technician)
    page = third.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert b"This code is not right" in page.content  # each recovery code works once

    away = replay.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert away["Location"].startswith("/accounts/2fa/reauthenticate/")  # a password is no proof beside a factor
    replay.post("/accounts/2fa/reauthenticate/", {"code": codes[1]})
    assert replay.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert _sign_in(browser(), technician) == "/"
    summaries = [summary for _, summary, _ in acts_of(technician)]
    assert summaries == [
        "Signed in with a password.",
        "Set up an authenticator app.",
        "Set up recovery codes.",
        "A wrong code was given.",
        "Signed in with a password and an authenticator app.",
        "A wrong code was given.",
        "Signed in with a password and a recovery code.",
        "A wrong code was given.",
        "Removed an authenticator app.",
        "Removed recovery codes.",
        "Signed in with a password.",
    ]


def test_a_one_time_link_does_not_stand_in_for_the_second_step(
    technician: Technician, as_technician: Client, visitor: Client
) -> None:
    secret, _ = _set_up_totp(as_technician)
    answer = visitor.post(path_of(actions.create_sign_in_link(technician)))
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(visitor)
    assert visitor.post("/accounts/2fa/authenticate/", {"code": totp_code(secret, STEP)})["Location"] == "/"
    assert is_signed_in(visitor, technician)


def test_the_secrets_of_an_authenticator_are_sealed_in_the_database(
    technician: Technician, as_technician: Client
) -> None:
    secret, codes = _set_up_totp(as_technician)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(a::text, ' ') FROM mfa_authenticator a")
        stored = cursor.fetchone()[0]
    assert secret not in stored
    assert not any(code in stored for code in codes)
    assert Authenticator.objects.filter(user=technician).count() == 2


def test_passwords_and_codes_do_not_reach_the_logs_or_the_record(
    technician: Technician, visitor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(Redact())
    _sign_in(visitor, technician, "canary-wrong-password")
    _sign_in(visitor, technician)
    secret, codes = _set_up_totp(visitor)
    visitor.get("/accounts/2fa/recovery-codes/download/")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_event e")
        recorded = cursor.fetchone()[0]
    for canary in ("canary-wrong-password", PASSWORD, secret, *codes):
        assert canary not in caplog.text
        assert canary not in recorded


@pytest.mark.parametrize(
    "credential",
    ["", "no json", "[]", "{}", "7", '{"id": "x", "response": {}}', '{"id": "eA", "rawId": "eA", "response": {}}'],
)
def test_a_made_up_passkey_is_refused(visitor: Client, as_technician: Client, credential: str) -> None:
    options = visitor.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    assert options.json()["request_options"]["publicKey"]["userVerification"] == "required"
    answer = visitor.post("/accounts/2fa/webauthn/login/", {"credential": credential})
    assert answer["Location"] == LOGIN
    assert not is_signed_in(visitor)
    as_technician.post("/accounts/reauthenticate/", {"password": PASSWORD})
    as_technician.get("/accounts/2fa/webauthn/add/")
    page = as_technician.post("/accounts/2fa/webauthn/add/", {"name": "Mine", "credential": credential})
    assert page.status_code == 200
    assert b'value="Mine"' in page.content
