"""Intents whose process ended before it wrote down what became of them.

They are marked as unknown, so that nobody takes silence for success, and a look at the tenant is asked for. Who finds
out later appends a newer outcome, which counts.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Final

from django.db.models import Exists, OuterRef

from tenantry.audit.actions import close_event
from tenantry.audit.models import Event, Kind, Result
from tenantry.kit import clock

AFTER: Final = dt.timedelta(hours=1)
"""Longer than any process keeps an intent open. The help desk's wait longer, and have a sweep of their own."""
RESUMED: Final = ("helpdesk.",)
"""Domains that take their unfinished work up again by themselves, and close it."""
_AT_ONCE: Final = 200
_readers: list[Callable[[uuid.UUID], None]] = []


def read_with(reader: Callable[[uuid.UUID], None]) -> None:
    """From now on ask `reader` to look at a tenant in which something unfinished was found."""
    if reader not in _readers:
        _readers.append(reader)


def sweep() -> int:
    """Mark what was left; returns how many."""
    outcome = Event.objects.filter(intent=OuterRef("pk"), kind=Kind.OUTCOME)
    rows = Event.objects.filter(~Exists(outcome), kind=Kind.INTENT, recorded_at__lte=clock.now() - AFTER)
    for prefix in RESUMED:
        rows = rows.exclude(action__startswith=prefix)
    left = list(rows.order_by("pk").values_list("pk", "tenant_id")[:_AT_ONCE])
    for event_id, _ in left:
        close_event(
            event_id,
            result=Result.UNKNOWN,
            summary="The process that did it ended before it wrote down what became of it. Look at the tenant.",
        )
    for tenant_id in dict.fromkeys(tenant_id for _, tenant_id in left if tenant_id is not None):
        for reader in _readers:
            reader(tenant_id)
    return len(left)
