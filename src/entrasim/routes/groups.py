"""Groups, members and owners."""

from collections.abc import Iterable
from typing import Any

from entrasim import enforcement, roles, shapes
from entrasim.changes import changing, find_user, record
from entrasim.directory_audit import note
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.odata.pages import collection
from entrasim.state import Group, ServicePrincipal, User, new_id
from entrasim.tables import delegated
from entrasim.tables.skus import PREMIUM_PLANS, has_plan
from entrasim.web import Call, Reply, route

AREA = "groups"
_MOST_ASSIGNABLE = 500
_VISIBILITIES = frozenset({None, "Hidden", "HiddenMembership", "Private"})
"""The property's description says Hidden, the samples say Private."""
_UPDATABLE: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "displayName": ("display_name", str),
    "description": ("description", (str, type(None))),
    "mailNickname": ("mail_nickname", str),
    "securityEnabled": ("security_enabled", bool),
    "visibility": ("visibility", (str, type(None))),
}


def require_group(call: Call) -> Group:
    """The group that the path names.

    Raises:
        GraphError: 404.
    """
    found = call.view.group(call.args["group"])
    if found is None:
        raise not_found(call.args["group"])
    return found


def directory_object(call: Call, object_id: str) -> User | Group | ServicePrincipal | None:
    """Any object that can be a member."""
    tenant = call.tenant
    key = object_id.lower()
    return tenant.users.get(key) or tenant.groups.get(key) or tenant.service_principals.get(key)


def _sorted_groups(call: Call, after: str) -> list[Group]:
    return sorted((group for group in call.view.groups() if group.id > after), key=lambda group: group.id)


@route("GET", "/groups", area=AREA, summary="$filter (isAssignableToRole eq true and others), pages",
       operation="GET /groups")  # fmt: skip
def list_groups(call: Call) -> Reply:
    """List groups."""
    return collection(call, shapes.GROUP, lambda after: _sorted_groups(call, after), fragment="groups")


@route("GET", "/groups/<group>", area=AREA, summary="One group", operation="GET /groups")
def get_group(call: Call) -> Reply:
    """Get group."""
    row = shapes.GROUP.writer(call.query.select)(require_group(call))
    return Reply(200, {"@odata.context": call.metadata("groups/$entity"), **row})


@route("POST", "/groups", area=AREA, summary="Create; role-assignable ones need a licence", operation="POST /groups")
def create_group(call: Call) -> Reply:
    """Create group."""
    body = call.json()
    for name in ("displayName", "mailEnabled", "mailNickname", "securityEnabled"):
        if name not in body:
            raise bad_request(f"A value is required for property '{name}' of resource 'Group'.")
    assignable = body.get("isAssignableToRole") is True
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    if assignable:
        _require_assignable(call, caller, body)
    elif not caller.has("Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"):
        raise denied(lack_of_permission=True)
    kinds = list(body.get("groupTypes") or ())
    if body["mailEnabled"] and "Unified" not in kinds:
        raise bad_request("Mail-enabled security groups and distribution lists cannot be created through Graph.")
    group = Group(
        id=new_id(),
        display_name=body["displayName"],
        created_date_time=shapes.seconds(call.view.now),
        mail_nickname=body["mailNickname"],
        description=body.get("description"),
        security_enabled=bool(body["securityEnabled"]),
        mail_enabled=bool(body["mailEnabled"]),
        group_types=kinds,
        is_assignable_to_role=assignable,
        visibility=body.get("visibility"),
    )
    for name, people in (("members", group.members), ("owners", group.owners)):
        for reference in body.get(f"{name}@odata.bind", ()):
            found = _referenced(call, reference)
            _require_fit(group, found, name)
            people[found.id] = call.view.now
    administers = caller.roles & (delegated.GROUP_MANAGERS | delegated.ROLE_MANAGERS)
    if caller.is_delegated and not group.owners and ("Unified" in group.group_types or not administers):
        # "The calling user is automatically assigned as the group owner", but not an administrator of a security group.
        group.owners[caller.object_id] = call.view.now
    call.tenant.groups[group.id] = group
    group.change_number = record(
        call.tenant, kind="group", object_id=group.id, before=None, now=call.view.now, by_graph=True
    )
    note(call, "Add group", group)
    call.effect = True
    return Reply(201, {"@odata.context": call.metadata("groups/$entity"), **shapes.GROUP.writer()(group)})


def _require_assignable(call: Call, caller: enforcement.Caller, body: dict[str, Any]) -> None:
    """Rules for role-assignable groups ("groups-concept")."""
    if not caller.has("RoleManagement.ReadWrite.Directory"):
        raise denied(lack_of_permission=True)
    enforcement.require_role(caller, delegated.ROLE_MANAGERS)
    if not has_plan(call.tenant.skus, PREMIUM_PLANS):
        raise no_premium()
    if not body.get("securityEnabled"):
        raise bad_request("A group that can be assigned to roles must be security-enabled.")
    if "DynamicMembership" in (body.get("groupTypes") or ()):
        raise bad_request("A group that can be assigned to roles cannot have dynamic membership.")
    if body.get("visibility") not in _VISIBILITIES:
        raise bad_request("The visibility of a group that can be assigned to roles must be Private.")
    if sum(group.is_assignable_to_role for group in call.tenant.groups.values()) >= _MOST_ASSIGNABLE:
        raise bad_request("The tenant has reached the maximum number of role-assignable groups.")


def no_premium() -> GraphError:
    """403 where a premium licence is missing."""
    return GraphError(
        403,
        "Authorization_RequestDenied",
        "Only companies who have purchased AAD Premium may perform this operation.",
    )


def require_role_group(call: Call, principal_id: str) -> None:
    """Refuse a group that cannot hold a role; other principals pass.

    Raises:
        GraphError: 403 without a premium licence, 400 for a group without the property.
    """
    group = call.tenant.groups.get(principal_id)
    if group is None:
        return
    if not has_plan(call.tenant.skus, PREMIUM_PLANS):
        raise no_premium()
    if not group.is_assignable_to_role:
        raise bad_request("Groups without IsAssignableToRole property set cannot be assigned to roles.")


def _require_fit(group: Group, item: User | Group | ServicePrincipal, kind: str) -> None:
    """Refuse what cannot be a member or owner of a group.

    Raises:
        GraphError: 400.
    """
    if isinstance(item, Group):
        if kind == "owners":
            raise bad_request("A group cannot be the owner of a group.")
        if group.is_assignable_to_role:
            raise bad_request("Nesting is not supported for groups that can be assigned to roles.")
    if "Unified" in group.group_types and kind == "members" and not isinstance(item, User):
        raise bad_request("Only users can be members of a Microsoft 365 group.")


@route("PATCH", "/groups/<group>", area=AREA, summary="Update; isAssignableToRole never changes",
       operation="PATCH /groups/{id}")  # fmt: skip
def update_group(call: Call) -> Reply:
    """Update group."""
    require_group(call)
    group = call.tenant.groups[call.args["group"].lower()]
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_group_change(call.tenant, caller, group, members=False)
    body = call.json()
    if not body:
        raise bad_request("Empty Payload. JSON content expected.")
    for name, value in body.items():
        if name == "isAssignableToRole":
            raise bad_request("Property 'isAssignableToRole' is read-only and cannot be set.")
        if name not in _UPDATABLE:
            raise bad_request(f"Property '{name}' is read-only, unknown or not simulated.")
        if not isinstance(value, _UPDATABLE[name][1]):
            raise bad_request(f"Invalid value specified for property '{name}' of resource 'Group'.")
    if group.is_assignable_to_role:
        if body.get("securityEnabled") is False:
            raise bad_request("A group that can be assigned to roles must be security-enabled.")
        if body.get("visibility") not in _VISIBILITIES:
            raise bad_request("The visibility of a group that can be assigned to roles must be Private.")
    with changing(call.tenant, group, now=call.view.now, by_graph=True):
        for name, value in body.items():
            setattr(group, _UPDATABLE[name][0], value)
    note(call, "Update group", group, changed=sorted(body))
    call.effect = True
    return Reply(204)


@route("DELETE", "/groups/<group>", area=AREA, summary="Delete", operation="DELETE /groups/{id}")
def delete_group(call: Call) -> Reply:
    """Delete group (soft delete is not simulated: it is gone)."""
    require_group(call)
    group = call.tenant.groups[call.args["group"].lower()]
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_group_change(call.tenant, caller, group, members=False)
    with changing(call.tenant, group, now=call.view.now, by_graph=True):
        del call.tenant.groups[group.id]
    for held in list(call.tenant.role_assignments.values()):
        if held.principal_id == group.id:
            roles.remove(call.tenant, held, now=call.view.now, call=call)
    for held in list(call.tenant.role_eligibilities.values()):
        if held.principal_id == group.id:
            del call.tenant.role_eligibilities[held.id]
    note(call, "Delete group", group)
    call.effect = True
    return Reply(204)


def _people(call: Call, ids: Iterable[str], fragment: str = "directoryObjects") -> Reply:
    found = [item for item in (directory_object(call, key) for key in sorted(ids)) if item is not None]
    after, size = call.query.raw.get("skiptoken", ""), call.query.top or 100
    cast = call.args.get("cast", "").lstrip("#").rpartition(".")[2].lower()
    if cast:
        kinds = {"user": User, "group": Group, "serviceprincipal": ServicePrincipal}
        if cast not in kinds:
            raise GraphError(501, "NotImplemented", f"entrasim does not simulate the cast '{call.args['cast']}'.")
        found = [item for item in found if isinstance(item, kinds[cast])]
    found = [item for item in found if item.id > after]
    body: dict[str, Any] = {"@odata.context": call.metadata(fragment)}
    if len(found) > size:
        from entrasim.odata.pages import link  # noqa: PLC0415  only where a list is long

        body["@odata.nextLink"] = link(call, {**call.query.without("skiptoken"), "$skiptoken": found[size - 1].id})
    body["value"] = [shapes.directory_object(call.tenant, item, call.query.select) for item in found[:size]]
    return Reply(200, body)


@route("GET", "/groups/<group>/members", area=AREA, summary="Members", operation="GET /groups/{id}/members")
@route("GET", "/groups/<group>/members/<cast>", area=AREA, summary="Members of one type",
       operation="GET /groups/{id}/members")  # fmt: skip
def members(call: Call) -> Reply:
    """List group members."""
    return _people(call, require_group(call).members)


@route("GET", "/groups/<group>/owners", area=AREA, summary="Owners", operation="GET /groups/{id}/owners")
@route("GET", "/groups/<group>/owners/<cast>", area=AREA, summary="Owners of one type",
       operation="GET /groups/{id}/owners")  # fmt: skip
def owners(call: Call) -> Reply:
    """List group owners."""
    return _people(call, require_group(call).owners)


@route("GET", "/groups/<group>/transitiveMembers", area=AREA, summary="Members through groups",
       operation="GET /groups/{id}/members")  # fmt: skip
@route("GET", "/groups/<group>/transitiveMembers/<cast>", area=AREA, summary="The same, of one type",
       operation="GET /groups/{id}/members")  # fmt: skip
def transitive_members(call: Call) -> Reply:
    """List group transitive members."""
    found: set[str] = set()
    waiting = [require_group(call)]
    while waiting:
        for member in waiting.pop().members:
            if member not in found:
                found.add(member)
                nested = call.tenant.groups.get(member)
                if nested is not None:
                    waiting.append(nested)
    return _people(call, found)


def _referenced(call: Call, reference: object) -> User | Group | ServicePrincipal:
    """The object behind an `@odata.id`."""
    text = str(reference).rstrip("/")
    key = text.rpartition("/")[2]
    found = directory_object(call, key) or find_user(call.tenant, key)
    if found is None or not text:
        raise not_found(key)
    return found


def _change(call: Call, kind: str, *, add: bool) -> Reply:
    require_group(call)
    group = call.tenant.groups[call.args["group"].lower()]
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_group_change(call.tenant, caller, group)
    people = getattr(group, kind)
    if add:
        found = _referenced(call, call.json().get("@odata.id", ""))
        key = found.id
    else:
        key = call.args["object"].lower()
    if add and key in people:
        raise bad_request(
            f"One or more added object references already exist for the following modified properties: '{kind}'."
        )
    if not add and key not in people:
        raise not_found(key)
    if add:
        _require_fit(group, found, kind)
    with changing(call.tenant, group, now=call.view.now, by_graph=True):
        if add:
            people[key] = call.view.now
        else:
            del people[key]
    note(call, f"{'Add' if add else 'Remove'} {kind.rstrip('s')} {'to' if add else 'from'} group", group)
    call.effect = True
    return Reply(204)


@route("POST", "/groups/<group>/members/$ref", area=AREA, summary="Add a member",
       operation="POST /groups/{id}/members")  # fmt: skip
def add_member(call: Call) -> Reply:
    """Add members."""
    return _change(call, "members", add=True)


@route("DELETE", "/groups/<group>/members/<object>/$ref", area=AREA, summary="Remove a member",
       operation="DELETE /groups/{id}/members/{id}")  # fmt: skip
def remove_member(call: Call) -> Reply:
    """Remove member."""
    return _change(call, "members", add=False)


@route("POST", "/groups/<group>/owners/$ref", area=AREA, summary="Add an owner",
       operation="POST /groups/{id}/members")  # fmt: skip
def add_owner(call: Call) -> Reply:
    """Add owners."""
    return _change(call, "owners", add=True)


@route("DELETE", "/groups/<group>/owners/<object>/$ref", area=AREA, summary="Remove an owner",
       operation="DELETE /groups/{id}/members/{id}")  # fmt: skip
def remove_owner(call: Call) -> Reply:
    """Remove group owner."""
    return _change(call, "owners", add=False)
