"""Who a person is: the sign-in that is asked for an id token, and everything that token must hold to."""

import base64
import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from tests.conftest import SharedClock
from tests.entrasim.surfer import Page, Surfer

from entrasim.handle import Handle, TenantHandle
from entrasim.keys import SigningKeys, b64
from entrasim.server import Simulator
from tenantry.graph import errors, identity
from tenantry.graph.apps import Registration
from tenantry.graph.people import Departure
from tenantry.kit.keys import ClientCredential
from tenantry.kit.sealed import Secret

BACK = "http://testserver/who/return"
NONCE = "a-nonce"


@pytest.fixture
def who(sim: Handle) -> Registration:
    app = sim.register_app(
        display_name="Who", secret="s-1", redirect_uris=[BACK], id_token_claims=["auth_time", "acct"]
    )
    return Registration(app.app_id, ClientCredential(client_secret=Secret("s-1")), "Who")


@pytest.fixture
def surfer(simulator: Simulator, sim: Handle) -> Surfer:
    return Surfer(simulator.browser_url)


def _go(surfer: Surfer, departure: Departure, tenant: TenantHandle) -> dict[str, str]:
    page: Page = surfer.get(departure.url)
    if page.heading in {"Sign in", "Enter password"}:
        if page.heading == "Sign in":
            surfer.press("Next", loginfmt=tenant.admin.user_principal_name)
        page = surfer.press("Sign in", passwd=tenant.admin.password or "")
    if page.heading == "Permissions requested":
        page = surfer.press("Accept")
    return page.sent


def test_a_person_of_any_tenant_says_who_they_are(
    who: Registration, surfer: Surfer, tenant: TenantHandle, clock: SharedClock
) -> None:
    departure = identity.depart(through=who, redirect_uri=BACK)
    found = identity.arrive(through=who, flow=departure.flow, answer=_go(surfer, departure, tenant))
    assert (str(found.tenant_id), str(found.object_id)) == (tenant.id, tenant.admin.id)
    assert found.user_name == tenant.admin.user_principal_name
    assert found.authenticated_at == clock.now().replace(microsecond=0)
    assert (found.is_guest, found.methods, found.contexts) == (False, frozenset(), frozenset())
    assert not found.proves_mfa(context="c1")


def test_who_is_asked_again_has_a_fresh_sign_in_and_who_dodges_it_has_not(
    who: Registration, surfer: Surfer, tenant: TenantHandle, clock: SharedClock
) -> None:
    departure = identity.depart(through=who, redirect_uri=BACK)
    _go(surfer, departure, tenant)
    clock.travel(minutes=30)
    asked = identity.depart(through=who, redirect_uri=BACK, asks_again=True)
    assert surfer.get(asked.url).heading == "Sign in"
    dodged = dataclasses.replace(asked, url=asked.url.replace("prompt=login", "").replace("max_age=0", ""))
    found = identity.arrive(through=who, flow=dodged.flow, answer=_go(surfer, dodged, tenant))
    assert not found.is_fresh(within=dt.timedelta(minutes=10))
    asked = identity.depart(through=who, redirect_uri=BACK, asks_again=True)
    found = identity.arrive(through=who, flow=asked.flow, answer=_go(surfer, asked, tenant))
    assert found.is_fresh(within=dt.timedelta(0))


def test_a_second_factor_is_proved_by_a_context_or_by_a_method(
    who: Registration, surfer: Surfer, tenant: TenantHandle
) -> None:
    tenant.protect_context("c1")
    departure = identity.depart(through=who, redirect_uri=BACK, context="c1", tenant=tenant.id)
    found = identity.arrive(through=who, flow=departure.flow, answer=_go(surfer, departure, tenant))
    assert found.contexts == {"c1"}
    assert (found.proves_mfa(context="c1"), found.proves_mfa(context="c2"), found.proves_mfa()) == (True, False, False)
    tenant.tell_methods_in_id_tokens()
    departure = identity.depart(through=who, redirect_uri=BACK)
    found = identity.arrive(through=who, flow=departure.flow, answer=_go(surfer, departure, tenant))
    assert (found.proves_mfa(), found.acr) == (True, "1")


def test_another_tenant_than_the_pinned_one_is_refused(who: Registration, surfer: Surfer, tenant: TenantHandle) -> None:
    departure = identity.depart(through=who, redirect_uri=BACK)
    answer = _go(surfer, departure, tenant)
    with pytest.raises(errors.SignInRefused) as refusal:
        identity.arrive(through=who, flow=departure.flow, answer=answer, tenant_id=uuid.uuid4())
    assert refusal.value.code == "tid"


def test_answers_that_are_not_this_sign_ins_are_refused(
    who: Registration, surfer: Surfer, tenant: TenantHandle
) -> None:
    departure = identity.depart(through=who, redirect_uri=BACK)
    answer = _go(surfer, departure, tenant)
    other = identity.depart(through=who, redirect_uri=BACK)
    for wrong, code in (
        ({**answer, "state": "another"}, "state"),
        ({"error": "access_denied", "error_description": "AADSTS65004: User declined."}, "AADSTS65004"),
    ):
        with pytest.raises(errors.SignInRefused) as refusal:
            identity.arrive(through=who, flow=departure.flow, answer=wrong)
        assert refusal.value.code == code
    with pytest.raises(errors.SignInRefused):  # the code of one sign-in with the verifier of another
        identity.arrive(through=who, flow=other.flow, answer={**answer, "state": other.state})


def _claims(tenant_id: str, client_id: str, issuer: str, now: dt.datetime) -> dict[str, Any]:
    at = int(now.timestamp())
    return {
        "aud": client_id,
        "iss": f"{issuer}/{tenant_id}/v2.0",
        "iat": at,
        "nbf": at,
        "exp": at + 3600,
        "tid": tenant_id,
        "oid": str(uuid.uuid4()),
        "sub": "s",
        "nonce": hashlib.sha256(NONCE.encode()).hexdigest(),
        "ver": "2.0",
    }


def _unsigned(claims: dict[str, Any]) -> str:
    return f"{b64(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{b64(json.dumps(claims).encode())}."


Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c | {"aud": str(uuid.uuid4())}, "audience"),
        (lambda c: c | {"aud": [c["aud"]]}, "audience"),
        (lambda c: c | {"iss": c["iss"].replace("https", "http")}, "issuer"),
        (lambda c: c | {"iss": c["iss"].replace(c["tid"], str(uuid.UUID(int=5)))}, "issuer"),
        (lambda c: c | {"tid": str(uuid.UUID(int=5))}, "issuer"),
        (lambda c: c | {"tid": ""}, "tid"),
        (lambda c: {k: v for k, v in c.items() if k != "tid"}, "tid"),
        (lambda c: {k: v for k, v in c.items() if k != "oid"}, "oid"),
        (lambda c: c | {"oid": "not-a-guid"}, "oid"),
        (lambda c: c | {"nonce": NONCE}, "nonce"),
        (lambda c: {k: v for k, v in c.items() if k != "nonce"}, "nonce"),
        (lambda c: c | {"exp": c["iat"] - 301}, "time"),
        (lambda c: c | {"nbf": c["iat"] + 301}, "time"),
        (lambda c: c | {"iat": c["iat"] + 301, "nbf": c["iat"]}, "time"),
        (lambda c: {k: v for k, v in c.items() if k != "exp"}, "time"),
        (lambda c: c | {"exp": "tomorrow"}, "time"),
    ],
)
def test_a_signed_token_that_says_something_else_is_refused(
    simulator: Simulator, sim: Handle, clock: SharedClock, change: Change, code: str
) -> None:
    client_id = str(uuid.uuid4())
    good = _claims(str(uuid.uuid4()), client_id, simulator.login_url, clock.now())
    keys = simulator.context.keys
    assert identity.read_id_token(keys.sign(good), client_id=client_id.upper(), nonce=NONCE).subject == "s"
    with pytest.raises(errors.SignInRefused) as refusal:
        identity.read_id_token(keys.sign(change(good)), client_id=client_id, nonce=NONCE)
    assert refusal.value.code == code


def test_personal_accounts_are_no_tenant(simulator: Simulator, sim: Handle, clock: SharedClock) -> None:
    claims = _claims(str(identity.PERSONAL_ACCOUNTS), "a", simulator.login_url, clock.now())
    with pytest.raises(errors.SignInRefused):
        identity.read_id_token(simulator.context.keys.sign(claims), client_id="a", nonce=NONCE)


def test_only_microsofts_signature_counts(simulator: Simulator, sim: Handle, clock: SharedClock) -> None:
    claims = _claims(str(uuid.uuid4()), "a", simulator.login_url, clock.now())
    genuine, stranger = simulator.context.keys.sign(claims), SigningKeys()
    theirs = stranger.sign(claims)
    head, body, signature = genuine.split(".")
    forged_key_id = SigningKeys()
    forged_key_id.key_id = simulator.context.keys.key_id
    bent = json.loads(base64.urlsafe_b64decode(body + "=="))
    bent["oid"] = str(uuid.UUID(int=9))
    for token in (
        theirs,
        forged_key_id.sign(claims),
        _unsigned(claims),
        f"{head}.{b64(json.dumps(bent).encode())}.{signature}",
        f"{head}.{body}.",
        "no token",
        "",
    ):
        with pytest.raises(errors.SignInRefused) as refusal:
            identity.read_id_token(token, client_id="a", nonce=NONCE)
        assert refusal.value.code == "signature"
    assert identity.read_id_token(genuine, client_id="a", nonce=NONCE).subject == "s"
    for client_id, nonce in (("", NONCE), ("a", "")):
        with pytest.raises(errors.SignInRefused):
            identity.read_id_token(genuine, client_id=client_id, nonce=nonce)


def test_a_new_signing_key_is_found_at_once(simulator: Simulator, sim: Handle, clock: SharedClock) -> None:
    claims = _claims(str(uuid.uuid4()), "a", simulator.login_url, clock.now())
    identity.read_id_token(simulator.context.keys.sign(claims), client_id="a", nonce=NONCE)
    before, simulator.context.keys = simulator.context.keys, SigningKeys()
    try:
        token = simulator.context.keys.sign(claims)
        assert identity.read_id_token(token, client_id="a", nonce=NONCE).subject == "s"
    finally:
        simulator.context.keys = before


def test_unreadable_keys_are_no_refusal_of_the_person(simulator: Simulator, sim: Handle, clock: SharedClock) -> None:
    from django.conf import settings

    claims = _claims(str(uuid.uuid4()), "a", simulator.login_url, clock.now())
    token = simulator.context.keys.sign(claims)
    nowhere = dataclasses.replace(settings.CLOUD, login_url="https://localhost:9")
    with override_settings(CLOUD=nowhere), pytest.raises(errors.TenantUnreachable):
        identity.read_id_token(token, client_id="a", nonce=NONCE)
