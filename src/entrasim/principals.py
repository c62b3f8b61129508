"""The life of an enterprise app in a tenant: what deleting it takes along."""

import datetime as dt
from typing import TYPE_CHECKING

from entrasim import grants, roles
from entrasim.changes import changing
from entrasim.directory_audit import note, note_by_user
from entrasim.state import ServicePrincipal, Tenant, User

if TYPE_CHECKING:
    from entrasim.web import Call


def delete(
    tenant: Tenant,
    principal: ServicePrincipal,
    *,
    now: dt.datetime,
    call: "Call | None" = None,
    by: User | None = None,
) -> None:
    """Delete an enterprise app with its permissions, roles, memberships and grants.

    Args:
        tenant: where.
        principal: what.
        now: when.
        call: the Graph call that does it, if any.
        by: the person in the portal who does it, if any.
    """
    with tenant.lock:
        tenant.service_principals.pop(principal.id, None)
        for held in list(tenant.role_assignments.values()):
            if held.principal_id == principal.id:
                roles.remove(tenant, held, now=now, call=call, by=by)
        for key, held in list(tenant.role_eligibilities.items()):
            if held.principal_id == principal.id:
                del tenant.role_eligibilities[key]
        for group in tenant.groups.values():
            if principal.id in group.members or principal.id in group.owners:
                with changing(tenant, group, now=now, by_graph=call is not None):
                    group.members.pop(principal.id, None)
                    group.owners.pop(principal.id, None)
        for unit in tenant.administrative_units.values():
            unit.members.discard(principal.id)
        grants.forget_principal(tenant, principal.id)
        if call is not None:
            note(call, "Remove service principal", principal)
        else:
            note_by_user(tenant, "Remove service principal", principal, by=by, now=now)
