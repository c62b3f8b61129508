"""What a page asks of whoever opens it, said beside the view. `technicians.access` refuses: default deny.

Each view that a technician reaches carries `@needs(...)` or `@own_account`; pages for strangers are
marked with Django's `login_not_required`.
"""

import dataclasses
from collections.abc import Callable
from enum import StrEnum
from typing import Final, TypeVar, cast

View = TypeVar("View", bound=Callable[..., object])

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing. Source: RFC 9110, 9.2.1."""
_ATTRIBUTE: Final = "tenantry_needs"
_LIBRARY: Final = "allauth."
"""allauth's pages are about a technician's own account."""


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """What a view asks for.

    Attributes:
        read: the permission to open it; None for a page of one's own account.
        change: the permission to send its form.
    """

    read: StrEnum | None
    change: StrEnum | None

    def of(self, method: str) -> StrEnum | None:
        """What a request with `method` needs."""
        return self.read if method in SAFE else self.change


def needs(read: StrEnum, *, change: StrEnum | None = None) -> Callable[[View], View]:
    """Say what a view asks for: `read` to open it, `change` (or the same) to send its form."""

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, Needs(read, change or read))
        return view

    return mark


def own_account(view: View) -> View:
    """Mark a view that is about the technician's own account (or tells nothing): anybody signed in may use it."""
    setattr(view, _ATTRIBUTE, Needs(None, None))
    return view


def needs_of(view: object) -> Needs | None:
    """What `view` asks for; None when nobody said, which is refused."""
    marked = cast("Needs | None", getattr(view, _ATTRIBUTE, None))
    if marked is None and getattr(view, "__module__", "").startswith(_LIBRARY):
        return Needs(None, None)
    return marked


def is_open(view: object) -> bool:
    """Whether strangers may use `view`."""
    return not getattr(view, "login_required", True)
