"""How far the receivers are."""

import dataclasses
import datetime as dt

from tenantry.audit.models import Link
from tenantry.kit import clock
from tenantry.streams.models import Stream


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


def standings() -> list[Standing]:
    """Every receiver, the oldest first."""
    head = Link.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    found = []
    for stream in Stream.objects.order_by("created_at", "pk"):
        following = Link.objects.filter(sequence__gt=stream.cursor).order_by("sequence")
        since = following.values_list("sealed_at", flat=True).first()
        found.append(Standing(stream, max(head - stream.cursor, 0), since))
    return found
