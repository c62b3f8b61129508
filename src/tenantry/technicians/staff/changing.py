"""Changing colleagues: role, end of sessions, the end of an account."""

import uuid

from django.db import transaction
from django.db.models import F
from django.dispatch import Signal

from tenantry.audit import actions as audit
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.decision import Decision, Denied
from tenantry.kit.errors import Conflict
from tenantry.technicians.actions import about
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import LinkPurpose, OneTimeLink, Technician
from tenantry.technicians.permissions import Role
from tenantry.technicians.staff.locking import Locked, lock_people, require_all
from tenantry.technicians.staff.policies import may_give, may_have, may_manage, may_stop_being_owner

access_ended = Signal()
"""Sent with `technician` and `actor` inside the transaction that switches somebody off: whoever keeps other keys of
theirs (API tokens) ends them there. A receiver that raises keeps the account as it was."""


role_changed = Signal()
"""Sent with `technician`, who has the new role by then, and `actor`, inside the transaction: whoever keeps keys that
somebody with this role may not hold ends them there."""


def change_role(*, actor: Actor, technician: Technician, target_id: uuid.UUID, role: str) -> Technician:
    """Give a colleague another role. Their sessions go on; the next request is judged by the new role.

    Raises:
        NotHere: there is no such technician.
        NotAllowed: a role that may do more than one's own is given or taken, it is one's own account, or nobody would
            own the console any more, or no owner could sign in without Microsoft.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        target, before = people.target, people.target.role
        require_all(may_manage(people.actor, target), may_give(people.actor, role), may_have(target, role))
        if role == before:
            return target
        require_all(_may_stop_being_owner(people))
        target.role = role
        target.save(update_fields=["role"])
        _end_invitations_of(target, actor=actor, why="has another role")
        role_changed.send(sender=Technician, technician=target, actor=actor)
        audit.record(
            actor=actor,
            action=TechnicianEvent.ROLE_CHANGED,
            about=about(target),
            summary=f"Role: {Role(before).label} → {Role(role).label}.",
            details={"before": {"role": before}, "after": {"role": role}},
        )
    return target


def end_sessions(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Technician:
    """Sign a colleague out everywhere.

    Raises:
        NotHere, NotAllowed
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        require_all(may_manage(people.actor, people.target))
        Technician.objects.filter(pk=target_id).update(session_epoch=F("session_epoch") + 1)
        audit.record(
            actor=actor,
            action=TechnicianEvent.SESSIONS_ENDED,
            about=about(people.target),
            summary=f"{people.target.display_name} was signed out everywhere.",
        )
    return people.target


def deactivate(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Technician:
    """Switch a colleague off: their sessions, one-time links and other keys end in the same transaction.

    Raises:
        NotHere: there is no such technician.
        NotAllowed: one's own account, somebody who may do more, the last active owner, or the last who can sign in
            without Microsoft.
        Conflict: they are switched off already.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        target = people.target
        require_all(may_manage(people.actor, target), _may_stop_being_owner(people))
        changed = Technician.objects.filter(pk=target_id, is_active=True).update(
            is_active=False, session_epoch=F("session_epoch") + 1
        )
        if changed != 1:
            raise Conflict(f"{target.display_name} is switched off already.", remedy="Reload the page.")
        target.is_active = False
        end_links(target)
        _end_invitations_of(target, actor=actor, why="was switched off")
        access_ended.send(sender=Technician, technician=target, actor=actor)
        audit.record(
            actor=actor,
            action=TechnicianEvent.DEACTIVATED,
            about=about(target),
            summary=f"{target.display_name} was switched off; sessions, links and tokens ended.",
            details={"before": {"active": True}, "after": {"active": False}},
        )
    return target


def _may_stop_being_owner(people: Locked) -> Decision:
    return may_stop_being_owner(
        people.target, active_owners=people.active_owners, is_last_local_way_in=people.is_last_local_way_in
    )


def _end_invitations_of(maker: Technician, *, actor: Actor, why: str) -> None:
    """End the invitations that somebody sent and could not send any more: a way back in, for somebody they chose."""
    now = clock.now()
    links = OneTimeLink.objects.filter(
        made_by=maker, purpose=LinkPurpose.INVITATION, used_at=None, expires_at__gt=now, technician__is_active=False
    )
    for link in links.select_related("technician"):
        invited = link.technician
        if invited is None or not isinstance(may_give(maker, invited.role), Denied):
            continue
        OneTimeLink.objects.filter(pk=link.pk, used_at=None).update(expires_at=now)
        audit.record(
            actor=actor,
            action=TechnicianEvent.INVITATION_WITHDRAWN,
            about=about(invited),
            summary=f"The link to join ended: {maker.display_name}, who sent it, {why}. A colleague can make another.",
        )


def end_links(technician: Technician) -> None:
    """End every one-time link of somebody that still works; call it inside the transaction of the change."""
    now = clock.now()
    OneTimeLink.objects.filter(technician=technician, used_at=None, expires_at__gt=now).update(expires_at=now)
