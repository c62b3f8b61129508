"""Invitations: somebody joins, or comes back, through a one-time link that lives for seven days."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection
from typing import Final

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F

from tenantry.audit import actions as audit
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid
from tenantry.kit.sealed import Secret
from tenantry.notifications.sending import mail
from tenantry.notifications.sending.outcome import NotDelivered
from tenantry.technicians.access import require_permission
from tenantry.technicians.actions import about, actor_for, create_link, link_address, use_up
from tenantry.technicians.errors import LinkUnusable
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import LinkPurpose, MicrosoftAccount, Team, Technician
from tenantry.technicians.permissions import Permission, Role
from tenantry.technicians.queries import LinkState, find_link
from tenantry.technicians.staff.changing import end_links
from tenantry.technicians.staff.locking import lock_people, require_all
from tenantry.technicians.staff.policies import may_give, may_manage

LIFETIME: Final = dt.timedelta(days=7)


@dataclasses.dataclass(frozen=True, slots=True)
class Invitation:
    """A link that somebody joins with.

    Attributes:
        technician: whom it is for.
        link: its address; a secret, shown once where no mail took it along.
        is_mailed: whether a mail server took the message.
        trouble: why not, in words; empty when no mail server is set at all.
    """

    technician: Technician
    link: Secret
    is_mailed: bool = False
    trouble: str = ""


def invite(
    *,
    actor: Actor,
    technician: Technician,
    display_name: str,
    email: str,
    role: str,
    team_ids: Collection[uuid.UUID] = (),
) -> Invitation:
    """Make an account that nobody is in yet, and the link to it.

    Raises:
        NotAllowed: the role may do more than one's own.
        Invalid: a technician has this address already, or a team is gone.
    """
    require_permission(technician, Permission.TECHNICIANS_MANAGE)
    try:
        with transaction.atomic():
            require_all(may_give(lock_people(technician=technician, target_id=technician.pk).actor, role))
            people = Technician.objects.create_user(
                email, display_name=display_name, role=role, is_active=False, created_at=clock.now()
            )
            teams = list(Team.objects.filter(pk__in=team_ids).order_by("name"))
            if len(teams) != len(set(team_ids)):
                raise Invalid("A team was deleted a moment ago. Choose again.", field="teams")
            people.teams.set(teams)
            link = _link(people, by=technician)
            audit.record(
                actor=actor,
                action=TechnicianEvent.INVITED,
                about=about(people),
                summary=f"{display_name} was invited as {Role(role).label}.",
                details={"after": {"email": people.email, "role": role, "teams": [team.name for team in teams]}},
            )
    except IntegrityError as error:
        raise Invalid("A technician has this e-mail address already.", field="email") from error
    return _mailed(Invitation(people, link), by=technician)


def renew_invitation(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Invitation:
    """Make a new link for somebody who has not joined yet; earlier ones stop working.

    Raises:
        NotHere: there is no such technician.
        NotAllowed: their role may do more than one's own.
        Conflict: they have joined already, or nobody is waiting for them.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        require_all(may_manage(people.actor, people.target))
        if people.target.is_active:
            raise _joined(people.target)
        if not people.target.is_invited:
            raise Conflict(f"{people.target.display_name} is switched off.", remedy="Let them back in first.")
        end_links(people.target)
        link = _link(people.target, by=technician)
        audit.record(
            actor=actor,
            action=TechnicianEvent.INVITATION_RENEWED,
            about=about(people.target),
            summary="A new invitation was made; the earlier one stopped working.",
        )
    return _mailed(Invitation(people.target, link), by=technician)


def withdraw_invitation(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Technician:
    """Take an invitation back. Who never joined is forgotten but for the record; who was to come back stays out.

    Raises:
        NotHere, NotAllowed, Conflict: they have joined in the meantime.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        target = people.target
        require_all(may_manage(people.actor, target))
        if target.is_active:
            raise _joined(target)
        end_links(target)
        audit.record(
            actor=actor,
            action=TechnicianEvent.INVITATION_WITHDRAWN,
            about=about(target),
            summary=f"The invitation of {target.display_name} was withdrawn.",
            details={"before": {"email": target.email, "role": target.role}},
        )
        if target.is_invited:
            target.delete()
    return target


def reactivate(*, actor: Actor, technician: Technician, target_id: uuid.UUID) -> Invitation:
    """Let somebody back in who was switched off. They start over: new password, new second step.

    What they signed in with may be in other hands by now, which may be why they were switched off.

    Raises:
        NotHere, NotAllowed, Conflict: they are not switched off.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        target = people.target
        require_all(may_manage(people.actor, target))
        if target.is_active or target.is_invited or target.is_service:
            raise Conflict(f"{target.display_name} is not somebody who was switched off.", remedy="Reload the page.")
        Authenticator.objects.filter(user=target).delete()
        MicrosoftAccount.objects.filter(technician=target).delete()
        Technician.objects.filter(pk=target_id).update(
            password=make_password(None), session_epoch=F("session_epoch") + 1
        )
        end_links(target)
        link = _link(target, by=technician)
        audit.record(
            actor=actor,
            action=TechnicianEvent.REACTIVATED,
            about=about(target),
            summary=f"{target.display_name} may come back as {Role(target.role).label} through a link; "
            "the old password, second factors and Microsoft account were removed.",
            details={"after": {"role": target.role}},
        )
    return _mailed(Invitation(target, link), by=technician)


def join(*, token: str, display_name: str, password: Secret, network_address: str) -> Technician:
    """Use an invitation up: the account is theirs, with this name and password.

    Raises:
        LinkUnusable: unknown, expired, withdrawn, or used by a faster request.
    """
    with transaction.atomic():
        found = find_link(token=token, purpose=LinkPurpose.INVITATION)
        if found.link is None or found.link.technician_id is None:
            raise LinkUnusable(found.state)
        # The person first, as whoever withdraws does: two that wait for each other would wait for ever.
        technician = Technician.objects.select_for_update(no_key=True).filter(pk=found.link.technician_id).first()
        if technician is None:
            raise LinkUnusable(LinkState.UNKNOWN)
        use_up(token, LinkPurpose.INVITATION)
        if technician.is_active:
            raise LinkUnusable(LinkState.USED)
        invited_as = technician.display_name
        technician.display_name = display_name
        technician.set_password(password.reveal())
        technician.is_active = True
        technician.joined_at = technician.joined_at or clock.now()
        technician.save(update_fields=["display_name", "password", "is_active", "joined_at"])
        end_links(technician)
        audit.record(
            actor=actor_for(technician, network_address),
            action=TechnicianEvent.JOINED,
            about=about(technician),
            summary=f"{display_name} took the invitation and joined as {technician.get_role_display()}.",
            details={"before": {"name": invited_as}, "after": {"name": display_name}},
        )
    return technician


def _link(technician: Technician, *, by: Technician) -> Secret:
    token = create_link(LinkPurpose.INVITATION, technician=technician, lifetime=LIFETIME, made_by=by)
    return Secret(link_address("technicians:join", token))


def _joined(technician: Technician) -> Conflict:
    return Conflict(f"{technician.display_name} has joined in the meantime.", remedy="Reload the page.")


def _mailed(invitation: Invitation, *, by: Technician) -> Invitation:
    """Send the link, after the commit: a mail that cannot be sent leaves an invitation to copy."""
    if not mail.is_set_up():
        return invitation
    text = (
        f"{by.display_name} invites you to Tenantry, the console at {settings.PUBLIC_URL}.\n\n"
        f"Open this link to choose your password and sign in. It works once, for {LIFETIME.days} days:\n\n"
        f"{invitation.link.reveal()}\n\n"
        "If you did not expect this, do nothing: the link ends by itself.\n"
    )
    try:
        mail.send(
            delivery_id=str(uuid.uuid4()),
            subject="Your invitation to Tenantry",
            text=text,
            addresses=[invitation.technician.email],
            on_sent=lambda _: None,
        )
    except NotDelivered as trouble:
        return dataclasses.replace(invitation, trouble=trouble.words)
    return dataclasses.replace(invitation, is_mailed=True)
