"""How the record stands: what the last checks found, and who keeps its anchors."""

import dataclasses
import datetime as dt
from typing import Final

from django.conf import settings

from tenantry.audit.models import Anchor
from tenantry.custody.actions import keeping
from tenantry.custody.models import Check, Extent, Keeper
from tenantry.kit import clock

CUT_OFF_AFTER: Final = dt.timedelta(hours=1)
"""A check that has not ended by then never will: its worker was stopped."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """A receiver of anchors and what it has not had yet.

    Attributes:
        keeper: the receiver; not saved yet when no worker has looked at the settings since it was named.
        waiting: how many anchors wait for it.
    """

    keeper: Keeper
    waiting: int

    @property
    def is_known(self) -> bool:
        """Whether a worker knows of it."""
        return not self.keeper._state.adding  # noqa: SLF001  Django's own way to tell


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What the last checks found.

    Attributes:
        newest: the last one that ended; None when there was none.
        whole: the last one of everything.
        running_since: since when one is asked for that has not ended; None when none is.
    """

    newest: Check | None
    whole: Check | None
    running_since: dt.datetime | None


def standing() -> Standing:
    """What the last checks found."""
    ended = Check.objects.exclude(ended_at=None).order_by("-pk")
    running = Check.objects.filter(ended_at=None, asked_at__gt=clock.now() - CUT_OFF_AFTER).order_by("pk").first()
    return Standing(ended.first(), ended.filter(extent=Extent.WHOLE).first(), running.asked_at if running else None)


def kept() -> list[Kept]:
    """Everybody whom a setting names, and what they have not had."""
    known = {(keeper.kind, keeper.target): keeper for keeper in Keeper.objects.all()}
    rows = []
    for kind, target in keeping.wanted():
        keeper = known.get((kind, target)) or Keeper(kind=kind, target=target)
        rows.append(Kept(keeper, Anchor.objects.filter(pk__gt=keeper.cursor).count()))
    return rows


def retention_days() -> int:
    """How long events are kept; 0 for ever."""
    days: int = settings.AUDIT_RETENTION_DAYS
    return days
