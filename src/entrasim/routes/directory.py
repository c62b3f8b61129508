"""Administrative units and the tenant's own audit log."""

from typing import Any

from entrasim import shapes
from entrasim.errors import not_found
from entrasim.odata.filters import compile_filter
from entrasim.odata.pages import Getter, link, seal, unseal
from entrasim.routes.groups import directory_object
from entrasim.routes.memberships import unit_row
from entrasim.state import AdministrativeUnit
from entrasim.web import Call, Reply, route

AREA = "directory"
_PAGE = 100


@route("GET", "/directory/administrativeUnits", area=AREA, summary="Administrative units",
       operation="GET /directory/administrativeUnits")  # fmt: skip
def units(call: Call) -> Reply:
    """List administrativeUnits."""
    rows = [_row(unit) for unit in call.tenant.administrative_units.values()]
    return Reply(200, {"@odata.context": call.metadata("directory/administrativeUnits"), "value": rows})


@route("GET", "/directory/administrativeUnits/<unit>", area=AREA, summary="One unit",
       operation="GET /directory/administrativeUnits")  # fmt: skip
def unit(call: Call) -> Reply:
    """Get administrativeUnit."""
    fragment = call.metadata("directory/administrativeUnits/$entity")
    return Reply(200, {"@odata.context": fragment, **_row(_require(call))})


@route("GET", "/directory/administrativeUnits/<unit>/members", area=AREA, summary="Members of a unit",
       operation="GET /directory/administrativeUnits")  # fmt: skip
def unit_members(call: Call) -> Reply:
    """List members of an administrative unit."""
    items = [item for item in (directory_object(call, key) for key in sorted(_require(call).members)) if item]
    rows = [shapes.directory_object(call.tenant, item, call.query.select) for item in items]
    return Reply(200, {"@odata.context": call.metadata("directoryObjects"), "value": rows})


def _require(call: Call) -> AdministrativeUnit:
    found = call.tenant.administrative_units.get(call.args["unit"].lower())
    if found is None:
        raise not_found(call.args["unit"])
    return found


def _row(item: AdministrativeUnit) -> dict[str, Any]:
    row = unit_row(item)
    del row["@odata.type"]
    return row


@route("GET", "/auditLogs/directoryAudits", area=AREA, summary="The tenant's audit log, newest first; $filter, $top",
       operation="GET /auditLogs/directoryAudits")  # fmt: skip
def directory_audits(call: Call) -> Reply:
    """List directoryAudits."""
    rows: list[dict[str, Any]] = list(reversed(call.tenant.directory_audits))
    if call.query.filter:
        rows = list(filter(compile_filter(call.query.filter, _AUDIT_FIELDS).matches, rows))
    offset = int(unseal(call.query.raw["skiptoken"])["offset"]) if "skiptoken" in call.query.raw else 0
    size = call.query.top or _PAGE
    body: dict[str, Any] = {"@odata.context": call.metadata("auditLogs/directoryAudits")}
    if len(rows) > offset + size:
        token = seal({"offset": offset + size})
        body["@odata.nextLink"] = link(call, {**call.query.without("skiptoken"), "$skiptoken": token})
    body["value"] = rows[offset : offset + size]
    return Reply(200, body)


def _path(*names: str) -> Getter:
    def read(row: Any) -> Any:  # noqa: ANN401  any depth of JSON
        for name in names:
            row = row.get(name) if isinstance(row, dict) else None
        return row

    return read


_AUDIT_FIELDS: dict[str, Getter] = {
    **{name: _path(name) for name in ("activityDateTime", "activityDisplayName", "category", "correlationId", "id",
                                      "loggedByService", "result", "targetResources")},
    "initiatedBy/app/appId": _path("initiatedBy", "app", "appId"),
    "initiatedBy/app/servicePrincipalId": _path("initiatedBy", "app", "servicePrincipalId"),
    "initiatedBy/app/displayName": _path("initiatedBy", "app", "displayName"),
    "initiatedBy/user/id": _path("initiatedBy", "user", "id"),
    "initiatedBy/user/userPrincipalName": _path("initiatedBy", "user", "userPrincipalName"),
}  # fmt: skip
