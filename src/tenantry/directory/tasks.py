"""Jobs of this domain: read one tenant; find the tenants that are due."""

import uuid

from tenantry.directory import actions, sync
from tenantry.directory.models import DirectorySync
from tenantry.kit import clock, jobs
from tenantry.tenants import queries as tenants

# The worker takes a job in milliseconds when nothing changed; more than this per sweep would only queue up.
MOST_PER_SWEEP = 2_000


@jobs.task("directory.sync")
def read_tenant(tenant_id: str) -> None:
    """Read what is due for one tenant."""
    sync.run(uuid.UUID(tenant_id))


@jobs.every("* * * * * */15", "directory.sweep")
def sweep() -> None:
    """Put in a job for every tenant whose time has come; what a crash or a restart left behind is among them."""
    due = DirectorySync.objects.filter(next_at__lte=clock.now()).order_by("next_at")
    for tenant_id in due.values_list("tenant_id", flat=True)[:MOST_PER_SWEEP]:
        actions.enqueue_read(tenant_id=tenant_id)


@jobs.every("30 * * * * 30", "directory.adopt")
def adopt() -> None:
    """Once an hour: begin reading connected tenants that have no mirror, should a request ever have been lost."""
    known = set(DirectorySync.objects.values_list("tenant_id", flat=True))
    for tenant_id in tenants.connected_tenant_ids():
        if tenant_id not in known:
            actions.request_sync(tenant_id=tenant_id)
