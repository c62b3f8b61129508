"""Pressing and lifting the emergency stop."""

from typing import Final

from django.db import IntegrityError, transaction
from django.urls import reverse

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tenantry.notifications.actions import raise_alert, resolve_alert
from tenantry.notifications.models import AlertKind, Severity
from tenantry.panic import queries
from tenantry.panic.events import PanicEvent
from tenantry.panic.models import EmergencyStop
from tenantry.technicians import queries as technicians
from tenantry.technicians.access import require_permission
from tenantry.technicians.actions import end_everybodys_access
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

_REASON: Final = (3, 500)  # characters


def press(*, actor: Actor, technician: Technician | None, reason: str) -> EmergencyStop:
    """Stop everything: no effect is sent any more, every session, sign-in link and API token ends, everybody is told.

    Args:
        actor: who presses; the command line as the system.
        technician: the same as a technician; None for the command line.
        reason: why, 3 to 500 characters.

    Raises:
        NotAllowed: the role does not include it.
        Invalid: no reason.
        Conflict: it is on already.
    """
    if technician is not None:
        require_permission(technician, Permission.SETTINGS_PANIC)
    why = _reason(reason)
    try:
        with transaction.atomic():
            stop = EmergencyStop.objects.create(reason=why, pressed_at=clock.now(), pressed_by=actor.name)
            sessions = end_everybodys_access(actor=actor, why="The emergency stop was pressed.")
            audit.record(
                actor=actor,
                action=PanicEvent.PRESSED,
                about=About(target_kind="console", target_name="Emergency stop"),
                justification=why,
                summary=f"Nothing is changed any more; {sessions} technicians were signed out everywhere. "
                "API tokens are revoked.",
            )
            raise_alert(
                customer_id=None,
                tenant_id=None,
                kind=AlertKind.EMERGENCY_STOP,
                severity=Severity.CRITICAL,
                title="The emergency stop is on",
                cause=f"{actor.name} pressed it: {why}",
                fix="When the danger is over, two owners lift it under Settings, Emergency stop.",
                who="two owners",
                link=reverse("panic:page"),
            )
    except IntegrityError:
        raise Conflict("The emergency stop is on already.", remedy="Look at it under Settings.") from None
    return stop


def lift(*, actor: Actor, technician: Technician | None, reason: str) -> EmergencyStop:
    """Agree to lift the stop; the second owner who agrees within an hour lifts it.

    The command line may stand in for the second owner only where there is but one: whoever has it has the database too.

    Raises:
        NotAllowed: not an owner; or the command line while there are two owners.
        Invalid: no reason.
        Conflict: it is not on, or the same owner agreed already.
    """
    if technician is not None:
        require_permission(technician, Permission.SETTINGS_PANIC_LIFT)
    elif technicians.count_owners() > 1:
        raise NotAllowed("There are several owners: two of them lift the stop in the console.", who="two owners")
    why = _reason(reason)
    with transaction.atomic():
        stop = EmergencyStop.objects.select_for_update().filter(lifted_at=None).first()
        if stop is None:
            raise Conflict("The emergency stop is not on.", remedy="Nothing is to do.")
        first = queries.agreement(stop)
        if technician is not None and first and stop.agreed_by_id == technician.pk:
            raise Conflict("You have agreed already.", remedy="A second owner must agree within the hour.")
        about = About(target_kind="console", target_name="Emergency stop")
        if not first:
            if technician is None:
                raise NotAllowed(
                    "The owner agrees in the console first.", remedy="Then run this again.", who="the owner"
                )
            stop.agreed_by, stop.agreed_by_name, stop.agreed_at = technician, actor.name, clock.now()
            stop.lift_reason = why
            stop.save(update_fields=["agreed_by", "agreed_by_name", "agreed_at", "lift_reason"])
            audit.record(actor=actor, action=PanicEvent.LIFT_AGREED, about=about, justification=why)
            return stop
        stop.lifted_at, stop.lifted_by = clock.now(), actor.name
        stop.lift_reason = f"{stop.lift_reason} / {why}"
        stop.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        audit.record(
            actor=actor,
            action=PanicEvent.LIFTED,
            about=about,
            justification=why,
            summary=f"{first} had agreed before. Sessions stay ended.",
        )
        resolve_alert(
            tenant_id=None,
            kind=AlertKind.EMERGENCY_STOP,
            key="",
            resolution=f"{first} and {actor.name} lifted the stop.",
        )
    return stop


def _reason(reason: str) -> str:
    shortest, longest = _REASON
    why = reason.strip()
    if not shortest <= len(why) <= longest:
        raise Invalid(f"Say why in {shortest} to {longest} characters.", field="reason")
    return why
