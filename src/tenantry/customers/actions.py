"""Adding, renaming, archiving and restoring customers."""

import re
import unicodedata
import uuid
from collections.abc import Collection

from django.db import IntegrityError, transaction

from tenantry.audit.actions import About, record
from tenantry.customers.events import CustomerEvent
from tenantry.customers.groups.changing import put_in, set_groups
from tenantry.customers.groups.reading import groups_to_add_to
from tenantry.customers.models import Customer, CustomerGroup, State
from tenantry.customers.queries import get_customer
from tenantry.kit import clock, scoping
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tenantry.kit.transitions import move
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.tenants.queries import tenant_of

NAME_LENGTH = 200
# Unicode's embeddings, overrides and isolates: they act on the text around the name too.
_TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def add_customer(
    *, actor: Actor, technician: Technician, name: str, domain: str = "", group_ids: Collection[uuid.UUID] = ()
) -> Customer:
    """Add a customer by hand.

    Args:
        actor: who adds it.
        technician: the same as a technician; who does not see every customer puts it into a group of their teams, or
            it would be out of their sight at once.
        name: as the technicians call it; one active customer has it.
        domain: a domain its tenant is expected to have; a tenant without it is asked about before it is connected.
        group_ids: the customer groups it belongs to.

    Raises:
        Invalid: no name, a taken name, something that is no domain, or no group where one is needed.
    """
    name, domain = clean_name(name), clean_domain(domain)
    groups = _groups_to_add_to(technician, group_ids)
    try:
        # Until it is in a group the new row is out of the technician's own sight.
        with scoping.scoped(scoping.SYSTEM), transaction.atomic():
            customer = Customer.objects.create(name=name, domain=domain, created_at=clock.now())
            record(
                actor=actor,
                action=CustomerEvent.ADDED,
                about=_about(customer),
                summary=f"Expected domain {domain}." if domain else "",
            )
            for group in groups:
                put_in(actor, group, [customer])
    except IntegrityError:
        raise _taken(name) from None
    return customer


def change_customer(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    name: str,
    domain: str,
    group_ids: Collection[uuid.UUID] | None = None,
) -> Customer:
    """Rename a customer, change the domain its tenant is expected to have, or (unless None) its groups.

    Raises:
        NotHere, Invalid
        NotAllowed: groups are given by somebody who may not choose them.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    name, domain = clean_name(name), clean_domain(domain)
    before = customer.name, customer.domain
    customer.name, customer.domain = name, domain
    try:
        with transaction.atomic():
            if group_ids is not None:
                set_groups(actor=actor, technician=technician, customer=customer, group_ids=group_ids)
            if before == (name, domain):
                return customer
            customer.save(update_fields=["name", "domain"])
            record(
                actor=actor,
                action=CustomerEvent.CHANGED,
                about=_about(customer),
                summary=f"Was {before[0]}{f' ({before[1]})' if before[1] else ''}.",
                details={"before": {"name": before[0], "domain": before[1]}, "after": {"name": name, "domain": domain}},
            )
    except IntegrityError:
        raise _taken(name) from None
    return customer


def hide_passwords(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, hides: bool) -> Customer:
    """Say whether technicians may see new passwords of this customer's users, or only hand them over unseen.

    Raises:
        NotHere: no such customer.
        NotAllowed: the role may not change rules, and this is one.
    """
    require_permission(technician, Permission.SETTINGS_RULES)
    customer = get_customer(technician=technician, customer_id=customer_id)
    with transaction.atomic():
        if Customer.objects.filter(pk=customer.pk).exclude(hides_passwords=hides).update(hides_passwords=hides):
            record(
                actor=actor,
                action=CustomerEvent.PASSWORDS_HIDDEN if hides else CustomerEvent.PASSWORDS_SHOWN,
                about=_about(customer),
                summary="Technicians never see new passwords."
                if hides
                else "Technicians may see new passwords, once each.",
            )
    customer.hides_passwords = hides
    return customer


def archive_customer(*, actor: Actor, technician: Technician, customer_id: uuid.UUID) -> Customer:
    """Put a customer away. Nothing of it is deleted.

    Raises:
        NotHere: no such customer.
        NotAllowed: it is still connected; disconnecting says what remains in the tenant, so it is not done in passing.
        Conflict: it is archived already.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    with transaction.atomic():
        tenant = tenant_of(customer_id)
        if tenant is not None:
            raise NotAllowed(
                f"{customer.name} is still connected to {tenant.primary_domain}.",
                remedy="Disconnect it first, then archive it.",
                code="still_connected",
            )
        move(customer, from_=State.ACTIVE, to=State.ARCHIVED, archived_at=clock.now())
        record(actor=actor, action=CustomerEvent.ARCHIVED, about=_about(customer))
    return customer


def restore_customer(*, actor: Actor, technician: Technician, customer_id: uuid.UUID) -> Customer:
    """Take an archived customer back.

    Raises:
        NotHere: no such customer.
        Conflict: it is not archived, or another customer has its name by now.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    try:
        with transaction.atomic():
            move(customer, from_=State.ARCHIVED, to=State.ACTIVE, archived_at=None)
            record(actor=actor, action=CustomerEvent.RESTORED, about=_about(customer))
    except IntegrityError:
        raise Conflict(
            f"Another customer is called {customer.name} by now.", remedy="Rename one of the two, then restore."
        ) from None
    return customer


def clean_name(name: str) -> str:
    """A name without surplus blanks and without what is not seen but turns the words of a confirmation around.

    Raises:
        Invalid: nothing that can be seen is left, or it is too long.
    """
    name = " ".join(name.split())
    name = " ".join("".join(c for c in name if unicodedata.category(c) != "Cc" and c not in _TURNING).split())
    if not any(unicodedata.category(c)[0] in "LNPS" for c in name):
        raise Invalid("Give the customer a name.", field="name")
    if len(name) > NAME_LENGTH:
        raise Invalid("The name is too long: 200 characters at most.", field="name")
    return name


def clean_domain(domain: str) -> str:
    """A domain in lower case, out of whatever was pasted: an address, a link, an e-mail address. Empty stays empty.

    Raises:
        Invalid: it is no domain.
    """
    text = domain.strip().lower()
    text = re.sub(r"^[a-z]+://", "", text).split("/", 1)[0].rpartition("@")[2].rstrip(".")
    if not text:
        return ""
    try:
        labels = text.encode("idna").decode().split(".")
    except UnicodeError:
        labels = []
    if len(labels) < 2 or len(".".join(labels)) > 253 or not all(map(_LABEL.fullmatch, labels)):  # noqa: PLR2004  DNS
        raise Invalid("That is no domain. Write it like kestrel.example.", field="domain")
    return ".".join(labels)


def _groups_to_add_to(technician: Technician, group_ids: Collection[uuid.UUID]) -> list[CustomerGroup]:
    offered = groups_to_add_to(technician)
    chosen = [group for group in offered if group.pk in set(group_ids)]
    if len(chosen) != len(set(group_ids)):
        raise Invalid("Choose among the groups that your teams look after.", field="groups")
    if not chosen and not technician.sees_everything:
        raise Invalid(
            "Choose a customer group, or you would not see the customer."
            if offered
            else "None of your teams looks after a customer group, so you would not see the customer. Ask an "
            "administrator to link one to your team.",
            field="groups" if offered else "",
            code="no_group",
        )
    return chosen


def _taken(name: str) -> Invalid:
    same = Customer.objects.filter(name__iexact=name, state=State.ACTIVE).first()
    there = same.name if same else name
    return Invalid(
        f"There is a customer called {there} already. Choose another name, for example with the town.",
        field="name",
        code="duplicate",
    )


def _about(customer: Customer) -> About:
    return About(
        customer_id=customer.pk,
        customer_name=customer.name,
        target_kind="customer",
        target_id=str(customer.pk),
        target_name=customer.name,
    )
