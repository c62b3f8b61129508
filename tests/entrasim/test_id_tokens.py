"""What an id token tells, and how a request asks for a fresh or a strong sign-in."""

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SharedClock
from tests.entrasim.surfer import Page, Surfer
from tests.entrasim.test_pages_authorize import BACK, address, claims, redeem

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import AppRegistration

C1 = json.dumps({"id_token": {"acrs": {"essential": True, "value": "c1"}}})


@pytest.fixture
def tenant(simulator: "Simulator") -> "TenantHandle":
    tag = uuid.uuid4().hex[:8]
    return simulator.handle.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example")


@pytest.fixture
def app(simulator: "Simulator", tenant: "TenantHandle") -> "AppRegistration":
    app = simulator.handle.register_app(
        display_name="Console",
        secret="a-secret",
        redirect_uris=[BACK],
        id_token_claims=["auth_time", "acct", "email", "xms_edov"],
    )
    tenant.consent(app=app)
    return app


@pytest.fixture
def surfer(simulator: "Simulator") -> Surfer:
    return Surfer(simulator.browser_url)


def _sign_in(surfer: Surfer, tenant: "TenantHandle") -> Page:
    return surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")


def _claims_of(simulator: "Simulator", app: "AppRegistration", page: Page) -> dict[str, Any]:
    return claims(redeem(simulator, app, "organizations", page.sent["code"])["id_token"])


def test_optional_claims_come_only_where_the_registration_asks_for_them(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", clock: SharedClock
) -> None:
    tenant.update_user(tenant.admin, mail=f"ada@{tenant.domain}")
    signed_in_at = int(clock.now().timestamp())
    surfer.get(address(app, tenant.id))
    _sign_in(surfer, tenant)
    clock.travel(minutes=3)
    found = _claims_of(simulator, app, surfer.get(address(app, tenant.id)))
    assert (found["auth_time"], found["acct"], found["xms_edov"]) == (signed_in_at, 0, True)
    assert found["iat"] == signed_in_at + 180
    assert found["iss"] == f"{simulator.login_url}/{tenant.id}/v2.0"
    assert found["preferred_username"] == tenant.admin.user_principal_name
    assert not {"amr", "acr", "acrs", "idp", "upn"} & found.keys()
    without_profile = _claims_of(simulator, app, surfer.get(address(app, tenant.id, scope="openid")))
    assert not {"oid", "name", "preferred_username"} & without_profile.keys()

    bare = simulator.handle.register_app(display_name="Bare", secret="a-secret", redirect_uris=[BACK])
    tenant.consent(app=bare)
    found = _claims_of(simulator, bare, surfer.get(address(bare, tenant.id)))
    assert not {"auth_time", "acct", "email", "xms_edov"} & found.keys()
    asked = surfer.get(address(bare, tenant.id, scope="openid profile email"))
    if asked.heading == "Permissions requested":
        asked = surfer.press("Accept")
    assert _claims_of(simulator, bare, asked)["email"] == f"ada@{tenant.domain}"


def test_a_sign_in_older_than_max_age_asks_for_the_password_again(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", clock: SharedClock
) -> None:
    surfer.get(address(app, tenant.id))
    _sign_in(surfer, tenant)
    clock.travel(seconds=61)
    assert "code" in surfer.get(address(app, tenant.id, max_age="61")).sent
    silent = surfer.get(address(app, tenant.id, max_age="60", prompt="none"))
    assert silent.sent["error"] == "login_required"
    assert surfer.get(address(app, tenant.id, max_age="60")).heading == "Sign in"
    canary = surfer.page.forms[0].fields["canary"]
    for step in ("pick", "anything"):
        for asked in ({"max_age": "60"}, {"prompt": "login"}):
            forged = {"step": step, "account": f"{tenant.id}/{tenant.admin.id}", "canary": canary}
            assert (
                surfer.post(address(app, tenant.id, **asked), forged).heading == "Sign in"
            )  # the old session stays old
    surfer.get(address(app, tenant.id, max_age="60"))
    fresh = _sign_in(surfer, tenant)
    assert _claims_of(simulator, app, fresh)["auth_time"] == int(clock.now().timestamp())


def test_an_authentication_context_is_told_when_its_policy_is_satisfied(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    tenant.protect_context("c1")
    tenant.sign_in_methods(tenant.admin, "pwd")
    surfer.get(address(app, tenant.id, claims=C1))
    refused = _sign_in(surfer, tenant)
    assert "AADSTS50079" in refused.text
    assert not refused.location
    silent = surfer.get(address(app, tenant.id, claims=C1, prompt="none"))
    assert silent.sent["error"] == "interaction_required"
    assert "acrs" not in _claims_of(simulator, app, surfer.get(address(app, tenant.id)))

    tenant.sign_in_methods(tenant.admin, "pwd", "mfa")
    surfer.get(address(app, tenant.id, claims=C1, prompt="login"))
    assert _claims_of(simulator, app, _sign_in(surfer, tenant))["acrs"] == ["c1"]
    assert surfer.get(address(app, tenant.id, claims="no json")).sent["error"] == "invalid_request"


def test_methods_are_told_only_where_the_handle_said_so(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    tenant.tell_methods_in_id_tokens()
    tenant.sign_in_methods(tenant.admin, "fido", "mfa")
    surfer.get(address(app, tenant.id))
    found = _claims_of(simulator, app, _sign_in(surfer, tenant))
    assert (found["amr"], found["acr"]) == (["fido", "mfa"], "1")


def test_a_wrong_password_a_blocked_account_and_a_guest_are_told_apart(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    elsewhere = simulator.handle.new_tenant(name="Elsewhere", domain=f"else-{uuid.uuid4().hex[:8]}.example")
    visitor = elsewhere.add_user(name="Gus Guest", mail=f"gus@{elsewhere.domain}")
    tenant.add_user(name="Gus Guest", guest=True, mail=visitor.mail)
    blocked = tenant.add_user(name="Bo Blocked", enabled=False)
    surfer.get(address(app, tenant.id))
    assert "AADSTS50126" in surfer.sign_in(tenant.admin.user_principal_name, "wrong").text
    surfer.get(address(app, tenant.id))
    assert "AADSTS50057" in surfer.sign_in(blocked.user_principal_name, blocked.password or "").text
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(visitor.user_principal_name, visitor.password or "")
    found = _claims_of(simulator, app, page)
    assert found["tid"] == tenant.id
    assert found["idp"] == f"https://sts.windows.net/{elsewhere.id}/"
    assert (found["acct"], found["preferred_username"]) == (1, visitor.mail)
