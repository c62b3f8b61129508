"""Enterprise apps (service principals) and the application permissions granted to them."""

from typing import Any

from entrasim import consent, enforcement, principals, shapes
from entrasim.directory_audit import note
from entrasim.effective import service_principal_of
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.first_party import MICROSOFT_TENANT_ID
from entrasim.grants import graph_principal_id
from entrasim.odata.pages import collection
from entrasim.state import GRAPH_APP_ID, AppRoleAssignment, ServicePrincipal, new_id
from entrasim.tables.permissions import APPLICATION, DELEGATED, PERMISSION_NAMES, USER_CONSENT
from entrasim.web import Call, Reply, route

AREA = "applications"
_READ = "GET /servicePrincipals/{id}/appRoleAssignments"
_ASSIGN = "POST /servicePrincipals/{id}/appRoleAssignments"
_UNASSIGN = "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}"
_WRITABLE = {
    "accountEnabled": bool, "appRoleAssignmentRequired": bool, "displayName": str, "notes": str, "tags": list,
}  # fmt: skip


def _graph_principal(call: Call) -> ServicePrincipal:
    return ServicePrincipal(
        id=graph_principal_id(call.tenant.id),
        app_id=GRAPH_APP_ID,
        display_name="Microsoft Graph",
        created_date_time=call.tenant.created_date_time,
        app_owner_organization_id=MICROSOFT_TENANT_ID,
        tags=[],
    )


def _everything(call: Call, after: str) -> list[ServicePrincipal]:
    found = [*call.view.service_principals(), _graph_principal(call)]
    return sorted((item for item in found if item.id > after), key=lambda item: item.id)


def require_service_principal(call: Call) -> ServicePrincipal:
    """The enterprise app that the path names, by object id or app id.

    Raises:
        GraphError: 404.
    """
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
    return Reply(
        200,
        {"@odata.context": call.metadata("servicePrincipals/$entity"), **_row(call, require_service_principal(call))},
    )


def _row(call: Call, found: ServicePrincipal) -> dict[str, Any]:
    """One enterprise app; Graph's own publishes its permissions."""
    select = call.query.select
    plain = tuple(name for name in select if name not in {"appRoles", "oauth2PermissionScopes"})
    row = shapes.SERVICE_PRINCIPAL.writer(plain or (("id",) if select else ()))(found)
    is_graph = found.app_id == GRAPH_APP_ID
    if not select or "appRoles" in select:
        row["appRoles"] = _APP_ROLES if is_graph else []
    if not select or "oauth2PermissionScopes" in select:
        row["oauth2PermissionScopes"] = _PERMISSION_SCOPES if is_graph else []
    return row


_APP_ROLES = [
    {"id": role_id, "value": name, "isEnabled": True, "allowedMemberTypes": ["Application"], "displayName": name,
     "description": name, "origin": "Application"}
    for name, role_id in APPLICATION.items()
]  # fmt: skip
_PERMISSION_SCOPES = [
    {"id": scope_id, "value": name, "isEnabled": True, "type": "User" if name in USER_CONSENT else "Admin",
     "adminConsentDisplayName": name, "adminConsentDescription": name, "userConsentDisplayName": name,
     "userConsentDescription": name}
    for name, scope_id in DELEGATED.items()
]  # fmt: skip


@route("POST", "/servicePrincipals", area=AREA, summary="Install an app by its app id",
       operation="POST /servicePrincipals")  # fmt: skip
def create_service_principal(call: Call) -> Reply:
    """Create servicePrincipal."""
    body = call.json()
    app_id = str(body.get("appId", "")).lower()
    if not app_id:
        raise bad_request("A value is required for property 'appId' of resource 'ServicePrincipal'.")
    app = call.context.world.apps.get(app_id)
    if app is None or not app.serves(call.tenant.id):
        raise bad_request(
            f"The appId '{app_id}' of the service principal does not reference a valid application object.",
            details=[{"code": "NoBackingApplicationObject", "target": "appId", "message": "No such application."}],
        )
    if any(principal.app_id == app_id for principal in call.tenant.service_principals.values()):
        raise GraphError(
            409,
            "Request_MultipleObjectsWithSameKeyValue",
            f"The service principal cannot be created, updated, or restored because the service principal name "
            f"{app_id} is already in use.",
        )
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    only_owned = not caller.is_delegated and not caller.has("Application.ReadWrite.All", "Directory.ReadWrite.All")
    if only_owned and caller.object_id not in app.owners:
        raise GraphError(
            403,
            "Authorization_RequestDenied",
            "When using this permission, the backing application of the service principal being created must in the "
            "local tenant",
        )
    changes = _checked({name: value for name, value in body.items() if name != "appId"})
    principal = consent.install(call.tenant, app, now=shapes.seconds(call.view.now))
    _apply(principal, changes)
    call.effect = True
    return Reply(201, {"@odata.context": call.metadata("servicePrincipals/$entity"), **_row(call, principal)})


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    for name, value in body.items():
        if name.startswith("@"):
            continue
        if name not in shapes.SERVICE_PRINCIPAL.fields:
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.servicePrincipal'.")
        if name not in _WRITABLE:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if not isinstance(value, _WRITABLE[name]) and not (value is None and name == "notes"):
            raise bad_request(f"Invalid value specified for property '{name}' of resource 'ServicePrincipal'.")
    return {name: value for name, value in body.items() if not name.startswith("@")}


def _apply(principal: ServicePrincipal, changes: dict[str, Any]) -> None:
    attributes = {"accountEnabled": "account_enabled", "displayName": "display_name",
                  "appRoleAssignmentRequired": "app_role_assignment_required"}  # fmt: skip
    for name, value in changes.items():
        setattr(principal, attributes.get(name, name), value)


def _changeable(call: Call) -> ServicePrincipal:
    """The enterprise app to change, which is not Graph's own and, for OwnedBy, the caller's.

    Raises:
        GraphError: 403 or 404.
    """
    found = require_service_principal(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    only_owned = not caller.is_delegated and not caller.has("Application.ReadWrite.All", "Directory.ReadWrite.All")
    app = call.context.world.apps.get(found.app_id)
    owned = app is not None and caller.object_id in app.owners
    if found.app_id == GRAPH_APP_ID or (only_owned and not owned):
        raise denied()
    return found


@route("PATCH", "/servicePrincipals(appId='<app>')", area=AREA, summary="The same by app id",
       operation="PATCH /servicePrincipals/{id}")  # fmt: skip
@route("PATCH", "/servicePrincipals/<principal>", area=AREA, summary="accountEnabled, notes, displayName, tags",
       operation="PATCH /servicePrincipals/{id}")  # fmt: skip
def update_service_principal(call: Call) -> Reply:
    """Update servicePrincipal."""
    found = _changeable(call)
    changes = _checked(call.json())
    _apply(found, changes)
    note(call, "Update service principal", found, changed=sorted(changes))
    call.effect = True
    return Reply(204)


@route("DELETE", "/servicePrincipals(appId='<app>')", area=AREA, summary="The same by app id",
       operation="DELETE /servicePrincipals/{id}")  # fmt: skip
@route("DELETE", "/servicePrincipals/<principal>", area=AREA, summary="Delete with roles, memberships and grants",
       operation="DELETE /servicePrincipals/{id}")  # fmt: skip
def delete_service_principal(call: Call) -> Reply:
    """Delete servicePrincipal (soft delete is not simulated: it is gone)."""
    principals.delete(call.tenant, _changeable(call), now=call.view.now, call=call)
    call.effect = True
    return Reply(204)


@route("GET", "/servicePrincipals(appId='<app>')/appRoleAssignments", area=AREA,
       summary="Granted application permissions, by app id",
       operation="GET /servicePrincipals/{id}/appRoleAssignments")  # fmt: skip
@route("GET", "/servicePrincipals/<principal>/appRoleAssignments", area=AREA, summary="Granted application permissions",
       operation="GET /servicePrincipals/{id}/appRoleAssignments")  # fmt: skip
def app_role_assignments(call: Call) -> Reply:
    """List appRoleAssignments granted to a service principal."""
    principal = require_service_principal(call)
    rows = [_assignment_row(call, principal, granted) for granted in _arrived(call, principal)]
    return _answer(call, rows, f"servicePrincipals('{principal.id}')/appRoleAssignments")


def _arrived(call: Call, principal: ServicePrincipal) -> list[AppRoleAssignment]:
    return [
        granted
        for granted in principal.app_role_assignments.values()
        if (call.view.now - granted.created_date_time).total_seconds() >= call.tenant.lag.consent
        and granted.app_role_id in PERMISSION_NAMES
    ]


def _assignment_row(call: Call, principal: ServicePrincipal, granted: AppRoleAssignment) -> dict[str, Any]:
    return {
        "id": granted.id,
        "deletedDateTime": None,
        "appRoleId": granted.app_role_id,
        "createdDateTime": granted.created_date_time,
        "principalDisplayName": principal.display_name,
        "principalId": principal.id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": graph_principal_id(call.tenant.id),
    }


def _answer(call: Call, rows: list[dict[str, Any]], fragment: str) -> Reply:
    if call.query.filter:
        raise bad_request("$filter is not simulated on app role assignments.", code="Request_UnsupportedQuery")
    if call.query.select:
        rows = [{name: value for name, value in row.items() if name in {*call.query.select, "id"}} for row in rows]
    return Reply(200, {"@odata.context": call.metadata(fragment), "value": rows})


@route("GET", "/servicePrincipals(appId='<app>')/appRoleAssignedTo", area=AREA,
       summary="Who has an application permission, by app id", operation=_READ)  # fmt: skip
@route("GET", "/servicePrincipals/<principal>/appRoleAssignedTo", area=AREA,
       summary="Who has an application permission of this one", operation=_READ)  # fmt: skip
def app_role_assigned_to(call: Call) -> Reply:
    """List appRoleAssignments granted for a service principal: Graph's own has them, no other publishes app roles."""
    resource = require_service_principal(call)
    holders = call.view.service_principals() if resource.app_id == GRAPH_APP_ID else []
    rows = [_assignment_row(call, holder, granted) for holder in holders for granted in _arrived(call, holder)]
    return _answer(call, rows, f"servicePrincipals('{resource.id}')/appRoleAssignedTo")


@route("POST", "/servicePrincipals(appId='<app>')/appRoleAssignments", area=AREA,
       summary="The same, by app id", operation=_ASSIGN)  # fmt: skip
@route("POST", "/servicePrincipals/<principal>/appRoleAssignments", area=AREA,
       summary="Grant an application permission", operation=_ASSIGN)  # fmt: skip
def grant_app_role(call: Call) -> Reply:
    """Grant an appRoleAssignment to a service principal."""
    holder = require_service_principal(call)
    if str(call.json().get("principalId", "")).lower() != holder.id:
        raise bad_request("Invalid value specified for property 'principalId' of resource 'AppRoleAssignment'.")
    return _grant(call, holder, "appRoleAssignments")


@route("POST", "/servicePrincipals(appId='<app>')/appRoleAssignedTo", area=AREA,
       summary="The same, by app id", operation=_ASSIGN)  # fmt: skip
@route("POST", "/servicePrincipals/<principal>/appRoleAssignedTo", area=AREA,
       summary="Grant one of Graph's application permissions", operation=_ASSIGN)  # fmt: skip
def grant_app_role_to(call: Call) -> Reply:
    """Grant an appRoleAssignment for a service principal."""
    resource = require_service_principal(call)
    body = call.json()
    if str(body.get("resourceId", "")).lower() != resource.id:
        raise bad_request("Invalid value specified for property 'resourceId' of resource 'AppRoleAssignment'.")
    holder = call.view.service_principal(str(body.get("principalId", "")))
    if holder is None:
        raise not_found(str(body.get("principalId", "")))
    return _grant(call, holder, "appRoleAssignedTo")


def _grant(call: Call, holder: ServicePrincipal, collection_name: str) -> Reply:
    body = call.json()
    for name in ("principalId", "resourceId", "appRoleId"):
        if not isinstance(body.get(name), str):
            raise bad_request(f"A value is required for property '{name}' of resource 'AppRoleAssignment'.")
    resource_id, role_id = body["resourceId"].lower(), body["appRoleId"].lower()
    if resource_id != graph_principal_id(call.tenant.id) and resource_id not in call.tenant.service_principals:
        raise not_found(body["resourceId"])
    if resource_id != graph_principal_id(call.tenant.id) or role_id not in PERMISSION_NAMES:
        raise bad_request(f"Permission being assigned was not found on application '{resource_id}'.")
    if role_id in holder.app_role_assignments:
        raise bad_request(
            "Permission being assigned already exists on the object",
            details=[{"code": "InvalidUpdate", "target": "", "message": "Permission entry already exists."}],
        )
    made = AppRoleAssignment(new_id(), role_id, call.view.now)
    holder.app_role_assignments[role_id] = made
    note(call, "Add app role assignment to service principal", holder)
    call.effect = True
    fragment = f"servicePrincipals('{body['resourceId']}')/{collection_name}/$entity"
    return Reply(201, {"@odata.context": call.metadata(fragment), **_assignment_row(call, holder, made)})


@route("DELETE", "/servicePrincipals(appId='<app>')/appRoleAssignments/<assignment>", area=AREA,
       summary="The same, by app id", operation=_UNASSIGN)  # fmt: skip
@route("DELETE", "/servicePrincipals/<principal>/appRoleAssignments/<assignment>", area=AREA,
       summary="Take an application permission away", operation=_UNASSIGN)  # fmt: skip
def revoke_app_role(call: Call) -> Reply:
    """Delete an appRoleAssignment of a service principal."""
    return _revoke(call, [require_service_principal(call)])


@route("DELETE", "/servicePrincipals(appId='<app>')/appRoleAssignedTo/<assignment>", area=AREA,
       summary="The same, by app id", operation=_UNASSIGN)  # fmt: skip
@route("DELETE", "/servicePrincipals/<principal>/appRoleAssignedTo/<assignment>", area=AREA,
       summary="Take one of Graph's application permissions away", operation=_UNASSIGN)  # fmt: skip
def revoke_app_role_to(call: Call) -> Reply:
    """Delete an appRoleAssignment for a service principal."""
    is_graph = require_service_principal(call).app_id == GRAPH_APP_ID
    return _revoke(call, list(call.tenant.service_principals.values()) if is_graph else [])


def _revoke(call: Call, holders: list[ServicePrincipal]) -> Reply:
    for holder in holders:
        for role_id, granted in list(holder.app_role_assignments.items()):
            if granted.id == call.args["assignment"]:
                del holder.app_role_assignments[role_id]
                note(call, "Remove app role assignment from service principal", holder)
                call.effect = True
                return Reply(204)
    raise not_found(call.args["assignment"])
