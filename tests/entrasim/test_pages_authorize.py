"""Signing a person in for an app: the authorize and logout addresses."""

import base64
import hashlib
import json
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from tests.entrasim.surfer import Surfer

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import AppRegistration

BACK = "http://console.example/signed-in"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def tenant(simulator: "Simulator") -> "TenantHandle":
    tag = uuid.uuid4().hex[:8]
    return simulator.handle.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example")


@pytest.fixture
def app(simulator: "Simulator", tenant: "TenantHandle") -> "AppRegistration":
    app = simulator.handle.register_app(display_name="Console", secret="a-secret", redirect_uris=[BACK])
    tenant.consent(app=app)
    return app


@pytest.fixture
def surfer(simulator: "Simulator") -> Surfer:
    return Surfer(simulator.browser_url)


def address(app: "AppRegistration", tenant: str, **more: str) -> str:
    query = {
        "client_id": app.app_id,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "s-1",
        "nonce": "n-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    return f"/{tenant}/oauth2/v2.0/authorize?{urllib.parse.urlencode(query)}"


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert isinstance(found, dict)
    return found


def redeem(
    simulator: "Simulator", app: "AppRegistration", tenant: str, code: str, verifier: str = VERIFIER
) -> dict[str, Any]:
    pool = urllib3.PoolManager(ca_certs=str(simulator.ca_file))
    answer = pool.request(
        "POST",
        f"{simulator.login_url}/{tenant}/oauth2/v2.0/token",
        fields={
            "grant_type": "authorization_code",
            "client_id": app.app_id,
            "client_secret": "a-secret",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": verifier,
        },
        encode_multipart=False,
        retries=False,
    )
    body = answer.json()
    assert isinstance(body, dict)
    return body


def test_a_code_becomes_an_id_token_of_that_tenant_once(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, "organizations"))
    page = surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert page.sent["state"] == "s-1"
    tokens = redeem(simulator, app, "organizations", page.sent["code"])
    found = claims(tokens["id_token"])
    assert (found["tid"], found["oid"], found["nonce"]) == (tenant.id, tenant.admin.id, "n-1")
    assert redeem(simulator, app, "organizations", page.sent["code"])["error"] == "invalid_grant"


def test_a_code_is_worth_nothing_without_the_verifier(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert redeem(simulator, app, tenant.id, page.sent["code"], "w" * 64)["error"] == "invalid_grant"


def test_who_is_signed_in_goes_straight_through_unless_asked(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, tenant.id))
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert "code" in surfer.get(address(app, tenant.id)).sent
    assert "code" in surfer.get(address(app, tenant.id, prompt="none")).sent
    assert surfer.get(address(app, tenant.id, prompt="select_account")).heading == "Pick an account"
    assert surfer.get(address(app, tenant.id, prompt="login")).heading == "Sign in"
    assert surfer.get(address(app, tenant.id, prompt="consent")).heading == "Permissions requested"


def test_a_silent_sign_in_without_a_session_says_login_required(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    assert surfer.get(address(app, tenant.id, prompt="none")).sent["error"] == "login_required"


def test_a_login_hint_leads_to_the_password_page(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    page = surfer.get(address(app, tenant.id, login_hint=tenant.admin.user_principal_name))
    assert page.heading == "Enter password"
    assert "code" in surfer.press("Sign in", passwd=tenant.admin.password or "").sent


def test_the_answer_can_be_posted_or_put_into_the_fragment(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, tenant.id, response_mode="form_post"))
    page = surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert page.forms[0].action == BACK
    assert {"code", "state"} <= set(page.forms[0].fields)
    page = surfer.get(address(app, tenant.id, response_mode="fragment"))
    assert page.location.startswith(f"{BACK}#code=")


def test_a_tenant_that_does_not_know_the_app_is_asked_first(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration"
) -> None:
    other = simulator.handle.new_tenant(name="Other", domain=f"other-{uuid.uuid4().hex[:8]}.example")
    surfer.get(address(app, "organizations"))
    page = surfer.sign_in(other.admin.user_principal_name, other.admin.password or "")
    assert page.heading == "Permissions requested"
    assert surfer.press("Cancel").sent["error"] == "access_denied"
    surfer.get(address(app, "organizations"))
    assert "code" in surfer.press("Accept").sent
    assert "code" in surfer.get(address(app, "organizations")).sent


def test_a_stranger_to_the_directory_is_stopped_on_the_page(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    other = simulator.handle.new_tenant(name="Other", domain=f"other-{uuid.uuid4().hex[:8]}.example")
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(other.admin.user_principal_name, other.admin.password or "")
    assert "AADSTS50020" in page.text
    assert not page.location


def test_an_unregistered_address_is_never_sent_anything(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    page = surfer.get(address(app, tenant.id, redirect_uri="https://evil.example/"))
    assert "AADSTS50011" in page.text
    assert not page.location


def test_only_the_code_flow_is_served(surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle") -> None:
    page = surfer.get(address(app, tenant.id, response_type="token"))
    assert page.sent["error"] == "unsupported_response_type"


def test_signing_out_ends_the_session_and_returns_to_registered_addresses_only(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, tenant.id))
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    evil = urllib.parse.quote("https://evil.example/")
    page = surfer.get(f"/{tenant.id}/oauth2/v2.0/logout?post_logout_redirect_uri={evil}")
    assert page.heading == "You signed out of your account"
    back = urllib.parse.quote(BACK)
    assert surfer.get(f"/{tenant.id}/oauth2/v2.0/logout?post_logout_redirect_uri={back}").location == BACK
    assert surfer.get(address(app, tenant.id)).heading == "Sign in"
