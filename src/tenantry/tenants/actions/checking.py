"""Looking at a connection and drawing the conclusions: the job behind every step that turns green by itself."""

import datetime as dt
import uuid

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.graph import transport
from tenantry.graph.apps import App
from tenantry.kit import clock, jobs
from tenantry.kit.actor import system
from tenantry.reach import permissions
from tenantry.tenants.actions.drifting import announce
from tenantry.tenants.actions.looking import Findings, look, note_of
from tenantry.tenants.actions.neighbours import enqueue_if_stale
from tenantry.tenants.actions.reducing import note_reduction
from tenantry.tenants.actions.settling import about, locked, settle
from tenantry.tenants.actions.telling import tell_pim
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, ConnectionState, PimStatus, RolePath, Tenant
from tenantry.tenants.policies import Drift, Found, RoleState, Trouble, covering_roles, premium_of, road_by_pim
from tenantry.tenants.queries import connections_to, facts_of, group_name_of

CHECK_JOB = "tenants.check"
FAILURES_UNTIL_OFFLINE = 3
"""One look without an answer is the weather; three in a row are shown."""
_SECOND_LOOK_AFTER = 2.0  # seconds; another replica has the chance to answer
_LOOKED_AT = (
    "display_name",
    "primary_domain",
    "pim_status",
    "pim_reason",
    "pim_licence",
    "pim_service",
    "pim_checked_at",
    "pim_known",
    "pim_known_at",
    "premium",
    "premium_checked_at",
)
_CHECKER = system("connection check")


def check_name(tenant_id: uuid.UUID) -> str:
    """The name under which one look at a tenant waits."""
    return f"{CHECK_JOB}:{tenant_id}"


def enqueue_check(tenant_id: uuid.UUID) -> None:
    """Put a look in, one at a time for each tenant; while one waits, further ones are dropped."""
    name = check_name(tenant_id)
    jobs.enqueue(CHECK_JOB, lock=name, once=name, tenant_id=str(tenant_id))


def request_check(*, tenant_id: uuid.UUID) -> None:
    """Ask for a look now. The row remembers the wish, so it is found again if the job is lost."""
    now = clock.now()
    with transaction.atomic():
        if Connection.objects.filter(tenant_id=tenant_id).update(check_requested_at=now, next_check_at=now):
            enqueue_check(tenant_id)


def check_connection(*, tenant_id: uuid.UUID) -> None:
    """Look at the tenant with each of our apps that is connected there, and write what was found to its row.

    Does nothing when it was disconnected meanwhile.
    """
    for connection in connections_to(tenant_id):
        _check(connection)


def look_for(connection: Connection, *, patience: float = transport.PATIENT) -> Findings:
    """One look with the app, the role and the group of a connection."""
    return look(
        connection.tenant_id,
        app=App(connection.app),
        wanted_role_id=str(connection.wanted_role_id),
        group_name=group_name_of(connection) if connection.path == RolePath.GROUP else "",
        patience=patience,
    )


def _check(connection: Connection) -> None:
    findings = look_for(connection)
    if _is_worse(connection, findings):
        # One read may come from a replica that is behind, or with a token minted too early: bad news is read twice.
        clock.sleep(_SECOND_LOOK_AFTER)
        findings = look_for(connection)
    with transaction.atomic():
        present = locked(tenant_id=connection.tenant_id, app=AppKind(connection.app))
        if present is not None and present.pk == connection.pk:
            now = clock.now()
            apply_findings(present, findings, now=now)
            note_reduction(present, actor=_CHECKER)
            settle(present, now=now, actor=_CHECKER)
            if present.app == AppKind.HELPDESK and findings.trouble is None:
                enqueue_if_stale(present, now=now)


def apply_findings(connection: Connection, findings: Findings, *, now: dt.datetime) -> None:
    """Copy what a look found to the locked row; the caller settles and saves it."""
    if findings.trouble is Trouble.UNREACHABLE:
        connection.failures += 1
        if connection.failures >= FAILURES_UNTIL_OFFLINE:
            connection.trouble = Trouble.UNREACHABLE
        connection.trouble_note = note_of(findings.code, findings.note)
        return
    connection.failures = 0
    connection.checked_at = now
    connection.trouble = findings.trouble or ""
    connection.trouble_note = note_of(findings.code, findings.note) if findings.trouble else ""
    if findings.app is not None:
        connection.service_principal_id = findings.app.object_id
        _note_name(connection, findings.app.display_name)
        connection.app_enabled = findings.app.is_enabled
    if findings.trouble is not None:
        connection.probed_at = None
        return
    apply_surroundings(connection, findings, now=now)
    _apply_permissions(connection, findings, now)
    _apply_roles(connection, findings, now)


def _apply_permissions(connection: Connection, findings: Findings, now: dt.datetime) -> None:
    found = list(findings.permission_ids)
    if permissions.names(found) != permissions.names(connection.permission_ids):
        connection.refused_at = None  # refused under other permissions
    connection.permission_ids = found
    connection.permissions_read_at = now
    if findings.granted:
        connection.app_known_since = min(filter(None, (grant.created_at for grant in findings.granted)), default=None)


def _apply_roles(connection: Connection, findings: Findings, now: dt.datetime) -> None:
    if findings.held is None:
        connection.probed_at = None
        return
    held = sorted(findings.role_ids)
    if held != sorted(connection.active_role_ids):
        connection.refused_at = None  # refused under other roles
    connection.active_role_ids = held
    connection.unit_roles = findings.unit_roles
    connection.unit_names = findings.unit_names
    connection.holdings = [holding.to_json() for holding in findings.holdings]
    connection.custom_roles = {role_id: role.to_json() for role_id, role in findings.custom_roles.items()}
    if findings.groups is not None:
        connection.groups = [group.to_json() for group in findings.groups]
    if findings.rules is not None:
        connection.role_rules = findings.rules.to_json()
    see_role(connection, now=now, is_loss=True)
    facts = facts_of(connection)
    connection.role_ends_at = (
        facts.role.best.ends_at if facts.role.best and facts.role.state is RoleState.ACTIVE_UNTIL else None
    )
    lacking = permissions.missing(findings.token_permissions, required=facts.required)
    is_probed = bool(facts.covering & findings.token_role_ids) and not lacking
    connection.probed_at = now if is_probed else None


def apply_surroundings(connection: Connection, findings: Findings, *, now: dt.datetime) -> None:
    """Keep what a look told of the tenant, of PIM and of licences, and the road that follows (J4, AC-7.2)."""
    tenant = connection.tenant
    if findings.organization is not None:
        tenant.display_name = findings.organization.display_name
        tenant.primary_domain = findings.organization.primary_domain
    if findings.skus is not None:
        tenant.premium = premium_of(findings.skus)
        tenant.premium_checked_at = now
    if findings.pim is not None:
        _apply_pim(connection, tenant, findings, now)
    # What is wanted at the customer is not this look's to write: the row is shared by both apps.
    tenant.save(update_fields=_LOOKED_AT)


def _apply_pim(connection: Connection, tenant: Tenant, findings: Findings, now: dt.datetime) -> None:
    reading = findings.pim
    if reading is None:
        return
    was = tenant.pim_known
    tenant.pim_status, tenant.pim_reason = reading.status, reading.reason
    tenant.pim_licence, tenant.pim_service = reading.licence, reading.service
    tenant.pim_checked_at = now
    if reading.status is not PimStatus.UNKNOWN:
        tenant.pim_known, tenant.pim_known_at = reading.status, now
    if was not in {PimStatus.UNKNOWN, tenant.pim_known}:  # AC-4.5
        record(
            actor=_CHECKER,
            action=TenantEvent.PIM_CHANGED,
            about=about(connection),
            summary=f"PIM: {PimStatus(was).label} → {reading.status.label}. {reading.reason}",
            details={"from": was, "to": str(reading.status), "licence": reading.licence, "service": reading.service},
        )
        tell_pim(connection, was=PimStatus(was))
    if not connection.path_is_chosen:
        connection.path = road_by_pim(reading, known=PimStatus(tenant.pim_known))


def _note_name(connection: Connection, name: str) -> None:
    """Keep the name the enterprise app has in the tenant; a change of it is drift and recorded."""
    before = connection.app_display_name
    connection.app_display_name = name
    if before and before != name:
        record(
            actor=_CHECKER,
            action=TenantEvent.APP_RENAMED,
            about=about(connection),
            summary=f"The enterprise app is named “{name}” in the tenant now; it was “{before}”.",
            details={"from": before, "to": name},
        )
        cause = f"It is named “{name}” in the tenant now; it was “{before}”. It is known by its id, so all goes on."
        fix = "Nothing to do. Every step here shows the new name."
        announce(connection, Found(Drift.APP_RENAMED, cause, fix, "nobody", is_urgent=False))


def see_role(connection: Connection, *, now: dt.datetime, is_loss: bool) -> None:
    """Keep when a sufficient role was first seen, or found gone, in step with the roles on the row.

    Args:
        connection: the locked row.
        now: the time of the look.
        is_loss: a role that no longer does was taken away; false when another role was chosen instead.
    """
    if facts_of(connection).covering:
        connection.role_seen_at = connection.role_seen_at or now
        connection.role_lost_at = None
    else:
        if is_loss and connection.role_seen_at is not None:
            connection.role_lost_at = now
        connection.role_seen_at = None
        connection.refused_at = None


def _is_worse(connection: Connection, findings: Findings) -> bool:
    """Whether a look brings bad news that the row does not know yet."""
    if findings.trouble is Trouble.UNREACHABLE:
        return False  # the transport has been patient already
    if findings.trouble is not None:
        return connection.state != ConnectionState.OFFLINE
    known, found = permissions.names(connection.permission_ids), permissions.names(findings.permission_ids)
    has_lost_role = connection.role_seen_at is not None and not covering_roles(
        findings.role_ids, str(connection.wanted_role_id), findings.custom_roles
    )
    return bool(known - found) or has_lost_role
