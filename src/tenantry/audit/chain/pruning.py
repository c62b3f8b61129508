"""What was kept long enough goes: always from the beginning of the chain, up to a place that an anchor names.

The function `audit_prune` of the database (migration 0006) does it and leaves a checkpoint, from which the rest is
checked. It refuses less than a year, and places that no anchor has seen. The pruning itself is an event, without which
a check takes the checkpoint for forged.
"""

import datetime as dt
from typing import Final

from django.db import connection, transaction

from tenantry.audit.actions import About, record
from tenantry.audit.events import AuditEvent
from tenantry.audit.models import Anchor, Link
from tenantry.kit.actor import Actor

_LARGEST: Final = 100_000  # events of one transaction, where anchors lie close enough
_SPLIT: Final = """
SELECT min(i.sequence) FROM audit_link i JOIN audit_event o ON o.intent_id = i.event_id
LEFT JOIN audit_link l ON l.event_id = o.id
WHERE i.sequence <= %(place)s AND (l.sequence IS NULL OR l.sequence > %(place)s)
"""


def place_to_prune(*, before: dt.datetime, not_after: int | None = None, known_to: int | None = None) -> int | None:
    """The place up to which the chain may go now; None when nothing may.

    Args:
        before: what was recorded, sealed and anchored by then.
        not_after: a place that has to stay readable from there on, e.g. for a receiver that is behind.
        known_to: the newest anchor (by its id) that somebody outside has.
    """
    first = Link.objects.order_by("sequence").first()
    if first is None:
        return None
    newer = Link.objects.filter(sealed_at__gt=before).order_by("sequence").values_list("sequence", flat=True).first()
    anchors = Anchor.objects.filter(customer_id=None, at__lte=before, sequence__gte=first.sequence)
    for bound in (newer - 1 if newer else None, not_after):
        anchors = anchors if bound is None else anchors.filter(sequence__lte=bound)
    if known_to is not None:
        anchors = anchors.filter(pk__lte=known_to)
    places = sorted(set(anchors.values_list("sequence", flat=True)))
    small = [place for place in places if place < first.sequence + _LARGEST] or places[:1]
    while small:
        # An intent and its outcomes go together.
        with connection.cursor() as cursor:
            cursor.execute(_SPLIT, {"place": small[-1]})
            (split,) = cursor.fetchone()
        if split is None:
            return small[-1]
        small = [place for place in small if place < split]
    return None


def prune(*, actor: Actor, place: int, kept_days: int) -> int:
    """Remove the chain's beginning up to `place`, and record that; returns how many events went.

    Raises:
        django.db.Error: the database refuses: it is less than a year, not anchored, or not old enough.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        last = Link.objects.filter(sequence=place).first()
        cursor.execute("SELECT audit_prune(%s, %s)", [place, kept_days])
        (count,) = cursor.fetchone()
        record(
            actor=actor,
            action=AuditEvent.PRUNED,
            about=About(target_kind="record", target_name=f"{count} events up to {place}"),
            summary=f"Kept for {kept_days} days; what is left follows from an anchored place.",
            details={
                "sequence": place,
                "hash": bytes(last.hash).hex() if last else "",
                "until": last.sealed_at.isoformat() if last else "",
                "events": count,
                "kept_days": kept_days,
            },
        )
    return int(count)
