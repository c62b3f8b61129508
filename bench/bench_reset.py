"""One reset, the console's own share: from the technician's confirmation to the recorded proof, minus time in Graph.

The floor is what PostgreSQL alone needs for the three rows that no honest console can do without: the operation, the
record before the effect, the outcome after it, each committed.

`python -m bench.bench_reset` is the simulator's process.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from bench import world
from bench.outcome import Bar, Outcome

if TYPE_CHECKING:
    from tenantry.customers.models import Customer
    from tenantry.technicians.models import Technician

RESETS = 100
WARM_UP = 10
LIMIT_MS = 30.0
SECRET = "only-for-benches"


def measure() -> Outcome:
    """Reset the passwords of 100 users of one tenant, one after the other, against the simulator over HTTPS."""
    command = [sys.executable, "-m", "bench.bench_reset"]
    with subprocess.Popen(
        command, cwd=world.HERE.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as far:
        assert far.stdout is not None
        served: dict[str, Any] = json.loads(far.stdout.readline())
        try:
            with world.database():
                os.environ |= {
                    "TENANTRY_LOGIN_URL": served["graph_url"],
                    "TENANTRY_GRAPH_URL": served["graph_url"],
                    "TENANTRY_CA_FILE": served["ca_file"],
                    "TENANTRY_CLIENT_ID": served["client_id"],
                    "TENANTRY_CLIENT_SECRET": SECRET,
                }
                world.set_up()
                world.migrate()
                shares, graph, requests = _resets(served)
                floor = _floor()
        finally:
            far.terminate()
    p95 = world.percentile(shares, 95)
    return Outcome(
        figure={"p95_ms": p95, "p50_ms": world.percentile(shares, 50)},
        floor={"three_committed_rows_p95_ms": floor},
        ratios={"p95_to_floor": p95 / floor},
        bars=[Bar("console's own share of one reset, p95", p95, LIMIT_MS, "ms")],
        details={"resets": RESETS, "graph_p50_ms": world.percentile(graph, 50), "requests_per_reset": requests},
    )


def _resets(served: dict[str, Any]) -> tuple[list[float], list[float], int]:
    """Milliseconds of our own and of Graph for each reset, and the requests that one takes."""
    from tenantry.directory.models import DirectoryUser  # noqa: PLC0415  after set-up
    from tenantry.graph import transport  # noqa: PLC0415
    from tenantry.helpdesk import actions, passwords, runner  # noqa: PLC0415
    from tenantry.helpdesk.guarding import Shown  # noqa: PLC0415
    from tenantry.helpdesk.kinds import BY_SLUG  # noqa: PLC0415
    from tenantry.helpdesk.models import Operation  # noqa: PLC0415
    from tenantry.kit.actor import Actor  # noqa: PLC0415

    technician, customer = _connected(served)
    kind = BY_SLUG["reset-password"]
    users = [
        DirectoryUser.objects.create(
            tenant_id=uuid.UUID(served["tenant_id"]),
            object_id=uuid.UUID(object_id),
            user_principal_name=upn,
            display_name=upn,
        )
        for object_id, upn in served["users"].items()
    ]
    shares: list[float] = []
    graph: list[float] = []
    requests = 0
    for number, user in enumerate(users):
        token = actions.confirm(technician=technician, customer_id=customer.pk, user=user, kind=kind)
        with transport.stopwatch() as watch:
            started = time.perf_counter()
            operation = actions.request_operation(
                shown=Shown(stepped_up=True),
                actor=Actor("technician", technician.pk, technician.display_name),
                technician=technician,
                customer_id=customer.pk,
                object_id=user.object_id,
                kind=kind,
                confirmation=token,
                justification="Bench",
                password=passwords.readable(user.user_principal_name),
            )
            runner.run(operation_id=operation.pk)
            total = time.perf_counter() - started
        state = Operation.objects.values_list("state", flat=True).get(pk=operation.pk)
        if state != "done":
            raise RuntimeError(f"a reset ended {state}")
        if number >= WARM_UP:
            shares.append((total - watch.seconds) * 1000)
            graph.append(watch.seconds * 1000)
            requests = watch.requests
    return shares, graph, requests


def _connected(served: dict[str, Any]) -> "tuple[Technician, Customer]":
    """A technician, and a customer whose tenant is connected with User Administrator."""
    from tenantry.customers.models import Customer  # noqa: PLC0415  after set-up
    from tenantry.directory.models import DirectorySync  # noqa: PLC0415
    from tenantry.kit import clock  # noqa: PLC0415
    from tenantry.reach import permissions, roles  # noqa: PLC0415
    from tenantry.technicians.models import Technician  # noqa: PLC0415
    from tenantry.tenants.models import Connection, ConnectionState, Tenant  # noqa: PLC0415

    now = clock.now()
    customer = Customer.objects.create(name="Kestrel Logistics", created_at=now)
    tenant = Tenant.objects.create(
        tenant_id=uuid.UUID(served["tenant_id"]),
        customer=customer,
        display_name=customer.name,
        primary_domain="kestrel.example",
        created_at=now,
    )
    DirectorySync.objects.create(tenant=tenant)
    Connection.objects.create(
        tenant=tenant,
        state=ConnectionState.READY,
        state_since=now,
        consented_at=now,
        permission_ids=[permissions.permission(name).id for name in sorted(permissions.HELPDESK_REQUIRED)],
        wanted_role_id=uuid.UUID(roles.USER_ADMINISTRATOR),
        active_role_ids=[roles.USER_ADMINISTRATOR],
        role_seen_at=now,
        checked_at=now,
    )
    technician = Technician.objects.create_user("bench@harbour-it.example", display_name="Bench", created_at=now)
    return technician, customer


def _floor() -> float:
    """Three committed inserts of a kilobyte, p95 in milliseconds."""
    from django.db import connection  # noqa: PLC0415  after set-up

    from tenantry import cli  # noqa: PLC0415

    spent = []
    with cli.as_owner(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (id uuid PRIMARY KEY, words text)")
        for _ in range(RESETS):
            started = time.perf_counter()
            for _ in range(3):
                cursor.execute("INSERT INTO bench_floor VALUES (%s, %s)", [uuid.uuid4(), "x" * 1000])
            spent.append((time.perf_counter() - started) * 1000)
    return world.percentile(spent, 95)


def _serve() -> None:
    """The simulator with one tenant, until the bench ends this process."""
    from entrasim.server import Simulator  # noqa: PLC0415  only this process needs it
    from entrasim.tables.roles import by_name  # noqa: PLC0415

    with Simulator() as simulator:
        permissions = ["User.Read.All", "User-PasswordProfile.ReadWrite.All"]
        app = simulator.handle.register_app(display_name="Bench", secret=SECRET, required_app_roles=permissions)
        tenant = simulator.handle.new_tenant(name="Kestrel Logistics", domain="kestrel.example")
        principal = tenant.consent(app)
        tenant.assign_role(principal.id, by_name("User Administrator").template_id)
        users = [tenant.add_user(name=f"User {number}") for number in range(RESETS + WARM_UP)]
        told = {
            "graph_url": simulator.graph_url,
            "ca_file": str(simulator.ca_file),
            "client_id": app.app_id,
            "tenant_id": tenant.id,
            "users": {user.id: user.user_principal_name for user in users},
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve()
