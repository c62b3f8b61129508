"""memberOf and transitiveMemberOf of users, service principals and groups; getMemberObjects is not simulated."""

from collections.abc import Callable
from typing import Any

from entrasim import shapes
from entrasim.errors import GraphError, bad_request, not_found
from entrasim.routes.users import require_user
from entrasim.state import AdministrativeUnit, Group
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.web import Call, Reply, route

_CASTS = {"directoryrole": "directoryRole", "group": "group", "administrativeunit": "administrativeUnit"}


def kind_of_cast(cast: str) -> str:
    """`microsoft.graph.directoryRole`, with `graph.` or `#` variants, as the type's name.

    Raises:
        GraphError: 501, another type.
    """
    name = _CASTS.get(cast.lstrip("#").rpartition(".")[2].lower())
    if name is None:
        raise GraphError(501, "NotImplemented", f"entrasim does not simulate the cast '{cast}'.")
    return name


def groups_of(call: Call, object_id: str, *, transitive: bool) -> list[Group]:
    """Groups that hold an object, directly or through other groups."""
    everything = call.view.groups()
    found: dict[str, Group] = {}
    waiting = [object_id]
    while waiting:
        member = waiting.pop()
        for group in everything:
            if member in group.members and group.id not in found:
                found[group.id] = group
                if transitive:
                    waiting.append(group.id)
    return [found[key] for key in sorted(found)]


def containers_of(call: Call, object_id: str, *, transitive: bool) -> list[tuple[str, dict[str, Any]]]:
    """Everything that an object is a member of, with the kind: groups, tenant-wide roles, administrative units."""
    groups = groups_of(call, object_id, transitive=transitive)
    holders = {object_id, *(group.id for group in groups if transitive and group.is_assignable_to_role)}
    roles = sorted(
        {
            assignment.role_definition_id
            for assignment in call.view.role_assignments()
            if assignment.principal_id in holders
            and assignment.directory_scope_id == "/"
            and assignment.role_definition_id in BUILTIN_ROLES
        }
    )
    found: list[tuple[str, dict[str, Any]]] = [
        ("directoryRole", shapes.directory_role(call.tenant, role)) for role in roles
    ]
    found += [("group", {"@odata.type": "#microsoft.graph.group", **shapes.GROUP.writer()(group)}) for group in groups]
    found += [
        ("administrativeUnit", unit_row(unit))
        for unit in call.tenant.administrative_units.values()
        if object_id in unit.members
    ]
    return found


def unit_row(unit: AdministrativeUnit) -> dict[str, Any]:
    """`microsoft.graph.administrativeUnit`."""
    return {
        "@odata.type": "#microsoft.graph.administrativeUnit",
        "id": unit.id,
        "deletedDateTime": None,
        "displayName": unit.display_name,
        "description": None,
        "isMemberManagementRestricted": unit.is_member_management_restricted,
        "visibility": None,
    }


def _answer(call: Call, object_id: str, *, transitive: bool) -> Reply:
    rows = containers_of(call, object_id, transitive=transitive)
    fragment = "directoryObjects"
    if "cast" in call.args:
        wanted = kind_of_cast(call.args["cast"])
        rows = [(kind, row) for kind, row in rows if kind == wanted]
        fragment = {"directoryRole": "directoryRoles", "group": "groups"}.get(wanted, "directory/administrativeUnits")
    if call.query.filter:
        raise bad_request("$filter is not simulated on memberships.", code="Request_UnsupportedQuery")
    chosen = [_chosen(row, call.query.select) for _, row in rows]
    return Reply(200, {"@odata.context": call.metadata(fragment), "value": chosen})


def _chosen(row: dict[str, Any], select: tuple[str, ...]) -> dict[str, Any]:
    if not select:
        return row
    return {name: value for name, value in row.items() if name in select or name in {"@odata.type", "id"}}


def _user(call: Call) -> str:
    return require_user(call).id


def _service_principal(call: Call) -> str:
    found = call.view.service_principal(call.args["principal"])
    if found is None:
        raise not_found(call.args["principal"])
    return found.id


def _group(call: Call) -> str:
    found = call.view.group(call.args["group"])
    if found is None:
        raise not_found(call.args["group"])
    return found.id


def _register(rule: str, area: str, find: Callable[[Call], str], operation: dict[bool, str]) -> None:
    for transitive, name in ((False, "memberOf"), (True, "transitiveMemberOf")):
        for tail in ("", "/<cast>"):

            def handler(call: Call, *, transitive: bool = transitive) -> Reply:
                return _answer(call, find(call), transitive=transitive)

            what = "Groups, roles and units" if not transitive else "The same, through groups"
            route("GET", f"{rule}/{name}{tail}", area=area, summary=what + (", of one type" if tail else ""),
                  operation=operation[transitive])(handler)  # fmt: skip


_register(
    "/users/<user>", "users", _user, {False: "GET /users/{id}/memberOf", True: "GET /users/{id}/transitiveMemberOf"}
)
_register(
    "/servicePrincipals/<principal>",
    "applications",
    _service_principal,
    dict.fromkeys((False, True), "GET /servicePrincipals/{id}/memberOf"),
)
_register("/groups/<group>", "groups", _group, dict.fromkeys((False, True), "GET /groups"))
