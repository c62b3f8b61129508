"""Looking for enterprise apps beside ours, and for one of ours that was there before we connect (J8). Only reads."""

import dataclasses
import datetime as dt
import uuid
from typing import Final

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.customers.queries import Customer
from tenantry.graph import discovery, errors, transport
from tenantry.graph.apps import App, registration
from tenantry.graph.calls.enterprise_apps import EnterpriseApp, other_apps
from tenantry.kit import clock, jobs
from tenantry.kit.actor import system
from tenantry.reach import roles
from tenantry.tenants.actions.looking import look
from tenantry.tenants.actions.settling import about, locked
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import Connection, ConnectionState, Tenant
from tenantry.tenants.policies import Neighbour, origin_of

NEIGHBOURS_JOB: Final = "tenants.neighbours"
STALE_AFTER: Final = dt.timedelta(hours=24)
_LOOKER: Final = system("review of enterprise apps")


def enqueue_neighbours(tenant_id: uuid.UUID) -> None:
    """Put a review in, one at a time for each tenant."""
    name = f"{NEIGHBOURS_JOB}:{tenant_id}"
    jobs.enqueue(NEIGHBOURS_JOB, lock=name, once=name, tenant_id=str(tenant_id))


def enqueue_if_stale(connection: Connection, *, now: dt.datetime) -> None:
    """Ask for a review once a day, while the tenant can be read."""
    read_at = connection.tenant.neighbours_read_at
    is_readable = connection.state not in {ConnectionState.OFFLINE, ConnectionState.RECONSENT_NEEDED}
    if is_readable and (read_at is None or now - read_at >= STALE_AFTER):
        enqueue_neighbours(connection.tenant_id)


def read_neighbours(*, tenant_id: uuid.UUID) -> None:
    """Read the enterprise apps beside ours and keep them; one that is new and to be reviewed is recorded once.

    A refusal or no answer changes nothing: what was read last stays, with its time.
    """
    connection = Connection.objects.filter(tenant_id=tenant_id, app="helpdesk").select_related("tenant").first()
    if connection is None:
        return
    names = {registration(app).name for app in App} | {connection.app_display_name}
    try:
        apps = other_apps(tenant_id=tenant_id, names=names)
    except errors.GraphError:
        return
    with transaction.atomic():
        row = locked(tenant_id=tenant_id)
        if row is None:
            return
        tenant = row.tenant
        ours = frozenset(filter(None, (registration(app).client_id.lower() for app in App)))
        home = next((app.owner_id for app in apps if app.app_id in ours), "")
        found = [_judged(app, tenant=tenant, ours=ours, home=home, names=names) for app in apps]
        found = [neighbour for neighbour in found if neighbour.app_id not in ours]
        known = {(kept["object_id"], tuple(kept["roles"])) for kept in tenant.neighbours}
        for neighbour in found:
            if neighbour.is_leftover and (neighbour.object_id, neighbour.roles) not in known:
                _tell(row, neighbour)
        tenant.neighbours = [neighbour.to_json() for neighbour in found]
        tenant.neighbours_read_at = clock.now()
        tenant.save(update_fields=["neighbours", "neighbours_read_at"])


def _judged(app: EnterpriseApp, *, tenant: Tenant, ours: frozenset[str], home: str, names: set[str]) -> Neighbour:
    origin = origin_of(
        app_id=app.app_id,
        owner_id=app.owner_id,
        kind=app.kind,
        ours=ours,
        tenant_id=str(tenant.tenant_id),
        our_home=home,
    )
    return Neighbour(
        object_id=app.object_id,
        app_id=app.app_id,
        name=app.name,
        origin=origin,
        owner_id=app.owner_id,
        roles=tuple(sorted(map(roles.role_name, app.role_ids))),
        is_enabled=app.is_enabled,
        is_look_alike=app.app_id not in ours and app.name.casefold() in {name.casefold() for name in names},
        since=app.since,
    )


def _tell(connection: Connection, neighbour: Neighbour) -> None:
    held = f" It holds {', '.join(neighbour.roles)}." if neighbour.roles else ""
    what = "is named like ours and is not ours" if neighbour.is_look_alike else "of another provider holds a role"
    record(
        actor=_LOOKER,
        action=TenantEvent.NEIGHBOUR_FOUND,
        about=about(connection),
        summary=f"The enterprise app “{neighbour.name}” ({neighbour.app_id}) {what}.{held}",
        details={"app_id": neighbour.app_id, "object_id": neighbour.object_id, "roles": list(neighbour.roles)},
    )


@dataclasses.dataclass(frozen=True, slots=True)
class EarlierApp:
    """One of our enterprise apps that stands in a tenant before we connect it (AC-8.3).

    Attributes:
        tenant: the tenant's name and primary domain.
        name: the name the app has there; empty when we may not read it.
        roles: names of the directory roles it holds.
        since: the oldest permission granted to it.
        permissions: how many permissions it holds.
    """

    tenant: str
    name: str
    roles: tuple[str, ...]
    since: dt.datetime | None
    permissions: int


def look_before_connecting(*, customer: Customer) -> EarlierApp | None:
    """Whether our app is in the customer's tenant already; None when it is not, or cannot be known.

    It can be known only where a token can be had, so only of an earlier consent that is still in force. Asked for a
    customer whose domain or earlier tenant is known; a person waits, so it takes a few seconds at most.
    """
    tenant_id = _likely_tenant(customer)
    if tenant_id is None or not registration(App.HELPDESK).is_set_up:
        return None
    if Connection.objects.filter(tenant_id=tenant_id).exists():
        return None  # another customer's; the answer to the consent tells
    findings = look(tenant_id, wanted_role_id=roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, patience=transport.HASTY)
    if not findings.has_token:
        return None
    organization = findings.organization
    # An older consent may not cover what a look reads; then the token alone tells, and it names no name.
    held = findings.role_ids if findings.held is not None else findings.token_role_ids
    return EarlierApp(
        tenant=f"{organization.display_name} ({organization.primary_domain})"
        if organization
        else customer.domain or str(tenant_id),
        name=findings.app.display_name if findings.app else "",
        roles=tuple(sorted(map(roles.role_name, held))),
        since=min(filter(None, (grant.created_at for grant in findings.granted or ())), default=None),
        permissions=len(findings.permission_ids),
    )


def _likely_tenant(customer: Customer) -> uuid.UUID | None:
    if customer.domain:
        try:
            return discovery.tenant_of_domain(customer.domain)
        except errors.GraphError:
            return None
    known = Tenant.objects.filter(customer_id=customer.pk).order_by("-created_at").first()
    return known.tenant_id if known else None
