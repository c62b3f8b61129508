"""Requests to PIM: what an administrator assigns, and what the holder of an eligible assignment activates.

Pages: "Create roleAssignmentScheduleRequests", "Create roleEligibilityScheduleRequests", "Cancel".
"""

import datetime as dt
from typing import Any, Final

from entrasim import enforcement, pim, roles
from entrasim.effective import holders_of, is_current
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.routes.groups import directory_object, require_role_group
from entrasim.routes.pim.rows import AREA, BASE, answer, one, ready, schedule_id
from entrasim.state import RoleAssignment, new_id
from entrasim.tables import delegated
from entrasim.web import Call, Reply, route

_BY_ADMINISTRATOR: Final = frozenset({"adminAssign", "adminUpdate", "adminExtend", "adminRenew", "adminRemove"})
_BY_HOLDER: Final = frozenset({"selfActivate", "selfDeactivate"})
_NOT_SIMULATED: Final = frozenset({"selfExtend", "selfRenew"})
_PROPERTIES: Final[dict[str, type]] = {
    "action": str,
    "appScopeId": str,
    "approvalId": str,
    "customData": str,
    "directoryScopeId": str,
    "isValidationOnly": bool,
    "justification": str,
    "principalId": str,
    "roleDefinitionId": str,
    "scheduleInfo": dict,
    "targetScheduleId": str,
    "ticketInfo": dict,
}
_REMOVES_ONLY: Final = "RoleAssignmentSchedule.Remove.Directory"
_ASSIGNS: Final = (
    "RoleAssignmentSchedule.ReadWrite.Directory",
    "RoleEligibilitySchedule.ReadWrite.Directory",
    "RoleManagement.ReadWrite.Directory",
    delegated.AS_USER,
)
_ENDING: Final = frozenset({"adminRemove", "selfDeactivate"})


def _kind(*, eligible: bool) -> str:
    return "Eligibility" if eligible else "Assignment"


def _fragment(*, eligible: bool) -> str:
    return f"roleManagement/directory/role{_kind(eligible=eligible)}ScheduleRequests"


def _requests(call: Call, *, eligible: bool) -> list[dict[str, Any]]:
    ready(call)
    kind = _kind(eligible=eligible)
    found = [dict(row) for row in call.tenant.pim_requests.values() if row["kind"] == kind]
    for row in found:
        del row["kind"]
        row["status"] = _status(call, row)
    return found


def _status(call: Call, row: dict[str, Any]) -> str:
    made = row["createdDateTime"]
    is_pending = made + dt.timedelta(seconds=call.tenant.lag.pim) > call.view.now
    return "PendingProvisioning" if is_pending and row["status"] == "Provisioned" else str(row["status"])


def _register(*, eligible: bool, actions: str) -> None:
    name = f"role{_kind(eligible=eligible)}ScheduleRequests"
    reading, writing = f"GET {BASE}/{name}", f"POST {BASE}/{name}"

    def many(call: Call) -> Reply:
        return answer(call, _requests(call, eligible=eligible), _fragment(eligible=eligible))

    def single(call: Call) -> Reply:
        return one(call, _requests(call, eligible=eligible), call.args["key"], _fragment(eligible=eligible))

    def create(call: Call) -> Reply:
        return _request(call, eligible=eligible)

    def cancel(call: Call) -> Reply:
        return _cancel(call, eligible=eligible)

    route("GET", f"{BASE}/{name}", area=AREA, summary="What was asked for", operation=reading)(many)
    route("GET", f"{BASE}/{name}/<key>", area=AREA, summary="One request", operation=reading)(single)
    route("POST", f"{BASE}/{name}", area=AREA, summary=f"{actions}; isValidationOnly", operation=writing)(create)
    route("POST", f"{BASE}/{name}/<key>/cancel", area=AREA, summary="Cancel a request that waits for approval",
          operation=writing)(cancel)  # fmt: skip


_register(
    eligible=False,
    actions="adminAssign, adminUpdate, adminExtend, adminRenew, adminRemove, selfActivate, selfDeactivate",
)
_register(eligible=True, actions="adminAssign, adminUpdate, adminExtend, adminRenew, adminRemove")


def _cancel(call: Call, *, eligible: bool) -> Reply:
    ready(call)
    found = call.tenant.pim_requests.get(call.args["key"].lower())
    if found is None or found["kind"] != _kind(eligible=eligible):
        raise not_found(call.args["key"])
    if found["principalId"] != call.token.object_id:
        _require_administrator(call, is_removal=True)
    if found["status"] != "PendingApproval":
        raise bad_request("The request is not pending.", code="InvalidRequest")
    found["status"] = "Canceled"
    call.effect = True
    return Reply(204)


def _require_administrator(call: Call, *, is_removal: bool) -> None:
    """What an administrator may, the holder of an eligible assignment may not; one permission only removes.

    Raises:
        GraphError: 403.
    """
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_role(caller, delegated.ROLE_MANAGERS)
    if not is_removal and caller.has(_REMOVES_ONLY) and not caller.has(*_ASSIGNS):
        raise denied(lack_of_permission=True)


def _require_shape(body: dict[str, Any]) -> None:
    """Refuse names and types that the resource does not have.

    Raises:
        GraphError: 400.
    """
    for name, value in body.items():
        if name.startswith("@"):
            continue
        if name not in _PROPERTIES:
            raise bad_request(
                f"The property '{name}' does not exist on type 'microsoft.graph.unifiedRoleScheduleRequest'. Make sure "
                "to only use property names that are defined by the type.",
                code="BadRequest",
            )
        if value is not None and not isinstance(value, _PROPERTIES[name]):
            raise bad_request(f"Cannot convert the value of property '{name}' to the expected type.", code="BadRequest")


def _request(call: Call, *, eligible: bool) -> Reply:
    now = ready(call)
    body = call.json()
    _require_shape(body)
    for name in ("action", "principalId", "roleDefinitionId", "directoryScopeId"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise bad_request(f"The value of property '{name}' is required.", code="InvalidRoleAssignmentRequest")
    action = body["action"]
    if action in _NOT_SIMULATED or (eligible and action in _BY_HOLDER):
        raise GraphError(501, "NotImplemented", f"entrasim does not simulate the action {action} here.")
    if action not in _BY_ADMINISTRATOR | _BY_HOLDER:
        raise bad_request(f"Requested value '{action}' was not found.")
    if action in _BY_ADMINISTRATOR:
        _require_administrator(call, is_removal=action == "adminRemove")
    role_id = pim.require_role_definition(call.tenant, body["roleDefinitionId"])
    scope = pim.require_scope(call.tenant, body["directoryScopeId"])
    principal_id = _principal(call, body["principalId"])
    held = pim.find(
        call.tenant.role_eligibilities if eligible else call.tenant.role_assignments, principal_id, role_id, scope
    )
    is_validation = body.get("isValidationOnly") is True
    made: RoleAssignment | None
    status = "Provisioned"
    if action in _ENDING:
        made = _end(call, held, now, by_holder=action in _BY_HOLDER, is_validation=is_validation)
        status = "Revoked"
    elif action == "selfActivate":
        made, status = _activate(call, body, held, principal_id=principal_id, role_id=role_id, scope=scope)
    else:
        made = _assign(call, body, held, eligible=eligible, principal_id=principal_id, role_id=role_id, scope=scope)
    row = _row(call, body, principal_id=principal_id, role_id=role_id, made=made)
    row["status"] = "Granted" if is_validation and status != "PendingApproval" else status
    if not is_validation:
        call.tenant.pim_requests[row["id"]] = {**row, "kind": _kind(eligible=eligible)}
        call.effect = True
    row["status"] = _status(call, row)
    return Reply(201, {"@odata.context": call.metadata(f"{_fragment(eligible=eligible)}/$entity"), **row})


def _principal(call: Call, principal_id: str) -> str:
    principal = directory_object(call, principal_id)
    is_too_new = principal is not None and (
        (call.view.now - principal.created_date_time).total_seconds() < call.tenant.lag.new_object
    )
    if principal is None or is_too_new:
        raise GraphError(404, "SubjectNotFound", "The subject is not found.")
    require_role_group(call, principal.id)
    return principal.id


def _end(
    call: Call, held: RoleAssignment | None, now: dt.datetime, *, by_holder: bool, is_validation: bool
) -> RoleAssignment:
    if held is not None and by_holder and (held.principal_id != call.token.object_id or not held.is_activated):
        held = None
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


def _refuse(broken: list[str]) -> None:
    if broken == ["AcrsRule"]:
        raise GraphError(
            400,
            "RoleAssignmentRequestAcrsValidationFailed",
            "Authentication context validation failed for the request.",
        )
    if broken:
        listed = ",".join(f'"{name}"' for name in broken)
        raise GraphError(
            400, "RoleAssignmentRequestPolicyValidationFailed", f"The following policy rules failed: [{listed}]"
        )


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
    if body["action"] == "adminAssign" and held is not None and not held.is_activated:
        raise GraphError(400, "RoleAssignmentExists", "The Role assignment already exists.")
    if body["action"] != "adminAssign" and held is None:
        raise GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    starts_at, ends_at = pim.schedule_info(body, now)
    broken = pim.failing_rules(
        call.tenant,
        role_id,
        kind=_kind(eligible=eligible),
        ends_after=None if ends_at is None else ends_at - max(starts_at, now),
        justification=str(body.get("justification") or ""),
        ticket=_ticket(body),
        has_mfa="mfa" in call.token.amr,
    )
    _refuse(broken)
    if body.get("isValidationOnly") is True:
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


def _activate(
    call: Call, body: dict[str, Any], held: RoleAssignment | None, *, principal_id: str, role_id: str, scope: str
) -> tuple[RoleAssignment | None, str]:
    """What the holder of an eligible assignment gets: the active one and the status of the request.

    Raises:
        GraphError: 403 for anybody else, 400 for what cannot be activated now.
    """
    now, tenant = call.view.now, call.tenant
    if not call.token.is_delegated or principal_id != call.token.object_id:
        raise denied()
    holders = holders_of(tenant, principal_id, now)
    source = next(
        (
            item
            for item in tenant.role_eligibilities.values()
            if item.principal_id in holders
            and (item.role_definition_id, item.directory_scope_id) == (role_id, scope)
            and is_current(tenant, item, now)
        ),
        None,
    )
    if source is None:
        raise GraphError(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
    if held is not None:
        raise GraphError(400, "RoleAssignmentExists", "The Role assignment already exists.")
    if any(_waits(row, principal_id, role_id, scope) for row in tenant.pim_requests.values()):
        raise GraphError(
            400, "PendingRoleAssignmentRequest", "There is already an existing pending Role assignment request."
        )
    starts_at, ends_at = pim.schedule_info(body, now)
    broken = pim.failing_rules(
        tenant,
        role_id,
        kind="Assignment",
        by="EndUser",
        ends_after=None if ends_at is None else ends_at - max(starts_at, now),
        justification=str(body.get("justification") or ""),
        ticket=_ticket(body),
        has_mfa="mfa" in call.token.amr,
    )
    _refuse(broken)
    if source.ends_at is not None and (ends_at is None or ends_at > source.ends_at):
        ends_at = source.ends_at
    if pim.needs_approval(tenant, role_id):
        return None, "PendingApproval"
    if body.get("isValidationOnly") is True:
        return None, "Granted"
    made = pim.assign(
        tenant,
        principal_id=principal_id,
        role_id=role_id,
        scope=scope,
        starts_at=starts_at,
        ends_at=ends_at,
        is_activated=True,
        now=now,
        call=call,
    )
    return made, "Provisioned"


def _waits(row: dict[str, object], principal_id: str, role_id: str, scope: str) -> bool:
    named = (row["principalId"], row["roleDefinitionId"], row["directoryScopeId"])
    return row["status"] == "PendingApproval" and named == (principal_id, role_id, scope)


def _ticket(body: dict[str, Any]) -> str:
    return str(pim.part_of(body, "ticketInfo").get("ticketNumber") or "")


def _row(
    call: Call, body: dict[str, Any], *, principal_id: str, role_id: str, made: RoleAssignment | None
) -> dict[str, Any]:
    now = call.view.now
    is_app = not call.token.is_delegated
    creator = {"id": call.token.object_id, "displayName": None}
    info = pim.part_of(body, "scheduleInfo")
    ending = body["action"] in _ENDING
    return {
        "id": new_id(),
        "status": "",
        "createdDateTime": now,
        "completedDateTime": now,
        "approvalId": None,
        "customData": None,
        "action": body["action"],
        "principalId": principal_id,
        "roleDefinitionId": role_id,
        "directoryScopeId": body["directoryScopeId"],
        "appScopeId": None,
        "isValidationOnly": body.get("isValidationOnly") is True,
        "targetScheduleId": None if made is None else schedule_id(made),
        "justification": body.get("justification"),
        "createdBy": {
            "application": creator if is_app else None,
            "device": None,
            "user": None if is_app else creator,
        },
        "scheduleInfo": None
        if ending
        else {
            "startDateTime": info.get("startDateTime") or now,
            "recurrence": None,
            "expiration": {
                "type": "notSpecified",
                "endDateTime": None,
                "duration": None,
                **pim.part_of(info, "expiration"),
            },
        },
        "ticketInfo": {"ticketNumber": None, "ticketSystem": None, **pim.part_of(body, "ticketInfo")},
    }
