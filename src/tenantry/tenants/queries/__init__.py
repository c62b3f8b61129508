"""Reading tenants and connections. Other domains see a connection only through these."""

import datetime as dt
import uuid
from typing import Final

from django.db.models import QuerySet

from tenantry.kit import clock
from tenantry.kit.decision import Decision
from tenantry.reach import Reacher, permissions
from tenantry.tenants.models import (
    AppKind,
    CanaryRun,
    Connection,
    ConnectionState,
    ConsentAttempt,
    ConsentOutcome,
    PimStatus,
    Premium,
    RolePath,
    Tenant,
)
from tenantry.tenants.policies import (
    PROPAGATION_WINDOW,
    CustomRoleFacts,
    Facts,
    GroupFacts,
    Holding,
    LicenceSignal,
    PimView,
    RoleRules,
    ServiceSignal,
    Trouble,
    Wish,
    judge_pim,
    may_activate_jit,
    needed_permissions,
    road_by_pim,
    wishes_from,
)

_ATTEMPT_SHOWN_FOR = dt.timedelta(hours=24)
_BEFORE_A_LOOK: Final = (
    "tenant_id",
    "app",
    "state",
    "wanted_role_id",
    "path",
    "group_name",
    "app_display_name",
    "permission_ids",
    "role_seen_at",
)


GROUP_NAME_TAIL: Final = "Enterprise App"
"""AC-7.3: a role-assignable group is named after the app and this, unless a technician chose another name."""


CANNOT_WORK: Final = (ConnectionState.OFFLINE, ConnectionState.DEGRADED)
"""States in which nothing that changes a user can succeed; work that can wait waits for their end."""


def _of(app: AppKind = AppKind.HELPDESK) -> QuerySet[Connection]:
    return Connection.objects.filter(app=app).select_related("tenant")


def connection_of(customer_id: uuid.UUID, *, app: AppKind = AppKind.HELPDESK) -> Connection | None:
    """The customer's connection through one of our apps, with its tenant; None when there is none."""
    return _of(app).filter(tenant__customer_id=customer_id).first()


def connection_to(tenant_id: uuid.UUID, *, app: AppKind = AppKind.HELPDESK) -> Connection | None:
    """The connection of one of our apps to a tenant; None when there is none."""
    return _of(app).filter(tenant_id=tenant_id).first()


def connections_to(tenant_id: uuid.UUID) -> list[Connection]:
    """The connections of both apps to a tenant, the help-desk one first, with what a look needs to know beforehand.

    A sweep reads this row for every tenant, so what a look does not ask for is left in the database.
    """
    rows = Connection.objects.filter(tenant_id=tenant_id).only(*_BEFORE_A_LOOK)
    return sorted(rows, key=lambda connection: connection.app != AppKind.HELPDESK)


def companion_of(connection: Connection) -> Connection | None:
    """The connection of our other app to the same tenant, sharing this one's tenant object; None when there is none."""
    others = Connection.objects.filter(tenant_id=connection.tenant_id).exclude(app=connection.app)
    if not others.exists():  # asked of every tenant at every look, and most have one app: the wide row costs more
        return None
    other = others.first()
    if other is not None:
        other.tenant = connection.tenant  # the freshest: the caller may have changed what is wanted
    return other


def canary_is_running(tenant_id: uuid.UUID) -> bool:
    """Whether a canary account is, or may be, in the tenant."""
    return CanaryRun.objects.filter(tenant_id=tenant_id, finished_at=None).exists()


def group_name_of(connection: Connection) -> str:
    """The name that the connection's role-assignable group has or is to have (AC-7.3)."""
    return connection.group_name or f"{connection.app_display_name} {GROUP_NAME_TAIL}".strip()


def tenant_of(customer_id: uuid.UUID) -> Tenant | None:
    """The customer's connected tenant; None when it is not connected."""
    connected = Tenant.objects.filter(customer_id=customer_id, connections__app=AppKind.HELPDESK)
    return connected.order_by("connections__pk").first()  # as `connection_of`, whose wide row a list has no use for


def connected_tenant_ids() -> list[uuid.UUID]:
    """Every tenant with a help-desk connection, whatever its health."""
    return list(_of().values_list("tenant_id", flat=True))


def wants_access_passes(connection: Connection | None = None) -> bool:
    """Whether Temporary Access Passes are wanted at this connection's customer, or, without one, at any customer."""
    if connection is not None:
        return Wish.ACCESS_PASS in wishes_of(connection)
    return Tenant.objects.filter(wishes__contains=[str(Wish.ACCESS_PASS)]).exists()


def wishes_of(connection: Connection) -> frozenset[Wish]:
    """Which features are wanted at the customer, as far as this connection can tell."""
    tenant = connection.tenant
    is_helpdesk = connection.app == AppKind.HELPDESK
    return wishes_from(
        tenant.wishes if is_helpdesk else [],
        wanted_role_id=str(connection.wanted_role_id),
        is_jit_wanted=tenant.is_jit_wanted,
    )


def jit_decision(customer_id: uuid.UUID) -> Decision:
    """Whether a just-in-time grant may be activated at a customer now (AC-2.6); asked before anything is created."""
    elevation = connection_of(customer_id, app=AppKind.ELEVATION)
    tenant = tenant_of(customer_id)
    return may_activate_jit(
        facts_of(elevation) if elevation else None, clock.now(), is_wanted=tenant is not None and tenant.is_jit_wanted
    )


def facts_of(connection: Connection) -> Facts:
    """A connection's row as the facts its standing is decided from."""
    return Facts(
        wanted_role_id=str(connection.wanted_role_id),
        app_name=connection.app_display_name,
        granted=permissions.names(connection.permission_ids),
        required=needed_permissions(wishes_of(connection), AppKind(connection.app)),
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
        app=AppKind(connection.app),
        path=RolePath(connection.path),
        holdings=tuple(map(Holding.from_json, connection.holdings)),
        groups=tuple(map(GroupFacts.from_json, connection.groups)),
        group_name=group_name_of(connection),
        rules=RoleRules.from_json(connection.role_rules),
        custom={role_id: CustomRoleFacts.from_json(kept) for role_id, kept in connection.custom_roles.items()},
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


def pim_view(tenant: Tenant) -> PimView:
    """What is known of PIM in a tenant, for the screen."""
    return PimView(
        status=PimStatus(tenant.pim_status),
        reason=tenant.pim_reason,
        checked_at=tenant.pim_checked_at,
        known=PimStatus(tenant.pim_known),
        known_at=tenant.pim_known_at,
    )


def premium_view(tenant: Tenant) -> Premium:
    """Whether the tenant may make role-assignable groups, as the last look found it."""
    return Premium(tenant.premium)


def road_by_tenant(tenant: Tenant) -> RolePath:
    """The road that fits the tenant as the last look found it."""
    if not tenant.pim_checked_at:
        return RolePath.DIRECT
    licence, service = LicenceSignal(tenant.pim_licence), ServiceSignal(tenant.pim_service)
    return road_by_pim(judge_pim(licence, service), known=PimStatus(tenant.pim_known))
