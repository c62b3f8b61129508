"""What was kept for as long as the settings say goes, a day at a time; never of a record that is not whole."""

import datetime as dt
import logging
from typing import Final

from django.conf import settings
from django.db.models import Max, Min

from tenantry.audit.chain.pruning import place_to_prune, prune
from tenantry.custody.actions import checking, keeping
from tenantry.custody.models import Keeper
from tenantry.kit import clock
from tenantry.kit.actor import system
from tenantry.streams.models import Stream

_AT_MOST: Final = 50  # transactions of one run; the next night goes on
_log = logging.getLogger(__name__)


def prune_by_schedule() -> int:
    """Remove what the settings no longer keep; returns how many events went.

    Nothing goes that a receiver of the record has not had, and nothing after the last anchor that somebody has.
    """
    days: int = settings.AUDIT_RETENTION_DAYS
    count = 0
    for turn in range(_AT_MOST if days else 0):
        place = place_to_prune(
            before=clock.now() - dt.timedelta(days=days),
            not_after=Stream.objects.aggregate(least=Min("cursor"))["least"],
            known_to=_known_outside(),
        )
        if place is None:
            break
        if not turn and not checking.look().is_whole:
            _log.error("Nothing is pruned: the record is not whole. See Settings, The record.")
            break
        count += prune(actor=system("retention"), place=place, kept_days=days)
    return count


def _known_outside() -> int:
    """The newest anchor that anybody has taken."""
    keepers = Keeper.objects.filter(target__in=[target for _, target in keeping.wanted()], delivered_at__isnull=False)
    newest: int | None = keepers.aggregate(most=Max("cursor"))["most"]
    return newest or 0
