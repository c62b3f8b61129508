"""Organization, groups, roles, enterprise apps, units and the audit log over HTTPS."""

import pytest
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor

from entrasim.handle import Handle
from entrasim.tables.permissions import APPLICATION

GROUP = {"displayName": "Desk", "mailEnabled": False, "mailNickname": "desk", "securityEnabled": True}
ASSIGNABLE = {**GROUP, "isAssignableToRole": True, "visibility": "Private"}
ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"


def test_the_organization_tells_its_id_and_domains(client: Client) -> None:
    row = client.get("/organization?$select=id,displayName,verifiedDomains,tenantType").value[0]
    assert row["id"] == client.tenant.id
    assert {domain["name"] for domain in row["verifiedDomains"]} == set(client.tenant.state.domains)
    assert client.get(f"/organization/{client.tenant.id}").json["displayName"] == client.tenant.state.display_name


def test_domains_and_their_password_rules(client: Client) -> None:
    path = f"/domains/{client.tenant.domain}"
    assert client.get(path).json["passwordValidityPeriodInDays"] is None
    assert client.patch(path, {"passwordValidityPeriodInDays": 2147483647}).status == 204
    assert client.get(path).json["passwordValidityPeriodInDays"] == 2147483647
    assert client.patch(path, {"passwordValidityPeriodInDays": -1}).status == 400
    assert client.get("/domains/nowhere.example").status == 404


@pytest.mark.parametrize(
    ("plan", "plans"),
    [
        (None, set()),
        ("p1", {("AAD_PREMIUM", "Success")}),
        ("p2", {("AAD_PREMIUM", "Success"), ("AAD_PREMIUM_P2", "Success")}),
        ("governance", {("AAD_PREMIUM", "Success"), ("Entra_Identity_Governance", "Success")}),
        ("p2-expired", {("AAD_PREMIUM", "Disabled"), ("AAD_PREMIUM_P2", "Disabled")}),
    ],
)
def test_licences_follow_the_plan(
    client_for: ClientFor, sim: Handle, plan: str | None, plans: set[tuple[str, str]]
) -> None:
    client = client_for("Organization.Read.All", at=sim.new_tenant(plan=plan))
    found = client.get("/subscribedSkus").value
    assert {(p["servicePlanName"], p["provisioningStatus"]) for row in found for p in row["servicePlans"]} == plans
    assert all(row["capabilityStatus"] == "Suspended" for row in found) or plan != "p2-expired"


def test_an_enterprise_app_is_found_by_app_id_and_tells_its_permissions(client_for: ClientFor) -> None:
    client = client_for("Application.Read.All", "User.Read.All")
    path = f"/servicePrincipals(appId='{client.app.app_id}')"
    row = client.get(f"{path}?$select=id,appId,displayName,accountEnabled").json
    assert row["id"] == client.tenant.service_principal(client.app).id
    assert client.get(f"/servicePrincipals?$filter=appId eq '{client.app.app_id}'").value[0]["id"] == row["id"]
    granted = client.get(f"/servicePrincipals/{row['id']}/appRoleAssignments").value
    assert {item["appRoleId"] for item in granted} == {
        APPLICATION["Application.Read.All"],
        APPLICATION["User.Read.All"],
    }
    assert client.get("/servicePrincipals(appId='5d3d6a0e-7b0f-4d0e-8f7a-1c2b3a4d5e6f')").status == 404


def test_a_renewed_consent_takes_back_what_is_no_longer_asked(client: Client) -> None:
    client.tenant.consent(client.app, app_roles=["User.Read.All"])
    principal = client.tenant.service_principal(client.app)
    assert set(principal.app_role_assignments) == {APPLICATION["User.Read.All"]}
    names = {entry["activityDisplayName"] for entry in client.tenant.state.directory_audits}
    assert {"Consent to application", "Remove app role assignment from service principal"} <= names


def test_roles_are_listed_with_their_holders(client: Client) -> None:
    definitions = client.get("/roleManagement/directory/roleDefinitions?$select=id,displayName,isPrivileged").value
    assert len(definitions) == 146
    principal = client.tenant.service_principal(client.app)
    held = client.get(f"{ASSIGNMENTS}?$filter=principalId eq '{principal.id}'&$expand=roleDefinition").value
    assert [row["roleDefinition"]["displayName"] for row in held] == ["Privileged Authentication Administrator"]
    role = client.get("/directoryRoles?$filter=displayName eq 'Global Administrator'").value[0]
    assert [m["id"] for m in client.get(f"/directoryRoles/{role['id']}/members").value] == [client.tenant.admin.id]
    path = f"/directoryRoles(roleTemplateId='{role['roleTemplateId']}')"
    assert client.get(path).json["id"] == role["id"]
    assert client.get("/directoryRoles/roleTemplateId=729827e3-9c14-49f7-bb1b-9608f156bbb8").status == 404


def test_a_role_is_assigned_once_and_taken_away(client: Client) -> None:
    user = client.tenant.add_user()
    body = {"principalId": user.id, "roleDefinitionId": HELPDESK, "directoryScopeId": "/"}
    made = client.post(ASSIGNMENTS, body)
    assert made.status == 201
    assert "conflicting object" in client.post(ASSIGNMENTS, body).message
    unknown = {**body, "principalId": "5d3d6a0e-7b0f-4d0e-8f7a-1c2b3a4d5e6f"}
    assert client.post(ASSIGNMENTS, unknown).status == 404
    assert client.delete(f"{ASSIGNMENTS}/{made.json['id']}").status == 204
    assert client.get(f"{ASSIGNMENTS}/{made.json['id']}").status == 404


def test_the_last_global_administrator_stays(client: Client) -> None:
    row = client.get(f"{ASSIGNMENTS}?$filter=principalId eq '{client.tenant.admin.id}'").value[0]
    assert client.delete(f"{ASSIGNMENTS}/{row['id']}").status == 400


def test_assigning_needs_the_one_permission(client_for: ClientFor) -> None:
    client = client_for("Directory.ReadWrite.All", roles=("Privileged Role Administrator",))
    body = {"principalId": client.tenant.admin.id, "roleDefinitionId": HELPDESK, "directoryScopeId": "/"}
    assert client.post(ASSIGNMENTS, body).status == 403


def test_role_assignable_groups_need_a_licence_and_the_permission(
    client_for: ClientFor, client: Client, sim: Handle
) -> None:
    assert client.post("/groups", ASSIGNABLE).json["isAssignableToRole"] is True
    assert client_for("Group.ReadWrite.All").post("/groups", ASSIGNABLE).status == 403
    poor = client_for("RoleManagement.ReadWrite.Directory", at=sim.new_tenant())
    assert "purchased AAD Premium" in poor.post("/groups", ASSIGNABLE).message
    found = client.get("/groups?$filter=isAssignableToRole eq true&$select=id,displayName").value
    assert [row["displayName"] for row in found] == ["Desk"]


def test_members_and_owners_come_and_go(client: Client) -> None:
    user = client.tenant.add_user()
    group_id = client.post("/groups", GROUP).json["id"]
    reference = {"@odata.id": f"{client.simulator.graph_url}/v1.0/directoryObjects/{user.id}"}
    for kind in ("members", "owners"):
        assert client.post(f"/groups/{group_id}/{kind}/$ref", reference).status == 204
        assert "already exist" in client.post(f"/groups/{group_id}/{kind}/$ref", reference).message
        rows = client.get(f"/groups/{group_id}/{kind}?$select=id,displayName").value
        assert [(row["@odata.type"], row["id"]) for row in rows] == [("#microsoft.graph.user", user.id)]
        assert client.delete(f"/groups/{group_id}/{kind}/{user.id}/$ref").status == 204
        assert client.delete(f"/groups/{group_id}/{kind}/{user.id}/$ref").status == 404
    assert client.delete(f"/groups/{group_id}").status == 204


def test_group_permissions_do_not_reach_role_assignable_groups(client_for: ClientFor) -> None:
    client = client_for("Group.ReadWrite.All", "GroupMember.Read.All")
    group = client.tenant.add_group("Admins", assignable=True)
    reference = {"@odata.id": f"{client.simulator.graph_url}/v1.0/directoryObjects/{client.tenant.admin.id}"}
    assert client.post(f"/groups/{group.id}/members/$ref", reference).status == 403
    assert client.get(f"/groups/{group.id}/members").value == []


def test_memberships_are_told_through_groups_and_by_type(client: Client) -> None:
    tenant = client.tenant
    user = tenant.add_user()
    inner = tenant.add_group("Inner", members=[user])
    tenant.add_group("Outer", members=[inner.id])
    desk = tenant.add_group("Desk", assignable=True, members=[user])
    tenant.assign_role(desk.id, "Reports Reader")
    tenant.add_restricted_unit("Vault", [user])
    direct = client.get(f"/users/{user.id}/memberOf").value
    assert {row["displayName"] for row in direct} == {"Inner", "Desk", "Vault"}
    through = client.get(f"/users/{user.id}/transitiveMemberOf").value
    assert {row["displayName"] for row in through} == {"Inner", "Outer", "Desk", "Vault", "Reports Reader"}
    cast = "microsoft.graph.directoryRole?$select=displayName,roleTemplateId"
    roles = client.get(f"/users/{user.id}/transitiveMemberOf/{cast}").value
    assert [row["displayName"] for row in roles] == ["Reports Reader"]
    groups = client.get(f"/users/{user.id}/transitiveMemberOf/microsoft.graph.group").value
    assert len(groups) == 3
    outer = next(group for group in tenant.state.groups.values() if group.display_name == "Outer")
    assert user.id in {row["id"] for row in client.get(f"/groups/{outer.id}/transitiveMembers").value}


def test_units_and_their_members_are_listed(client: Client) -> None:
    unit = client.tenant.add_restricted_unit("Vault", [client.tenant.admin])
    row = client.get("/directory/administrativeUnits").value[0]
    assert (row["id"], row["isMemberManagementRestricted"]) == (unit.id, True)
    members = client.get(f"/directory/administrativeUnits/{unit.id}/members").value
    assert [item["id"] for item in members] == [client.tenant.admin.id]


def test_the_audit_log_tells_who_did_what_newest_first(client: Client) -> None:
    user = client.tenant.add_user()
    client.patch(f"/users/{user.id}", {"accountEnabled": False})
    mine = f"initiatedBy/app/servicePrincipalId eq '{client.tenant.service_principal(client.app).id}'"
    rows = client.get(f"/auditLogs/directoryAudits?$filter={mine} and activityDateTime ge 2020-01-01T00:00:00Z").value
    assert [row["activityDisplayName"] for row in rows] == ["Update user", "Disable account"]
    assert rows[0]["targetResources"][0]["id"] == user.id
    about = f"targetResources/any(t:t/id eq '{user.id}')"
    assert len(client.get(f"/auditLogs/directoryAudits?$filter={about}&$top=1").value) == 1
