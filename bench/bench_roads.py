"""From consent to the first green features, and the look at a settled tenant: the console's time and its calls.

The first counts everything that the console does from Microsoft's redirect on: proving the consent, the look that finds
the role missing, the review of enterprise apps, the first read of the directory, and the look after the role is there.
Features that need no role are green before it; measured is until password resets are, the first that need one. The
administrator's own time and Microsoft's propagation are left out; requests to the sign-in service are counted.

The second is the scheduled look that notices drift, on each road: by hand, by PIM, and through a group.
"""

import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from bench import simulator, world
from bench.outcome import Bar, Outcome
from bench.working import traffic, work

if TYPE_CHECKING:
    from tenantry.technicians.models import Technician

CUSTOMERS = 12
WARM_UP = 2
USERS = 40
ROADS = {"hand": None, "pim": "p2", "group": "p2"}
FIRST_WITHOUT_ROLE, FIRST_WITH_ROLE = "users", "reset_users"
LIMIT_SECONDS, LIMIT_CALLS, LIMIT_DRIFT_CALLS = 5.0, 24, 6


def measure() -> Outcome:
    """Connect customers one after the other, then look at settled ones."""
    from tenantry.reach import permissions  # noqa: PLC0415  names only, needs no settings

    with world.database(), simulator.running(permissions.HELPDESK_REQUIRED) as far:
        world.set_up()
        world.migrate()
        technician = _technician()
        own: list[float] = []
        calls: list[int] = []
        graph: list[int] = []
        for number in range(WARM_UP + CUSTOMERS):
            seconds, sent, to_graph, _ = _onboard(far, technician, "hand")
            if number >= WARM_UP:
                own.append(seconds)
                calls.append(sent)
                graph.append(to_graph)
        drift = {by: _drift(far, technician, by) for by in ROADS}
    most = max(sent for sent, _ in drift.values())
    return Outcome(
        figure={
            "onboarding_own_seconds_worst": max(own),
            "onboarding_own_seconds_median": world.percentile(own, 50),
            "onboarding_calls": max(calls),
            "drift_check_calls": most,
        },
        bars=[
            Bar("consent to first green, the console's own time, worst", max(own), LIMIT_SECONDS, "s"),
            Bar("consent to first green, calls", max(calls), LIMIT_CALLS),
            Bar("drift check of a settled tenant, calls", most, LIMIT_DRIFT_CALLS),
        ],
        details={
            "customers": CUSTOMERS,
            "users": USERS,
            "onboarding_calls_to_graph": max(graph),
            "drift_calls_by_road": {by: sent for by, (sent, _) in drift.items()},
            "drift_calls_to_graph_by_road": {by: to_graph for by, (_, to_graph) in drift.items()},
            "note": "calls are HTTP requests, those to the sign-in service included; a batch is one",
        },
    )


def _onboard(far: simulator.Far, technician: "Technician", by: str) -> tuple[float, int, int, uuid.UUID]:
    """Seconds of our own, calls, those to Graph, and the tenant."""
    from tenantry.customers.models import Customer  # noqa: PLC0415  after set-up
    from tenantry.kit import clock  # noqa: PLC0415
    from tenantry.kit.actor import Actor  # noqa: PLC0415
    from tenantry.reach import roles  # noqa: PLC0415
    from tenantry.tenants import actions  # noqa: PLC0415

    role = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
    made = far.ask("tenant", plan=ROADS[by], users=USERS)
    tenant_id = uuid.UUID(made["id"])
    customer = Customer.objects.create(name=f"{made['name']} {by}", domain=made["domain"], created_at=clock.now())
    who: dict[str, Any] = {
        "actor": Actor("technician", technician.pk, technician.display_name),
        "technician": technician,
        "session_key": "bench",
    }
    left = actions.start_consent(**who, customer_id=customer.pk, wanted_role_id=role)
    state = parse_qs(urlsplit(left).query)["state"][0]
    principal = far.ask("consent", tenant=made["id"])
    with traffic() as sent:
        began = time.perf_counter()
        answer = actions.ConsentAnswer(state=state, tenant=made["id"], admin_consent="True")
        answered = actions.answer_consent(**who, answer=answer)
        work(1)
        spent = time.perf_counter() - began
        if answered.outcome != "connected" or not _is_green(tenant_id, FIRST_WITHOUT_ROLE):
            raise RuntimeError(f"the consent came to {answered.outcome}, and nothing is green")
        if _is_green(tenant_id, FIRST_WITH_ROLE):
            raise RuntimeError("green before the role was given")
        far.ask("role", tenant=made["id"], principal=principal, role=role, by=by)
        began = time.perf_counter()
        actions.request_check(tenant_id=tenant_id)
        work(1)
        spent += time.perf_counter() - began
    if not _is_green(tenant_id, FIRST_WITH_ROLE):
        raise RuntimeError("resets are not green after the look that found the role")
    return spent - sent.seconds, sent.requests, sent.graph, tenant_id


def _is_green(tenant_id: uuid.UUID, feature: str) -> bool:
    from tenantry.tenants.models import Tenant  # noqa: PLC0415  after set-up

    return bool(Tenant.objects.get(pk=tenant_id).board.get(feature) == "ready")


def _drift(far: simulator.Far, technician: "Technician", by: str) -> tuple[int, int]:
    """Calls of one scheduled look, and those of them to Graph."""
    from tenantry.tenants import actions  # noqa: PLC0415  after set-up

    _, _, _, tenant_id = _onboard(far, technician, by)
    with traffic() as sent:
        actions.check_connection(tenant_id=tenant_id)
        work(1)
    return sent.requests, sent.graph


def _technician() -> "Technician":
    from tenantry.kit import clock  # noqa: PLC0415  after set-up
    from tenantry.technicians.models import Technician  # noqa: PLC0415

    return Technician.objects.create_user(
        "bench@harbour-it.example", display_name="Bench", role="owner", created_at=clock.now()
    )
