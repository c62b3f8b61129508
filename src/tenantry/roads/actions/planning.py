"""What would change, kept on a row so that exactly that can be confirmed."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import connection as database
from django.db import transaction
from django.db.models import F

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

LOAN_MAY_REMAIN: Final = "Possibly a delegated grant of our enterprise app. Doing the road again takes it back."
_TICK: Final = dt.timedelta(microseconds=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever has a link to a page for the customer's administrator: no technician, and good for this one road.

    Attributes:
        link_id: the link.
        made_by: the technician who made it.
        customer: whose road.
        tenant_id: the tenant it was made for.
        app: the app it was made for.
        still_opens: asks anew whether the link opens anything; it may end or be revoked at any time.
    """

    link_id: uuid.UUID
    made_by: str
    customer: Customer
    tenant_id: uuid.UUID
    app: AppKind
    still_opens: Callable[[], bool]

    @property
    def connection(self) -> Connection:
        """The connection the link was made for.

        Raises:
            NotHere: there is none any more, or it is of another tenant.
        """
        found = connection_of(self.customer.pk, app=self.app)
        if found is None or found.tenant_id != self.tenant_id or not self.still_opens():
            raise NotHere("There is no such page.")
        return found


def prepare(*, technician: Technician, customer_id: uuid.UUID, app: AppKind) -> Work:
    """The plan for a connection as it stands, on a row of its own; one that is under way is answered as it is.

    Raises:
        NotHere: no such customer, or no connection of that app.
    """
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection = connection_of(customer_id, app=app)
    if connection is None:
        raise NotHere("This customer has no such connection.")
    who = {"technician_id": technician.pk, "technician_name": technician.display_name, "link_id": None}
    return _row(customer, connection, who)


def prepare_by_link(holder: Holder) -> Work:
    """The same for whoever holds a link: on a row of the link's own, so that nothing of a technician's is in it.

    Raises:
        NotHere: the link opens nothing any more.
    """
    who = {"technician_id": None, "technician_name": holder.made_by, "link_id": holder.link_id}
    return _row(holder.customer, holder.connection, who)


def preview(holder: Holder) -> Work:
    """The plan as it stands, on a row that is not kept: opening a page changes nothing.

    Raises:
        NotHere: the link opens nothing any more.
    """
    connection = holder.connection
    return busy_work(connection) or Work(tenant_id=connection.tenant_id, app=holder.app, **_fields_of(connection))


def _row(customer: Customer, connection: Connection, who: Mapping[str, Any]) -> Work:
    busy = busy_work(connection)
    if busy is not None:
        return busy
    fields = _fields_of(connection)
    of_road = Work.objects.filter(customer_id=customer.pk, app=connection.app)
    # One at a time, and never two of one moment: the newest is the newest whatever the clock says.
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"roads {customer.pk} {connection.app}"]
        )
        latest = of_road.order_by("-created_at", "-id").first()
        if (
            latest is not None
            and latest.state == WorkState.PLANNED
            and (latest.tenant_id, latest.digest) == (connection.tenant_id, fields["digest"])
            and latest.link_id == who["link_id"]
        ):
            return latest
        now = clock.now()
        return Work.objects.create(
            customer_id=customer.pk,
            tenant_id=connection.tenant_id,
            app=connection.app,
            created_at=max(now, latest.created_at + _TICK) if latest is not None else now,
            **who,
            **fields,
        )


def busy_work(connection: Connection) -> Work | None:
    """The work that a process is doing at this moment on the connection's road."""
    at_work = Work.objects.filter(state=WorkState.WORKING, leased_until__gt=clock.now())
    return at_work.filter(tenant_id=connection.tenant_id, app=connection.app).order_by("-created_at", "-id").first()


def last_told(customer_id: uuid.UUID, app: str, *, link_id: uuid.UUID | None = None) -> Work | None:
    """The work with something to tell that ended last; of one link, if one is given."""
    found = Work.objects.filter(customer_id=customer_id, app=app).exclude(message="")
    if link_id is not None:
        found = found.filter(link_id=link_id)
    return found.order_by(F("finished_at").desc(nulls_last=True), "-created_at", "-id").first()


def _fields_of(connection: Connection) -> dict[str, Any]:
    return plan_fields(plan_of(connection))


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
