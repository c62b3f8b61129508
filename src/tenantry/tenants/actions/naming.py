"""What events about a connection name."""

from tenantry.audit.actions import About
from tenantry.tenants.models import Connection


def about(connection: Connection) -> About:
    """What events about a connection name."""
    tenant = connection.tenant
    return About(
        customer_id=tenant.customer_id,
        customer_name=tenant.customer.name,
        tenant_id=tenant.tenant_id,
        target_kind="connection",
        target_id=str(connection.pk),
        target_name=tenant.primary_domain,
    )
