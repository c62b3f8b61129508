"""The portal: walking the manual role path as a guide describes it."""

import urllib.parse
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.entrasim.surfer import Page, Surfer

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import AppRegistration

PAA = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"


@pytest.fixture
def tenant(simulator: "Simulator") -> "TenantHandle":
    tag = uuid.uuid4().hex[:8]
    return simulator.handle.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example")


@pytest.fixture
def app(simulator: "Simulator", tenant: "TenantHandle") -> "AppRegistration":
    app = simulator.handle.register_app(
        display_name="Tenantry Help Desk", secret="a", redirect_uris=[], required_app_roles=["User.Read.All"]
    )
    tenant.consent(app=app)
    return app


@pytest.fixture
def surfer(simulator: "Simulator", tenant: "TenantHandle") -> Surfer:
    """A browser at the roles page, signed in as the Global Administrator."""
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.id}/roles")
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    return surfer


def held(tenant: "TenantHandle", role: str) -> list[str]:
    return [a.principal_id for a in tenant.state.role_assignments.values() if a.role_definition_id == role]


def principal_id(tenant: "TenantHandle", app: "AppRegistration") -> str:
    return next(p.id for p in tenant.state.service_principals.values() if p.app_id == app.app_id)


def add(surfer: Surfer, tenant: "TenantHandle", principal: str, role: str = PAA, **more: str) -> Page:
    surfer.get(f"/portal/{tenant.id}/roles/{role}/add?search=Tenantry")
    return surfer.press("Add", principal=principal, **more)


def test_signing_in_leads_to_the_page_that_was_asked_for(surfer: Surfer, tenant: "TenantHandle") -> None:
    assert surfer.page.heading == "Roles and administrators"
    assert tenant.state.display_name in surfer.page.text
    assert "simulated portal" in surfer.page.text
    assert "Privileged Authentication Administrator" in surfer.page.links


def test_roles_can_be_searched(surfer: Surfer) -> None:
    page = surfer.press("Search", search="privileged auth")
    assert "Privileged Authentication Administrator" in page.links
    assert "User Administrator" not in page.links


def test_an_enterprise_app_is_listed_only_when_searched_and_can_be_assigned(
    surfer: Surfer, tenant: "TenantHandle", app: "AppRegistration"
) -> None:
    surfer.press("Search", search="Privileged Authentication")
    surfer.follow("Privileged Authentication Administrator")
    page = surfer.follow("+ Add assignments")
    assert "Tenantry Help Desk" not in page.text
    assert tenant.admin.display_name in page.text
    page = surfer.press("Search", search="tenantry")
    assert "Tenantry Help Desk" in page.text
    assert surfer.press("Search", search="Help Desk").text.count("Tenantry Help Desk") == 0
    surfer.press("Search", search="Tenantry Help")
    page = surfer.press("Add", principal=principal_id(tenant, app))
    assert page.heading == "Privileged Authentication Administrator"
    assert "Tenantry Help Desk was assigned to the role." in page.text
    assert held(tenant, PAA) == [principal_id(tenant, app)]
    page = surfer.press("Remove Tenantry Help Desk")
    assert held(tenant, PAA) == []
    assert "No role assignments found." in page.text


def test_the_same_assignment_cannot_be_added_twice(
    surfer: Surfer, tenant: "TenantHandle", app: "AppRegistration"
) -> None:
    add(surfer, tenant, principal_id(tenant, app))
    page = add(surfer, tenant, principal_id(tenant, app))
    assert "is already assigned to this role" in page.text
    assert len(held(tenant, PAA)) == 1


def test_only_role_administrators_may_assign(
    simulator: "Simulator", tenant: "TenantHandle", app: "AppRegistration"
) -> None:
    user = tenant.add_user(name="Uma Novak", password="Right-Pass-1", roles=["User Administrator"])
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}")
    page = surfer.sign_in(user.user_principal_name, "Right-Pass-1")
    assert "+ Add assignments" not in page.links
    assert "You do not have permission" in page.text
    assert "You do not have permission" in add(surfer, tenant, principal_id(tenant, app)).text
    assert held(tenant, PAA) == []


def test_somebody_of_another_directory_stays_outside(simulator: "Simulator", tenant: "TenantHandle") -> None:
    other = simulator.handle.new_tenant(name="Other", domain=f"other-{uuid.uuid4().hex[:8]}.example")
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.domain}/roles")
    page = surfer.sign_in(other.admin.user_principal_name, other.admin.password or "")
    assert page.status == 403
    assert "AADSTS50020" in page.text


def test_a_post_without_the_token_changes_nothing(
    simulator: "Simulator", surfer: Surfer, tenant: "TenantHandle", app: "AppRegistration"
) -> None:
    values = {"principal": principal_id(tenant, app)}
    assert surfer.post(f"/portal/{tenant.id}/roles/{PAA}/add", values).status == 400
    assert held(tenant, PAA) == []


def test_the_last_global_administrator_stays(surfer: Surfer, tenant: "TenantHandle") -> None:
    role = "62e90394-69f5-4237-9190-012177145e10"
    surfer.get(f"/portal/{tenant.id}/roles/{role}")
    assert "last Global Administrator" in surfer.press(f"Remove {tenant.admin.display_name}").text
    assert held(tenant, role) == [tenant.admin.id]


def test_enterprise_applications_show_ids_and_permissions_and_can_be_disabled(
    surfer: Surfer, tenant: "TenantHandle", app: "AppRegistration"
) -> None:
    page = surfer.follow("Enterprise applications")
    assert app.app_id in page.text
    page = surfer.follow("Tenantry Help Desk")
    assert "User.Read.All" in page.text
    page = surfer.press("Save", enabled="no")
    assert "The properties were saved." in page.text
    assert not tenant.state.service_principals[principal_id(tenant, app)].account_enabled


def test_a_directory_is_chosen_by_id_or_domain(simulator: "Simulator", tenant: "TenantHandle") -> None:
    surfer = Surfer(simulator.browser_url)
    assert surfer.get("/portal/").heading == "Choose a directory"
    page = surfer.press("Open", tenant=tenant.domain)
    assert page.address.endswith(f"/portal/{tenant.id}/roles")
    assert surfer.get(f"/portal/?tenant={urllib.parse.quote(tenant.id)}").heading == "Sign in"
    assert surfer.get("/portal/?tenant=nobody.example").status == 404


def test_unknown_things_are_not_found(surfer: Surfer, tenant: "TenantHandle") -> None:
    assert surfer.get(f"/portal/{tenant.id}/roles/{uuid.uuid4()}").status == 404
    assert surfer.get(f"/portal/{tenant.id}/apps/{uuid.uuid4()}").status == 404
    assert surfer.get(f"/portal/{uuid.uuid4()}/roles").status == 404


def test_signing_out_of_the_portal_asks_for_an_account_again(surfer: Surfer, tenant: "TenantHandle") -> None:
    surfer.press("Sign out")
    assert surfer.get(f"/portal/{tenant.id}/roles").heading == "Sign in"
