"""Whether everything is stopped."""

import datetime as dt
from typing import Final

from tenantry.kit import clock
from tenantry.kit.errors import NotAllowed
from tenantry.panic.models import EmergencyStop
from tenantry.technicians.permissions import Permission

AGREEMENT_LASTS: Final = dt.timedelta(hours=1)
"""Two owners agree about the same moment, or not at all."""


class Stopped(NotAllowed):
    """The emergency stop is on; nothing is changed anywhere."""

    code = "emergency_stop"


def current() -> EmergencyStop | None:
    """The stop that is on; None in ordinary times. One query."""
    return EmergencyStop.objects.filter(lifted_at=None).first()


def is_on() -> bool:
    """Whether everything is stopped. One query."""
    return EmergencyStop.objects.filter(lifted_at=None).exists()


def require_off() -> None:
    """Go on only in ordinary times.

    Raises:
        Stopped: the emergency stop is on.
    """
    if is_on():
        raise refusal()


def refusal() -> Stopped:
    """The words of the stop."""
    return Stopped(
        "The emergency stop is on: nothing can be changed through this console.",
        remedy="Two owners lift it under Settings, Emergency stop.",
        who="two owners",
    )


def agreement(stop: EmergencyStop) -> str:
    """Who has agreed to lift it, if that still counts; empty for nobody. It counts for an hour, and for an owner."""
    if stop.agreed_at is None or stop.agreed_by is None or clock.now() - stop.agreed_at >= AGREEMENT_LASTS:
        return ""
    if not stop.agreed_by.may(Permission.SETTINGS_PANIC_LIFT):
        return ""
    return stop.agreed_by_name
