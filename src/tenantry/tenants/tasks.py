"""Jobs of this domain. The rows say what is due; a lost job is found again by the sweep."""

import uuid

from tenantry.audit import unfinished
from tenantry.kit import clock, jobs
from tenantry.tenants import actions
from tenantry.tenants.actions.canary import CANARY_JOB
from tenantry.tenants.actions.checking import CHECK_JOB, check_name
from tenantry.tenants.actions.neighbours import NEIGHBOURS_JOB
from tenantry.tenants.actions.verifying import VERIFY_JOB
from tenantry.tenants.models import CanaryRun, Connection, ConsentAttempt, ConsentOutcome

_MOST_PER_SWEEP = 1000  # more are taken by the next sweep, ten seconds later

unfinished.read_with(lambda tenant_id: actions.request_check(tenant_id=tenant_id))


@jobs.task(CHECK_JOB)
def check(tenant_id: str) -> None:
    """Look at one tenant."""
    actions.check_connection(tenant_id=uuid.UUID(tenant_id))


@jobs.task(VERIFY_JOB)
def verify(attempt_id: str) -> None:
    """Prove one consent."""
    actions.verify_attempt(attempt_id=uuid.UUID(attempt_id))


@jobs.task(NEIGHBOURS_JOB)
def neighbours(tenant_id: str) -> None:
    """Review the enterprise apps beside ours in one tenant."""
    actions.read_neighbours(tenant_id=uuid.UUID(tenant_id))


@jobs.task(CANARY_JOB)
def canary(run_id: str) -> None:
    """Take one canary run on."""
    actions.run_canary(run_id=uuid.UUID(run_id))


@jobs.every("* * * * * */15", "tenants.canary_sweep")
def canary_sweep() -> None:
    """Find runs whose worker died or whose account is not proven gone: no canary outlives its run."""
    due = CanaryRun.objects.filter(finished_at=None, next_at__lte=clock.now())
    for run_id in due.values_list("pk", flat=True)[:_MOST_PER_SWEEP]:
        actions.enqueue_canary(run_id)


@jobs.every("* * * * * */5", "tenants.sweep")
def sweep() -> None:
    """Ask for the looks that are due and for the proofs that are still out."""
    due = Connection.objects.filter(next_check_at__lte=clock.now()).order_by("next_check_at")
    tenants = due.values_list("tenant_id", flat=True)[:_MOST_PER_SWEEP]
    jobs.enqueue_each(CHECK_JOB, {check_name(each): {"tenant_id": str(each)} for each in tenants}, is_locked=True)
    open_attempts = ConsentAttempt.objects.filter(outcome=ConsentOutcome.VERIFYING)
    for attempt_id in open_attempts.values_list("pk", flat=True)[:_MOST_PER_SWEEP]:
        actions.enqueue_verify(attempt_id)
