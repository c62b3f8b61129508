"""Privileged Identity Management in the simulator: licences, schedules, rules, ends, and who may."""

import datetime as dt
from typing import Any

import pytest
import urllib3
from tests.entrasim.client import Answer, Client
from tests.entrasim.conftest import StandingClock

from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator
from entrasim.tables.roles import by_name

PAA = by_name("Privileged Authentication Administrator").template_id
BASE = "/roleManagement/directory"
ENDS_AFTER_A_MONTH = {"isExpirationRequired": True, "maximumDuration": "P30D"}


@pytest.fixture
def p2(tenant: TenantHandle) -> TenantHandle:
    tenant.add_sku("AAD_PREMIUM_P2")
    return tenant


@pytest.fixture
def client(simulator: Simulator, sim: Handle, p2: TenantHandle) -> Client:
    app = sim.register_app(
        display_name="Role Giver", secret="s3cret", required_app_roles=["RoleManagement.ReadWrite.Directory"]
    )
    p2.consent(app=app)
    return Client(simulator, p2, app)


def principal_of(client: Client) -> str:
    return client.tenant.service_principal(client.app).id


def ask(client: Client, action: str = "adminAssign", **changes: object) -> Answer:
    body = {
        "action": action,
        "justification": "Help desk",
        "roleDefinitionId": PAA,
        "directoryScopeId": "/",
        "principalId": principal_of(client),
        "scheduleInfo": {"startDateTime": None, "expiration": {"type": "noExpiration"}},
        **changes,
    }
    return client.post(f"{BASE}/roleAssignmentScheduleRequests", body)


def instances(client: Client, kind: str = "roleAssignment") -> list[dict[str, Any]]:
    return client.get(f"{BASE}/{kind}ScheduleInstances?$filter=principalId eq '{principal_of(client)}'").value


@pytest.mark.parametrize("path", ["roleAssignmentScheduleInstances", "roleEligibilitySchedules"])
def test_without_a_licence_pim_says_which_is_needed(client: Client, path: str) -> None:
    client.tenant.set_sku_status("AAD_PREMIUM_P2", "Suspended")
    answer = client.get(f"{BASE}/{path}")
    assert (answer.status, answer.code) == (400, "AadPremiumLicenseRequired")
    assert answer.message == (
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
    )


def test_a_tenant_that_never_opened_pim_has_no_provider(client: Client) -> None:
    client.tenant.state.pim_is_onboarded = False
    assert client.get(f"{BASE}/roleAssignmentSchedules").code == "MissingProvider"


def test_a_permanent_active_assignment_is_a_role_everywhere(client: Client) -> None:
    answer = ask(client)
    assert (answer.status, answer.json["status"], answer.json["action"]) == (201, "Provisioned", "adminAssign")
    row = instances(client)[0]
    assert (row["roleDefinitionId"], row["endDateTime"], row["assignmentType"]) == (PAA, None, "Assigned")
    assert row["roleAssignmentScheduleId"] == answer.json["targetScheduleId"]
    assert [a["roleDefinitionId"] for a in client.get(f"{BASE}/roleAssignments").value if a["principalId"] ==
            principal_of(client)] == [PAA]  # fmt: skip
    again = ask(client)
    assert (again.status, again.code) == (400, "RoleAssignmentExists")


def test_a_direct_assignment_shows_as_a_schedule_too(client: Client) -> None:
    client.tenant.assign_role(principal_of(client), PAA)
    assert [row["endDateTime"] for row in instances(client)] == [None]
    schedules = client.get(f"{BASE}/roleAssignmentSchedules?$filter=principalId eq '{principal_of(client)}'").value
    assert schedules[0]["scheduleInfo"]["expiration"]["type"] == "noExpiration"


def test_an_assignment_with_an_end_is_over_when_the_clock_says_so(client: Client, clock: StandingClock) -> None:
    made = ask(client, scheduleInfo={"expiration": {"type": "afterDuration", "duration": "PT1H"}})
    assert made.status == 201
    assert instances(client)[0]["endDateTime"] is not None
    clock.travel(minutes=59)
    client.forget_token()
    assert len(instances(client)) == 1
    clock.travel(minutes=2)
    assert instances(client) == []
    assert all(a["principalId"] != principal_of(client) for a in client.get(f"{BASE}/roleAssignments").value)


def test_validation_only_asks_every_rule_and_changes_nothing(client: Client) -> None:
    assert ask(client, isValidationOnly=True).status == 201
    assert instances(client) == []
    client.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P180D")
    assert ask(client, isValidationOnly=True).code == "RoleAssignmentRequestPolicyValidationFailed"


@pytest.mark.parametrize(
    ("rule", "changes", "request_changes", "named"),
    [
        (
            "Expiration_Admin_Assignment",
            ENDS_AFTER_A_MONTH,
            {},
            "ExpirationRule",
        ),
        (
            "Expiration_Admin_Assignment",
            ENDS_AFTER_A_MONTH,
            {"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P31D"}}},
            "ExpirationRule",
        ),
        (
            "Enablement_Admin_Assignment",
            {"enabledRules": ["Justification"]},
            {"justification": " "},
            "JustificationRule",
        ),
        ("Enablement_Admin_Assignment", {"enabledRules": ["Ticketing"]}, {}, "TicketingRule"),
        ("Enablement_Admin_Assignment", {"enabledRules": ["MultiFactorAuthentication"]}, {}, "MfaRule"),
    ],
)
def test_a_broken_rule_is_named(
    client: Client, rule: str, changes: dict[str, Any], request_changes: dict[str, Any], named: str
) -> None:
    client.tenant.set_pim_rule(rule, **changes)
    answer = ask(client, **request_changes)
    assert (answer.status, answer.code) == (400, "RoleAssignmentRequestPolicyValidationFailed")
    assert answer.message == f'The following policy rules failed: ["{named}"]'


def test_the_longest_that_the_rule_allows_passes(client: Client) -> None:
    client.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P180D")
    assert ask(client, scheduleInfo={"expiration": {"type": "afterDuration", "duration": "P180D"}}).status == 201


def test_rules_are_read_per_role_and_only_with_the_demanded_filter(client: Client) -> None:
    client.tenant.set_pim_rule("Expiration_Admin_Assignment", role="User Administrator", isExpirationRequired=True)
    path = "/policies/roleManagementPolicyAssignments"
    assert client.get(path).status == 400
    condition = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{PAA}'"
    found = client.get(f"{path}?$filter={condition}&$expand=policy($expand=rules)").value
    assert len(found) == 1
    rules = {rule["id"]: rule for rule in found[0]["policy"]["rules"]}
    assert len(rules) == 17
    assert rules["Expiration_Admin_Assignment"]["isExpirationRequired"] is False
    assert rules["Enablement_Admin_Assignment"]["enabledRules"] == ["Justification"]
    assert PAA not in found[0]["policyId"]


def test_an_app_cannot_change_a_rule(client: Client) -> None:
    condition = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{PAA}'"
    policy = client.get(f"/policies/roleManagementPolicyAssignments?$filter={condition}").value[0]["policyId"]
    path = f"/policies/roleManagementPolicies/{policy}/rules/Expiration_Admin_Assignment"
    assert client.patch(path, {"isExpirationRequired": True}).status == 403


def test_removing_takes_five_minutes_and_only_what_is_there(client: Client, clock: StandingClock) -> None:
    assert ask(client, "adminRemove").code == "RoleAssignmentDoesNotExist"
    ask(client)
    assert ask(client, "adminRemove").code == "ActiveDurationTooShort"
    clock.travel(minutes=6)
    assert ask(client, "adminRemove").status == 201
    assert instances(client) == []


def test_eligible_gives_no_right_and_goes_with_the_licence_while_active_stays(client: Client) -> None:
    """AC-4.3: eligible assignments are removed at licence expiry while permanent ones stay."""
    tenant = client.tenant
    tenant.assign_by_pim(principal_of(client), PAA, eligible=True)
    tenant.assign_role(principal_of(client), "User Administrator")
    assert [row["roleDefinitionId"] for row in instances(client, "roleEligibility")] == [PAA]
    held = [a["roleDefinitionId"] for a in client.get(f"{BASE}/roleAssignments").value]
    assert PAA not in held
    tenant.set_sku_status("AAD_PREMIUM_P2", "Deleted")
    tenant.set_sku_status("AAD_PREMIUM_P2", "Enabled")
    assert instances(client, "roleEligibility") == []
    assert len(instances(client)) == 1


def test_a_request_waits_while_the_service_is_slow_to_provision(client: Client, clock: StandingClock) -> None:
    client.tenant.set_lag(pim=60)
    made = ask(client)
    assert made.json["status"] == "PendingProvisioning"
    assert instances(client) == []
    clock.travel(seconds=61)
    asked = client.get(f"{BASE}/roleAssignmentScheduleRequests/{made.json['id']}")
    assert asked.json["status"] == "Provisioned"
    assert len(instances(client)) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"principalId": "11111111-2222-4333-8444-555555555555"}, 404, "SubjectNotFound"),
        ({"roleDefinitionId": "11111111-2222-4333-8444-555555555555"}, 400, "RoleNotFound"),
        ({"action": "adminFrobnicate"}, 400, "Request_BadRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "PT1M"}}}, 400,
         "InvalidRoleAssignmentRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "soon"}}}, 400, "InvalidDuration"),
        ({"scheduleInfo": {"expiration": {"type": "afterDuration"}}}, 400, "InvalidDuration"),
        ({"scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P99999999Y"}}}, 400, "InvalidDuration"),
        ({"scheduleInfo": {"startDateTime": "9999-12-31T00:00:00Z",
                           "expiration": {"type": "afterDuration", "duration": "P30D"}}}, 400, "Request_BadRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterDateTime"}}}, 400, "Request_BadRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": "2020-01-01T00:00:00Z"}}}, 400,
         "InvalidRoleAssignmentRequest"),
        ({"scheduleInfo": {"expiration": {"type": "afterTheParty"}}}, 400, "Request_BadRequest"),
        ({"scheduleInfo": {"startDateTime": "tomorrow"}}, 400, "Request_BadRequest"),
        ({"scheduleInfo": {"expiration": "PT1H"}}, 400, "Request_BadRequest"),
        ({"scheduleInfo": "PT1H"}, 400, "BadRequest"),
        ({"ticketInfo": "INC-1"}, 400, "BadRequest"),
        ({"isValidationOnly": "true"}, 400, "BadRequest"),
        ({"endDateTime": "2100-01-01T00:00:00Z"}, 400, "BadRequest"),
        ({"principalId": None}, 400, "InvalidRoleAssignmentRequest"),
        ({"directoryScopeId": "/administrativeUnits/11111111-2222-4333-8444-555555555555"}, 404,
         "Request_ResourceNotFound"),
        ({"action": "selfExtend"}, 501, "NotImplemented"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_graphs_codes(client: Client, changes: dict[str, Any], status: int, code: str) -> None:
    answer = ask(client, **changes)
    assert (answer.status, answer.code) == (status, code)


def test_reading_needs_a_permission(simulator: Simulator, sim: Handle, p2: TenantHandle) -> None:
    app = sim.register_app(display_name="Reader", secret="s3cret", required_app_roles=["User.Read.All"])
    p2.consent(app=app)
    answer = Client(simulator, p2, app).get(f"{BASE}/roleAssignmentScheduleInstances")
    assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")


def test_the_last_global_administrator_cannot_be_removed(client: Client) -> None:
    administrator = by_name("Global Administrator").template_id
    answer = ask(client, "adminRemove", roleDefinitionId=administrator, principalId=client.tenant.admin.id)
    assert answer.status == 400
    assert "last Global Administrator" in answer.message


def test_a_start_later_is_a_schedule_before_it_is_a_role(client: Client, clock: StandingClock) -> None:
    begin = clock.now() + dt.timedelta(hours=2)
    info = {"startDateTime": begin.isoformat(), "expiration": {"type": "noExpiration"}}
    assert ask(client, scheduleInfo=info).status == 201
    assert instances(client) == []
    assert len(client.get(f"{BASE}/roleAssignmentSchedules?$filter=principalId eq '{principal_of(client)}'").value) == 1
    clock.travel(hours=3)
    client.forget_token()
    assert len(instances(client)) == 1


def test_a_lost_answer_leaves_the_assignment_and_a_stale_read_does_not_show_it(client: Client) -> None:
    client.tenant.fault("lost", method="POST", path=f"{BASE}/roleAssignmentScheduleRequests")
    with pytest.raises(urllib3.exceptions.HTTPError):
        ask(client)
    client.tenant.fault("stale", method="GET", path=f"{BASE}/roleAssignmentScheduleInstances")
    assert instances(client) == []
    assert len(instances(client)) == 1
    assert ask(client).code == "RoleAssignmentExists"


def test_what_is_taken_away_directly_is_gone_from_pim_too(client: Client) -> None:
    ask(client)
    held = instances(client)[0]
    assert client.delete(f"{BASE}/roleAssignments/{held['id']}").status == 204
    assert instances(client) == []
    assert client.get(f"{BASE}/roleAssignmentSchedules/{held['roleAssignmentScheduleId']}").status == 404
    assert ask(client).status == 201


def test_schedules_instances_and_requests_are_read_one_by_one(client: Client) -> None:
    made = ask(client).json
    eligible = client.tenant.assign_by_pim(principal_of(client), "User Administrator", eligible=True)
    held = instances(client)[0]
    for path in (
        f"roleAssignmentScheduleRequests/{made['id']}",
        f"roleAssignmentSchedules/{made['targetScheduleId']}",
        f"roleAssignmentScheduleInstances/{held['id']}",
        f"roleEligibilitySchedules/{eligible.schedule_id}",
        f"roleEligibilityScheduleInstances/{eligible.id}",
    ):
        answer = client.get(f"{BASE}/{path}?$expand=roleDefinition,principal")
        assert answer.json["id"] == path.partition("/")[2]
        assert answer.json["principal"]["@odata.type"] == "#microsoft.graph.servicePrincipal"
        assert answer.json["roleDefinition"]["displayName"]
    assert client.get(f"{BASE}/roleEligibilitySchedules/{made['id']}").status == 404


def test_lists_come_in_pages_and_are_filtered(client: Client) -> None:
    for name in ("Reports Reader", "Message Center Reader", "Directory Readers"):
        client.tenant.assign_by_pim(principal_of(client), name)
    mine = f"$filter=principalId eq '{principal_of(client)}' and assignmentType eq 'Assigned'"
    first = client.get(f"{BASE}/roleAssignmentScheduleInstances?{mine}&$top=2")
    assert len(first.value) == 2
    rest = client.get(first.json["@odata.nextLink"])
    assert len(rest.value) == 1
    assert "@odata.nextLink" not in rest.json
    reader = by_name("Reports Reader").template_id
    found = client.get(f"{BASE}/roleAssignmentSchedules?$filter=roleDefinitionId eq '{reader}'&$select=principalId")
    assert [sorted(row) for row in found.value] == [["id", "principalId"]]


def test_a_permission_to_remove_does_not_assign(
    simulator: Simulator, sim: Handle, p2: TenantHandle, clock: StandingClock
) -> None:
    app = sim.register_app(secret="s3cret", required_app_roles=["RoleAssignmentSchedule.Remove.Directory"])
    principal = p2.consent(app=app)
    remover = Client(simulator, p2, app)
    assert ask(remover).status == 403
    p2.assign_by_pim(principal.id, PAA)
    clock.travel(minutes=6)
    assert ask(remover, "adminRemove").status == 201


def test_an_end_is_moved_by_update_and_extension(client: Client, clock: StandingClock) -> None:
    ask(client, scheduleInfo={"expiration": {"type": "afterDuration", "duration": "PT1H"}})
    later = clock.now() + dt.timedelta(days=3)
    info = {"expiration": {"type": "afterDateTime", "endDateTime": later.isoformat()}}
    assert ask(client, "adminExtend", scheduleInfo=info).status == 201
    assert dt.datetime.fromisoformat(instances(client)[0]["endDateTime"]) == later
    assert ask(client, "adminUpdate", scheduleInfo={"expiration": {"type": "noExpiration"}}).status == 201
    assert instances(client)[0]["endDateTime"] is None


def test_the_last_global_administrator_stays_when_the_time_is_over(client: Client, clock: StandingClock) -> None:
    administrator = client.tenant.admin
    client.tenant.assign_by_pim(
        administrator.id, "Global Administrator", ends_at=clock.now() + dt.timedelta(minutes=10)
    )
    clock.travel(minutes=11)
    client.forget_token()
    found = client.get(f"{BASE}/roleAssignmentScheduleInstances?$filter=principalId eq '{administrator.id}'").value
    assert [row["endDateTime"] for row in found] == [None]


def test_validation_is_granted_and_leaves_no_request(client: Client) -> None:
    answer = ask(client, isValidationOnly=True)
    assert (answer.json["status"], answer.json["isValidationOnly"]) == ("Granted", True)
    assert client.get(f"{BASE}/roleAssignmentScheduleRequests").value == []
