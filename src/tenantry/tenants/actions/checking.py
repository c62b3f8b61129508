"""Looking at a connection and drawing the conclusions: the job behind every step that turns green by itself."""

import datetime as dt
import uuid

from django.db import transaction

from tenantry.kit import clock, jobs
from tenantry.kit.actor import system
from tenantry.reach import permissions
from tenantry.tenants.actions.looking import Findings, look
from tenantry.tenants.actions.settling import locked, settle
from tenantry.tenants.models import Connection, ConnectionState
from tenantry.tenants.policies import Trouble, covering_roles
from tenantry.tenants.queries import connection_to

CHECK_JOB = "tenants.check"
FAILURES_UNTIL_OFFLINE = 3
"""One look without an answer is the weather; three in a row are shown."""
_SECOND_LOOK_AFTER = 2.0  # seconds; another replica has the chance to answer
_CHECKER = system("connection check")


def enqueue_check(tenant_id: uuid.UUID) -> None:
    """Put a look in, one at a time for each tenant; while one waits, further ones are dropped."""
    name = f"{CHECK_JOB}:{tenant_id}"
    jobs.enqueue(CHECK_JOB, lock=name, once=name, tenant_id=str(tenant_id))


def request_check(*, tenant_id: uuid.UUID) -> None:
    """Ask for a look now. The row remembers the wish, so it is found again if the job is lost."""
    now = clock.now()
    with transaction.atomic():
        if Connection.objects.filter(tenant_id=tenant_id).update(check_requested_at=now, next_check_at=now):
            enqueue_check(tenant_id)


def check_connection(*, tenant_id: uuid.UUID) -> None:
    """Look at the tenant and write what was found to its row. Does nothing when it was disconnected meanwhile."""
    connection = connection_to(tenant_id)
    if connection is None:
        return
    findings = look(tenant_id)
    if _is_worse(connection, findings):
        # One read may come from a replica that is behind, or with a token minted too early: bad news is read twice.
        clock.sleep(_SECOND_LOOK_AFTER)
        findings = look(tenant_id)
    with transaction.atomic():
        connection = locked(tenant_id=tenant_id)
        if connection is not None:
            now = clock.now()
            apply_findings(connection, findings, now=now)
            settle(connection, now=now, actor=_CHECKER)


def apply_findings(connection: Connection, findings: Findings, *, now: dt.datetime) -> None:
    """Copy what a look found to the locked row; the caller settles and saves it."""
    if findings.trouble is Trouble.UNREACHABLE:
        connection.failures += 1
        if connection.failures >= FAILURES_UNTIL_OFFLINE:
            connection.trouble = Trouble.UNREACHABLE
        connection.trouble_note = findings.note
        return
    connection.failures = 0
    connection.checked_at = now
    connection.trouble = findings.trouble or ""
    connection.trouble_note = findings.note if findings.trouble else ""
    if findings.app is not None:
        connection.service_principal_id = findings.app.object_id
        connection.app_display_name = findings.app.display_name
        connection.app_enabled = findings.app.is_enabled
    if findings.trouble is not None:
        connection.probed_at = None
        return
    if findings.organization is not None:
        connection.tenant.display_name = findings.organization.display_name
        connection.tenant.primary_domain = findings.organization.primary_domain
        connection.tenant.save(update_fields=["display_name", "primary_domain"])
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
    see_role(connection, now=now, is_loss=True)
    sufficient = covering_roles(held, str(connection.wanted_role_id))
    is_probed = bool(sufficient & findings.token_role_ids) and not permissions.missing(findings.token_permissions)
    connection.probed_at = now if is_probed else None


def see_role(connection: Connection, *, now: dt.datetime, is_loss: bool) -> None:
    """Keep when a sufficient role was first seen, or found gone, in step with the roles on the row.

    Args:
        connection: the locked row.
        now: the time of the look.
        is_loss: a role that no longer does was taken away; false when another role was chosen instead.
    """
    if covering_roles(connection.active_role_ids, str(connection.wanted_role_id)):
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
    wanted = str(connection.wanted_role_id)
    has_lost_role = connection.role_seen_at is not None and not covering_roles(findings.role_ids, wanted)
    return bool(known - found) or has_lost_role
