"""Writing customer groups. What a customer is in, or no longer in, is recorded at the customer."""

import uuid
from collections.abc import Collection, Iterable
from typing import Final, TypedDict

from django.db import IntegrityError, transaction

from tenantry.audit.actions import About, record
from tenantry.customers.events import CustomerEvent
from tenantry.customers.models import Customer, CustomerGroup
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotHere
from tenantry.technicians import queries as technicians
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

NAME_LENGTH: Final = 100


class _Facts(TypedDict):
    name: str
    teams: list[str]


def create_group(*, actor: Actor, technician: Technician, name: str) -> CustomerGroup:
    """Make an empty group.

    Raises:
        NotAllowed, Invalid: no name, or a taken one.
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    name = _clean(name)
    try:
        with transaction.atomic():
            group = CustomerGroup.objects.create(name=name, created_at=clock.now())
            record(
                actor=actor,
                action=CustomerEvent.GROUP_CREATED,
                about=_about(group),
                summary=f"The customer group {name} was made.",
            )
    except IntegrityError as error:
        raise _taken(name) from error
    return group


def change_group(
    *, actor: Actor, technician: Technician, group_id: uuid.UUID, name: str, team_ids: Collection[uuid.UUID]
) -> CustomerGroup:
    """Rename a group and choose the teams that see its customers.

    Raises:
        NotHere: there is no such group.
        NotAllowed
        Invalid: no name, a taken one, or a team that is gone.
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    name = _clean(name)
    try:
        with transaction.atomic():
            group = _lock(group_id)
            before = _facts(group)
            teams = technicians.teams_with(team_ids)
            if len(teams) != len(set(team_ids)):
                raise Invalid("A team was deleted a moment ago. Choose again.", field="teams")
            group.name = name
            group.save(update_fields=["name"])
            group.teams.set(teams)
            after = _facts(group)
            if before != after:
                words = f"Teams: {', '.join(before['teams']) or 'none'} → {', '.join(after['teams']) or 'none'}."
                if before["name"] != after["name"]:
                    words = f"Was {before['name']}. {words}"
                record(
                    actor=actor,
                    action=CustomerEvent.GROUP_CHANGED,
                    about=_about(group),
                    summary=words,
                    details={"before": before, "after": after},
                )
    except IntegrityError as error:
        raise _taken(name) from error
    return group


def delete_group(*, actor: Actor, technician: Technician, group_id: uuid.UUID) -> CustomerGroup:
    """Delete a group. Its customers stay; teams no longer see them through it.

    Raises:
        NotHere, NotAllowed
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    with transaction.atomic():
        group = _lock(group_id)
        for customer in group.customers.order_by("name"):
            _record_membership(actor, customer, group, is_member=False)
        record(
            actor=actor,
            action=CustomerEvent.GROUP_DELETED,
            about=_about(group),
            summary=f"The customer group {group.name} was deleted.",
            details={"before": _facts(group), "after": {}},
        )
        group.delete()
    return group


def add_customers(
    *, actor: Actor, technician: Technician, group_id: uuid.UUID, customer_ids: Collection[uuid.UUID]
) -> int:
    """Put customers into a group; returns how many were not in it before.

    Raises:
        NotHere: there is no such group. Customers that are gone are passed over.
        NotAllowed
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    with transaction.atomic():
        group = _lock(group_id)
        return put_in(actor, group, Customer.objects.filter(pk__in=customer_ids).exclude(groups=group))


def remove_customers(
    *, actor: Actor, technician: Technician, group_id: uuid.UUID, customer_ids: Collection[uuid.UUID]
) -> int:
    """Take customers out of a group; returns how many were in it.

    Raises:
        NotHere, NotAllowed
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    with transaction.atomic():
        group = _lock(group_id)
        return _take_out(actor, group, group.customers.filter(pk__in=customer_ids))


def set_groups(*, actor: Actor, technician: Technician, customer: Customer, group_ids: Collection[uuid.UUID]) -> None:
    """Put a customer into exactly these groups.

    Raises:
        NotAllowed
        Invalid: a group is gone.
    """
    require_permission(technician, Permission.CUSTOMERS_GROUP)
    with transaction.atomic():
        groups = {group.pk: group for group in CustomerGroup.objects.filter(pk__in=group_ids)}
        if len(groups) != len(set(group_ids)):
            raise Invalid("A group was deleted a moment ago. Choose again.", field="groups")
        present = {group.pk: group for group in customer.groups.all()}
        for key in groups.keys() - present.keys():
            put_in(actor, groups[key], [customer])
        for key in present.keys() - groups.keys():
            _take_out(actor, present[key], [customer])


def put_in(actor: Actor, group: CustomerGroup, customers: Iterable[Customer]) -> int:
    """Put customers into a group and record it at each; for actions that have decided, inside their transaction."""
    wanted = list(customers)
    group.customers.add(*wanted)
    for customer in wanted:
        _record_membership(actor, customer, group, is_member=True)
    return len(wanted)


def _take_out(actor: Actor, group: CustomerGroup, customers: Iterable[Customer]) -> int:
    unwanted = list(customers)
    group.customers.remove(*unwanted)
    for customer in unwanted:
        _record_membership(actor, customer, group, is_member=False)
    return len(unwanted)


def _record_membership(actor: Actor, customer: Customer, group: CustomerGroup, *, is_member: bool) -> None:
    record(
        actor=actor,
        action=CustomerEvent.GROUPED if is_member else CustomerEvent.UNGROUPED,
        about=About(
            customer_id=customer.pk,
            customer_name=customer.name,
            target_kind="customer",
            target_id=str(customer.pk),
            target_name=customer.name,
        ),
        summary=f"{'Put into' if is_member else 'Taken out of'} the customer group {group.name}.",
        details={
            "before": {"is_member": not is_member},
            "after": {"is_member": is_member},
            "group": {"id": str(group.pk), "name": group.name},
        },
    )


def _lock(group_id: uuid.UUID) -> CustomerGroup:
    group = CustomerGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise NotHere("There is no such customer group.")
    return group


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid("Give the group a name.", field="name")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"The name is too long: {NAME_LENGTH} characters at most.", field="name")
    return name


def _taken(name: str) -> Invalid:
    return Invalid(f"There is a customer group called {name} already.", field="name", code="duplicate")


def _facts(group: CustomerGroup) -> _Facts:
    return {"name": group.name, "teams": list(group.teams.order_by("name").values_list("name", flat=True))}


def _about(group: CustomerGroup) -> About:
    return About(target_kind="customer_group", target_id=str(group.pk), target_name=group.name)
