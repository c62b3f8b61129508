"""After an error that surely changed nothing: wait and try again by itself, or end with a clear reason."""

import datetime as dt
from typing import TYPE_CHECKING, Final

from tenantry.directory import queries as directory
from tenantry.graph import errors
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.helpdesk.models import Operation, OperationState
from tenantry.helpdesk.runner import rows, words
from tenantry.kit import clock
from tenantry.kit.decision import Denied
from tenantry.reach import Action, Target, decide
from tenantry.tenants import actions as tenants_actions
from tenantry.tenants import queries as tenants

if TYPE_CHECKING:
    from tenantry.tenants.models import Connection

_PROPAGATION_PAUSE: Final = 30.0
_LOOK_PAUSE: Final = 20.0
_NEW_USER_PATIENCE: Final = dt.timedelta(minutes=2)
_OUTAGE_PATIENCE: Final = dt.timedelta(minutes=30)
_LONGEST_PAUSE: Final = 60.0
_CONNECTION_PAUSE: Final = 60.0
_CONNECTION_PATIENCE: Final = dt.timedelta(hours=24)


def nothing_changed(operation: Operation, error: errors.GraphError) -> None:
    """Decide what follows an error after which nothing was changed."""
    age = clock.now() - operation.created_at
    pause = min(_LONGEST_PAUSE, 2.0 ** min(operation.tries, 6))
    match error:
        case errors.Throttled() if age < _OUTAGE_PATIENCE:
            _wait(operation, error, error.retry_after)
        case errors.TenantUnreachable() if age < _OUTAGE_PATIENCE:
            _wait(operation, error, pause)
        case errors.NotFound() if age < _NEW_USER_PATIENCE:
            _wait(operation, error, pause)
        case errors.Refused():
            _refused(operation, error)
        case _:
            note_trouble(operation, error)
            if hold_up(operation):
                return
            rows.finish(operation, state=OperationState.FAILED, words=words.of_error(error, operation))


def hold_up(operation: Operation) -> bool:
    """Let an operation of a bulk run wait while its connection cannot do it, instead of failing one by one (AC-5.4).

    Returns:
        Whether it waits; false for a single operation, which a person looks at, and after a day.
    """
    if operation.bulk_run_id is None or clock.now() - operation.created_at >= _CONNECTION_PATIENCE:
        return False
    connection = tenants.connection_to(operation.tenant_id)
    if connection is None or not _is_hopeless(connection, BY_KIND[operation.kind].action):
        return False
    said = words.held_up(connection.cause, connection.fix, connection.who)
    rows.later(operation, state=OperationState.WAITING, pause=_CONNECTION_PAUSE, words=said)
    return True


def _is_hopeless(connection: "Connection", action: Action) -> bool:
    """Whether the connection, as it stands, can do this to nobody: unreachable, without its role or a permission."""
    if connection.state in tenants.CANNOT_WORK:
        return True
    decision = decide(action=action, reacher=tenants.reacher_of(connection), target=Target())
    return isinstance(decision, Denied) and decision.code == "permission_missing"


def note_trouble(operation: Operation, error: errors.GraphError) -> None:
    """Tell the connection when the trouble is its own and not this user's."""
    if isinstance(error, (errors.NotConsented, errors.OurCredential, errors.TenantGone)):
        tenants_actions.note_failure(tenant_id=operation.tenant_id, error=error)


def _wait(operation: Operation, error: errors.GraphError, pause: float) -> None:
    rows.later(operation, state=OperationState.WAITING, pause=pause, words=words.waiting(error))


def _refused(operation: Operation, error: errors.Refused) -> None:
    """A 403 although it was predicted possible: propagation, or a mismatch to be told (AC-5.3, AC-6.2)."""
    if error.is_restricted_unit:
        rows.finish(operation, state=OperationState.REFUSED, words=words.of_error(error, operation))
        return
    connection = tenants.connection_to(operation.tenant_id)
    now = clock.now()
    until = None
    if connection is not None and tenants.is_propagating(connection):
        until = tenants.propagates_until(connection)
    tenants_actions.note_refused(tenant_id=operation.tenant_id, error=error, predicted=True)
    if until is not None and now <= until:
        # The last try comes just after the window: only that one may be final.
        end = until + dt.timedelta(seconds=1)
        rows.later(
            operation,
            state=OperationState.WAITING,
            pause=min(_PROPAGATION_PAUSE, (end - now).total_seconds()),
            words=words.waiting(error),
            refusals=operation.refusals + 1,
            waits_until=until,
        )
        return
    if operation.bulk_run_id is not None and operation.refusals == 0:
        # The refusal has asked for a look. It tells whether this user is refused, or everybody is and the run waits.
        rows.later(
            operation,
            state=OperationState.WAITING,
            pause=_LOOK_PAUSE,
            words=words.waiting(error),
            refusals=operation.refusals + 1,
        )
        return
    user = directory.find_user(tenant_id=operation.tenant_id, object_id=operation.object_id)
    target = directory.target_of(user) if user is not None else None
    rows.finish(operation, state=OperationState.REFUSED, words=words.of_error(error, operation, target))
