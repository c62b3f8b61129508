"""The portal's groups and enterprise applications: walking the third role path as a guide describes it."""

import uuid
from typing import TYPE_CHECKING

import pytest
from tests.entrasim.surfer import Page, Surfer

from entrasim.portal.new_group import CONFIRMATION, TOGGLE

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import Group, ServicePrincipal, User

PAA = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"


@pytest.fixture
def principal(simulator: "Simulator", tenant: "TenantHandle") -> "ServicePrincipal":
    app = simulator.handle.register_app(display_name="Tenantry Help Desk", required_app_roles=["User.Read.All"])
    return tenant.consent(app)


def at(simulator: "Simulator", tenant: "TenantHandle", path: str, user: "User | None" = None) -> Surfer:
    """A browser signed in at a page of the portal."""
    who = user or tenant.admin
    surfer = Surfer(simulator.browser_url)
    surfer.get(f"/portal/{tenant.id}/{path}")
    surfer.sign_in(who.user_principal_name, who.password or "")
    return surfer


def only_group(tenant: "TenantHandle") -> "Group":
    [group] = tenant.state.groups.values()
    return group


def filled(surfer: Surfer, principal: "ServicePrincipal") -> Page:
    """The form with the app as a member and the role chosen."""
    surfer.press("No members selected", name="Tenantry Help Desk Enterprise App", assignable="yes")
    page = surfer.press("Search", search="Tenantry")
    assert "Enterprise application" in page.text
    surfer.press("Select", members=principal.id)
    surfer.press("No roles selected")
    surfer.press("Search", search="Privileged Auth")
    return surfer.press("Select", roles=PAA)


def test_a_role_assignable_group_with_the_app_and_its_role_is_created_after_a_yes(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    """AC-7.3: the values of the checklist, in the order in which the portal asks for them."""
    surfer = at(simulator, tenant, "groups")
    page = surfer.follow("New group")
    assert page.heading == "New Group"
    assert TOGGLE in page.text
    page = filled(surfer, principal)
    assert "Tenantry Help Desk" in page.text
    assert "Privileged Authentication Administrator" in page.text
    page = surfer.press("Create")
    assert CONFIRMATION in page.text
    assert not tenant.state.groups
    page = surfer.press("No")
    assert page.heading == "New Group"
    assert page.forms[-1].fields["name"] == "Tenantry Help Desk Enterprise App"
    surfer.press("Create")
    page = surfer.press("Yes")
    group = only_group(tenant)
    assert page.heading == "Tenantry Help Desk Enterprise App"
    assert "The group was created." in page.text
    assert (group.is_assignable_to_role, list(group.members)) == (True, [principal.id])
    assert [(a.principal_id, a.role_definition_id) for a in tenant.state.role_assignments.values()][-1] == (
        group.id,
        PAA,
    )
    assert "Privileged Authentication Administrator" in page.links


def test_an_app_is_listed_among_members_only_when_searched(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    """AC-8.2: the hint stands in the picker."""
    surfer = at(simulator, tenant, "groups/new")
    page = surfer.press("No members selected")
    assert principal.display_name not in page.text
    assert "listed only after you type the beginning of their name" in page.text
    assert principal.display_name in surfer.press("Search", search="tenantry").text


@pytest.mark.parametrize("why", ["no licence", "no role"])
def test_the_toggle_is_missing_without_p1_and_for_who_may_not_manage_roles(simulator: "Simulator", why: str) -> None:
    """AC-7.4: the two reasons for the hint."""
    tag = uuid.uuid4().hex[:8]
    tenant = simulator.handle.new_tenant(
        name=f"Plain {tag}", domain=f"plain-{tag}.example", plan=None if why == "no licence" else "p1"
    )
    user = tenant.add_user(roles=["Groups Administrator"]) if why == "no role" else None
    surfer = at(simulator, tenant, "groups/new", user)
    assert TOGGLE not in surfer.page.text
    page = surfer.press("Create", name="Smuggled", assignable="yes")
    assert "You do not have permission" in page.text
    assert not tenant.state.groups
    assert surfer.press("Create", name="Ordinary", assignable="no").heading == "Ordinary"
    assert not only_group(tenant).is_assignable_to_role


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": ""}, "Enter a group name."),
        ({"name": "x", "roles": PAA}, "set 'Microsoft Entra roles can be assigned to the group' to Yes"),
        ({"name": "x", "members": str(uuid.UUID(int=1))}, "not in this directory"),
    ],
)
def test_a_form_that_cannot_be_carried_out_says_why_and_keeps_its_values(
    simulator: "Simulator", tenant: "TenantHandle", fields: dict[str, str], complaint: str
) -> None:
    surfer = at(simulator, tenant, "groups/new")
    page = surfer.press("Create", **fields)
    assert complaint in page.text
    assert not tenant.state.groups


def test_an_app_cannot_be_in_a_microsoft_365_group(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    surfer = at(simulator, tenant, "groups/new")
    page = surfer.press("Create", name="x", kind="Microsoft 365", members=principal.id)
    assert "only users can" in page.text


def test_members_are_added_and_removed_and_the_role_is_added_on_the_groups_page(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    group = tenant.add_group("Desk", assignable=True)
    surfer = at(simulator, tenant, f"groups/{group.id}")
    surfer.follow("+ Add members")
    surfer.press("Search", search="Tenantry")
    page = surfer.press("Select", principal=principal.id)
    assert "The members were added." in page.text
    assert list(group.members) == [principal.id]
    surfer.follow("+ Add assignments")
    surfer.press("Search", search="Privileged Auth")
    surfer.follow("Privileged Authentication Administrator")
    surfer.press("Add")
    assert [a.principal_id for a in tenant.state.role_assignments.values()][-1] == group.id
    surfer.get(f"/portal/{tenant.id}/groups/{group.id}")
    surfer.press("Remove Tenantry Help Desk from members")
    assert not group.members


def test_a_group_is_deleted_with_its_roles(simulator: "Simulator", tenant: "TenantHandle") -> None:
    group = tenant.add_group("Desk", assignable=True)
    tenant.assign_role(group.id, "User Administrator")
    surfer = at(simulator, tenant, f"groups/{group.id}")
    assert "The group was deleted." in surfer.press("Delete group").text
    assert not tenant.state.groups
    assert group.id not in {a.principal_id for a in tenant.state.role_assignments.values()}


def test_who_neither_owns_nor_administers_a_group_only_looks(simulator: "Simulator", tenant: "TenantHandle") -> None:
    manager, owner = (
        tenant.add_user(name="Grace Groups", roles=["Groups Administrator"]),
        tenant.add_user(name="Olga O"),
    )
    group = tenant.add_group("Desk", assignable=True, owners=[owner])
    surfer = at(simulator, tenant, f"groups/{group.id}", manager)
    assert "+ Add members" not in surfer.page.links
    forged = surfer.post(
        f"/portal/{tenant.id}/groups/{group.id}", {"act": "delete", "canary": surfer.page.forms[0].fields["canary"]}
    )
    assert "You do not have permission" in forged.text
    assert "+ Add members" in at(simulator, tenant, f"groups/{group.id}", owner).page.links


def test_an_enterprise_app_is_renamed_revoked_and_deleted(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    tenant.assign_role(principal.id, "User Administrator")
    surfer = at(simulator, tenant, f"apps/{principal.id}")
    assert "User.Read.All" in surfer.page.text
    page = surfer.press("Save", name="Quickpass", enabled="yes")
    assert (page.heading, principal.display_name) == ("Quickpass", "Quickpass")
    assert "The permissions were revoked." in surfer.press("Revoke all permissions").text
    assert not principal.app_role_assignments
    surfer.follow("Delete")
    assert surfer.follow("No").heading == "Quickpass"
    surfer.follow("Delete")
    assert "The application was deleted." in surfer.press("Yes").text
    assert principal.id not in tenant.state.service_principals
    assert principal.id not in {a.principal_id for a in tenant.state.role_assignments.values()}


def test_an_app_is_changed_by_who_administers_apps_only(
    simulator: "Simulator", tenant: "TenantHandle", principal: "ServicePrincipal"
) -> None:
    reader = at(simulator, tenant, f"apps/{principal.id}", tenant.add_user(name="Rita Reader"))
    assert "You do not have permission" in reader.page.text
    assert "You do not have permission" in reader.get(f"/portal/{tenant.id}/apps/{principal.id}/delete").text
    manager = at(simulator, tenant, f"apps/{principal.id}", tenant.add_user(roles=["Cloud Application Administrator"]))
    manager.press("Save", enabled="no")
    assert not principal.account_enabled
