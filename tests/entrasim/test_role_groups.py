"""Groups that can hold roles: every refusal, members, the roles that come through them, and with PIM."""

from typing import Any

import pytest
import urllib3
from tests.entrasim.client import Answer, Client
from tests.entrasim.conftest import ClientFor, StandingClock

from entrasim.handle import Handle, TenantHandle
from entrasim.keys import parts_of
from entrasim.tables.roles import by_name

ROLES = "RoleManagement.ReadWrite.Directory"
USER_ADMINISTRATOR = by_name("User Administrator").template_id
BASE = "/roleManagement/directory"
NO_PREMIUM = "Only companies who have purchased AAD Premium may perform this operation."


def create(client: Client, **changes: object) -> Answer:
    body = {
        "displayName": "Help desk roles",
        "mailNickname": "helpdeskroles",
        "mailEnabled": False,
        "securityEnabled": True,
        "isAssignableToRole": True,
        "visibility": "Private",
        **changes,
    }
    return client.post("/groups", body)


def add(client: Client, group_id: str, object_id: str) -> Answer:
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"}
    return client.post(f"/groups/{group_id}/members/$ref", reference)


def give_role(client: Client, principal_id: str) -> Answer:
    body = {"principalId": principal_id, "roleDefinitionId": USER_ADMINISTRATOR, "directoryScopeId": "/"}
    return client.post(f"{BASE}/roleAssignments", body)


@pytest.fixture
def keeper(client_for: ClientFor) -> Client:
    """An app that may manage roles and read everything, in a tenant with P1."""
    return client_for(ROLES, "Group.Read.All", "Directory.Read.All")


def test_a_group_for_roles_is_made_read_and_never_loses_the_property(keeper: Client) -> None:
    made = create(keeper)
    assert (made.status, made.json["isAssignableToRole"], made.json["visibility"]) == (201, True, "Private")
    path = f"/groups/{made.json['id']}"
    for value in (False, True, None):
        answer = keeper.patch(path, {"isAssignableToRole": value})
        assert (answer.status, answer.code) == (400, "Request_BadRequest")
    assert keeper.patch(path, {"displayName": "Desk", "description": "Roles of the desk"}).status == 204
    read = keeper.get(path).json
    assert (read["displayName"], read["description"], read["isAssignableToRole"]) == ("Desk", "Roles of the desk", True)


@pytest.mark.parametrize(
    "changes",
    [
        {"groupTypes": ["DynamicMembership"]},
        {"groupTypes": ["Unified", "DynamicMembership"], "mailEnabled": True},
        {"securityEnabled": False},
        {"securityEnabled": False, "mailEnabled": True, "groupTypes": ["Unified"]},
        {"mailEnabled": True},
        {"visibility": "Public"},
    ],
)
def test_groups_of_the_wrong_kind_are_refused(keeper: Client, changes: dict[str, Any]) -> None:
    answer = create(keeper, **changes)
    assert (answer.status, answer.code) == (400, "Request_BadRequest")
    assert keeper.tenant.state.groups == {}


@pytest.mark.parametrize("visibility", [None, "Private", "Hidden", "HiddenMembership"])
def test_every_hidden_visibility_passes(keeper: Client, visibility: str | None) -> None:
    assert create(keeper, visibility=visibility).status == 201


def test_without_a_premium_licence_neither_the_group_nor_its_role_is_made(keeper: Client) -> None:
    group = keeper.tenant.add_group("From better days", assignable=True)
    keeper.tenant.set_sku_status("AAD_PREMIUM", "Suspended")
    for answer in (create(keeper), give_role(keeper, group.id)):
        assert (answer.status, answer.code, answer.message) == (403, "Authorization_RequestDenied", NO_PREMIUM)
    assert create(keeper, isAssignableToRole=False).status == 403  # RoleManagement alone makes no ordinary group


def test_a_licence_in_its_warning_period_still_counts(keeper: Client) -> None:
    keeper.tenant.set_sku_status("AAD_PREMIUM", "Warning")
    assert create(keeper).status == 201


def test_permissions_for_groups_are_not_enough(client_for: ClientFor, tenant: TenantHandle) -> None:
    client = client_for("Group.ReadWrite.All", "Directory.ReadWrite.All", "GroupMember.ReadWrite.All", "Group.Create")
    group, person = tenant.add_group("Keys", assignable=True), tenant.add_user()
    tenant.add_member(group, person)
    answers = [
        create(client),
        client.patch(f"/groups/{group.id}", {"displayName": "Mine"}),
        add(client, group.id, tenant.add_user().id),
        client.delete(f"/groups/{group.id}/members/{person.id}/$ref"),
        client.delete(f"/groups/{group.id}"),
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(403, "Authorization_RequestDenied")}
    assert list(group.members) == [person.id]
    assert create(client, isAssignableToRole=False).status == 201


def test_a_permission_for_members_changes_no_group_itself(client_for: ClientFor, tenant: TenantHandle) -> None:
    client = client_for("GroupMember.ReadWrite.All", ROLES)
    group = tenant.add_group("Ordinary")
    assert client.patch(f"/groups/{group.id}", {"displayName": "Other"}).status == 403
    assert add(client, group.id, tenant.add_user().id).status == 204


def test_there_are_five_hundred_at_most(keeper: Client) -> None:
    for number in range(499):
        keeper.tenant.add_group(f"Roles {number}", assignable=True)
    assert create(keeper).status == 201
    assert create(keeper).status == 400


def test_members_are_people_and_apps_once_each_and_no_groups(keeper: Client, tenant: TenantHandle) -> None:
    group_id = create(keeper).json["id"]
    app, person = tenant.service_principal(keeper.app), tenant.add_user()
    nested = tenant.add_group("Nested")
    assert add(keeper, group_id, person.id).status == 204
    assert add(keeper, group_id, app.id).status == 204
    again = add(keeper, group_id, app.id)
    assert (again.status, again.message) == (
        400,
        "One or more added object references already exist for the following modified properties: 'members'.",
    )
    assert add(keeper, group_id, nested.id).status == 400
    assert add(keeper, group_id, "11111111-2222-4333-8444-555555555555").status == 404
    assert {row["@odata.type"] for row in keeper.get(f"/groups/{group_id}/members").value} == {
        "#microsoft.graph.user", "#microsoft.graph.servicePrincipal",
    }  # fmt: skip
    assert keeper.delete(f"/groups/{group_id}/members/{app.id}/$ref").status == 204
    assert keeper.delete(f"/groups/{group_id}/members/{app.id}/$ref").status == 404


def test_a_group_cannot_be_put_in_at_birth_either(keeper: Client, tenant: TenantHandle) -> None:
    nested = f"https://graph.microsoft.com/v1.0/groups/{tenant.add_group('Nested').id}"
    person = f"https://graph.microsoft.com/v1.0/users/{tenant.add_user().id}"
    assert create(keeper, **{"members@odata.bind": [nested]}).status == 400
    assert create(keeper, **{"owners@odata.bind": [nested]}).status == 400
    assert create(keeper, **{"members@odata.bind": [person]}).status == 201


def test_an_ordinary_group_holds_no_role(keeper: Client, tenant: TenantHandle) -> None:
    answer = give_role(keeper, tenant.add_group("Ordinary").id)
    assert (answer.status, answer.code) == (400, "Request_BadRequest")
    assert answer.message == "Groups without IsAssignableToRole property set cannot be assigned to roles."


def test_a_role_through_a_group_is_a_role_of_the_app_until_the_group_goes(keeper: Client, tenant: TenantHandle) -> None:
    group_id = create(keeper).json["id"]
    principal = tenant.service_principal(keeper.app)
    assert give_role(keeper, group_id).status == 201
    assert add(keeper, group_id, principal.id).status == 204
    path = f"/servicePrincipals/{principal.id}/transitiveMemberOf/microsoft.graph.directoryRole"
    keeper.forget_token()
    assert [row["roleTemplateId"] for row in keeper.get(path).value] == [USER_ADMINISTRATOR]
    assert USER_ADMINISTRATOR in parts_of(keeper.token)[1]["wids"]
    assert keeper.delete(f"/groups/{group_id}").status == 204
    keeper.forget_token()
    assert keeper.get(path).value == []
    assert USER_ADMINISTRATOR not in parts_of(keeper.token)[1]["wids"]
    assert [a for a in tenant.state.role_assignments.values() if a.principal_id == group_id] == []


def test_a_group_holds_roles_through_pim_active_and_eligible(keeper: Client, tenant: TenantHandle) -> None:
    tenant.add_sku("AAD_PREMIUM_P2")
    principal = tenant.service_principal(keeper.app)
    group = tenant.add_group("Through PIM", assignable=True, members=[principal.id])
    ordinary = tenant.add_group("Ordinary")

    def ask(kind: str, principal_id: str) -> Answer:
        return keeper.post(
            f"{BASE}/role{kind}ScheduleRequests",
            {
                "action": "adminAssign",
                "justification": "Help desk",
                "principalId": principal_id,
                "roleDefinitionId": USER_ADMINISTRATOR,
                "directoryScopeId": "/",
                "scheduleInfo": {"expiration": {"type": "noExpiration"}},
            },
        )

    assert ask("Assignment", ordinary.id).status == 400
    assert ask("Eligibility", group.id).status == 201
    assert USER_ADMINISTRATOR not in parts_of(keeper.token)[1]["wids"]
    assert ask("Assignment", group.id).status == 201
    keeper.forget_token()
    assert USER_ADMINISTRATOR in parts_of(keeper.token)[1]["wids"]


def test_a_bought_licence_is_late(keeper: Client, sim: Handle, client_for: ClientFor, clock: StandingClock) -> None:
    bare = sim.new_tenant(name="Bare Bones")
    client = client_for(ROLES, "Organization.Read.All", at=bare)
    bare.set_lag(licence=600)
    bare.add_sku("AAD_PREMIUM_P2")
    assert client.get("/subscribedSkus").value == []
    assert create(client).message == NO_PREMIUM
    assert client.get(f"{BASE}/roleAssignmentSchedules").code == "AadPremiumLicenseRequired"
    clock.travel(seconds=601)
    assert [row["skuPartNumber"] for row in client.get("/subscribedSkus").value] == ["AAD_PREMIUM_P2"]
    assert create(client).status == 201
    assert client.get(f"{BASE}/roleAssignmentSchedules").status == 200


def test_licences_count_who_has_them(keeper: Client, client_for: ClientFor, tenant: TenantHandle) -> None:
    reader = client_for("Organization.Read.All")
    for _ in range(3):
        tenant.assign_licence(tenant.add_user(), "AAD_PREMIUM")
    found = {row["skuPartNumber"]: row["consumedUnits"] for row in reader.get("/subscribedSkus").value}
    assert found["AAD_PREMIUM"] == 3


def test_a_lost_answer_leaves_the_group_behind(keeper: Client, tenant: TenantHandle) -> None:
    tenant.fault("lost", method="POST", path="/groups")
    with pytest.raises(urllib3.exceptions.HTTPError):
        create(keeper)
    assert [group.display_name for group in tenant.state.groups.values()] == ["Help desk roles"]


CUSTOM = "microsoft.directory/users/"


@pytest.mark.parametrize(
    ("actions", "target_roles", "reset", "block", "unblock"),
    [
        (["password/update"], (), 204, 403, 403),
        (["disable"], (), 403, 204, 403),
        (["enable", "disable", "password/update"], (), 204, 204, 204),
        (["enable", "disable", "password/update"], ("Reports Reader",), 403, 403, 403),
        (["basic/update"], (), 403, 403, 403),
    ],
)
def test_a_custom_role_does_what_its_actions_say_to_who_is_no_administrator(
    client_for: ClientFor,
    tenant: TenantHandle,
    actions: list[str],
    target_roles: tuple[str, ...],
    reset: int,
    block: int,
    unblock: int,
) -> None:
    """AC-7.7."""
    client = client_for("User-PasswordProfile.ReadWrite.All", "User.EnableDisableAccount.All", "User.Read.All")
    role = tenant.add_custom_role("Desk", [CUSTOM + action for action in actions])
    tenant.assign_role(tenant.service_principal(client.app).id, role.id)
    target = tenant.add_user(roles=target_roles)
    assert client.reset(target.id).status == reset
    assert client.patch(f"/users/{target.id}", {"accountEnabled": False}).status == block
    assert client.patch(f"/users/{target.id}", {"accountEnabled": True}).status == unblock
