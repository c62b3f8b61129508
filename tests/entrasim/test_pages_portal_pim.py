"""The portal in a tenant with PIM: the wizard of Membership and Setting, what a role's settings do, the tabs."""

import datetime as dt
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.entrasim.surfer import Page, Surfer

if TYPE_CHECKING:
    from tests.entrasim.conftest import StandingClock

    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import ServicePrincipal

PAA = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
TIME = "%Y-%m-%dT%H:%M"
FOR_GOOD = {"kind": "Active", "active_permanent": "yes", "justification": "Help desk"}


@pytest.fixture
def tenant(simulator: "Simulator") -> "TenantHandle":
    tag = uuid.uuid4().hex[:8]
    return simulator.handle.new_tenant(name=f"Aurora {tag}", domain=f"aurora-{tag}.example", plan="p2")


@pytest.fixture
def principal(simulator: "Simulator", tenant: "TenantHandle") -> "ServicePrincipal":
    app = simulator.handle.register_app(display_name="Tenantry Help Desk", required_app_roles=["User.Read.All"])
    return tenant.consent(app)


@pytest.fixture
def surfer(simulator: "Simulator", tenant: "TenantHandle") -> Surfer:
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}")
    surfer.sign_in(tenant.admin.user_principal_name, tenant.admin.password or "")
    return surfer


def setting(surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal") -> Page:
    """Through Membership to Setting."""
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}/add?search=Tenantry")
    return surfer.press("Next", principal=principal.id)


def active(tenant: "TenantHandle", principal: "ServicePrincipal") -> list[dt.datetime | None]:
    held = tenant.state.role_assignments.values()
    return [a.ends_at for a in held if (a.principal_id, a.role_definition_id) == (principal.id, PAA)]


def test_membership_leads_to_setting_and_active_for_good_is_assigned(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    """AC-3.1: Select member(s), Next, Active, Permanently assigned, Justification, Assign."""
    page = surfer.follow("+ Add assignments")
    assert "1. Membership" in page.text
    assert "Tenantry Help Desk" not in page.text
    page = surfer.press("Search", search="Tenantry")
    page = surfer.press("Next", principal=principal.id)
    assert "2. Setting" in page.text
    assert "Maximum allowed assigned duration is permanent." in page.text
    page = surfer.press("Assign", **FOR_GOOD)
    assert "Tenantry Help Desk was assigned to the role." in page.text
    assert "Permanent" in page.text
    assert active(tenant, principal) == [None]


def test_the_wizard_can_be_walked_backwards(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    setting(surfer, tenant, principal)
    page = surfer.press("Previous")
    assert "Tenantry Help Desk" in page.text
    assert surfer.press("Next").text.count("Tenantry Help Desk") == 1


def test_active_without_justification_is_refused_and_eligible_needs_none(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    setting(surfer, tenant, principal)
    page = surfer.press("Assign", **{**FOR_GOOD, "justification": " "})
    assert "JustificationRule" in page.text
    assert active(tenant, principal) == []
    page = surfer.press("Assign", kind="Eligible", eligible_permanent="yes")
    assert "Tenantry Help Desk was assigned to the role." in page.text
    [held] = tenant.state.role_eligibilities.values()
    assert held.principal_id == principal.id
    assert active(tenant, principal) == []


def test_an_end_date_is_kept_and_passes(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal", clock: "StandingClock"
) -> None:
    setting(surfer, tenant, principal)
    ends = (clock.now() + dt.timedelta(days=30)).replace(second=0)
    values = {**FOR_GOOD, "active_permanent": "", "active_ends": ends.strftime(TIME)}
    surfer.press("Assign", **values)
    assert active(tenant, principal) == [ends]
    clock.travel(days=31)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}?tab=active")
    assert active(tenant, principal) == []


def test_settings_that_forbid_permanent_show_it_and_hold(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal", clock: "StandingClock"
) -> None:
    """AC-3.1 where the customer's rules forbid permanent: the box is off, and the longest duration is said."""
    surfer.follow("Role settings")
    page = surfer.press("Update", active_permanent="", active_longest="P90D", demand_Justification="yes")
    assert "The settings were updated." in page.text
    page = setting(surfer, tenant, principal)
    assert "Maximum allowed assigned duration is 3 months." in page.text
    assert "do not allow permanent active assignments" in page.text
    assert 'name="active_permanent" value="yes" disabled' in page.source
    assert "ExpirationRule" in surfer.press("Assign", **FOR_GOOD).text
    setting(surfer, tenant, principal)
    too_long = (clock.now() + dt.timedelta(days=120)).strftime(TIME)
    page = surfer.press("Assign", kind="Active", justification="x", active_ends=too_long)
    assert "ExpirationRule" in page.text
    assert active(tenant, principal) == []
    setting(surfer, tenant, principal)
    surfer.press("Assign", kind="Active", justification="x")
    [ends] = active(tenant, principal)
    assert ends is not None
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}/settings")
    surfer.press("Update", active_permanent="yes", demand_Justification="yes")
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}")
    surfer.follow("Update Tenantry Help Desk")
    page = surfer.press("Save", active_permanent="yes", justification="for good")
    assert "Tenantry Help Desk was updated." in page.text
    assert active(tenant, principal) == [None]


def test_eligible_and_active_stand_on_their_own_tabs_and_are_removed_there(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal", clock: "StandingClock"
) -> None:
    setting(surfer, tenant, principal)
    surfer.press("Assign", kind="Eligible", eligible_permanent="yes")
    assert "Tenantry Help Desk" not in surfer.follow("Active assignments").text
    assert "Tenantry Help Desk" in surfer.follow("Eligible assignments").text
    assert "within five minutes" in surfer.press("Remove Tenantry Help Desk").text
    clock.travel(minutes=6)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}?tab=eligible")
    surfer.press("Remove Tenantry Help Desk")
    assert not tenant.state.role_eligibilities
    assert "No role assignments found." in surfer.page.text
    assert "keeps no expired assignments" in surfer.follow("Expired assignments").text


def test_the_same_assignment_cannot_be_added_twice(
    surfer: Surfer, tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    tenant.assign_role(principal.id, PAA)
    setting(surfer, tenant, principal)
    assert "is already assigned to this role" in surfer.press("Assign", **FOR_GOOD).text


def test_who_does_not_manage_roles_changes_neither_settings_nor_assignments(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    tenant.assign_role(principal.id, PAA)
    user = tenant.add_user(roles=["User Administrator"])
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}/settings")
    surfer.sign_in(user.user_principal_name, user.password or "")
    page = surfer.press("Update", active_permanent="")
    assert page.status == 403
    assert not tenant.state.pim_policy_by_role
    held = next(a for a in tenant.state.role_assignments.values() if a.principal_id == principal.id)
    surfer.get(f"/portal/{tenant.id}/roles/{PAA}/assignments/{held.id}")
    assert "You do not have permission" in surfer.press("Save", active_permanent="yes", justification="x").text


def test_without_pim_there_is_no_wizard_and_there_are_no_settings(simulator: "Simulator") -> None:
    """AC-4.4: whoever sees Membership and Setting has PIM."""
    tag = uuid.uuid4().hex[:8]
    plain = simulator.handle.new_tenant(name=f"Plain {tag}", domain=f"plain-{tag}.example", plan="p1")
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{plain.id}/roles/{PAA}")
    page = surfer.sign_in(plain.admin.user_principal_name, plain.admin.password or "")
    assert "Role settings" not in page.links
    assert "Eligible assignments" not in page.links
    page = surfer.follow("+ Add assignments")
    assert "Membership" not in page.text
    assert surfer.get(f"/portal/{plain.id}/roles/{PAA}/settings").status == 404
