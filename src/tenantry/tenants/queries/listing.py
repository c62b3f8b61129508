"""Connections for lists: many at once, in a constant number of queries."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q, QuerySet

from tenantry.tenants.models import AppKind, Connection, ConnectionState
from tenantry.tenants.policies import NEEDS_SOMEBODY, PROPAGATION_WINDOW

if TYPE_CHECKING:
    from tenantry.customers.models import Customer

GROUPS: Final[dict[str, tuple[ConnectionState, ...]]] = {
    "attention": NEEDS_SOMEBODY,
    "setup": (ConnectionState.CONSENTED, ConnectionState.PROPAGATING),
    "ready": (ConnectionState.READY,),
}
"""Every state of a connection, by what it asks of people."""

STATE_KINDS: Final[dict[str, str]] = {
    ConnectionState.NOT_CONNECTED: "mute",
    ConnectionState.CONSENTED: "wait",
    ConnectionState.ROLE_MISSING: "wait",
    ConnectionState.PROPAGATING: "wait",
    ConnectionState.READY: "good",
    ConnectionState.NEEDS_ATTENTION: "bad",
    ConnectionState.DEGRADED: "bad",
    ConnectionState.RECONSENT_NEEDED: "bad",
    ConnectionState.OFFLINE: "bad",
}
"""How the components colour a state; amber until it is certain that something is wrong."""


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectionLine:
    """A connection in one line.

    Attributes:
        tenant_id: its tenant.
        domain: the tenant's primary domain.
        state: where it stands.
        cause: why, for people.
        propagates_until: when the propagation window closes, while it is open.
        users: users in the mirror; None before the first read ended.
        read_at: when the mirror was last read completely.
    """

    tenant_id: uuid.UUID
    domain: str
    state: ConnectionState
    cause: str
    propagates_until: dt.datetime | None
    users: int | None
    read_at: dt.datetime | None

    @property
    def kind(self) -> str:
        """The component kind of the state."""
        return STATE_KINDS[self.state]


def _helpdesk() -> QuerySet[Connection]:
    return Connection.objects.filter(app=AppKind.HELPDESK)


def lines_of(customer_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ConnectionLine]:
    """The connections of these customers by customer id. One query, whatever the number."""
    rows = (
        _helpdesk()
        .filter(tenant__customer_id__in=list(customer_ids))
        .values_list(
            "tenant__customer_id",
            "tenant_id",
            "tenant__primary_domain",
            "state",
            "cause",
            "role_seen_at",
            "tenant__sync__users",
            "tenant__sync__finished_at",
        )
    )
    return {
        customer_id: ConnectionLine(
            tenant_id=tenant_id,
            domain=domain,
            state=ConnectionState(state),
            cause=cause,
            propagates_until=seen_at + PROPAGATION_WINDOW if seen_at and state == ConnectionState.PROPAGATING else None,
            users=users if read_at else None,
            read_at=read_at,
        )
        for customer_id, tenant_id, domain, state, cause, seen_at, users, read_at in rows
    }


def group_counts(customers: QuerySet["Customer"]) -> dict[str, int]:
    """How many of the active ones of `customers` are in each of `GROUPS`. One query."""
    rows = (
        _helpdesk()
        .filter(tenant__customer__in=customers, tenant__customer__state="active")
        .values("state")
        .annotate(n=Count("id"))
    )
    by_state = {row["state"]: row["n"] for row in rows}
    return {group: sum(by_state.get(state, 0) for state in states) for group, states in GROUPS.items()}


def customer_ids_in(group: str) -> QuerySet[Connection, uuid.UUID]:
    """Ids of the customers whose connection is in one of `GROUPS`, for use inside another query."""
    return _helpdesk().filter(state__in=GROUPS[group]).values_list("tenant__customer_id", flat=True)


def connected_customer_ids() -> QuerySet[Connection, uuid.UUID]:
    """Ids of the customers that are connected, for use inside another query."""
    return _helpdesk().values_list("tenant__customer_id", flat=True)


def customer_ids_matching(text: str) -> QuerySet[Connection, uuid.UUID]:
    """Ids of the customers whose tenant's name or primary domain contains `text`, for use inside another query."""
    return (
        _helpdesk()
        .filter(Q(tenant__primary_domain__icontains=text) | Q(tenant__display_name__icontains=text))
        .values_list("tenant__customer_id", flat=True)
    )
