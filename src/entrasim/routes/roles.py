"""Directory roles: roleManagement/directory and the older directoryRoles."""

from typing import Any

from entrasim import roles, shapes
from entrasim.changes import find_user
from entrasim.errors import bad_request, not_found
from entrasim.odata.filters import compile_filter
from entrasim.odata.pages import Getter, link, seal, unseal
from entrasim.routes.groups import directory_object, require_role_group
from entrasim.routes.memberships import unit_row
from entrasim.state import RoleAssignment
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.web import Call, Reply, route

AREA = "roles"
_PAGE = 100


def _by_name(name: str) -> Getter:
    def read(row: dict[str, Any]) -> Any:  # noqa: ANN401  any property
        return row.get(name)

    return read


def _answer(call: Call, rows: list[dict[str, Any]], fragment: str, names: tuple[str, ...]) -> Reply:
    """Filter, select and page plain rows."""
    if call.query.filter:
        compiled = compile_filter(call.query.filter, {name: _by_name(name) for name in names})
        rows = [row for row in rows if compiled.matches(row)]
    offset = int(unseal(call.query.raw["skiptoken"])["offset"]) if "skiptoken" in call.query.raw else 0
    size = call.query.top or _PAGE
    body: dict[str, Any] = {"@odata.context": call.metadata(fragment)}
    if call.query.count:
        body["@odata.count"] = len(rows)
    if len(rows) > offset + size:
        token = seal({"offset": offset + size})
        body["@odata.nextLink"] = link(call, {**call.query.without("skiptoken"), "$skiptoken": token})
    rows = rows[offset : offset + size]
    if call.query.select:
        kept = {*call.query.select, "id", "@odata.type", *call.query.raw.get("expand", "").split(",")}
        rows = [{name: value for name, value in row.items() if name in kept} for row in rows]
    body["value"] = rows
    return Reply(200, body)


def _role_definitions(call: Call) -> list[dict[str, Any]]:
    ids = [*BUILTIN_ROLES, *call.tenant.custom_roles]
    found = (shapes.role_definition(call.tenant, role_id) for role_id in ids)
    return [row for row in found if row is not None]


@route("GET", "/roleManagement/directory/roleDefinitions", area=AREA, summary="All built-in and custom roles",
       operation="GET /roleManagement/directory/roleDefinitions")  # fmt: skip
def role_definitions(call: Call) -> Reply:
    """List roleDefinitions."""
    names = ("id", "displayName", "isBuiltIn", "isEnabled", "isPrivileged", "templateId")
    if call.query.top is None and "skiptoken" not in call.query.raw:
        # The service answers all roles at once.
        rows = _role_definitions(call)
        if call.query.filter:
            compiled = compile_filter(call.query.filter, {name: _by_name(name) for name in names})
            rows = [row for row in rows if compiled.matches(row)]
        if call.query.select:
            rows = [{n: v for n, v in row.items() if n in {*call.query.select, "id"}} for row in rows]
        fragment = call.metadata("roleManagement/directory/roleDefinitions")
        return Reply(200, {"@odata.context": fragment, "value": rows})
    return _answer(call, _role_definitions(call), "roleManagement/directory/roleDefinitions", names)


@route("GET", "/roleManagement/directory/roleDefinitions/<role>", area=AREA, summary="One role",
       operation="GET /roleManagement/directory/roleDefinitions")  # fmt: skip
def role_definition(call: Call) -> Reply:
    """Get unifiedRoleDefinition."""
    row = shapes.role_definition(call.tenant, call.args["role"].lower())
    if row is None:
        raise not_found(call.args["role"])
    return Reply(200, {"@odata.context": call.metadata("roleManagement/directory/roleDefinitions/$entity"), **row})


def _expanded(call: Call, assignment: RoleAssignment) -> dict[str, Any]:
    row = shapes.role_assignment(assignment)
    for name in filter(None, (part.strip() for part in call.query.raw.get("expand", "").split(","))):
        plain = name.partition("(")[0]
        if plain == "roleDefinition":
            row[plain] = shapes.role_definition(call.tenant, assignment.role_definition_id)
        elif plain == "principal":
            item = directory_object(call, assignment.principal_id)
            row[plain] = None if item is None else shapes.directory_object(call.tenant, item, ())
        elif plain == "directoryScope":
            row[plain] = _scope(call, assignment.directory_scope_id)
        else:
            raise bad_request(f"Could not find a property named '{plain}' on type 'unifiedRoleAssignment'.")
    return row


def _scope(call: Call, scope: str) -> dict[str, Any] | None:
    unit = call.tenant.administrative_units.get(scope.rpartition("/")[2].lower())
    return unit_row(unit) if unit else None


@route("GET", "/roleManagement/directory/roleAssignments", area=AREA,
       summary="$filter principalId, roleDefinitionId; $expand roleDefinition, principal, directoryScope",
       operation="GET /roleManagement/directory/roleAssignments")  # fmt: skip
def role_assignments(call: Call) -> Reply:
    """List unifiedRoleAssignments: direct ones, of every principal and scope."""
    rows = sorted((_expanded(call, item) for item in call.view.role_assignments()), key=lambda row: row["id"])
    names = ("id", "principalId", "roleDefinitionId", "directoryScopeId")
    return _answer(call, rows, "roleManagement/directory/roleAssignments", names)


@route("GET", "/roleManagement/directory/roleAssignments/<assignment>", area=AREA, summary="One assignment",
       operation="GET /roleManagement/directory/roleAssignments")  # fmt: skip
def role_assignment(call: Call) -> Reply:
    """Get unifiedRoleAssignment."""
    found = next((item for item in call.view.role_assignments() if item.id == call.args["assignment"]), None)
    if found is None:
        raise not_found(call.args["assignment"])
    fragment = call.metadata("roleManagement/directory/roleAssignments/$entity")
    return Reply(200, {"@odata.context": fragment, **_expanded(call, found)})


@route("POST", "/roleManagement/directory/roleAssignments", area=AREA, summary="Assign for good, no licence needed",
       operation="POST /roleManagement/directory/roleAssignments")  # fmt: skip
def assign_role(call: Call) -> Reply:
    """Create unifiedRoleAssignment."""
    body = call.json()
    for name in ("principalId", "roleDefinitionId", "directoryScopeId"):
        if not isinstance(body.get(name), str):
            raise bad_request(f"A value is required for property '{name}' of resource 'RoleAssignment'.")
    made = _assign(call, body["principalId"], body["roleDefinitionId"], body["directoryScopeId"])
    fragment = call.metadata("roleManagement/directory/roleAssignments/$entity")
    return Reply(201, {"@odata.context": fragment, **shapes.role_assignment(made)})


def _assign(call: Call, principal_id: str, role_id: str, scope: str) -> RoleAssignment:
    tenant = call.tenant
    principal = directory_object(call, principal_id)
    too_new = principal is not None and (
        (call.view.now - principal.created_date_time).total_seconds() < tenant.lag.new_object
    )
    if principal is None or too_new:
        raise not_found(principal_id)
    role_id = role_id.lower()
    built_in = BUILTIN_ROLES.get(role_id)
    if (built_in is None and role_id not in tenant.custom_roles) or (built_in and not built_in.is_assignable):
        raise bad_request("The role definition is not valid or cannot be assigned.")
    if scope != "/" and scope.rpartition("/")[2].lower() not in tenant.administrative_units:
        raise not_found(scope)
    require_role_group(call, principal.id)
    if roles.find(tenant, principal.id, role_id, scope) is not None:
        raise bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory."
        )
    made = roles.assign(tenant, principal_id=principal.id, role_id=role_id, scope=scope, now=call.view.now, call=call)
    call.effect = True
    return made


@route("DELETE", "/roleManagement/directory/roleAssignments/<assignment>", area=AREA, summary="Take a role away",
       operation="DELETE /roleManagement/directory/roleAssignments/{id}")  # fmt: skip
def remove_role(call: Call) -> Reply:
    """Delete unifiedRoleAssignment; the last Global Administrator stays."""
    found = call.tenant.role_assignments.get(call.args["assignment"])
    if found is None:
        raise not_found(call.args["assignment"])
    if roles.is_last_global_administrator(call.tenant, found):
        raise bad_request("Removing the last Global Administrator role assignment is not allowed.")
    roles.remove(call.tenant, found, now=call.view.now, call=call)
    call.effect = True
    return Reply(204)


@route("GET", "/directoryRoleTemplates", area=AREA, summary="All role templates",
       operation="GET /directoryRoleTemplates")  # fmt: skip
def directory_role_templates(call: Call) -> Reply:
    """List directoryRoleTemplates."""
    rows = [
        {"id": role.template_id, "deletedDateTime": None, "description": None, "displayName": role.display_name}
        for role in BUILTIN_ROLES.values()
    ]
    return Reply(200, {"@odata.context": call.metadata("directoryRoleTemplates"), "value": rows})


def _activated(call: Call) -> list[str]:
    """Roles with a holder, and Global Administrator: those the tenant has activated."""
    held = {
        a.role_definition_id for a in call.tenant.role_assignments.values() if a.role_definition_id in BUILTIN_ROLES
    }
    return sorted(held)


@route("GET", "/directoryRoles", area=AREA, summary="Activated roles", operation="GET /directoryRoles")
def directory_roles(call: Call) -> Reply:
    """List directoryRoles."""
    rows = [shapes.directory_role(call.tenant, role) for role in _activated(call)]
    for row in rows:
        del row["@odata.type"]
    return _answer(call, rows, "directoryRoles", ("id", "displayName", "roleTemplateId"))


def _require_role(call: Call) -> str:
    if "template" in call.args:
        wanted = call.args["template"].lower()
        found = wanted if wanted in _activated(call) else None
    else:
        ids = {shapes.directory_role_id(call.tenant, role): role for role in _activated(call)}
        found = ids.get(call.args["role"].lower())
    if found is None:
        raise not_found(call.args.get("template") or call.args["role"])
    return found


@route("GET", "/directoryRoles(roleTemplateId='<template>')", area=AREA, summary="One activated role by template",
       operation="GET /directoryRoles")  # fmt: skip
@route(
    "GET", "/directoryRoles/roleTemplateId=<template>", area=AREA, summary="The same", operation="GET /directoryRoles"
)
@route("GET", "/directoryRoles/<role>", area=AREA, summary="One activated role", operation="GET /directoryRoles")
def directory_role(call: Call) -> Reply:
    """Get directoryRole."""
    row = shapes.directory_role(call.tenant, _require_role(call))
    del row["@odata.type"]
    return Reply(200, {"@odata.context": call.metadata("directoryRoles/$entity"), **row})


@route("GET", "/directoryRoles(roleTemplateId='<template>')/members", area=AREA, summary="Holders, by template",
       operation="GET /directoryRoles/{id}/members")  # fmt: skip
@route("GET", "/directoryRoles/<role>/members", area=AREA, summary="Tenant-wide holders",
       operation="GET /directoryRoles/{id}/members")  # fmt: skip
def directory_role_members(call: Call) -> Reply:
    """List members of a directoryRole."""
    role = _require_role(call)
    holders = sorted(
        {a.principal_id for a in call.view.role_assignments()
         if a.role_definition_id == role and a.directory_scope_id == "/"}
    )  # fmt: skip
    items = [item for item in (directory_object(call, key) for key in holders) if item is not None]
    rows = [shapes.directory_object(call.tenant, item, call.query.select) for item in items]
    return Reply(200, {"@odata.context": call.metadata("directoryObjects"), "value": rows})


@route("POST", "/directoryRoles(roleTemplateId='<template>')/members/$ref", area=AREA, summary="Assign, by template",
       operation="POST /roleManagement/directory/roleAssignments")  # fmt: skip
@route("POST", "/directoryRoles/<role>/members/$ref", area=AREA, summary="Assign",
       operation="POST /roleManagement/directory/roleAssignments")  # fmt: skip
def add_directory_role_member(call: Call) -> Reply:
    """Add directory role member."""
    role = _require_role(call)
    key = str(call.json().get("@odata.id", "")).rstrip("/").rpartition("/")[2]
    principal = directory_object(call, key) or find_user(call.tenant, key)
    if principal is None:
        raise not_found(key)
    if roles.find(call.tenant, principal.id, role, "/") is not None:
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    _assign(call, principal.id, role, "/")
    return Reply(204)


@route("DELETE", "/directoryRoles/<role>/members/<object>/$ref", area=AREA, summary="Take a role away",
       operation="DELETE /roleManagement/directory/roleAssignments/{id}")  # fmt: skip
def remove_directory_role_member(call: Call) -> Reply:
    """Remove directory role member."""
    found = roles.find(call.tenant, call.args["object"].lower(), _require_role(call), "/")
    if found is None:
        raise not_found(call.args["object"])
    if roles.is_last_global_administrator(call.tenant, found):
        raise bad_request("Removing the last Global Administrator role assignment is not allowed.")
    roles.remove(call.tenant, found, now=call.view.now, call=call)
    call.effect = True
    return Reply(204)
