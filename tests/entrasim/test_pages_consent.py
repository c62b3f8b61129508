"""Admin consent as a browser without JavaScript meets it."""

import urllib.parse
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.entrasim.surfer import Page, Surfer

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import AppRegistration

BACK = "http://console.example/connect/return"
PERMISSIONS = ["User.Read.All", "Organization.Read.All", "User-PasswordProfile.ReadWrite.All"]


@pytest.fixture
def tenant(simulator: "Simulator") -> "TenantHandle":
    tag = uuid.uuid4().hex[:8]
    return simulator.handle.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example")


@pytest.fixture
def app(simulator: "Simulator") -> "AppRegistration":
    home = simulator.handle.new_tenant(name="Harbour IT", domain=f"harbour-{uuid.uuid4().hex[:8]}.example")
    return simulator.handle.register_app(
        display_name="Tenantry <Help> Desk",
        secret="a-secret",
        redirect_uris=[BACK],
        required_app_roles=PERMISSIONS,
        home_tenant_id=home.id,
    )


@pytest.fixture
def surfer(simulator: "Simulator") -> Surfer:
    return Surfer(simulator.browser_url)


def address(app: "AppRegistration", tenant: str, *, version: str = "", **more: str) -> str:
    query = {"client_id": app.app_id, "redirect_uri": BACK, "state": "s-1&=", **more}
    return f"/{tenant}{version}/adminconsent?{urllib.parse.urlencode(query)}"


def granted(tenant: "TenantHandle", app: "AppRegistration") -> set[str] | None:
    """Ids of the permissions that the tenant gave the app; None without an enterprise app."""
    for principal in tenant.state.service_principals.values():
        if principal.app_id == app.app_id:
            return set(principal.app_role_assignments)
    return None


def reach_consent(surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", at: str) -> Page:
    surfer.get(address(app, at))
    return surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")


@pytest.mark.parametrize("kind", ["id", "domain", "organizations", "common"])
def test_accepting_creates_the_enterprise_app_and_tells_the_tenant(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", kind: str
) -> None:
    at = {"id": tenant.id, "domain": tenant.domain}.get(kind, kind)
    page = reach_consent(surfer, app, tenant, at)
    assert page.heading == "Permissions requested"
    assert "Read all users' full profiles" in page.text
    assert "Tenantry <Help> Desk" in page.text
    assert "<Help>" not in page.source
    assert granted(tenant, app) is None
    page = surfer.press("Accept")
    assert page.status == 302
    assert page.location.startswith(BACK + "?")
    assert page.sent == {"admin_consent": "True", "tenant": tenant.id, "state": "s-1&="}
    assert granted(tenant, app) == set(app.required_app_roles)


def test_declining_sends_access_denied_without_tenant(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    reach_consent(surfer, app, tenant, tenant.id)
    page = surfer.press("Cancel")
    assert set(page.sent) == {"error", "error_description", "error_uri", "admin_consent", "state"}
    assert page.sent["error"] == "access_denied"
    assert page.sent["error_description"].startswith(
        "AADSTS65004: User declined to consent to access the app. Trace ID:"
    )
    assert "Correlation ID:" in page.sent["error_description"]
    assert "Timestamp:" in page.sent["error_description"]
    assert page.sent["error_uri"].endswith("error?code=65004")
    assert page.sent["admin_consent"] == "True"
    assert page.location.endswith("#")
    assert granted(tenant, app) is None


def test_the_second_version_needs_a_scope_and_returns_it(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    assert "AADSTS900144" in surfer.get(address(app, tenant.id, version="/v2.0")).text
    scope = "https://graph.microsoft.com/.default"
    surfer.get(address(app, tenant.id, version="/v2.0", scope=scope))
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    assert surfer.press("Accept").sent["scope"] == scope
    assert granted(tenant, app) == set(app.required_app_roles)


def test_the_second_version_does_not_take_common(surfer: Surfer, app: "AppRegistration") -> None:
    page = surfer.get(address(app, "common", version="/v2.0", scope="openid"))
    assert (page.status, page.location) == (400, "")
    assert "AADSTS50059" in page.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"redirect_uri": "http://console.example/connect/return/x"}, "AADSTS50011"),
        ({"redirect_uri": "https://evil.example/"}, "AADSTS50011"),
        ({"client_id": str(uuid.UUID(int=7))}, "AADSTS700016"),
        ({"redirect_uri": ""}, "AADSTS900144"),
    ],
)
def test_what_cannot_be_trusted_is_shown_and_never_redirected(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", change: dict[str, str], code: str
) -> None:
    page = surfer.get(address(app, tenant.id, **change))
    assert (page.status, page.location) == (400, "")
    assert code in page.text


def test_an_unknown_directory_is_said_to_be_unknown(surfer: Surfer, app: "AppRegistration") -> None:
    assert "AADSTS90002" in surfer.get(address(app, "nobody.example")).text


def test_a_wrong_password_keeps_the_account_name(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(tenant.admin.user_principal_name, "wrong")
    assert "AADSTS50126" in page.text
    assert tenant.admin.user_principal_name in page.text
    assert surfer.press("Sign in", passwd=tenant.admin.password or "").heading == "Permissions requested"


def test_a_blocked_account_cannot_sign_in(surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle") -> None:
    user = tenant.add_user(name="Dana O'Brien", password="Right-Pass-1", enabled=False)
    surfer.get(address(app, tenant.id))
    assert "AADSTS50057" in surfer.sign_in(user.user_principal_name, "Right-Pass-1").text


def test_an_unknown_account_is_refused_on_the_first_page(surfer: Surfer, app: "AppRegistration") -> None:
    surfer.get(address(app, "organizations"))
    page = surfer.press("Next", loginfmt="nobody@nowhere.example")
    assert "AADSTS50034" in page.text
    assert 'value="nobody@nowhere.example"' in page.source


def test_somebody_who_is_no_administrator_needs_approval(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    user = tenant.add_user(name="Uma Novak", password="Right-Pass-1", roles=["Application Administrator"])
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(user.user_principal_name, "Right-Pass-1")
    assert page.heading == "Need admin approval"
    page = surfer.press("Return to the application")
    assert page.sent["error"] == "access_denied"
    assert page.sent["error_description"].startswith("AADSTS90094:")
    assert "tenant" not in page.sent
    assert granted(tenant, app) is None


def test_a_privileged_role_administrator_may_consent(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    user = tenant.add_user(name="Uma Novak", password="Right-Pass-1", roles=["Privileged Role Administrator"])
    surfer.get(address(app, tenant.id))
    assert surfer.sign_in(user.user_principal_name, "Right-Pass-1").heading == "Permissions requested"


def test_an_account_of_another_directory_goes_back_with_an_error(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    other = simulator.handle.new_tenant(name="Other", domain=f"other-{uuid.uuid4().hex[:8]}.example")
    page = reach_consent(surfer, app, other, tenant.id)
    assert page.sent["error"] == "access_denied"
    assert page.sent["error_description"].startswith("AADSTS50020:")
    assert page.sent["admin_consent"] == "True"
    assert "tenant" not in page.sent


def test_a_second_consent_shows_the_picker_and_another_account_can_be_used(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    reach_consent(surfer, app, tenant, tenant.id)
    surfer.press("Accept")
    page = surfer.get(address(app, tenant.id))
    assert page.heading == "Pick an account"
    assert surfer.press(tenant.admin.display_name).heading == "Permissions requested"
    surfer.get(address(app, tenant.id))
    assert surfer.follow("Use another account").heading == "Sign in"


@pytest.mark.parametrize("end", ["password", "revoked", "blocked"])
def test_a_session_ends_with_a_new_password_a_revocation_and_a_block(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle", end: str
) -> None:
    reach_consent(surfer, app, tenant, tenant.id)
    simulator.clock.sleep(1)
    if end == "password":
        tenant.admin.last_password_change_date_time = simulator.clock.now()
    elif end == "revoked":
        tenant.admin.sign_in_sessions_valid_from_date_time = simulator.clock.now()
    else:
        tenant.admin.account_enabled = False
    assert surfer.press("Accept").heading == "Sign in"
    assert granted(tenant, app) is None


def test_a_reset_password_must_be_changed_at_sign_in(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    tenant.admin.password = "Handed-Over-1"
    tenant.admin.force_change_password_next_sign_in = True
    surfer.get(address(app, tenant.id))
    page = surfer.sign_in(tenant.admin.user_principal_name, "Handed-Over-1")
    assert page.heading == "Update your password"
    new = {"newpasswd": "My-Own-Words-2", "confirmnewpasswd": "My-Own-Words-2"}
    assert "AADSTS50126" in surfer.press("Sign in", passwd="wrong", **new).text
    short = {"newpasswd": "short", "confirmnewpasswd": "short"}
    assert "8 to 256 characters" in surfer.press("Sign in", passwd="Handed-Over-1", **short).text
    unequal = {**new, "confirmnewpasswd": "x"}
    assert "do not match" in surfer.press("Sign in", passwd="Handed-Over-1", **unequal).text
    assert surfer.press("Sign in", passwd="Handed-Over-1", **new).heading == "Permissions requested"
    assert tenant.admin.password == "My-Own-Words-2"
    assert not tenant.admin.force_change_password_next_sign_in


def test_a_form_without_this_browsers_token_changes_nothing(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    page = reach_consent(surfer, app, tenant, tenant.id)
    stolen = dict(page.forms[0].fields)
    values = {**stolen, "decision": "accept", "canary": "0" * 64}
    assert surfer.post(address(app, tenant.id), values).status == 400
    stranger = Surfer(simulator.browser_url)
    stranger.get(address(app, tenant.id))
    assert stranger.post(address(app, tenant.id), {**stolen, "decision": "accept"}).status == 400
    assert granted(tenant, app) is None


def test_a_get_never_accepts(surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle") -> None:
    reach_consent(surfer, app, tenant, tenant.id)
    key = f"{tenant.id}/{tenant.admin.id}"
    surfer.get(address(app, tenant.id, step="consent", decision="accept", account=key))
    assert granted(tenant, app) is None


def test_accepting_again_replaces_what_was_granted_and_keeps_the_name(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    tenant.consent(app=app, display_name="Quickpass", app_roles=["User.Read.All", "Mail.Send"])
    reach_consent(surfer, app, tenant, tenant.id)
    surfer.press("Accept")
    principals = [p for p in tenant.state.service_principals.values() if p.app_id == app.app_id]
    assert [p.display_name for p in principals] == ["Quickpass"]
    assert granted(tenant, app) == set(app.required_app_roles)


def test_pages_are_strict_and_cookies_are_out_of_reach_of_scripts(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    page = surfer.get(address(app, tenant.id))
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.source
    assert " style=" not in page.source
    for cookie in page.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_a_guest_with_the_role_consents_where_he_is_a_guest(
    simulator: "Simulator", surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    home = simulator.handle.new_tenant(name="Partner", domain=f"partner-{uuid.uuid4().hex[:8]}.example")
    person = home.add_user(name="Priya Raman", password="Right-Pass-1")
    guest = tenant.add_user(name="Priya Raman", guest=True, roles=["Global Administrator"])
    guest.mail = person.user_principal_name
    guest.external_user_state = "Accepted"
    surfer.get(address(app, tenant.id))
    surfer.sign_in(person.user_principal_name, "Right-Pass-1")
    assert surfer.press("Accept").sent["tenant"] == tenant.id


def test_the_same_pages_work_over_https_with_secure_cookies(
    simulator: "Simulator", app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    surfer = Surfer(simulator.login_url, str(simulator.ca_file))
    page = reach_consent(surfer, app, tenant, tenant.id)
    assert all("Secure" in cookie for cookie in page.headers.getlist("Set-Cookie"))
    assert surfer.press("Accept").sent["tenant"] == tenant.id


def test_consent_is_written_to_the_tenants_audit_log(
    surfer: Surfer, app: "AppRegistration", tenant: "TenantHandle"
) -> None:
    reach_consent(surfer, app, tenant, tenant.id)
    surfer.press("Accept")
    activities = [str(entry["activityDisplayName"]) for entry in tenant.state.directory_audits]
    assert "Consent to application" in activities
