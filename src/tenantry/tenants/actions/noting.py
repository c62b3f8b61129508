"""What other domains learnt about a connection while they used it."""

import uuid

from django.db import transaction

from tenantry.audit.actions import record
from tenantry.audit.models import Result
from tenantry.graph import errors
from tenantry.kit import clock
from tenantry.kit.actor import system
from tenantry.reach import roles
from tenantry.tenants.actions.checking import FAILURES_UNTIL_OFFLINE, enqueue_check
from tenantry.tenants.actions.looking import note_of, trouble_of
from tenantry.tenants.actions.settling import about, locked, settle
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, ConnectionState
from tenantry.tenants.policies import PROPAGATION_WINDOW, Trouble

_NOTER = system("connection health")


def note_refused(*, tenant_id: uuid.UUID, error: errors.Refused, predicted: bool) -> None:
    """Microsoft answered 403 to an action.

    Inside the propagation window that says nothing yet. After it, a refusal of what was predicted possible is a
    mismatch: it is recorded, shown with the role to check, and a look is asked for (AC-5.3, AC-6.3).

    Args:
        tenant_id: where.
        error: Microsoft's refusal.
        predicted: we had predicted that it would be allowed.
    """
    if error.is_restricted_unit or not predicted:
        return  # about this user, not about the connection
    now = clock.now()
    with transaction.atomic():
        connection = locked(tenant_id=tenant_id)
        if connection is None:
            return
        connection.refused_at = now
        connection.refused_note = str(error)[:300]
        seen_at = connection.role_seen_at
        if seen_at is None or now >= seen_at + PROPAGATION_WINDOW:
            record(
                actor=_NOTER,
                action=TenantEvent.MISMATCH,
                about=about(connection),
                result=Result.REFUSED,
                summary="Microsoft refused what its tables allow "
                f"({roles.role_name(str(connection.wanted_role_id))} is assigned): {error}",
                details={"code": error.code, "request_id": error.request_id, "role_ids": connection.active_role_ids},
            )
        # A role may just have been taken away; a look tells, and it is cheap. Until then nobody is alarmed with less.
        settle(connection, now=now, actor=_NOTER, is_told=False)
        enqueue_check(tenant_id)


def note_worked(*, tenant_id: uuid.UUID, proof: str) -> None:
    """An action was read back: the connection works, whatever was feared (AC-6.4).

    Args:
        tenant_id: where.
        proof: what proves it, one short sentence.
    """
    now = clock.now()
    # Nearly always it was READY already: then nothing is to be decided, and one statement says all there is to say.
    seen = {"worked_at": now, "refused_at": None, "refused_note": "", "proven_at": now}
    ready = Connection.objects.filter(tenant_id=tenant_id, app=AppKind.HELPDESK, state=ConnectionState.READY)
    if proof and ready.update(**seen, proof=proof[:200]):
        return
    with transaction.atomic():
        connection = locked(tenant_id=tenant_id)
        if connection is None:
            return
        connection.worked_at = now
        connection.refused_at = None
        connection.refused_note = ""
        settle(connection, now=now, actor=_NOTER)
        if proof and connection.proven_at == now:
            connection.proof = proof[:200]
            connection.save(update_fields=["proof"])


def note_failure(*, tenant_id: uuid.UUID, error: errors.GraphError) -> None:
    """A call failed on the way to the tenant. What that means is shown with cause, fix and who; it heals by a look.

    Throttling and a single lost answer change nothing; refusals belong to `note_refused`.
    """
    if isinstance(error, errors.Throttled | errors.Refused | errors.Rejected | errors.NotFound | errors.ResyncNeeded):
        return
    trouble = trouble_of(error)
    now = clock.now()
    with transaction.atomic():
        connection = locked(tenant_id=tenant_id)
        if connection is None:
            return
        connection.trouble_note = note_of(error.code, error.message)
        if trouble is Trouble.UNREACHABLE:
            connection.failures += 1
            if connection.failures >= FAILURES_UNTIL_OFFLINE:
                connection.trouble = trouble
        else:
            connection.trouble = trouble
            connection.probed_at = None
        settle(connection, now=now, actor=_NOTER)
        enqueue_check(tenant_id)
