"""PIM over Graph: schedules, their instances now, requests that make them, and the policies of roles."""

import datetime as dt
from typing import Any

from entrasim import pim, roles, shapes
from entrasim.effective import is_current
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.odata.filters import compile_filter
from entrasim.odata.pages import Getter, link, seal, unseal
from entrasim.routes.groups import directory_object, no_premium
from entrasim.state import RoleAssignment, new_id
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.tables.skus import PREMIUM_PLANS, has_plan
from entrasim.web import Call, Reply, route

AREA = "pim"
_BASE = "/roleManagement/directory"
_PAGE = 100
_NAMES = ("id", "principalId", "roleDefinitionId", "directoryScopeId", "assignmentType", "memberType", "status",
          "action", "targetScheduleId", "createdDateTime", "endDateTime", "startDateTime")  # fmt: skip


def _by_name(name: str) -> Getter:
    def read(row: dict[str, Any]) -> Any:  # noqa: ANN401  any property
        return row.get(name)

    return read


def _answer(call: Call, rows: list[dict[str, Any]], fragment: str) -> Reply:
    """Filter, expand, select and page rows."""
    if call.query.filter:
        compiled = compile_filter(call.query.filter, {name: _by_name(name) for name in _NAMES})
        rows = [row for row in rows if compiled.matches(row)]
    offset = int(unseal(call.query.raw["skiptoken"])["offset"]) if "skiptoken" in call.query.raw else 0
    size = call.query.top or _PAGE
    body: dict[str, Any] = {"@odata.context": call.metadata(fragment)}
    if call.query.count:
        body["@odata.count"] = len(rows)
    if len(rows) > offset + size:
        token = seal({"offset": offset + size})
        body["@odata.nextLink"] = link(call, {**call.query.without("skiptoken"), "$skiptoken": token})
    shown = [_expanded(call, row) for row in rows[offset : offset + size]]
    if call.query.select:
        kept = {*call.query.select, "id", *_expand(call)}
        shown = [{name: value for name, value in row.items() if name in kept} for row in shown]
    body["value"] = shown
    return Reply(200, body)


def _expand(call: Call) -> list[str]:
    parts = call.query.raw.get("expand", "").split(",")
    return [part.strip().partition("(")[0] for part in parts if part.strip()]


def _expanded(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    row = dict(row)
    for name in _expand(call):
        if name == "roleDefinition":
            row[name] = shapes.role_definition(call.tenant, str(row["roleDefinitionId"]))
        elif name == "principal":
            item = directory_object(call, str(row["principalId"]))
            row[name] = None if item is None else shapes.directory_object(call.tenant, item, ())
        else:
            raise bad_request(f"Could not find a property named '{name}'.")
    return row


def _ready(call: Call) -> dt.datetime:
    """What every question to PIM begins with; returns the time."""
    pim.require_available(call.tenant)
    pim.settle(call.tenant, call.view.now)
    return call.view.now


def _held(call: Call, *, eligible: bool) -> list[RoleAssignment]:
    held = call.tenant.role_eligibilities if eligible else call.tenant.role_assignments
    return sorted(held.values(), key=lambda item: item.id)


def _schedule_id(item: RoleAssignment) -> str:
    """Assignments made directly have a schedule too; its id is the assignment's own."""
    return item.schedule_id or item.id


def _info(item: RoleAssignment) -> dict[str, Any]:
    kind = "noExpiration" if item.ends_at is None else "afterDateTime"
    return {
        "startDateTime": item.starts_at or item.created_date_time,
        "recurrence": None,
        "expiration": {"type": kind, "endDateTime": item.ends_at, "duration": None},
    }


def _schedule(item: RoleAssignment, *, eligible: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": _schedule_id(item),
        "principalId": item.principal_id,
        "roleDefinitionId": item.role_definition_id,
        "directoryScopeId": item.directory_scope_id,
        "appScopeId": None,
        "createdUsing": item.schedule_id or None,
        "createdDateTime": item.created_date_time,
        "modifiedDateTime": None,
        "status": "Provisioned",
        "scheduleInfo": _info(item),
        "memberType": "Direct",
    }
    return row if eligible else {**row, "assignmentType": "Activated" if item.is_activated else "Assigned"}


def _instance(item: RoleAssignment, *, eligible: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": item.id,
        "principalId": item.principal_id,
        "roleDefinitionId": item.role_definition_id,
        "directoryScopeId": item.directory_scope_id,
        "appScopeId": None,
        "startDateTime": item.starts_at or item.created_date_time,
        "endDateTime": item.ends_at,
        "memberType": "Direct",
    }
    if eligible:
        return {**row, "roleEligibilityScheduleId": _schedule_id(item)}
    return {
        **row,
        "assignmentType": "Activated" if item.is_activated else "Assigned",
        "roleAssignmentOriginId": item.id,
        "roleAssignmentScheduleId": _schedule_id(item),
    }


def _instances(call: Call, *, eligible: bool, fragment: str) -> Reply:
    now = _ready(call)
    current = [item for item in _held(call, eligible=eligible) if is_current(call.tenant, item, now)]
    return _answer(call, [_instance(item, eligible=eligible) for item in current], fragment)


@route("GET", f"{_BASE}/roleAssignmentScheduleInstances", area=AREA, summary="Active now, with its end",
       operation="GET /roleManagement/directory/roleAssignmentScheduleInstances")  # fmt: skip
def assignment_instances(call: Call) -> Reply:
    """List roleAssignmentScheduleInstances."""
    return _instances(call, eligible=False, fragment="roleManagement/directory/roleAssignmentScheduleInstances")


@route("GET", f"{_BASE}/roleEligibilityScheduleInstances", area=AREA, summary="Can be activated now",
       operation="GET /roleManagement/directory/roleEligibilityScheduleInstances")  # fmt: skip
def eligibility_instances(call: Call) -> Reply:
    """List roleEligibilityScheduleInstances."""
    return _instances(call, eligible=True, fragment="roleManagement/directory/roleEligibilityScheduleInstances")


@route("GET", f"{_BASE}/roleAssignmentSchedules", area=AREA, summary="Active assignments, those of later included",
       operation="GET /roleManagement/directory/roleAssignmentSchedules")  # fmt: skip
def assignment_schedules(call: Call) -> Reply:
    """List roleAssignmentSchedules."""
    _ready(call)
    rows = [_schedule(item, eligible=False) for item in _held(call, eligible=False)]
    return _answer(call, rows, "roleManagement/directory/roleAssignmentSchedules")


@route("GET", f"{_BASE}/roleEligibilitySchedules", area=AREA, summary="Eligible assignments",
       operation="GET /roleManagement/directory/roleEligibilitySchedules")  # fmt: skip
def eligibility_schedules(call: Call) -> Reply:
    """List roleEligibilitySchedules."""
    _ready(call)
    rows = [_schedule(item, eligible=True) for item in _held(call, eligible=True)]
    return _answer(call, rows, "roleManagement/directory/roleEligibilitySchedules")


def _requests(call: Call, *, eligible: bool) -> list[dict[str, Any]]:
    kind = "eligibility" if eligible else "assignment"
    found = [dict(row) for row in call.tenant.pim_requests.values() if row["kind"] == kind]
    for row in found:
        del row["kind"]
        row["status"] = _status(call, row)
    return found


def _status(call: Call, row: dict[str, Any]) -> str:
    made = row["createdDateTime"]
    is_pending = made + dt.timedelta(seconds=call.tenant.lag.pim) > call.view.now
    return "PendingProvisioning" if is_pending and row["status"] == "Provisioned" else str(row["status"])


@route("GET", f"{_BASE}/roleAssignmentScheduleRequests", area=AREA, summary="What was asked for",
       operation="GET /roleManagement/directory/roleAssignmentScheduleRequests")  # fmt: skip
def assignment_requests(call: Call) -> Reply:
    """List roleAssignmentScheduleRequests."""
    _ready(call)
    rows = _requests(call, eligible=False)
    return _answer(call, rows, "roleManagement/directory/roleAssignmentScheduleRequests")


@route("GET", f"{_BASE}/roleAssignmentScheduleRequests/<request>", area=AREA, summary="One request",
       operation="GET /roleManagement/directory/roleAssignmentScheduleRequests")  # fmt: skip
def assignment_request(call: Call) -> Reply:
    """Get unifiedRoleAssignmentScheduleRequest."""
    _ready(call)
    found = next((r for r in _requests(call, eligible=False) if r["id"] == call.args["request"].lower()), None)
    if found is None:
        raise not_found(call.args["request"])
    fragment = call.metadata("roleManagement/directory/roleAssignmentScheduleRequests/$entity")
    return Reply(200, {"@odata.context": fragment, **_expanded(call, found)})


@route("GET", f"{_BASE}/roleEligibilityScheduleRequests", area=AREA, summary="What was asked for",
       operation="GET /roleManagement/directory/roleEligibilityScheduleRequests")  # fmt: skip
def eligibility_requests(call: Call) -> Reply:
    """List roleEligibilityScheduleRequests."""
    _ready(call)
    return _answer(call, _requests(call, eligible=True), "roleManagement/directory/roleEligibilityScheduleRequests")


@route("POST", f"{_BASE}/roleAssignmentScheduleRequests", area=AREA,
       summary="adminAssign, adminUpdate, adminExtend, adminRenew, adminRemove; isValidationOnly",
       operation="POST /roleManagement/directory/roleAssignmentScheduleRequests")  # fmt: skip
def request_assignment(call: Call) -> Reply:
    """Create roleAssignmentScheduleRequests."""
    return _request(call, eligible=False)


@route("POST", f"{_BASE}/roleEligibilityScheduleRequests", area=AREA,
       summary="adminAssign, adminUpdate, adminExtend, adminRenew, adminRemove; isValidationOnly",
       operation="POST /roleManagement/directory/roleEligibilityScheduleRequests")  # fmt: skip
def request_eligibility(call: Call) -> Reply:
    """Create roleEligibilityScheduleRequests."""
    return _request(call, eligible=True)


def _request(call: Call, *, eligible: bool) -> Reply:
    now = _ready(call)
    body = call.json()
    for name in ("action", "principalId", "roleDefinitionId", "directoryScopeId"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise bad_request(f"The value of property '{name}' is required.", code="InvalidRoleAssignmentRequest")
    action = body["action"]
    if action in {"selfActivate", "selfDeactivate", "selfExtend", "selfRenew"}:
        raise GraphError(501, "NotImplemented", f"entrasim does not simulate the action {action} yet.")
    if action not in {"adminAssign", "adminUpdate", "adminExtend", "adminRenew", "adminRemove"}:
        raise bad_request(f"Requested value '{action}' was not found.")
    role_id = pim.require_role_definition(call.tenant, body["roleDefinitionId"])
    scope = pim.require_scope(call.tenant, body["directoryScopeId"])
    principal_id = _principal(call, body["principalId"])
    held = pim.find(
        call.tenant.role_eligibilities if eligible else call.tenant.role_assignments, principal_id, role_id, scope
    )
    made: RoleAssignment | None
    if action == "adminRemove":
        made = _remove(call, held, now, is_validation=bool(body.get("isValidationOnly")))
    else:
        made = _assign(call, body, held, eligible=eligible, principal_id=principal_id, role_id=role_id, scope=scope)
    row = _row(call, body, principal_id=principal_id, role_id=role_id, made=made)
    if not body.get("isValidationOnly"):
        call.tenant.pim_requests[row["id"]] = {**row, "kind": "eligibility" if eligible else "assignment"}
        call.effect = True
    row["status"] = _status(call, row)
    kind = "Eligibility" if eligible else "Assignment"
    fragment = call.metadata(f"roleManagement/directory/role{kind}ScheduleRequests/$entity")
    return Reply(201, {"@odata.context": fragment, **row})


def _principal(call: Call, principal_id: str) -> str:
    principal = directory_object(call, principal_id)
    is_too_new = principal is not None and (
        (call.view.now - principal.created_date_time).total_seconds() < call.tenant.lag.new_object
    )
    if principal is None or is_too_new:
        raise GraphError(404, "SubjectNotFound", "The subject is not found.")
    group = call.tenant.groups.get(principal.id)
    if group is not None:
        if not has_plan(call.tenant.skus, PREMIUM_PLANS):
            raise no_premium()
        if not group.is_assignable_to_role:
            raise bad_request("The group is not assignable to roles.", code="InvalidRoleAssignmentRequest")
    return principal.id


def _remove(call: Call, held: RoleAssignment | None, now: dt.datetime, *, is_validation: bool) -> RoleAssignment:
    if held is None:
        raise GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    if roles.is_last_global_administrator(call.tenant, held):
        raise bad_request("The last Global Administrator assignment cannot be removed.",
                          code="InvalidRoleAssignmentRequest")  # fmt: skip
    if held.schedule_id and now - held.created_date_time < pim.SHORTEST:
        raise GraphError(400, "ActiveDurationTooShort", "The active duration is too short: five minutes at least.")
    if not is_validation:
        pim.withdraw(call.tenant, held, now=now, call=call)
    return held


def _assign(
    call: Call,
    body: dict[str, Any],
    held: RoleAssignment | None,
    *,
    eligible: bool,
    principal_id: str,
    role_id: str,
    scope: str,
) -> RoleAssignment | None:
    now = call.view.now
    if body["action"] == "adminAssign" and held is not None and (held.ends_at is None or held.ends_at > now):
        raise GraphError(400, "RoleAssignmentExists", "The Role assignment already exists.")
    if body["action"] != "adminAssign" and held is None:
        raise GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    starts_at, ends_at = pim.schedule_info(body, now)
    broken = pim.failing_rules(
        call.tenant,
        role_id,
        kind="Eligibility" if eligible else "Assignment",
        ends_after=None if ends_at is None else ends_at - max(starts_at, now),
        justification=str(body.get("justification") or ""),
        ticket=str((body.get("ticketInfo") or {}).get("ticketNumber") or ""),
        has_mfa="mfa" in call.token.amr,
    )
    if broken:
        listed = ",".join(f'"{name}"' for name in broken)
        raise GraphError(
            400, "RoleAssignmentRequestPolicyValidationFailed", f"The following policy rules failed: [{listed}]"
        )
    if body.get("isValidationOnly"):
        return held
    return pim.assign(
        call.tenant,
        principal_id=principal_id,
        role_id=role_id,
        scope=scope,
        kind="Eligible" if eligible else "Active",
        starts_at=starts_at,
        ends_at=ends_at,
        now=now,
        call=call,
    )


def _row(
    call: Call, body: dict[str, Any], *, principal_id: str, role_id: str, made: RoleAssignment | None
) -> dict[str, Any]:
    now = call.view.now
    is_app = not call.token.is_delegated
    creator = {"id": call.token.object_id, "displayName": None}
    info = body.get("scheduleInfo") or {}
    removed = body["action"] == "adminRemove"
    return {
        "id": new_id(),
        "status": "Revoked" if removed else "Provisioned",
        "createdDateTime": now,
        "completedDateTime": now,
        "approvalId": None,
        "customData": None,
        "action": body["action"],
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "directoryScopeId": body["directoryScopeId"],
        "appScopeId": None,
        "isValidationOnly": bool(body.get("isValidationOnly")),
        "targetScheduleId": None if made is None else _schedule_id(made),
        "justification": body.get("justification"),
        "createdBy": {
            "application": creator if is_app else None,
            "device": None,
            "user": None if is_app else creator,
        },
        "scheduleInfo": None
        if removed
        else {
            "startDateTime": info.get("startDateTime") or now,
            "recurrence": None,
            "expiration": {"type": "notSpecified", "endDateTime": None, "duration": None, **info.get("expiration", {})},
        },
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None, **(body.get("ticketInfo") or {})},
    }


# --- policies ---------------------------------------------------------------------------------------------------------


def _policy(call: Call, role_id: str, *, with_rules: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": pim.policy_id(call.tenant, role_id),
        "displayName": "DirectoryRole",
        "description": "DirectoryRole",
        "isOrganizationDefault": False,
        "scopeId": "/",
        "scopeType": "DirectoryRole",
        "lastModifiedDateTime": None,
        "lastModifiedBy": {"id": None, "displayName": ""},
    }
    if with_rules:
        row["rules"] = [pim.rule_row(call.tenant, role_id, rule_id) for rule_id in pim.RULE_IDS]
    return row


def _role_ids(call: Call) -> list[str]:
    return [*BUILTIN_ROLES, *call.tenant.custom_roles]


def _require_policy(call: Call) -> str:
    """The role whose policy the path names."""
    wanted = call.args["policy"].lower()
    for role_id in _role_ids(call):
        if pim.policy_id(call.tenant, role_id).lower() == wanted:
            return role_id
    raise not_found(call.args["policy"])


@route("GET", "/policies/roleManagementPolicyAssignments", area=AREA,
       summary="$filter with scopeId and scopeType is demanded; $expand=policy($expand=rules)",
       operation="GET /policies/roleManagementPolicyAssignments")  # fmt: skip
def policy_assignments(call: Call) -> Reply:
    """List roleManagementPolicyAssignments."""
    _ready(call)
    condition = call.query.filter or ""
    if "scopeId" not in condition or "scopeType" not in condition:
        raise bad_request("The filter for scopeId and scopeType is required.", code="InvalidFilter")
    names = ("id", "policyId", "scopeId", "scopeType", "roleDefinitionId")
    expand = call.query.raw.get("expand", "").replace(" ", "")
    rows: list[dict[str, Any]] = []
    for role_id in _role_ids(call):
        policy_id = pim.policy_id(call.tenant, role_id)
        rows.append(
            {
                "id": f"{policy_id}_{role_id}",
                "policyId": policy_id,
                "scopeId": "/",
                "scopeType": "DirectoryRole",
                "roleDefinitionId": role_id,
            }
        )
    compiled = compile_filter(condition, {name: _by_name(name) for name in names})
    rows = [row for row in rows if compiled.matches(row)]
    if expand.startswith("policy"):
        with_rules = "rules" in expand
        rows = [{**row, "policy": _policy(call, str(row["roleDefinitionId"]), with_rules=with_rules)} for row in rows]
    fragment = call.metadata("policies/roleManagementPolicyAssignments")
    return Reply(200, {"@odata.context": fragment, "value": rows})


@route("GET", "/policies/roleManagementPolicies/<policy>", area=AREA, summary="One policy; $expand=rules",
       operation="GET /policies/roleManagementPolicies/{id}")  # fmt: skip
def policy(call: Call) -> Reply:
    """Get unifiedRoleManagementPolicy."""
    _ready(call)
    row = _policy(call, _require_policy(call), with_rules="rules" in call.query.raw.get("expand", ""))
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/$entity"), **row})


@route("GET", "/policies/roleManagementPolicies/<policy>/rules", area=AREA, summary="Its 17 rules",
       operation="GET /policies/roleManagementPolicies/{id}/rules")  # fmt: skip
def policy_rules(call: Call) -> Reply:
    """List rules (for a role management policy)."""
    _ready(call)
    role_id = _require_policy(call)
    rows = [pim.rule_row(call.tenant, role_id, rule_id) for rule_id in pim.RULE_IDS]
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules"), "value": rows})


@route("GET", "/policies/roleManagementPolicies/<policy>/rules/<rule>", area=AREA, summary="One rule",
       operation="GET /policies/roleManagementPolicies/{id}/rules")  # fmt: skip
def policy_rule(call: Call) -> Reply:
    """Get unifiedRoleManagementPolicyRule."""
    _ready(call)
    role_id = _require_policy(call)
    if call.args["rule"] not in pim.RULE_IDS:
        raise not_found(call.args["rule"])
    row = pim.rule_row(call.tenant, role_id, call.args["rule"])
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules/$entity"), **row})


@route("PATCH", "/policies/roleManagementPolicies/<policy>/rules/<rule>", area=AREA,
       summary="Change a rule; in the name of a user only",
       operation="PATCH /policies/roleManagementPolicies/{id}/rules/{id}")  # fmt: skip
def change_rule(call: Call) -> Reply:
    """Update unifiedRoleManagementPolicyRule: "Application: Not supported"."""
    if not call.token.is_delegated:
        raise denied(lack_of_permission=True)
    _ready(call)
    role_id = _require_policy(call)
    rule_id = call.args["rule"]
    if rule_id not in pim.RULE_IDS:
        raise not_found(rule_id)
    known = pim.rule(call.tenant, role_id, rule_id)
    changes = {name: value for name, value in call.json().items() if name in known}
    if "maximumDuration" in changes:
        pim.seconds_of(str(changes["maximumDuration"]))
    call.tenant.pim_policy_by_role.setdefault(role_id, {}).setdefault(rule_id, {}).update(changes)
    call.effect = True
    row = pim.rule_row(call.tenant, role_id, rule_id)
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules/$entity"), **row})
