"""Reading tenants and connections. Other domains see a connection only through these."""

import datetime as dt
import uuid

from django.db.models import QuerySet

from tenantry.kit import clock
from tenantry.reach import Reacher, permissions
from tenantry.tenants.models import AppKind, Connection, ConnectionState, ConsentAttempt, ConsentOutcome, Tenant
from tenantry.tenants.policies import PROPAGATION_WINDOW, Facts, Trouble

_ATTEMPT_SHOWN_FOR = dt.timedelta(hours=24)


def _helpdesk() -> QuerySet[Connection]:
    return Connection.objects.filter(app=AppKind.HELPDESK).select_related("tenant")


def connection_of(customer_id: uuid.UUID) -> Connection | None:
    """The customer's help-desk connection with its tenant; None when it is not connected."""
    return _helpdesk().filter(tenant__customer_id=customer_id).first()


def connection_to(tenant_id: uuid.UUID) -> Connection | None:
    """The help-desk connection to a tenant; None when there is none."""
    return _helpdesk().filter(tenant_id=tenant_id).first()


def tenant_of(customer_id: uuid.UUID) -> Tenant | None:
    """The customer's connected tenant; None when it is not connected."""
    connection = connection_of(customer_id)
    return connection.tenant if connection else None


def connected_tenant_ids() -> list[uuid.UUID]:
    """Every tenant with a help-desk connection, whatever its health."""
    return list(_helpdesk().values_list("tenant_id", flat=True))


def facts_of(connection: Connection) -> Facts:
    """A connection's row as the facts its standing is decided from."""
    return Facts(
        wanted_role_id=str(connection.wanted_role_id),
        app_name=connection.app_display_name,
        granted=permissions.names(connection.permission_ids),
        role_ids=frozenset(connection.active_role_ids),
        unit_roles={unit: frozenset(held) for unit, held in connection.unit_roles.items()},
        unit_names=connection.unit_names,
        app_is_enabled=connection.app_enabled,
        roles_are_read=connection.checked_at is not None,
        role_seen_at=connection.role_seen_at,
        role_lost_at=connection.role_lost_at,
        refused_at=connection.refused_at,
        refused_note=connection.refused_note,
        worked_at=connection.worked_at,
        probed_at=connection.probed_at,
        trouble=Trouble(connection.trouble) if connection.trouble else None,
        trouble_note=connection.trouble_note,
    )


def reacher_of(connection: Connection) -> Reacher:
    """What the enterprise app holds in the tenant, for `reach.decide`."""
    return Reacher(
        role_ids=frozenset(connection.active_role_ids),
        unit_role_ids={unit: frozenset(held) for unit, held in connection.unit_roles.items()},
        permissions=frozenset(connection.permission_ids),
    )


def is_propagating(connection: Connection) -> bool:
    """Whether a refusal may still be put down to propagation: inside the window, and not proven to work yet."""
    if connection.state == ConnectionState.PROPAGATING:
        return True
    seen_at = connection.role_seen_at
    return seen_at is not None and clock.now() < seen_at + PROPAGATION_WINDOW


def propagates_until(connection: Connection) -> dt.datetime | None:
    """When the propagation window closes; None while no role was seen."""
    return connection.role_seen_at + PROPAGATION_WINDOW if connection.role_seen_at else None


def latest_attempt(customer_id: uuid.UUID) -> ConsentAttempt | None:
    """The last consent round trip that ended or is being read back, while it is worth showing."""
    attempt = (
        ConsentAttempt.objects.filter(customer_id=customer_id, answered_at__isnull=False)
        .order_by("-answered_at")
        .first()
    )
    if attempt is None or attempt.outcome == ConsentOutcome.CONNECTED or attempt.dismissed_at is not None:
        return None
    return attempt if attempt.answered_at and clock.now() - attempt.answered_at < _ATTEMPT_SHOWN_FOR else None
