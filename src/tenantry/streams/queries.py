"""How far the receivers are."""

import dataclasses
import datetime as dt
import uuid
from typing import Final

from tenantry.audit.models import Link
from tenantry.kit import clock, cursors
from tenantry.kit.errors import NotHere
from tenantry.streams.models import Attempt, Stream

PAGE_SIZE: Final = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A receiver and what it has not had yet.

    Attributes:
        stream: the receiver.
        events: how many wait.
        since: when the oldest of them was sealed; None when nothing waits.
    """

    stream: Stream
    events: int
    since: dt.datetime | None

    @property
    def seconds(self) -> float:
        """For how long the oldest waits."""
        return (clock.now() - self.since).total_seconds() if self.since else 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Log:
    """A page of the attempts to reach one receiver, newest first; `after` is a cursor, empty on the last page."""

    standing: Standing
    attempts: list[Attempt]
    after: str


def standings() -> list[Standing]:
    """Every receiver, the oldest first."""
    head = _head()
    return [_standing(stream, head) for stream in Stream.objects.order_by("created_at", "pk")]


def log_of(stream_id: uuid.UUID, *, only_failed: bool = False, after: str = "") -> Log:
    """What was tried with one receiver.

    Raises:
        NotHere: there is no such stream.
    """
    stream = Stream.objects.filter(pk=stream_id).first()
    if stream is None:
        raise NotHere("There is no such stream.")
    rows = Attempt.objects.filter(stream=stream)
    if only_failed:
        rows = rows.filter(is_taken=False)
    place = cursors.number(after)
    if place is not None:
        rows = rows.filter(pk__lt=place)
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    return Log(_standing(stream, _head()), found[:PAGE_SIZE], str(found[PAGE_SIZE - 1].pk) if more else "")


def _head() -> int:
    return Link.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def _standing(stream: Stream, head: int) -> Standing:
    following = Link.objects.filter(sequence__gt=stream.cursor).order_by("sequence")
    since = following.values_list("sealed_at", flat=True).first()
    return Standing(stream, max(head - stream.cursor, 0), since)
