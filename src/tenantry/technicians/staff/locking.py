"""Locking the people a change is about, so that two of them cannot act on each other at the same moment."""

import dataclasses
import uuid

from django.db.models import Q

from tenantry.kit.decision import Decision, Denied
from tenantry.kit.errors import NotAllowed, NotHere, require
from tenantry.technicians.factors import has_local_way_in
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Role


@dataclasses.dataclass(frozen=True, slots=True)
class Locked:
    """Who acts and on whom; true until the transaction ends.

    Attributes:
        actor: who acts.
        target: on whom.
        active_owners: how many there are.
        is_last_local_way_in: the target is an owner, and no other could sign in without Microsoft.
    """

    actor: Technician
    target: Technician
    active_owners: int
    is_last_local_way_in: bool


def lock_people(*, technician: Technician, target_id: uuid.UUID) -> Locked:
    """Lock the acting technician, the target and every owner in one order, and read them anew.

    Raises:
        NotHere: there is no such technician.
        NotAllowed: who acts was switched off a moment ago.
    """
    wanted = Q(role=Role.OWNER) | Q(pk__in=[technician.pk, target_id])
    people = {
        person.pk: person for person in Technician.objects.select_for_update(no_key=True).filter(wanted).order_by("pk")
    }
    actor, target = people.get(technician.pk), people.get(target_id)
    if target is None:
        raise NotHere("There is no such technician.")
    if actor is None or not actor.is_active:
        raise NotAllowed("Your account was switched off.", who="an owner", code="switched_off")
    owners = [person for person in people.values() if person.is_active and person.is_owner]
    is_last = (
        target in owners
        and has_local_way_in(target)
        and not any(has_local_way_in(owner) for owner in owners if owner.pk != target.pk)
    )
    return Locked(actor, target, len(owners), is_last)


def require_all(*decisions: Decision) -> None:
    """Go on only if none is a refusal; raises the first that is.

    Raises:
        NotAllowed
    """
    for decision in decisions:
        if isinstance(decision, Denied):
            require(decision)
