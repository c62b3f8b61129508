"""Writing what was learnt to the connection's row, and its state with it. Always under the row's lock."""

import datetime as dt
import uuid
from typing import Any, Final

from tenantry.audit.actions import record
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, NotHere
from tenantry.tenants.actions.drifting import note_drift
from tenantry.tenants.actions.naming import about
from tenantry.tenants.actions.telling import end_drift, tell_change
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, Connection, ConnectionState
from tenantry.tenants.policies import board, next_check_at, next_state
from tenantry.tenants.queries import companion_of, facts_of, wishes_of

_AS_READ: Final = "_as_read"

__all__ = ["about", "locked", "locked_of_customer", "settle"]


def locked(*, tenant_id: uuid.UUID, app: AppKind = AppKind.HELPDESK) -> Connection | None:
    """One app's connection to a tenant with its row locked, inside the caller's transaction; None when gone."""
    rows = Connection.objects.select_for_update(of=("self",)).select_related("tenant__customer")
    try:
        # One row at most. `first` would sort by the key, and compile every column of three tables once more for that.
        connection = rows.get(tenant_id=tenant_id, app=app)
    except Connection.DoesNotExist:
        return None
    connection.__dict__[_AS_READ] = {name: _copy(value) for name, value in _values(connection).items()}
    return connection


def locked_of_customer(*, customer_id: uuid.UUID, tenant_id: uuid.UUID, app: AppKind = AppKind.HELPDESK) -> Connection:
    """The same, for a form that names customer and tenant.

    Raises:
        NotHere: the customer is not connected.
        Conflict: it is connected to another tenant than the form says.
    """
    connection = locked(tenant_id=tenant_id, app=app)
    if connection is not None and connection.tenant.customer_id == customer_id:
        return connection
    if Connection.objects.filter(tenant__customer_id=customer_id, app=app).exists():
        raise Conflict(
            "This form belongs to another tenant than the one the customer is connected to.",
            remedy="Reload the page and look at its present state.",
        )
    raise NotHere("This customer is not connected.")


def settle(connection: Connection, *, now: dt.datetime, actor: Actor, is_told: bool = True) -> None:
    """Decide the state anew from the row's facts and save the row; a change is recorded with its cause.

    Args:
        connection: the locked row.
        now: the time.
        actor: who learnt it.
        is_told: tell drift and alerts of it; false for a suspicion that a look on its way will confirm or explain.
    """
    standing = next_state(facts_of(connection), now)
    before, code_before = connection.state, connection.error_code
    connection.cause, connection.fix, connection.who = standing.cause, standing.fix, standing.who
    connection.error_code = standing.code
    connection.proof = standing.proof
    connection.proven_at = standing.proven_at or connection.proven_at
    if standing.state != before:
        connection.state = standing.state
        connection.state_since = now
        record(
            actor=actor,
            action=TenantEvent.STATE_CHANGED,
            about=about(connection),
            summary=f"{ConnectionState(before).label} → {standing.state.label}. {standing.cause or standing.proof}",
            details={"from": before, "to": str(standing.state), "code": standing.code},
        )
    drifts_before = frozenset(connection.drifts)
    if is_told:
        note_drift(connection, now=now, actor=actor)
    if before == ConnectionState.OFFLINE and standing.state != before and connection.app == AppKind.HELPDESK:
        _read_users_again(connection.tenant_id)
    stirred_at = max(filter(None, (connection.state_since, connection.check_requested_at)))
    connection.next_check_at = next_check_at(
        connection.state,
        tenant_id=connection.tenant_id,
        stirred_at=stirred_at,
        now=now,
        failures=connection.failures,
    )
    if connection.role_ends_at is not None and connection.role_ends_at > now:
        connection.next_check_at = min(connection.next_check_at, connection.role_ends_at)
    _save(connection)
    if is_told:
        tell_change(connection, standing, before=before, code_before=code_before)
        end_drift(connection, drifts_before)
    _keep_board(connection, now)


def _values(connection: Connection) -> dict[str, Any]:
    """The row's columns by name: everything on the object that is not Django's own."""
    return {name: value for name, value in connection.__dict__.items() if not name.startswith("_")}


def _copy(value: object) -> object:
    """A copy that later changes of `value` do not reach. Columns hold JSON: `copy.deepcopy` costs ten times as much."""
    if isinstance(value, dict):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _save(connection: Connection) -> None:
    """Write what has changed since `locked` read the row, which nobody else can have changed: a look changes little."""
    read = connection.__dict__.pop(_AS_READ, None)
    if read is None:
        connection.save()
        return
    changed = [name for name, value in _values(connection).items() if value != read[name]]
    if changed:
        connection.save(update_fields=changed)


def _keep_board(connection: Connection, now: dt.datetime) -> None:
    """Keep how each feature stands on the tenant's row, so that lists can be filtered and counted by it."""
    other = companion_of(connection)
    base, elevation = (connection, other) if connection.app == AppKind.HELPDESK else (other, connection)
    if base is None:
        return
    lines = board(facts_of(base), facts_of(elevation) if elevation else None, wishes_of(base), now)
    found = {line.column.key: str(line.state) for line in lines}
    if found != connection.tenant.board:
        connection.tenant.board = found
        connection.tenant.save(update_fields=["board"])


def _read_users_again(tenant_id: uuid.UUID) -> None:
    """The tenant is in reach again: its mirror does not wait out the pause that failures have made long."""
    from tenantry.directory.actions import request_sync  # noqa: PLC0415  the directory's actions call ours

    request_sync(tenant_id=tenant_id)
