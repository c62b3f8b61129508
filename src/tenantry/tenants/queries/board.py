"""The readiness board: one customer's, and all customers' page by page in a constant number of queries."""

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from tenantry.customers.queries import Customer, visible_customers
from tenantry.kit import clock, cursors
from tenantry.technicians.models import Technician
from tenantry.tenants.models import AppKind, Connection
from tenantry.tenants.policies import COLUMNS, Line, Ready, board, not_connected
from tenantry.tenants.queries import facts_of, wishes_of

PAGE_SIZE: Final = 50
FILTERS: Final[dict[str, str]] = {
    "": "All",
    Ready.ATTENTION: "Needs attention",
    Ready.PROPAGATING: "Propagating",
    Ready.READY: "Ready",
    "none": "Not connected",
}
"""Values of `?show=` and their words, in the order of the chips."""


def lines_of(connection: Connection, elevation: Connection | None) -> tuple[Line, ...]:
    """The board of one customer."""
    return board(facts_of(connection), facts_of(elevation) if elevation else None, wishes_of(connection), clock.now())


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """One cause, and the features that are not green because of it."""

    labels: list[str]
    line: Line


@dataclasses.dataclass(frozen=True, slots=True)
class BoardRow:
    """A customer on the board across all."""

    customer: Customer
    connection: Connection | None
    lines: tuple[Line, ...]

    @property
    def reasons(self) -> list[Reason]:
        """Every cause once, with the features it keeps from being ready."""
        found: dict[tuple[str, str], Reason] = {}
        for line in self.lines:
            if line.cause:
                found.setdefault((line.cause, line.fix), Reason([], line)).labels.append(line.label)
        return list(found.values())


@dataclasses.dataclass(frozen=True, slots=True)
class BoardPage:
    """A page of it; `after` and `before` are cursors, empty where there is nothing."""

    rows: list[BoardRow]
    after: str
    before: str


@dataclasses.dataclass(frozen=True, slots=True)
class Tally:
    """How many customers stand how at one feature."""

    key: str
    label: str
    short: str
    ready: int
    propagating: int
    attention: int
    not_wanted: int


@dataclasses.dataclass(frozen=True, slots=True)
class BoardSummary:
    """Counted over all active customers: those with at least one line in a state, and each feature by itself."""

    total: int
    counts: dict[str, int]
    features: tuple[Tally, ...]


def _active(technician: Technician) -> QuerySet[Customer]:
    return visible_customers(technician).filter(state="active")


def _connections() -> QuerySet[Connection]:
    return Connection.objects.filter(app=AppKind.HELPDESK, tenant__customer_id=OuterRef("pk"))


_KEYS: Final = tuple(column.key for column in COLUMNS)


def _some(state: Ready, keys: tuple[str, ...] = _KEYS) -> Q:
    """Tenants of which one of the features stands like this."""
    found = Q(pk__in=())
    for key in keys:
        found |= Q(**{f"tenant__board__{key}": str(state)})
    return found


def summary(technician: Technician) -> BoardSummary:
    """Count in two queries, whatever the number of customers."""
    customers = _active(technician)
    total = customers.count()
    connected = Connection.objects.filter(app=AppKind.HELPDESK, tenant__customer_id__in=customers.values("pk"))
    # Boards are few, however many customers: they are grouped in the database and counted here.
    boards = [
        (row["tenant__board"], row["n"]) for row in connected.values("tenant__board").annotate(n=Count("pk")).order_by()
    ]
    some = {state: sum(n for kept, n in boards if str(state) in kept.values()) for state in Ready}
    busy = {str(Ready.ATTENTION), str(Ready.PROPAGATING)}
    return BoardSummary(
        total=total,
        counts={
            "": total,
            Ready.ATTENTION: some[Ready.ATTENTION],
            Ready.PROPAGATING: some[Ready.PROPAGATING],
            Ready.READY: sum(n for kept, n in boards if not busy & set(kept.values())),
            "none": total - sum(n for _, n in boards),
        },
        features=tuple(
            Tally(
                column.key,
                column.label,
                column.short,
                **{str(state): sum(n for kept, n in boards if kept.get(column.key) == str(state)) for state in Ready},
            )
            for column in COLUMNS
        ),
    )


def page_of(
    *, technician: Technician, show: str = "", feature: str = "", after: str = "", before: str = ""
) -> BoardPage:
    """A page of customers by name with every feature of each, in two queries.

    Args:
        technician: who looks.
        show: one of `FILTERS`.
        feature: the key of one column, to which `show` is then narrowed; without `show`, where it is wanted.
        after: cursor of the row before the page.
        before: cursor of the row after the page; wins over `after`.
    """
    found = _filtered(_active(technician), show, feature).annotate(sort_name=Lower("name"))
    cursor = _decode(before or after)
    is_back = bool(before and cursor)
    if cursor is not None:
        name, key = cursor
        beyond = (
            Q(sort_name__lt=name) | Q(sort_name=name, pk__lt=key)
            if is_back
            else Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=key)
        )
        found = found.filter(beyond)
    order = ("-sort_name", "-pk") if is_back else ("sort_name", "pk")
    customers = list(found.order_by(*order)[: PAGE_SIZE + 1])
    has_more = len(customers) > PAGE_SIZE
    customers = customers[:PAGE_SIZE]
    if is_back:
        customers.reverse()
    has_next, has_previous = (True, has_more) if is_back else (has_more, cursor is not None)
    return BoardPage(
        rows=_rows(customers),
        after=_encode(customers[-1]) if customers and has_next else "",
        before=_encode(customers[0]) if customers and has_previous else "",
    )


def _filtered(customers: QuerySet[Customer], show: str, feature: str) -> QuerySet[Customer]:
    keys = (feature,) if feature else _KEYS
    connections = _connections()
    if show == "none":
        return customers.filter(~Exists(connections))
    if show == Ready.READY and not feature:
        return customers.filter(
            Exists(connections.exclude(_some(Ready.ATTENTION, keys)).exclude(_some(Ready.PROPAGATING, keys)))
        )
    if show:
        return customers.filter(Exists(connections.filter(_some(Ready(show), keys))))
    if feature:
        wanted = Q(pk__in=())
        for state in (Ready.READY, Ready.PROPAGATING, Ready.ATTENTION):
            wanted |= _some(state, keys)
        return customers.filter(Exists(connections.filter(wanted)))
    return customers


def _rows(customers: Sequence[Customer]) -> list[BoardRow]:
    found: dict[uuid.UUID, dict[str, Connection]] = {}
    for connection in Connection.objects.filter(tenant__customer_id__in=[c.pk for c in customers]).select_related(
        "tenant"
    ):
        found.setdefault(connection.tenant.customer_id, {})[connection.app] = connection
    rows = []
    for customer in customers:
        both = found.get(customer.pk, {})
        base = both.get(AppKind.HELPDESK)
        lines = lines_of(base, both.get(AppKind.ELEVATION)) if base else not_connected()
        rows.append(BoardRow(customer, base, lines))
    return rows


def _encode(customer: Customer) -> str:
    # The database's own lower case: the order is the database's.
    return cursors.pack(getattr(customer, "sort_name", ""), str(customer.pk))


def _decode(cursor: str) -> tuple[str, uuid.UUID] | None:
    """A cursor's place; None for none, and for one that was tampered with (the list then starts over)."""
    place = cursors.unpack(cursor, parts=2)
    if place is None:
        return None
    try:
        return place[0], uuid.UUID(place[1])
    except ValueError:
        return None
