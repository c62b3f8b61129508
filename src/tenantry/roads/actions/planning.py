"""What would change, kept on a row so that exactly that can be confirmed."""

import dataclasses
import uuid
from typing import Any

from tenantry.audit.actions import About
from tenantry.customers.queries import Customer, get_customer
from tenantry.kit import clock
from tenantry.kit.errors import NotHere
from tenantry.roads.models import Work, WorkState
from tenantry.roads.policies import Plan, make_plan
from tenantry.technicians.models import Technician
from tenantry.tenants.models import Connection
from tenantry.tenants.policies import AppKind, Facts
from tenantry.tenants.queries import connection_of, facts_of, pim_view, premium_view

UNFINISHED = (WorkState.AWAY, WorkState.WORKING)


def prepare(*, technician: Technician, customer_id: uuid.UUID, app: AppKind) -> Work:
    """The plan for a connection as it stands, on a row of its own; one that is under way is answered as it is.

    Raises:
        NotHere: no such customer, or no connection of that app.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection = connection_of(customer_id, app=app)
    if connection is None:
        raise NotHere("This customer has no such connection.")
    plan = plan_of(connection)
    latest = latest_work(customer_id, app)
    now = clock.now()
    if latest is not None and latest.tenant_id == connection.tenant_id:
        is_busy = latest.state == WorkState.WORKING and latest.leased_until is not None and latest.leased_until > now
        if is_busy or (latest.state == WorkState.PLANNED and latest.digest == plan.digest):
            return latest
    return Work.objects.create(
        customer_id=customer.pk,
        tenant_id=connection.tenant_id,
        app=app,
        technician_id=technician.pk,
        technician_name=technician.display_name,
        created_at=now,
        **plan_fields(plan),
    )


def latest_work(customer_id: uuid.UUID, app: str) -> Work | None:
    """The newest work on a road."""
    return Work.objects.filter(customer_id=customer_id, app=app).order_by("-created_at", "-id").first()


def last_ended(customer_id: uuid.UUID, app: str, present: Work) -> Work | None:
    """The newest work with something to tell: this one, or the one before it while this one is only a plan."""
    if present.message:
        return present
    return Work.objects.filter(customer_id=customer_id, app=app).exclude(message="").order_by("-created_at").first()


def plan_of(connection: Connection) -> Plan:
    """The plan that the connection's row asks for."""
    return plan_for(facts_of(connection), connection)


def plan_for(facts: Facts, connection: Connection) -> Plan:
    """The plan for facts of a connection."""
    return make_plan(
        facts,
        has_pim=pim_view(connection.tenant).is_available,
        premium=premium_view(connection.tenant),
        now=clock.now(),
    )


def plan_fields(plan: Plan) -> dict[str, Any]:
    """A plan as columns of a row."""
    return {
        "steps": [
            {**dataclasses.asdict(change), "kind": str(change.kind), "state": "planned", "note": ""}
            for change in plan.changes
        ],
        "obstacles": [dataclasses.asdict(obstacle) for obstacle in plan.obstacles],
        "digest": plan.digest,
    }


def about(work: Work, customer: Customer) -> About:
    """What events about the work name."""
    return About(
        customer_id=customer.pk,
        customer_name=customer.name,
        tenant_id=work.tenant_id,
        target_kind="road",
        target_id=str(work.pk),
        target_name=f"{customer.name} ({AppKind(work.app).label})",
    )
