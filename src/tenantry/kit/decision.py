"""Decisions are values with a reason: shown beside the button, raised by the action, written to the record."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Allowed:
    """It may be done. `note` is something the technician should know first (may be empty)."""

    note: str = ""

    def __bool__(self) -> bool:
        return True


@dataclasses.dataclass(frozen=True, slots=True)
class Denied:
    """It may not be done.

    Attributes:
        code: stable name of the reason, for tests, filters and the record, e.g. `role_missing`.
        reason: one sentence saying why, for the technician.
        remedy: what would make it possible.
        who: who must act: "you", "an administrator of the customer", "nobody" ...
    """

    code: str
    reason: str
    remedy: str
    who: str

    def __bool__(self) -> bool:
        return False


Decision = Allowed | Denied
