"""Giving and taking directory roles; the routes, the portal and the handle all come through here."""

import datetime as dt
from typing import TYPE_CHECKING

from entrasim.changes import record
from entrasim.directory_audit import note, note_by_user
from entrasim.state import RoleAssignment, Tenant, User, new_id
from entrasim.tables.roles import GLOBAL_ADMINISTRATOR

if TYPE_CHECKING:
    from entrasim.web import Call


def find(tenant: Tenant, principal_id: str, role_id: str, scope: str) -> RoleAssignment | None:
    """The assignment of exactly that role, principal and scope."""
    for assignment in tenant.role_assignments.values():
        if (assignment.principal_id, assignment.role_definition_id, assignment.directory_scope_id) == (
            principal_id,
            role_id,
            scope,
        ):
            return assignment
    return None


def assign(
    tenant: Tenant,
    *,
    principal_id: str,
    role_id: str,
    scope: str = "/",
    now: dt.datetime,
    call: "Call | None" = None,
    by: User | None = None,
) -> RoleAssignment:
    """Assign a role without asking who may; an assignment that is there already is answered as it is.

    Args:
        tenant: where.
        principal_id: user, role-assignable group or service principal.
        role_id: template id, or id of a custom role.
        scope: "/" or "/administrativeUnits/{id}".
        now: the time of the assignment.
        call: the Graph call that does it, if any.
        by: the person in the portal who does it, if any.
    """
    with tenant.lock:
        existing = find(tenant, principal_id, role_id, scope)
        if existing is not None:
            return existing
        made = RoleAssignment(new_id(), principal_id, role_id, scope, now)
        tenant.role_assignments[made.id] = made
        record(tenant, kind="role_assignment", object_id=made.id, before=None, now=now, by_graph=call is not None)
        note_change(tenant, "Add member to role", principal_id, now=now, call=call, by=by)
        return made


def remove(
    tenant: Tenant, assignment: RoleAssignment, *, now: dt.datetime, call: "Call | None" = None, by: User | None = None
) -> None:
    """Take an assignment away."""
    with tenant.lock:
        tenant.role_assignments.pop(assignment.id, None)
        record(
            tenant,
            kind="role_assignment",
            object_id=assignment.id,
            before=assignment,
            now=now,
            by_graph=call is not None,
        )
        note_change(tenant, "Remove member from role", assignment.principal_id, now=now, call=call, by=by)


def is_last_global_administrator(tenant: Tenant, assignment: RoleAssignment) -> bool:
    """Whether nobody would be Global Administrator without this assignment."""
    if assignment.role_definition_id != GLOBAL_ADMINISTRATOR or assignment.directory_scope_id != "/":
        return False
    return not any(
        other.role_definition_id == GLOBAL_ADMINISTRATOR and other.directory_scope_id == "/" and other is not assignment
        for other in tenant.role_assignments.values()
    )


def note_change(
    tenant: Tenant, activity: str, principal_id: str, *, now: dt.datetime, call: "Call | None", by: User | None
) -> None:
    """Write what happened to a principal into the directory's audit log."""
    target = (
        tenant.users.get(principal_id) or tenant.groups.get(principal_id) or tenant.service_principals.get(principal_id)
    )
    if target is None:
        return
    if call is not None:
        note(call, activity, target)
    else:
        note_by_user(tenant, activity, target, by=by, now=now)
