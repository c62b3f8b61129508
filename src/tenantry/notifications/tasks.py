"""Jobs of this domain. The rows say what is due; a lost job is found again by the sweep."""

import uuid

from tenantry.kit import clock, jobs
from tenantry.notifications import actions
from tenantry.notifications.actions.delivering import due

_MOST_PER_SWEEP = 1000  # more are taken by the next sweep, ten seconds later


@jobs.task(actions.DELIVER_JOB)
def deliver(delivery_id: str) -> None:
    """Try to hand one message over."""
    actions.deliver(delivery_id=uuid.UUID(delivery_id))


@jobs.every("* * * * * */10", "notifications.sweep")
def sweep() -> None:
    """Put in what is due: retries, resolutions that were held back, and what a dead worker left."""
    for delivery_id in due(clock.now()).values_list("pk", flat=True)[:_MOST_PER_SWEEP]:
        actions.enqueue_delivery(delivery_id)
