"""The way out of an operation whose outcome stays unknown: a technician stops waiting for it."""

import uuid

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.helpdesk import policies, queries
from tenantry.helpdesk.actions.requests import check_words
from tenantry.helpdesk.events import HelpdeskEvent
from tenantry.helpdesk.models import Operation, OperationState
from tenantry.helpdesk.record import about
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict
from tenantry.technicians.models import Technician


def stop_waiting(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID, justification: str
) -> Operation:
    """End an operation that has been unknown for ten minutes, without saying that it was done or not.

    Nothing is read or sent for it any more, its password is thrown away, and other operations on the user are possible
    again. Any technician who sees the customer may do it. A worker that has it at this moment loses its lease.

    Raises:
        NotHere: no such operation.
        Invalid: no justification.
        Conflict: its outcome is known by now, or has not been unknown for long enough.
    """
    check_words(justification=justification, ticket="")
    justification = justification.strip()
    with transaction.atomic():
        operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
        now = clock.now()
        if not policies.may_stop(operation, now):
            raise _not_now()
        has_password = operation.password_sealed is not None
        message = f"Unresolved: {actor.name} stopped waiting."
        reason = "It was sent, and no read has shown whether it took effect."
        changed = Operation.objects.filter(pk=operation.pk, state=OperationState.UNKNOWN).update(
            state=OperationState.GIVEN_UP,
            finished_at=now,
            next_at=None,
            lease_id=None,
            lease_until=None,
            waits_until=None,
            password_sealed=None,
            password_discarded_at=now if has_password else operation.password_discarded_at,
            message=message,
            reason=reason,
            fix="Look at the user in the Entra admin center; then decide whether to do it again.",
            who="you",
        )
        if changed != 1:
            raise _not_now()
        details = {"operation_id": str(operation.pk), "stopped_by": actor.name, "why": justification}
        if operation.intent_id is not None:
            audit.close_event(
                operation.intent_id,
                result=Result.UNKNOWN,
                summary=f"{message} {reason}",
                details=details,
                exchanges=operation.exchanges,
            )
        # The outcome stands under the name of whoever asked; that somebody stopped waiting is an act of its own.
        audit.record(
            actor=actor,
            action=HelpdeskEvent.STOPPED_WAITING,
            about=about(operation),
            justification=justification,
            ticket=operation.ticket,
            result=Result.UNKNOWN,
            summary=f"{operation.get_kind_display()}: {message} {reason}",
            details=details,
        )
    return queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)


def _not_now() -> Conflict:
    return Conflict(
        "Waiting can be stopped only after the outcome has been unknown for ten minutes.",
        remedy="Look at the operation: it may have ended by now.",
    )
