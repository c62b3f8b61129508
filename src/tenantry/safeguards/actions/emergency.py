"""Marking accounts that are kept for emergencies, and taking the mark away."""

import uuid

from django.db import IntegrityError, transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.customers.queries import Customer, get_customer
from tenantry.directory import queries as directory
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotHere
from tenantry.safeguards.events import SafeguardEvent
from tenantry.safeguards.models import EmergencyAccount
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.tenants import queries as tenants

LONGEST = 500


def mark(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, object_id: uuid.UUID, justification: str
) -> EmergencyAccount:
    """Keep an account out of everybody's reach here. Whoever works on connections may: it only takes away.

    Raises:
        NotAllowed, NotHere
        Invalid: no justification.
        Conflict: it is marked already.
    """
    require_permission(technician, Permission.EMERGENCY_MARK)
    customer, tenant_id, about = _find(technician, customer_id, object_id)
    del customer
    why = _justified(justification)
    try:
        with transaction.atomic():
            made = EmergencyAccount.objects.create(
                tenant_id=tenant_id,
                object_id=object_id,
                justification=why,
                marked_at=clock.now(),
                marked_by=actor.name,
            )
            audit.record(actor=actor, action=SafeguardEvent.EMERGENCY_MARKED, about=about, justification=why)
    except IntegrityError:
        raise Conflict("This account is marked already.", remedy="Reload the page.") from None
    return made


def unmark(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, object_id: uuid.UUID, justification: str
) -> None:
    """Take the mark away: from now on the other rules count. Only whoever may change rules.

    Raises:
        NotAllowed, NotHere
        Invalid: no justification.
        Conflict: it is not marked (any more).
    """
    require_permission(technician, Permission.SETTINGS_RULES)
    _, tenant_id, about = _find(technician, customer_id, object_id)
    why = _justified(justification)
    with transaction.atomic():
        deleted, _ = EmergencyAccount.objects.filter(tenant_id=tenant_id, object_id=object_id).delete()
        if not deleted:
            raise Conflict("This account is not marked any more.", remedy="Reload the page.")
        audit.record(actor=actor, action=SafeguardEvent.EMERGENCY_UNMARKED, about=about, justification=why)


def _justified(justification: str) -> str:
    why = justification.strip()
    if not 3 <= len(why) <= LONGEST:  # noqa: PLR2004  as everywhere else a justification is asked for
        raise Invalid(f"Say why in 3 to {LONGEST} characters.", field="justification")
    return why


def _find(technician: Technician, customer_id: uuid.UUID, object_id: uuid.UUID) -> tuple[Customer, uuid.UUID, About]:
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection = tenants.connection_of(customer_id)
    user = directory.find_user(tenant_id=connection.tenant_id, object_id=object_id) if connection else None
    if connection is None or user is None:
        raise NotHere("This customer has no such user.")
    about = About(
        customer_id=customer.pk,
        customer_name=customer.name,
        tenant_id=connection.tenant_id,
        target_kind="user",
        target_id=str(object_id),
        target_name=f"{user.display_name} ({user.user_principal_name})",
    )
    return customer, connection.tenant_id, about
