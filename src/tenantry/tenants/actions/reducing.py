"""Ticking off that what was more than needed is gone (J5)."""

from tenantry.audit.actions import record
from tenantry.kit.actor import Actor
from tenantry.tenants.actions.settling import about
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection
from tenantry.tenants.policies import Wish, difference
from tenantry.tenants.queries import connection_to, facts_of, wishes_of


def note_reduction(connection: Connection, *, actor: Actor) -> None:
    """After a look, on the locked row: once nothing is more than needed, the reduction is done."""
    if connection.reduction_asked_at is None:
        return
    if difference(facts_of(connection), wishes_of_tenant(connection)).has_extra:
        return
    connection.reduction_asked_at = None
    record(
        actor=actor,
        action=TenantEvent.REDUCTION_DONE,
        about=about(connection),
        summary="Read back: the enterprise app holds nothing beyond what is needed.",
    )


def wishes_of_tenant(connection: Connection) -> frozenset[Wish]:
    """Which features are wanted at the customer, whichever of our apps the connection is for."""
    if connection.app == AppKind.HELPDESK:
        return wishes_of(connection)
    base = connection_to(connection.tenant_id)
    return wishes_of(base) if base is not None else wishes_of(connection)
