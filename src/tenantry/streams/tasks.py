"""Jobs of this domain. The rows say how far each receiver is; a lost job is found again by the sweep."""

import uuid
from typing import Final

from tenantry.kit import clock, jobs
from tenantry.streams import actions
from tenantry.streams.models import Stream

HAND_OVER_JOB: Final = "streams.hand_over"


@jobs.task(HAND_OVER_JOB)
def hand_over(stream_id: str) -> None:
    """Send one receiver what it has not had."""
    actions.hand_over(uuid.UUID(stream_id))


@jobs.every("41 * * * * 0", "streams.forget_attempts")
def forget_attempts() -> None:
    """Keep the log of deliveries short."""
    actions.forget_attempts()


@jobs.every("* * * * * */10", "streams.sweep")
def sweep() -> None:
    """Put each receiver in whose time has come: one that is slow or dead holds up no other."""
    for stream_id in Stream.objects.filter(next_try_at__lte=clock.now()).values_list("pk", flat=True):
        jobs.enqueue(HAND_OVER_JOB, once=f"{HAND_OVER_JOB}:{stream_id}", stream_id=str(stream_id))
