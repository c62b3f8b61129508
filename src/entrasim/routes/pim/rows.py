"""What the answers of PIM share: rows in Graph's shape, and lists of them with OData's options."""

import datetime as dt
from typing import Any, Final

from entrasim import pim, shapes
from entrasim.errors import bad_request, not_found
from entrasim.odata.filters import compile_filter
from entrasim.odata.pages import Getter, link, seal, unseal
from entrasim.routes.groups import directory_object
from entrasim.state import RoleAssignment
from entrasim.web import Call, Reply

AREA: Final = "pim"
BASE: Final = "/roleManagement/directory"
_PAGE: Final = 100
_NAMES: Final = (
    "id", "principalId", "roleDefinitionId", "directoryScopeId", "assignmentType", "memberType", "status", "action",
    "targetScheduleId", "createdDateTime", "endDateTime", "startDateTime", "roleAssignmentScheduleId",
    "roleEligibilityScheduleId", "isValidationOnly",
)  # fmt: skip


def by_name(name: str) -> Getter:
    """Reads one property of a row, for filters."""

    def read(row: dict[str, Any]) -> Any:  # noqa: ANN401  any property
        return row.get(name)

    return read


def ready(call: Call) -> dt.datetime:
    """What every question to PIM begins with; returns the time.

    Raises:
        GraphError: 400, there is no PIM here.
    """
    pim.require_available(call.tenant)
    return call.view.now


def answer(call: Call, rows: list[dict[str, Any]], fragment: str) -> Reply:
    """Filter, expand, select and page rows.

    Raises:
        GraphError: 400, an option that the collection does not take.
    """
    if call.query.filter:
        compiled = compile_filter(call.query.filter, {name: by_name(name) for name in _NAMES})
        rows = [row for row in rows if compiled.matches(row)]
    offset = int(unseal(call.query.raw["skiptoken"])["offset"]) if "skiptoken" in call.query.raw else 0
    size = call.query.top or _PAGE
    body: dict[str, Any] = {"@odata.context": call.metadata(fragment)}
    if call.query.count:
        body["@odata.count"] = len(rows)
    if len(rows) > offset + size:
        token = seal({"offset": offset + size})
        body["@odata.nextLink"] = link(call, {**call.query.without("skiptoken"), "$skiptoken": token})
    body["value"] = [_chosen(call, _expanded(call, row)) for row in rows[offset : offset + size]]
    return Reply(200, body)


def one(call: Call, rows: list[dict[str, Any]], key: str, fragment: str) -> Reply:
    """The row with that id.

    Raises:
        GraphError: 404.
    """
    found = next((row for row in rows if row["id"] == key.lower()), None)
    if found is None:
        raise not_found(key)
    row = _chosen(call, _expanded(call, found))
    return Reply(200, {"@odata.context": call.metadata(f"{fragment}/$entity"), **row})


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


def _chosen(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    if not call.query.select:
        return row
    kept = {*call.query.select, "id", *_expand(call)}
    return {name: value for name, value in row.items() if name in kept}


def schedule_id(item: RoleAssignment) -> str:
    """Assignments made directly have a schedule too; its id is the assignment's own."""
    return item.schedule_id or item.id


def held_by(call: Call, *, eligible: bool) -> list[RoleAssignment]:
    """Every assignment, those that begin later included."""
    held = call.tenant.role_eligibilities if eligible else call.tenant.role_assignments
    return sorted(held.values(), key=lambda item: item.id)


def _info(item: RoleAssignment) -> dict[str, Any]:
    kind = "noExpiration" if item.ends_at is None else "afterDateTime"
    return {
        "startDateTime": item.starts_at or item.created_date_time,
        "recurrence": None,
        "expiration": {"type": kind, "endDateTime": item.ends_at, "duration": None},
    }


def schedule(item: RoleAssignment, *, eligible: bool) -> dict[str, Any]:
    """`unifiedRoleEligibilitySchedule` or `unifiedRoleAssignmentSchedule`."""
    row: dict[str, Any] = {
        "id": schedule_id(item),
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


def instance(item: RoleAssignment, *, eligible: bool, member_type: str = "Direct") -> dict[str, Any]:
    """`unifiedRoleEligibilityScheduleInstance` or `unifiedRoleAssignmentScheduleInstance`."""
    row: dict[str, Any] = {
        "id": item.id,
        "principalId": item.principal_id,
        "roleDefinitionId": item.role_definition_id,
        "directoryScopeId": item.directory_scope_id,
        "appScopeId": None,
        "startDateTime": item.starts_at or item.created_date_time,
        "endDateTime": item.ends_at,
        "memberType": member_type,
    }
    if eligible:
        return {**row, "roleEligibilityScheduleId": schedule_id(item)}
    return {
        **row,
        "assignmentType": "Activated" if item.is_activated else "Assigned",
        "roleAssignmentOriginId": item.id,
        "roleAssignmentScheduleId": schedule_id(item),
    }
