"""Reading customers. Nobody reads a customer any other way, so that visibility has one place."""

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from tenantry.customers.models import Customer, State
from tenantry.kit import cursors
from tenantry.kit.errors import NotHere
from tenantry.kit.lookups import OfArray
from tenantry.technicians.models import Technician
from tenantry.tenants.queries import listing
from tenantry.tenants.queries.listing import ConnectionLine

__all__ = [
    "FILTERS",
    "Customer",
    "get_customer",
    "list_customers",
    "of_visible_customers",
    "summarise",
    "visible_customers",
]

PAGE_SIZE: Final = 50

FILTERS: Final[dict[str, str]] = {
    "": "All",
    "attention": "Needs somebody",
    "setup": "Propagating",
    "ready": "Ready",
    "none": "Not connected",
    "archived": "Archived",
}
"""Values of `?show=` and their words, in the order of the chips."""


@dataclasses.dataclass(frozen=True, slots=True)
class CustomerRow:
    """A line of the list."""

    customer: Customer
    connection: ConnectionLine | None

    @property
    def domain(self) -> str:
        """The tenant's primary domain; before there is one, the expected domain."""
        return self.connection.domain if self.connection else self.customer.domain


@dataclasses.dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page of the list; `after` and `before` are cursors, empty where there is nothing."""

    rows: list[CustomerRow]
    after: str
    before: str


@dataclasses.dataclass(frozen=True, slots=True)
class Summary:
    """How many customers stand where; archived ones are not in `total`."""

    total: int
    ready: int
    setting_up: int
    attention: int
    not_connected: int
    archived: int

    @property
    def connected(self) -> int:
        """Those with a connection, healthy or not."""
        return self.total - self.not_connected


def get_customer(*, technician: Technician, customer_id: uuid.UUID) -> Customer:
    """The customer, if `technician` may see it.

    Raises:
        NotHere: no such customer, or not theirs; the two are never told apart.
    """
    customer = visible_customers(technician).filter(pk=customer_id).first()
    if customer is None:
        raise NotHere("There is no such customer.")
    return customer


def visible_customers(technician: Technician) -> QuerySet[Customer]:
    """Every customer `technician` may see: all, or those of the groups that a team of theirs is linked to.

    A token that is bound to groups sees what is in those and the technician's as well.

    Somebody switched off sees none, so an account's end is the end of its sight whatever path leads here.
    """
    if not technician.is_active:
        return Customer.objects.none()
    if technician.sees_everything:
        return Customer.objects.all()
    ids = (RawSQL(select, values) for select, values in _each_of(technician))  # noqa: S611  our own words
    return Customer.objects.filter(*(OfArray(F("pk"), found) for found in ids))


_THROUGH_TEAMS: Final = (
    "SELECT linked.customer_id FROM technicians_team_members m"
    " JOIN customers_customergroup_teams g ON g.team_id = m.team_id"
    " JOIN customers_customergroup_customers linked ON linked.customergroup_id = g.customergroup_id"
    " WHERE m.technician_id = %s"
)
_IN_GROUPS: Final = (
    "SELECT inside.customer_id FROM customers_customergroup_customers inside WHERE inside.customergroup_id = ANY (%s)"
)


def _each_of(technician: Technician) -> list[tuple[str, tuple[Any, ...]]]:
    """Statements with their values: a customer is theirs whose id each of them gives. Not for who sees everything.

    They are asked within each statement: what a request changes about groups holds for its next statement. Written by
    hand: much of what a page cost was Django putting together the same five joins for each of its queries.
    """
    selects: list[tuple[str, tuple[Any, ...]]] = []
    if technician.bound_group_ids is not None:
        selects.append((_IN_GROUPS, (list(technician.bound_group_ids),)))
    if not technician.looks_after_everybody:
        selects.append((_THROUGH_TEAMS, (technician.pk,)))
    return selects


def of_visible_customers(technician: Technician) -> tuple[str, tuple[Any, ...]]:
    """A condition on a column `customer_id` that means `visible_customers`, and its values.

    For the few statements that every page sends and that are written by hand: Django takes longer to put such a count
    together than PostgreSQL to answer it.
    """
    if not technician.is_active:
        return "false", ()
    if technician.sees_everything:
        return "true", ()
    selects = _each_of(technician)
    condition = " AND ".join(f"customer_id = ANY (ARRAY({select}))" for select, _ in selects)
    return condition, tuple(value for _, values in selects for value in values)


def summarise(technician: Technician) -> Summary:
    """Count the customers by where their connection stands, in three queries."""
    customers = visible_customers(technician)
    total = customers.filter(state=State.ACTIVE).count()
    counts = listing.group_counts(customers)
    return Summary(
        total=total,
        ready=counts["ready"],
        setting_up=counts["setup"],
        attention=counts["attention"],
        not_connected=total - sum(counts.values()),
        archived=customers.filter(state=State.ARCHIVED).count(),
    )


def list_customers(
    *, technician: Technician, search: str = "", show: str = "", after: str = "", before: str = ""
) -> CustomerPage:
    """A page of customers by name, with their connections and mirrors in a constant number of queries.

    Args:
        technician: who looks.
        search: part of a name or domain, of the customer or its tenant.
        show: one of `FILTERS`.
        after: cursor of the row before the page.
        before: cursor of the row after the page; wins over `after`.
    """
    found = _filtered(visible_customers(technician), show)
    if words := search.strip():
        found = found.filter(
            Q(name__icontains=words) | Q(domain__icontains=words) | Q(pk__in=listing.customer_ids_matching(words))
        )
    found = found.annotate(sort_name=Lower("name"))
    cursor = _decode(before or after)
    if cursor is not None:
        name, key = cursor
        if before:
            found = found.filter(Q(sort_name__lt=name) | Q(sort_name=name, pk__lt=key))
        else:
            found = found.filter(Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=key))
    order = ("-sort_name", "-pk") if before and cursor else ("sort_name", "pk")
    customers = list(found.order_by(*order)[: PAGE_SIZE + 1])
    has_more = len(customers) > PAGE_SIZE
    customers = customers[:PAGE_SIZE]
    is_back = bool(before and cursor)
    if is_back:
        customers.reverse()
    has_next, has_previous = (True, has_more) if is_back else (has_more, cursor is not None)
    return CustomerPage(
        rows=_rows(customers),
        after=_encode(customers[-1]) if customers and has_next else "",
        before=_encode(customers[0]) if customers and has_previous else "",
    )


def _filtered(customers: QuerySet[Customer], show: str) -> QuerySet[Customer]:
    if show == "archived":
        return customers.filter(state=State.ARCHIVED)
    customers = customers.filter(state=State.ACTIVE)
    if show == "none":
        return customers.exclude(pk__in=listing.connected_customer_ids())
    return customers.filter(pk__in=listing.customer_ids_in(show)) if show in listing.GROUPS else customers


def _rows(customers: Sequence[Customer]) -> list[CustomerRow]:
    connections = listing.lines_of([customer.pk for customer in customers])
    return [CustomerRow(customer, connections.get(customer.pk)) for customer in customers]


def _encode(customer: Customer) -> str:
    # The database's own lower case: Python's differs in a few scripts, and the order is the database's.
    name = getattr(customer, "sort_name", "")
    return cursors.pack(name, str(customer.pk))


def _decode(cursor: str) -> tuple[str, uuid.UUID] | None:
    """A cursor's place; None for none, and for one that was tampered with (the list then starts over)."""
    place = cursors.unpack(cursor, parts=2)
    if place is None:
        return None
    try:
        return place[0], uuid.UUID(place[1])
    except ValueError:
        return None
