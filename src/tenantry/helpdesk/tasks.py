"""Jobs of the help desk. The row decides; a job only makes it prompt."""

import logging
import uuid

from tenantry.helpdesk import actions, runner
from tenantry.helpdesk.actions.requests import RUN_TASK, enqueue_run
from tenantry.helpdesk.models import OPEN_STATES, Operation
from tenantry.kit import clock, jobs
from tenantry.kit.actor import system

log = logging.getLogger(__name__)
_AT_ONCE = 500


@jobs.task(RUN_TASK)
def run(operation_id: str) -> None:
    """Take one operation on."""
    runner.run(operation_id=uuid.UUID(operation_id))


@jobs.every("* * * * * */5", "helpdesk.sweep")
def sweep() -> None:
    """Find operations that are due, after a pause or because their worker died."""
    due = Operation.objects.filter(next_at__lte=clock.now(), state__in=OPEN_STATES).order_by("next_at")
    for operation_id in due.values_list("pk", flat=True)[:_AT_ONCE]:
        enqueue_run(operation_id)


@jobs.every("* * * * * 30", "helpdesk.discard")
def discard() -> None:
    """Throw away passwords that nobody came for; a job of its own, so that neither can keep the other from running."""
    count = actions.discard_stale_passwords(actor=system("help desk"))
    if count:
        log.info("threw away %d passwords that nobody asked to see", count)
