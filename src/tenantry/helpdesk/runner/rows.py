"""Moving an operation's row. Only the holder of the newest lease may; everybody else's changes fall flat."""

import datetime as dt
import uuid
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, F, Value, When

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.helpdesk.models import OPEN_STATES, Operation, OperationState
from tenantry.helpdesk.record import about, actor_of
from tenantry.helpdesk.runner.words import Words
from tenantry.kit import clock

LEASE: Final = dt.timedelta(minutes=2)
"""Longer than one read and one write can hang; after it the sweep hands the row to another worker."""

_RESULTS: Final = {
    OperationState.DONE: Result.DONE,
    OperationState.REFUSED: Result.REFUSED,
    OperationState.FAILED: Result.FAILED,
}


class LeaseLost(Exception):
    """Another worker has taken the operation over; this one writes nothing more."""


def take(operation_id: uuid.UUID) -> Operation | None:
    """Take the lease if the operation is due; None when it has ended, is not due, or another worker has it."""
    now = clock.now()
    changed = Operation.objects.filter(pk=operation_id, state__in=OPEN_STATES, next_at__lte=now).update(
        lease_id=uuid.uuid4(),
        lease_until=now + LEASE,
        next_at=now + LEASE,
        tries=F("tries") + 1,
        state=Case(When(state=OperationState.WAITING, then=Value(OperationState.RUNNING.value)), default=F("state")),
    )
    if changed != 1:
        return None
    return Operation.objects.select_related("tenant__customer").get(pk=operation_id)


def save(operation: Operation, **changes: Any) -> None:  # noqa: ANN401  values of any column
    """Change the row while the lease is still ours.

    Raises:
        LeaseLost: it is not; nothing was changed.
    """
    changed = Operation.objects.filter(pk=operation.pk, lease_id=operation.lease_id).update(**changes)
    if changed != 1 or operation.lease_id is None:
        raise LeaseLost
    for name, value in changes.items():
        setattr(operation, name, value)


def renewed() -> dict[str, dt.datetime]:
    """The columns of a lease that starts now, to be saved before something that may take long."""
    until = clock.now() + LEASE
    return {"lease_until": until, "next_at": until}


def later(
    operation: Operation,
    *,
    state: OperationState,
    pause: float,
    words: Words,
    **changes: Any,  # noqa: ANN401  as in save
) -> None:
    """Give the lease back; the sweep takes the operation up again after `pause` seconds."""
    save(
        operation,
        state=state,
        next_at=clock.now() + dt.timedelta(seconds=pause),
        lease_id=None,
        lease_until=None,
        **words.columns(),
        **changes,
    )


def unknown(operation: Operation, *, words: Words) -> None:
    """Say that the outcome is unknown, on the row and in the record; the lease is kept."""
    with transaction.atomic():
        is_news = operation.state != OperationState.UNKNOWN
        save(operation, state=OperationState.UNKNOWN, **words.columns())
        if is_news and operation.intent_id is not None:
            audit.close_event(
                operation.intent_id,
                result=Result.UNKNOWN,
                summary=words.sentence,
                exchanges=operation.exchanges,
            )


def finish(
    operation: Operation,
    *,
    state: OperationState,
    words: Words,
    proof: dict[str, Any] | None = None,
) -> None:
    """End the operation and record how, in one transaction. Only a proven reset keeps its password to be shown."""
    changes: dict[str, Any] = {"proof": proof}
    if state != OperationState.DONE and operation.password_sealed is not None:
        changes |= {"password_sealed": None, "password_discarded_at": clock.now()}
    with transaction.atomic():
        save(
            operation,
            state=state,
            finished_at=clock.now(),
            next_at=None,
            lease_id=None,
            lease_until=None,
            waits_until=None,
            **words.columns(),
            **changes,
        )
        details: dict[str, Any] = {"proof": proof} if proof else {}
        if words.code:
            details["code"] = words.code
        if operation.intent_id is not None:
            audit.close_event(
                operation.intent_id,
                result=_RESULTS[state],
                summary=words.sentence,
                details=details,
                exchanges=operation.exchanges,
            )
        else:
            audit.record(
                actor=actor_of(operation),
                action=BY_KIND[operation.kind].event,
                about=about(operation),
                justification=operation.justification,
                ticket=operation.ticket,
                result=_RESULTS[state],
                summary=words.sentence,
                details=details,
            )
