"""Eligible assignments in the simulator: who activates them, for how long, by which rules; and rules that change."""

import datetime as dt
import uuid
from typing import Any

import pytest
from tests.entrasim.client import Answer, Client
from tests.entrasim.conftest import StandingClock
from tests.entrasim.delegated_client import BACK, Person

from entrasim.effective import tenant_wide_roles
from entrasim.handle import Handle, TenantHandle
from entrasim.keys import parts_of
from entrasim.server import Simulator
from entrasim.state import AppRegistration, User
from entrasim.tables.roles import by_name

ROLE = by_name("User Administrator").template_id
BASE = "/roleManagement/directory"
SCOPES = ("RoleManagement.ReadWrite.Directory", "RoleManagementPolicy.ReadWrite.Directory", "User.Read")


@pytest.fixture
def p2(tenant: TenantHandle) -> TenantHandle:
    tenant.add_sku("AAD_PREMIUM_P2")
    return tenant


@pytest.fixture
def console(sim: Handle, p2: TenantHandle) -> AppRegistration:
    app = sim.register_app(display_name="Console", secret="a-secret", redirect_uris=[BACK])
    p2.consent_delegated(app, SCOPES)
    return app


@pytest.fixture
def dana(p2: TenantHandle) -> User:
    return p2.add_user(name=f"Dana {uuid.uuid4().hex[:6]}")


@pytest.fixture
def holder(simulator: Simulator, p2: TenantHandle, console: AppRegistration, dana: User) -> Client:
    return Person(simulator, p2, console, dana).signed_in(*SCOPES)


def ask(client: Client, principal_id: str, action: str = "selfActivate", **changes: object) -> Answer:
    body = {
        "action": action,
        "justification": "A user is locked out",
        "roleDefinitionId": ROLE,
        "directoryScopeId": "/",
        "principalId": principal_id,
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT2H"}},
        **changes,
    }
    return client.post(f"{BASE}/roleAssignmentScheduleRequests", body)


def mine(client: Client, kind: str) -> list[dict[str, Any]]:
    return client.get(f"{BASE}/role{kind}ScheduleInstances/filterByCurrentUser(on='principal')").value


def test_an_eligible_user_activates_the_role_until_its_end(
    holder: Client, p2: TenantHandle, dana: User, clock: StandingClock
) -> None:
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    assert [row["roleDefinitionId"] for row in mine(holder, "Eligibility")] == [ROLE]
    assert mine(holder, "Assignment") == []
    answer = ask(holder, dana.id)
    assert (answer.status, answer.json["status"], answer.json["createdBy"]["user"]["id"]) == (
        201, "Provisioned", dana.id)  # fmt: skip
    row = mine(holder, "Assignment")[0]
    assert (row["assignmentType"], row["roleAssignmentScheduleId"]) == ("Activated", answer.json["targetScheduleId"])
    assert ask(holder, dana.id).code == "RoleAssignmentExists"
    assert tenant_wide_roles(p2.state, dana.id, clock.now()) == {ROLE}
    clock.travel(hours=2, minutes=1)
    assert tenant_wide_roles(p2.state, dana.id, clock.now()) == frozenset()
    assert len(p2.state.role_eligibilities) == 1


def test_what_was_activated_is_in_the_next_token(
    simulator: Simulator, console: AppRegistration, holder: Client, p2: TenantHandle, dana: User
) -> None:
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    assert ROLE not in parts_of(holder.token)[1]["wids"]
    assert ask(holder, dana.id).status == 201
    again = Person(simulator, p2, console, dana).signed_in(*SCOPES)
    assert ROLE in parts_of(again.token)[1]["wids"]


def test_an_activation_is_for_the_holder_alone(holder: Client, p2: TenantHandle, dana: User) -> None:
    other = p2.add_user(name="Other Person")
    p2.assign_by_pim(other.id, "User Administrator", eligible=True)
    assert ask(holder, dana.id).code == "RoleAssignmentDoesNotExist"
    assert ask(holder, other.id).status == 403
    assert ask(holder, dana.id, "adminAssign").status == 403
    assert holder.get(f"{BASE}/roleEligibilityScheduleInstances").status == 403


def test_an_app_has_nothing_to_activate(simulator: Simulator, sim: Handle, p2: TenantHandle) -> None:
    app = sim.register_app(secret="s3cret", required_app_roles=["RoleManagement.ReadWrite.Directory"])
    principal = p2.consent(app)
    p2.assign_by_pim(principal.id, "User Administrator", eligible=True)
    client = Client(simulator, p2, app)
    assert ask(client, principal.id).status == 403
    assert client.get(f"{BASE}/roleEligibilityScheduleInstances/filterByCurrentUser(on='principal')").status == 403


def test_a_member_of_an_eligible_group_activates_too(holder: Client, p2: TenantHandle, dana: User) -> None:
    group = p2.add_group("On call", assignable=True, members=[dana])
    p2.assign_by_pim(group.id, "User Administrator", eligible=True)
    assert [row["memberType"] for row in mine(holder, "Eligibility")] == ["Group"]
    assert ask(holder, dana.id).status == 201
    assert {a.principal_id for a in p2.state.role_assignments.values() if a.role_definition_id == ROLE} == {dana.id}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT9H"}}}, '["ExpirationRule"]'),
        ({"scheduleInfo": {"expiration": {"type": "noExpiration"}}}, '["ExpirationRule"]'),
        ({"justification": ""}, '["JustificationRule"]'),
        ({"justification": None, "scheduleInfo": None}, '["ExpirationRule","JustificationRule"]'),
    ],
)
def test_the_rules_of_activation_are_microsofts_defaults(
    holder: Client, p2: TenantHandle, dana: User, changes: dict[str, Any], named: str
) -> None:
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    answer = ask(holder, dana.id, **changes)
    assert (answer.status, answer.code) == (400, "RoleAssignmentRequestPolicyValidationFailed")
    assert answer.message.endswith(named)


def test_a_user_without_multifactor_authentication_activates_nothing(
    simulator: Simulator, p2: TenantHandle, console: AppRegistration, dana: User
) -> None:
    dana.signs_in_with_mfa = False
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    client = Person(simulator, p2, console, dana).signed_in(*SCOPES)
    assert ask(client, dana.id).message.endswith('["MfaRule"]')
    p2.set_pim_rule("AuthenticationContext_EndUser_Assignment", isEnabled=True, claimValue="c1")
    p2.set_pim_rule("Enablement_EndUser_Assignment", enabledRules=[])
    assert ask(client, dana.id).code == "RoleAssignmentRequestAcrsValidationFailed"


def test_an_activation_that_needs_approval_waits_for_it(holder: Client, p2: TenantHandle, dana: User) -> None:
    p2.set_pim_rule("Approval_EndUser_Assignment", setting={"isApprovalRequired": True})
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    first = ask(holder, dana.id).json
    assert (first["status"], mine(holder, "Assignment")) == ("PendingApproval", [])
    assert ask(holder, dana.id).code == "PendingRoleAssignmentRequest"
    assert holder.post(f"{BASE}/roleAssignmentScheduleRequests/{first['id']}/cancel").status == 204
    assert holder.post(f"{BASE}/roleAssignmentScheduleRequests/{first['id']}/cancel").status == 400
    second = ask(holder, dana.id).json
    p2.decide_activation(second["id"], approved=False)
    assert mine(holder, "Assignment") == []
    third = ask(holder, dana.id).json
    p2.decide_activation(third["id"])
    assert [row["assignmentType"] for row in mine(holder, "Assignment")] == ["Activated"]


def test_an_activation_ends_early_after_five_minutes(
    holder: Client, p2: TenantHandle, dana: User, clock: StandingClock
) -> None:
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True)
    assert ask(holder, dana.id, "selfDeactivate").code == "RoleAssignmentDoesNotExist"
    assert ask(holder, dana.id).status == 201
    assert ask(holder, dana.id, "selfDeactivate").code == "ActiveDurationTooShort"
    clock.travel(minutes=6)
    assert ask(holder, dana.id, "selfDeactivate").status == 201
    assert mine(holder, "Assignment") == []


def test_an_activation_never_outlasts_what_it_comes_from(
    holder: Client, p2: TenantHandle, dana: User, clock: StandingClock
) -> None:
    ends_at = clock.now() + dt.timedelta(minutes=30)
    p2.assign_by_pim(dana.id, "User Administrator", eligible=True, ends_at=ends_at)
    assert ask(holder, dana.id).status == 201
    assert [a.ends_at for a in p2.state.role_assignments.values() if a.principal_id == dana.id] == [ends_at]


def rule_path(client: Client, rule_id: str) -> str:
    condition = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{ROLE}'"
    policy = client.get(f"/policies/roleManagementPolicyAssignments?$filter={condition}").value[0]["policyId"]
    return f"/policies/roleManagementPolicies/{policy}/rules/{rule_id}"


def test_who_manages_roles_changes_a_rule_and_others_do_not(
    simulator: Simulator, p2: TenantHandle, console: AppRegistration, holder: Client
) -> None:
    admin = Person(simulator, p2, console, p2.admin).signed_in(*SCOPES)
    path = rule_path(admin, "Expiration_Admin_Assignment")
    rule = admin.get(path).json
    assert rule["target"] == {
        "caller": "Admin", "operations": ["All"], "level": "Assignment", "inheritableSettings": [],
        "enforcedSettings": [],
    }  # fmt: skip
    assert holder.patch(path, {"isExpirationRequired": True}).status == 403
    changed = admin.patch(path, {**rule, "isExpirationRequired": True, "maximumDuration": "P30D"})
    assert (changed.status, changed.json["maximumDuration"]) == (200, "P30D")
    assert admin.get(path).json["isExpirationRequired"] is True
    broken = ask(admin, holder_id(holder), "adminAssign", scheduleInfo={"expiration": {"type": "noExpiration"}})
    assert broken.message.endswith('["ExpirationRule"]')


def holder_id(client: Client) -> str:
    return str(parts_of(client.token)[1]["oid"])


@pytest.mark.parametrize(
    ("rule_id", "body"),
    [
        ("Expiration_Admin_Assignment", {"isExpirationRequired": "yes"}),
        ("Expiration_Admin_Assignment", {"maximumDuration": "a month"}),
        ("Enablement_Admin_Assignment", {"enabledRules": ["Prayer"]}),
    ],
)
def test_a_rule_takes_no_nonsense(
    simulator: Simulator, p2: TenantHandle, console: AppRegistration, rule_id: str, body: dict[str, Any]
) -> None:
    admin = Person(simulator, p2, console, p2.admin).signed_in(*SCOPES)
    assert admin.patch(rule_path(admin, rule_id), body).status == 400


def test_policies_are_listed_with_their_rules(simulator: Simulator, p2: TenantHandle, console: AppRegistration) -> None:
    admin = Person(simulator, p2, console, p2.admin).signed_in(*SCOPES)
    assert admin.get("/policies/roleManagementPolicies").status == 400
    condition = "scopeId eq '/' and scopeType eq 'DirectoryRole'"
    found = admin.get(f"/policies/roleManagementPolicies?$filter={condition}&$expand=rules").value
    assert len({row["id"] for row in found}) == len(found) > 100
    assert {len(row["rules"]) for row in found} == {17}
