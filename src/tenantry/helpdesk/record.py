"""How an operation is named in the record."""

from tenantry.audit.actions import About
from tenantry.helpdesk.models import Operation
from tenantry.kit.actor import Actor


def about(operation: Operation) -> About:
    """The customer, tenant and user of an operation."""
    return About(
        customer_id=operation.customer_id,
        customer_name=operation.customer_name,
        tenant_id=operation.tenant_id,
        target_kind="user",
        target_id=str(operation.object_id),
        target_name=f"{operation.user_display_name} ({operation.user_principal_name})",
    )


def actor_of(operation: Operation) -> Actor:
    """Who asked for it; the worker acts in their name."""
    return Actor(
        kind="technician",
        id=operation.technician_id,
        name=operation.technician_name,
        address=operation.technician_address,
    )
