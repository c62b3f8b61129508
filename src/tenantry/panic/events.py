"""What the record says about the emergency stop."""

from enum import StrEnum


class PanicEvent(StrEnum):
    """Tags of the record."""

    LIFT_AGREED = "panic.lift_agreed"
    LIFTED = "panic.lifted"
    PRESSED = "panic.pressed"
