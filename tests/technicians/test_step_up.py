"""Fresh proof before dangerous acts, and everybody's second factor (issue: step-up; MFA outside the demo)."""

import uuid
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from tests.conftest import SharedClock
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import is_signed_in, totp_code

from tenantry.notifications.models import AlertChannel
from tenantry.technicians import session_store
from tenantry.technicians.models import BrowserSession, Technician
from tenantry.technicians.permissions import Role

CHANNELS = "/settings/notifications/"
ADD = "/settings/notifications/webhook/"
PROTECT = "/settings/protect/"
CODE = "/accounts/2fa/reauthenticate/"


@pytest.fixture(autouse=True)
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The counter of codes: it stands still, and `steps()` moves it on, because a code works once."""
    now = [61_000_000]

    def advance() -> int:
        now[0] += 1
        return now[0]

    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([now[0]]))
    return advance


@pytest.fixture
def secret(technician: Technician) -> str:
    """An owner with an authenticator app and recovery codes."""
    technician.role = Role.OWNER
    technician.save()
    secret = str(generate_totp_secret())
    TOTP.activate(technician, secret)
    RecoveryCodes.activate(technician)
    return secret


@pytest.fixture
def signed_in(secret: str, technician: Technician, browser: Callable[[], Client], steps: Callable[[], int]) -> Client:
    """A browser in which they signed in with both steps."""
    client = browser()
    client.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    client.post("/accounts/2fa/authenticate/", {"code": totp_code(secret, steps())})
    assert is_signed_in(client, technician)
    return client


def _form() -> dict[str, str]:
    return {"url": f"https://h-{uuid.uuid4().hex[:12]}.example.com/a-secret-token"}


def _how_many(form: dict[str, str]) -> int:
    return AlertChannel.objects.filter(target__contains=form["url"].split("/")[2]).count()


def _exists(form: dict[str, str]) -> bool:
    return _how_many(form) == 1


def test_a_sign_in_with_both_steps_is_proof_for_ten_minutes(signed_in: Client, clock: SharedClock) -> None:
    form = _form()
    signed_in.post(ADD, form)
    assert _exists(form)
    clock.travel(minutes=10, seconds=1)
    form = _form()
    answer = signed_in.post(ADD, form, headers={"referer": f"http://testserver{CHANNELS}"})
    assert answer["Location"] == f"{CODE}?next=%2Fsettings%2Fnotifications%2F"
    assert not _exists(form)
    for elsewhere in ("http://testserver//evil.example/", "http://evil.example/", "//evil.example/x"):
        answer = signed_in.post(ADD, form, headers={"referer": elsewhere})
        assert answer["Location"] == f"{CODE}?next=%2Fsettings%2F", elsewhere


def test_what_was_interrupted_goes_on_after_the_code_and_only_once(
    signed_in: Client, clock: SharedClock, secret: str, steps: Callable[[], int]
) -> None:
    clock.travel(minutes=11)
    form = _form()
    page = signed_in.post(ADD, form, follow=True)
    assert "It is kept, and goes on right after this" in page.content.decode()
    wrong = signed_in.post(CODE, {"code": "000000", "next": CHANNELS})
    assert "This code is not right" in wrong.content.decode()
    assert not _exists(form)
    answer = signed_in.post(CODE, {"code": totp_code(secret, steps()), "next": CHANNELS})
    assert answer.status_code == 307
    resumed = answer["Location"]
    signed_in.post(resumed, {"code": "what the browser sends again"})
    assert _exists(form)
    signed_in.post(resumed, {"code": "what the browser sends again"})
    assert _how_many(form) == 1  # the kept form is used up


def test_fresh_proof_gives_the_session_a_new_key_and_the_old_one_opens_nothing(
    signed_in: Client, clock: SharedClock, secret: str, steps: Callable[[], int], technician: Technician
) -> None:
    """OWASP ASVS 5.0, 7.2.4; what was on its way with the old key neither signs out nor gets in."""
    name = str(settings.SESSION_COOKIE_NAME)
    before = signed_in.cookies[name].value
    clock.travel(minutes=11)
    form = _form()
    signed_in.post(ADD, form)
    answer = signed_in.post(CODE, {"code": totp_code(secret, steps()), "next": CHANNELS})
    after = signed_in.cookies[name].value
    assert (answer.status_code, before != after) == (307, True)
    signed_in.post(answer["Location"], {})
    assert _exists(form), "what was kept goes with the session"
    late = Client()
    late.cookies[name] = before
    told = late.get("/customers/")
    assert (told.status_code, name in told.cookies) == (302, False), "no order to drop the new cookie"
    assert signed_in.get("/customers/").status_code == 200
    (row,) = BrowserSession.objects.filter(technician=technician)
    assert row.session_key == session_store.digest(after), "so that it can be ended from another browser"
    stranger = Client()
    stranger.cookies[name] = "x" * 32
    assert stranger.get("/customers/").cookies[name].value == ""


def test_what_is_kept_is_sealed_and_of_no_use_to_others(
    signed_in: Client, technician: Technician, clock: SharedClock, secret: str, browser: Callable[[], Client],
    steps: Callable[[], int],
) -> None:  # fmt: skip
    clock.travel(minutes=11)
    form = _form()
    signed_in.post(ADD, form)
    stored = signed_in.session["tenantry_kept_request"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_data FROM django_session WHERE session_key = %s",
            [session_store.digest(signed_in.session.session_key or "")],
        )
        in_clear = Session(session_data=cursor.fetchone()[0]).get_decoded()
    assert "a-secret-token" not in str(in_clear)

    other = browser()  # the same technician, another session that somebody planted the kept request into
    other.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    other.post("/accounts/2fa/authenticate/", {"code": totp_code(secret, steps())})
    session = other.session
    session["tenantry_kept_request"] = stored
    session.save()
    other.post(f"{ADD}?resume={stored['key']}", {})
    assert not _exists(form)

    clock.travel(minutes=11)  # kept for ten minutes
    signed_in.post(CODE, {"code": totp_code(secret, steps()), "next": CHANNELS})
    signed_in.post(f"{ADD}?resume={stored['key']}", {})
    assert not _exists(form)


def test_a_form_that_is_too_large_is_not_kept_and_nothing_is_done(signed_in: Client, clock: SharedClock) -> None:
    clock.travel(minutes=11)
    form = _form()
    answer = signed_in.post(ADD, form | {"more": "x" * 70_000}, follow=True)
    assert "too large to be kept" in answer.content.decode()
    assert "tenantry_kept_request" not in signed_in.session
    assert not _exists(form)


def test_parts_of_pages_and_programs_are_told_in_their_own_way(signed_in: Client, clock: SharedClock) -> None:
    clock.travel(minutes=11)
    part = signed_in.post(
        ADD, _form(), headers={"hx-request": "true", "hx-current-url": f"http://testserver{CHANNELS}?a=1"}
    )
    assert (part.status_code, part["HX-Redirect"]) == (204, f"{CODE}?next=%2Fsettings%2Fnotifications%2F%3Fa%3D1")
    program = signed_in.post(ADD, _form(), headers={"accept": "application/json"})
    assert (program.status_code, program.json()["code"]) == (403, "step_up_required")
    away = signed_in.post(ADD, _form(), headers={"referer": "https://evil.example/settings/"})
    assert away["Location"] == f"{CODE}?next=%2Fsettings%2F"


def test_neither_password_nor_recovery_code_is_proof_for_whoever_has_a_factor(
    signed_in: Client, technician: Technician, clock: SharedClock
) -> None:
    clock.travel(minutes=11)
    form = _form()
    signed_in.post(ADD, form)
    answer = signed_in.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": CHANNELS})
    assert answer["Location"].startswith(CODE)
    codes = Authenticator.objects.get(user=technician, type=Authenticator.Type.RECOVERY_CODES).wrap()
    answer = signed_in.post(CODE, {"code": codes.get_unused_codes()[0], "next": CHANNELS})
    assert answer["Location"] == "/settings/"
    assert "does not confirm an act" in signed_in.get("/settings/").content.decode()
    assert not _exists(form)


@override_settings(IS_DEMO=False)
def test_who_came_by_microsoft_and_has_no_factor_here_is_led_to_set_one_up(
    technician: Technician, browser: Callable[[], Client]
) -> None:
    """Microsoft's second factor lets in and confirms nothing, and neither does the password: not asked for in vain."""
    technician.role = Role.OWNER
    technician.save()
    client = browser()
    client.force_login(technician, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session["tenantry_enrolled"] = str(technician.pk)
    session.save()
    form = _form()
    answer = client.post(ADD, form)
    assert answer["Location"] == PROTECT
    assert "This act needs a second factor" in client.get(PROTECT).content.decode()
    assert not _exists(form)


def test_in_the_demo_a_password_stands_in_where_nothing_else_is_there(
    technician: Technician, as_technician: Client, clock: SharedClock
) -> None:
    technician.role = Role.OWNER
    technician.save()
    clock.travel(minutes=11)
    form = _form()
    answer = as_technician.post(ADD, form)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    done = as_technician.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": CHANNELS})
    as_technician.post(done["Location"], {})
    assert _exists(form)


@override_settings(IS_DEMO=False)
def test_without_a_second_factor_nothing_but_the_enrolment_is_open(
    technician: Technician, browser: Callable[[], Client], steps: Callable[[], int]
) -> None:
    client = browser()
    client.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    for path in ("/customers/", "/settings/", "/users/", ADD, "/accounts/password/change/"):
        for answer in (client.get(path), client.post(path, {"a": "b"})):
            assert answer.get("Location") == PROTECT, path
    part = client.get("/customers/", headers={"hx-request": "true"})
    assert part["HX-Redirect"] == PROTECT
    assert client.get("/customers/", headers={"accept": "application/json"}).json()["code"] == "second_factor_required"
    assert b"Add a passkey or security key" in client.get(PROTECT).content

    assert client.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")
    done = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/accounts/2fa/totp/activate/"})
    assert done["Location"] == "/accounts/2fa/totp/activate/"
    client.get("/accounts/2fa/totp/activate/")
    made = client.session["mfa.totp.secret"]
    answer = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(made, steps())})
    assert answer["Location"] == "/accounts/2fa/recovery-codes/"
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
    assert client.get("/customers/").status_code == 200

    refused = client.post("/accounts/2fa/totp/deactivate/")
    assert refused.status_code == 403
    assert b"your only second factor" in refused.content
    assert Authenticator.objects.filter(user=technician, type=Authenticator.Type.TOTP).exists()


@override_settings(IS_DEMO=False)
def test_the_last_owner_keeps_a_way_in_of_their_own(technician: Technician, no_owner: None) -> None:
    from tenantry.kit.errors import NotAllowed

    technician.role = Role.OWNER
    TOTP.activate(technician, str(generate_totp_secret()))
    technician.set_unusable_password()
    technician.save()
    data = {"name": "Key", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    key = Authenticator.objects.create(user=technician, type=Authenticator.Type.WEBAUTHN, data=data)
    with pytest.raises(NotAllowed) as refusal:
        key.delete()
    assert refusal.value.code == "last_local_way_in"
    technician.set_password(PASSWORD)
    technician.save()
    key.delete()
    assert not Authenticator.objects.filter(pk=key.pk).exists()


@override_settings(IS_DEMO=False)
def test_two_owners_who_remove_their_last_keys_at_the_same_moment_leave_one(no_owner: None, clock: SharedClock) -> None:
    """Issue 4: neither may count on the other's way in while the other is about to lose it."""
    import threading

    from django.db import connections

    from tenantry.kit.errors import NotAllowed

    data = {"name": "Key", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    keys = []
    for number in range(2):
        owner = Technician.objects.create_user(
            f"owner-{number}-{uuid.uuid4().hex[:8]}@harbour-it.example",
            display_name="Owner",
            role=Role.OWNER,
            created_at=clock.now(),
        )
        TOTP.activate(owner, str(generate_totp_secret()))
        keys.append(Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data=data))
    start, outcomes = threading.Barrier(2), list[str]()

    def remove(key: Authenticator) -> None:
        try:
            start.wait(timeout=10)
            key.delete()
            outcomes.append("gone")
        except NotAllowed as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=remove, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["gone", "last_local_way_in"]
