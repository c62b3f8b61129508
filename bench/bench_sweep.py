"""One sweep that looks at 1,000 settled tenants, with a Graph whose every answer takes 50 ms.

The ideal is what only the waiting costs: the requests that the looks send, one after the other within a look, as many
looks side by side as the worker has places. What goes beyond it is the console's own work and the queue. Microsoft's
published limits are in force in the simulator; a single 429 misses the bar.

A look costs the worker about as much processor time as its share of the waiting, so the ratio says little on a machine
that is busy with other things: read it beside `load_before`. `BENCH_TENANTS` takes fewer tenants.
"""

import datetime as dt
import os
import time
import uuid

from bench import simulator, world
from bench.outcome import Bar, Outcome
from bench.working import traffic, work

TENANTS = 1000
LATENCY_MS = 50.0
LIMIT = 1.5


def measure() -> Outcome:
    """Connect the tenants, let them settle without latency, then sweep once with it."""
    from tenantry.reach import permissions  # noqa: PLC0415  names only, needs no settings

    tenants = int(os.environ.get("BENCH_TENANTS", str(TENANTS)))
    with world.database(), simulator.running(permissions.HELPDESK_REQUIRED) as far:
        world.set_up()
        world.migrate()
        from django.conf import settings  # noqa: PLC0415  after set-up

        concurrency = settings.WORKER_CONCURRENCY
        for _ in range(tenants):
            _connect(far)
        _sweep(concurrency)
        settled = _settled()
        far.ask("latency", milliseconds=LATENCY_MS)
        before = far.ask("statuses")
        _all_due()
        with traffic() as sent:
            processor = time.process_time()
            began = time.perf_counter()
            _sweep(concurrency)
            spent = time.perf_counter() - began
            processor = time.process_time() - processor
        after = far.ask("statuses")
        checked = _settled(since_seconds=spent)
    ideal = sent.requests * LATENCY_MS / 1000 / concurrency
    throttled = after.get("429", 0) - before.get("429", 0)
    return Outcome(
        figure={"seconds": spent, "tenants_per_second": tenants / spent},
        floor={"ideal_seconds": ideal},
        ratios={"to_ideal": spent / ideal},
        bars=[
            Bar("a sweep against the ideal", spent / ideal, LIMIT, "x"),
            Bar("answers 429, parts of batches included", throttled, 0),
            Bar("tenants looked at and settled", checked, tenants, is_at_least=True),
        ],
        details={
            "tenants": tenants,
            "settled_before": settled,
            "concurrency": concurrency,
            "latency_ms": LATENCY_MS,
            "calls_per_tenant": sent.requests / tenants,
            "calls_per_tenant_to_graph": sent.graph / tenants,
            "answers_per_second_with_parts_of_batches": (sum(after.values()) - sum(before.values())) / spent,
            "seconds_waited_per_call": sent.seconds / sent.requests,
            "processor_seconds_of_the_worker": processor,
            "note": "worker, simulator and PostgreSQL share the machine",
        },
    )


def _connect(far: simulator.Far) -> None:
    """A customer whose tenant holds the role; the first look finds it."""
    from tenantry.customers.models import Customer  # noqa: PLC0415  after set-up
    from tenantry.kit import clock  # noqa: PLC0415
    from tenantry.reach import permissions, roles  # noqa: PLC0415
    from tenantry.tenants.models import Connection, ConnectionState, Tenant  # noqa: PLC0415

    role = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
    made = far.ask("tenant")
    principal = far.ask("consent", tenant=made["id"])
    far.ask("role", tenant=made["id"], principal=principal, role=role)
    now = clock.now()
    tenant = Tenant.objects.create(
        tenant_id=uuid.UUID(made["id"]),
        customer=Customer.objects.create(name=made["name"], created_at=now),
        display_name=made["name"],
        primary_domain=made["domain"],
        created_at=now,
    )
    Connection.objects.create(
        tenant=tenant,
        state=ConnectionState.CONSENTED,
        state_since=now,
        consented_at=now,
        permission_ids=[permissions.permission(name).id for name in sorted(permissions.HELPDESK_REQUIRED)],
        wanted_role_id=uuid.UUID(role),
        next_check_at=now,
    )


def _sweep(concurrency: int) -> None:
    from tenantry.tenants import tasks  # noqa: PLC0415  after set-up

    tasks.sweep()
    work(concurrency)


def _all_due() -> None:
    from tenantry.kit import clock  # noqa: PLC0415  after set-up
    from tenantry.tenants.models import Connection  # noqa: PLC0415

    Connection.objects.update(next_check_at=clock.now())


def _settled(since_seconds: float | None = None) -> int:
    """Tenants that are ready, and were looked at since then."""
    from tenantry.kit import clock  # noqa: PLC0415  after set-up
    from tenantry.tenants.models import Connection, ConnectionState  # noqa: PLC0415

    found = Connection.objects.filter(state=ConnectionState.READY)
    if since_seconds is not None:
        found = found.filter(checked_at__gt=clock.now() - dt.timedelta(seconds=since_seconds + 1))
    return found.count()
