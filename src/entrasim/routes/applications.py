"""Enterprise apps (service principals) and the application permissions granted to them."""

from typing import Any

from entrasim import shapes
from entrasim.effective import service_principal_of
from entrasim.errors import not_found
from entrasim.odata.pages import collection
from entrasim.state import GRAPH_APP_ID, ServicePrincipal
from entrasim.tables.permissions import APPLICATION, PERMISSION_NAMES
from entrasim.web import Call, Reply, route

AREA = "applications"


def graph_principal_id(tenant_id: str) -> str:
    """The object id of Microsoft Graph's own service principal in a tenant: made from the tenant's id."""
    return f"{tenant_id[:24]}{GRAPH_APP_ID[-12:]}"


def _graph_principal(call: Call) -> ServicePrincipal:
    return ServicePrincipal(
        id=graph_principal_id(call.tenant.id),
        app_id=GRAPH_APP_ID,
        display_name="Microsoft Graph",
        created_date_time=call.tenant.created_date_time,
        app_owner_organization_id="f8cdef31-a31e-4b4a-93e4-5f571e91255a",
    )


def _everything(call: Call, after: str) -> list[ServicePrincipal]:
    found = [*call.view.service_principals(), _graph_principal(call)]
    return sorted((item for item in found if item.id > after), key=lambda item: item.id)


def _require(call: Call) -> ServicePrincipal:
    if "app" in call.args:
        app_id = call.args["app"].lower()
        found = service_principal_of(call.tenant, app_id, call.view.now)
        if found is None and app_id == GRAPH_APP_ID:
            found = _graph_principal(call)
        if found is None:
            raise not_found(call.args["app"])
        return found
    found = call.view.service_principal(call.args["principal"])
    if found is None and call.args["principal"] == graph_principal_id(call.tenant.id):
        found = _graph_principal(call)
    if found is None:
        raise not_found(call.args["principal"])
    return found


@route("GET", "/servicePrincipals", area=AREA, summary="$filter appId, displayName; pages",
       operation="GET /servicePrincipals")  # fmt: skip
def list_service_principals(call: Call) -> Reply:
    """List servicePrincipals."""
    return collection(
        call, shapes.SERVICE_PRINCIPAL, lambda after: _everything(call, after), fragment="servicePrincipals"
    )


@route("GET", "/servicePrincipals(appId='<app>')", area=AREA, summary="One by app id",
       operation="GET /servicePrincipals")  # fmt: skip
@route("GET", "/servicePrincipals/<principal>", area=AREA, summary="One by object id",
       operation="GET /servicePrincipals")  # fmt: skip
def get_service_principal(call: Call) -> Reply:
    """Get servicePrincipal."""
    found = _require(call)
    select = call.query.select
    row = shapes.SERVICE_PRINCIPAL.writer(tuple(n for n in select if n != "appRoles") or (("id",) if select else ()))(
        found
    )
    if found.app_id == GRAPH_APP_ID and (not select or "appRoles" in select):
        row["appRoles"] = [
            {"id": role_id, "value": name, "isEnabled": True, "allowedMemberTypes": ["Application"],
             "displayName": name, "description": name, "origin": "Application"}
            for name, role_id in APPLICATION.items()
        ]  # fmt: skip
    elif not select or "appRoles" in select:
        row["appRoles"] = []
    return Reply(200, {"@odata.context": call.metadata("servicePrincipals/$entity"), **row})


@route("GET", "/servicePrincipals(appId='<app>')/appRoleAssignments", area=AREA,
       summary="Granted application permissions, by app id",
       operation="GET /servicePrincipals/{id}/appRoleAssignments")  # fmt: skip
@route("GET", "/servicePrincipals/<principal>/appRoleAssignments", area=AREA, summary="Granted application permissions",
       operation="GET /servicePrincipals/{id}/appRoleAssignments")  # fmt: skip
def app_role_assignments(call: Call) -> Reply:
    """List appRoleAssignments granted to a service principal."""
    principal = _require(call)
    resource = graph_principal_id(call.tenant.id)
    arrived = [
        granted
        for granted in principal.app_role_assignments.values()
        if (call.view.now - granted.created_date_time).total_seconds() >= call.tenant.lag.consent
        and granted.app_role_id in PERMISSION_NAMES
    ]
    rows: list[dict[str, Any]] = [
        {
            "id": granted.id,
            "deletedDateTime": None,
            "appRoleId": granted.app_role_id,
            "createdDateTime": granted.created_date_time,
            "principalDisplayName": principal.display_name,
            "principalId": principal.id,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph",
            "resourceId": resource,
        }
        for granted in arrived
    ]
    if call.query.select:
        rows = [{name: value for name, value in row.items() if name in {*call.query.select, "id"}} for row in rows]
    fragment = f"servicePrincipals('{principal.id}')/appRoleAssignments"
    return Reply(200, {"@odata.context": call.metadata(fragment), "value": rows})
