"""Service accounts: no person, but a program of the MSP's with a role, teams and API tokens of its own.

It has no password, no factor, no Microsoft account and no address that mail could go to. It is listed, changed and
switched off like a colleague, and outlives whoever made it.
"""

import uuid
from collections.abc import Collection
from typing import Final

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotHere
from tenantry.technicians.access import require_permission
from tenantry.technicians.actions import about
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import Team, Technician
from tenantry.technicians.permissions import Permission, Role
from tenantry.technicians.staff.locking import lock_people, require_all
from tenantry.technicians.staff.policies import may_give, may_have, may_manage

NAME_LENGTH: Final = 100
_NOWHERE: Final = "service.invalid"
"""No mail server has this domain. Source: RFC 2606, 2."""
_NOT_THERE: Final = "There is no such service account, or it is switched off."


def add_service_account(
    *, actor: Actor, technician: Technician, name: str, role: str, team_ids: Collection[uuid.UUID] = ()
) -> Technician:
    """Make an account for a program.

    Raises:
        NotAllowed: the role may do more than one's own, or is not for service accounts.
        Invalid: no name, or a team is gone.
    """
    require_permission(technician, Permission.TECHNICIANS_MANAGE)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH:
        raise Invalid(f"Give it a name of 1 to {NAME_LENGTH} characters.", field="display_name")
    now, key = clock.now(), uuid.uuid4()
    with transaction.atomic():
        made = Technician(
            pk=key,
            email=f"{key}@{_NOWHERE}",
            display_name=name,
            role=role,
            is_service=True,
            created_at=now,
            joined_at=now,
        )
        giver = lock_people(technician=technician, target_id=technician.pk).actor
        require_all(may_give(giver, role), may_have(made, role))
        made.set_unusable_password()
        made.save(force_insert=True)
        teams = list(Team.objects.filter(pk__in=team_ids).order_by("name"))
        if len(teams) != len(set(team_ids)):
            raise Invalid("A team was deleted a moment ago. Choose again.", field="teams")
        made.teams.set(teams)
        audit.record(
            actor=actor,
            action=TechnicianEvent.SERVICE_ACCOUNT_MADE,
            about=about(made),
            summary=f"The service account {name} was made as {Role(role).label}.",
            details={"after": {"role": role, "teams": [team.name for team in teams]}},
        )
    return made


def switch_on(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Technician:
    """Let a service account work again. Its tokens stay revoked.

    Raises:
        NotHere, NotAllowed
        Conflict: it is no service account, or not switched off.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        target = people.target
        require_all(may_manage(people.actor, target))
        if not target.is_service or target.is_active:
            raise Conflict(f"{target.display_name} is not switched off.", remedy="Reload the page.")
        target.is_active = True
        target.save(update_fields=["is_active"])
        audit.record(
            actor=actor,
            action=TechnicianEvent.REACTIVATED,
            about=about(target),
            summary=f"The service account {target.display_name} was switched on again, without its old tokens.",
            details={"after": {"role": target.role}},
        )
    return target


def get_service(*, technician: Technician, service_id: str) -> Technician:
    """One that is switched on, for somebody who manages technicians; `service_id` comes from an address.

    Raises:
        NotHere: no such service account, or they do not manage technicians.
    """
    try:
        key = uuid.UUID(service_id)
    except ValueError:
        raise NotHere(_NOT_THERE) from None
    found = Technician.objects.filter(pk=key, is_service=True, is_active=True).first()
    if found is None or not technician.may(Permission.TECHNICIANS_MANAGE):
        raise NotHere(_NOT_THERE)
    return found


def active_services() -> list[Technician]:
    """Every service account that is switched on, by name."""
    return list(Technician.objects.filter(is_service=True, is_active=True).order_by("display_name", "pk"))
