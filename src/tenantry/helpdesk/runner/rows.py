"""Moving an operation's row. Only the holder of the newest lease may; everybody else's changes fall flat."""

import datetime as dt
import uuid
from typing import Any, Final

from django.db import connection, transaction

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
_FIELDS: Final = {field.name: field for field in Operation._meta.concrete_fields}  # noqa: SLF001  Django's own accessor
_TAKE: Final = """
    UPDATE helpdesk_operation SET
        lease_id = %s, lease_until = %s, next_at = %s, tries = tries + 1,
        state = CASE state WHEN 'waiting' THEN 'running' ELSE state END
    WHERE id = %s AND state = ANY (%s) AND next_at <= %s
    RETURNING *, EXISTS (
        SELECT FROM tenants_connection JOIN tenants_tenant USING (tenant_id)
        WHERE tenant_id = helpdesk_operation.tenant_id AND app = 'helpdesk'
            AND tenants_tenant.customer_id = helpdesk_operation.customer_id
    ) AS is_connected
"""


class LeaseLost(Exception):
    """Another worker has taken the operation over; this one writes nothing more."""


def take(operation_id: uuid.UUID) -> Operation | None:
    """Take the lease if the operation is due; None when it has ended, is not due, or another worker has it.

    The row comes back with `is_connected`: whether the customer's connection to the tenant still stands.
    """
    now = clock.now()
    until = now + LEASE
    open_states = [state.value for state in OPEN_STATES]
    taken = Operation.objects.raw(_TAKE, [uuid.uuid4(), until, until, operation_id, open_states, now])
    return next(iter(taken), None)


def save(operation: Operation, **changes: Any) -> None:  # noqa: ANN401  values of any column
    """Change the row while the lease is still ours.

    One plain statement: this is done several times in each operation, and Django would compile it anew each time.

    Raises:
        LeaseLost: it is not; nothing was changed.
    """
    columns = ", ".join(f'"{_FIELDS[name].column}" = %s' for name in changes)
    values = [_FIELDS[name].get_db_prep_save(value, connection) for name, value in changes.items()]
    statement = f"UPDATE helpdesk_operation SET {columns} WHERE id = %s AND lease_id = %s"  # noqa: S608  own columns
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, operation.pk, operation.lease_id])
        if cursor.rowcount != 1:
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
        since = operation.unknown_at or clock.now()
        save(operation, state=OperationState.UNKNOWN, unknown_at=since, **words.columns())
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
    with transaction.atomic(savepoint=False):
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
