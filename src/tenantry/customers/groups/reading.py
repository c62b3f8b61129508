"""Reading customer groups, and what people see through them."""

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Final

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from tenantry.customers.models import Customer, CustomerGroup, State
from tenantry.customers.queries import visible_customers
from tenantry.kit import cursors
from tenantry.kit.errors import NotHere
from tenantry.technicians import queries as technicians
from tenantry.technicians.models import Team, Technician
from tenantry.technicians.permissions import Permission

PAGE_SIZE: Final = 50


@dataclasses.dataclass(frozen=True, slots=True)
class GroupPage:
    """A page of customers in, or not in, a group; `after` and `before` are cursors, empty where there is nothing."""

    customers: list[Customer]
    total: int
    after: str
    before: str


@dataclasses.dataclass(frozen=True, slots=True)
class Loss:
    """How many customers somebody no longer sees."""

    technician: Technician
    customers: int


def list_groups() -> QuerySet[CustomerGroup]:
    """Every group by name, with `customer_count` and its teams."""
    counted = CustomerGroup.objects.annotate(customer_count=Count("customers", distinct=True))
    return counted.prefetch_related("teams").order_by(Lower("name"), "pk")


def get_group(group_id: uuid.UUID) -> CustomerGroup:
    """One group.

    Raises:
        NotHere: there is no such group.
    """
    group = CustomerGroup.objects.filter(pk=group_id).first()
    if group is None:
        raise NotHere("There is no such customer group.")
    return group


def groups_of(customer_id: uuid.UUID, *, technician: Technician) -> list[CustomerGroup]:
    """The groups of a customer, as far as `technician` may know of them: all, or those of their teams."""
    found = CustomerGroup.objects.filter(customers=customer_id)
    if not technician.sees_everything:
        found = found.filter(teams__members=technician).distinct()
    return list(found.order_by(Lower("name"), "pk"))


def groups_looked_after(technician: Technician) -> list[CustomerGroup]:
    """The groups whose customers are `technician`'s: all, or those of their teams; no other than the token's."""
    found = CustomerGroup.objects.all()
    if not technician.looks_after_everybody:
        found = found.filter(teams__members=technician).distinct()
    if technician.bound_group_ids is not None:
        found = found.filter(pk__in=technician.bound_group_ids)
    return list(found.order_by(Lower("name"), "pk"))


def groups_to_add_to(technician: Technician) -> list[CustomerGroup]:
    """The groups a customer that `technician` adds may be put into."""
    if technician.bound_group_ids is not None:
        return groups_looked_after(technician)
    found = CustomerGroup.objects.all()
    if not technician.may(Permission.CUSTOMERS_GROUP):
        found = found.filter(teams__members=technician).distinct()
    return list(found.order_by(Lower("name"), "pk"))


def page_of(*, group: CustomerGroup, is_member: bool, search: str = "", after: str = "", before: str = "") -> GroupPage:
    """A page of active customers by name that are (or are not) in the group."""
    inside = group.customers.through.objects.filter(customergroup=group).values("customer_id")
    found = Customer.objects.filter(state=State.ACTIVE)
    found = found.filter(pk__in=inside) if is_member else found.exclude(pk__in=inside)
    if words := search.strip():
        found = (
            found.filter(Q(name__icontains=words) | Q(domain__icontains=words))
            if cursors.is_storable(words)
            else found.none()
        )
    total = found.count()
    start = cursors.number(after) or 0
    if before:
        start = max(0, (cursors.number(before) or 0) - PAGE_SIZE)
    start = min(start, total)
    rows = list(found.order_by(Lower("name"), "pk")[start : start + PAGE_SIZE])
    return GroupPage(
        rows,
        total,
        after=str(start + PAGE_SIZE) if start + PAGE_SIZE < total else "",
        before=str(start) if start else "",
    )


def names_by_team(team_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """The names of the groups linked to each of these teams."""
    pairs = CustomerGroup.teams.through.objects.filter(team_id__in=team_ids).order_by(Lower("customergroup__name"))
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    for team_id, name in pairs.values_list("team_id", "customergroup__name"):
        found[team_id].append(name)
    return dict(found)


def groups_of_team(team_id: uuid.UUID) -> QuerySet[CustomerGroup]:
    """The groups linked to a team, with `customer_count`."""
    return list_groups().filter(pk__in=CustomerGroup.objects.filter(teams=team_id).values("pk"))


def losses_without_team(team: Team) -> list[Loss]:
    """Who sees fewer customers once this team is gone, and by how many."""
    losses = []
    for member in team.members.order_by(Lower("display_name")):
        others = member.teams.exclude(pk=team.pk)
        if member.role_sees_everything or others.filter(sees_everything=True).exists():
            continue
        kept = CustomerGroup.customers.through.objects.filter(customergroup__teams__in=others).values("customer_id")
        seen = visible_customers(member).exclude(pk__in=kept).count()
        if seen:
            losses.append(Loss(member, seen))
    return losses


def losses_without_group(group: CustomerGroup) -> list[Loss]:
    """Who sees fewer customers once this group is gone, and by how many."""
    losses = []
    for member in technicians.active_members_of(group.teams.all()):
        if member.sees_everything:
            continue
        others = CustomerGroup.objects.filter(teams__members=member).exclude(pk=group.pk)
        kept = CustomerGroup.customers.through.objects.filter(customergroup__in=others).values("customer_id")
        lost = group.customers.exclude(pk__in=kept).count()
        if lost:
            losses.append(Loss(member, lost))
    return losses
