"""Writing the record.

`begin` commits the intent in its own transaction before anything is sent; if the row cannot be written, the caller gets
the database's error and nothing happens. `record` writes a fact in the caller's transaction, together with the change.
"""

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from tenantry.audit.chain.sealing import seal_soon
from tenantry.audit.models import Kind, Result
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.intent import Intent

# Plain statements: every effect on a tenant waits for these two, and the ORM costs more than the database here.
_INSERT: Final = """
    INSERT INTO audit_event (
        recorded_at, kind, action, actor_kind, actor_id, actor_name, actor_address, customer_id, customer_name,
        tenant_id, target_kind, target_id, target_name, justification, ticket, result, summary, details, exchanges
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '[]')
    RETURNING id
"""
_INSERT_OUTCOME: Final = """
    INSERT INTO audit_event (
        recorded_at, kind, intent_id, action, actor_kind, actor_id, actor_name, actor_address, customer_id,
        customer_name, tenant_id, target_kind, target_id, target_name, justification, ticket, result, summary, details,
        exchanges
    )
    SELECT %s, %s, id, action, actor_kind, actor_id, actor_name, '', customer_id,
        customer_name, tenant_id, target_kind, target_id, target_name, '', '', %s, %s, %s,
        %s
    FROM audit_event WHERE id = %s AND kind = %s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What an event is about: the customer and tenant, and the object acted on."""

    customer_id: uuid.UUID | None = None
    customer_name: str = ""
    tenant_id: uuid.UUID | None = None
    target_kind: str = ""
    target_id: str = ""
    target_name: str = ""


_HOLDS: Final[list[Callable[[], None]]] = []


def hold_with(check: Callable[[], None]) -> None:
    """Have `check` asked before every effect; it raises a `Refusal` while effects are held back."""
    if check not in _HOLDS:
        _HOLDS.append(check)


def begin(
    *,
    actor: Actor,
    action: StrEnum,
    about: About,
    justification: str = "",
    ticket: str = "",
    summary: str = "",
    details: Mapping[str, Any] | None = None,
    is_taking_back: bool = False,
) -> Intent:
    """Commit the record of an effect that is about to be sent, and return the permission to send it.

    Must not be called inside a transaction: a record that can still be rolled back is none.

    `is_taking_back` marks what only takes away a right, grant or account of our own: nothing may hold that up.

    Raises:
        Refusal: something holds every effect back (`hold_with`); nothing was recorded, nothing may be sent.
        RuntimeError: called inside a transaction.
        ValueError: no tenant is named.
        django.db.Error: the record cannot be written; nothing may be sent.
    """
    if about.tenant_id is None:
        raise ValueError("an intent names its tenant")
    if not is_taking_back:
        for hold in _HOLDS:
            hold()
    if connection.in_atomic_block:
        raise RuntimeError("an intent is durable or none: it is not recorded inside a transaction")
    event_id = _insert(
        Kind.INTENT,
        actor=actor,
        action=action,
        about=about,
        justification=justification,
        ticket=ticket,
        result=Result.NONE,
        summary=summary,
        details=details,
    )
    seal_soon(event_id)  # so that the act is in the chain before it is sent
    return Intent(event_id=event_id, tenant_id=about.tenant_id)


def close(intent: Intent, *, result: Result, summary: str, details: Mapping[str, Any] | None = None) -> None:
    """Append what became of an intent. May be called again when more is known; the newest outcome counts."""
    close_event(
        intent.event_id,
        result=result,
        summary=summary,
        details=details,
        exchanges=[dataclasses.asdict(exchange) for exchange in intent.exchanges],
    )


def close_event(
    event_id: int,
    *,
    result: Result,
    summary: str,
    details: Mapping[str, Any] | None = None,
    exchanges: list[dict[str, Any]] | None = None,
) -> None:
    """Append an outcome to the intent with this id, for work that is resumed after a crash.

    Raises:
        LookupError: there is no such intent.
    """
    values = (
        clock.now(),
        Kind.OUTCOME.value,
        str(result),
        summary,
        json.dumps(dict(details or {})),
        json.dumps(exchanges or []),
        event_id,
        Kind.INTENT.value,
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_OUTCOME, values)
        if cursor.rowcount != 1:
            raise LookupError(f"event {event_id} is no intent")


def record(
    *,
    actor: Actor,
    action: StrEnum,
    about: About,
    justification: str = "",
    ticket: str = "",
    result: Result = Result.NONE,
    summary: str = "",
    details: Mapping[str, Any] | None = None,
) -> int:
    """Write a fact in the transaction at hand; returns the event's id."""
    return _insert(
        Kind.FACT,
        actor=actor,
        action=action,
        about=about,
        justification=justification,
        ticket=ticket,
        result=result,
        summary=summary,
        details=details,
    )


def _insert(
    kind: Kind,
    *,
    actor: Actor,
    action: StrEnum,
    about: About,
    justification: str,
    ticket: str,
    result: Result,
    summary: str,
    details: Mapping[str, Any] | None,
) -> int:
    values = (
        clock.now(),
        kind.value,
        str(action),
        actor.kind,
        actor.id,
        actor.name,
        actor.address,
        about.customer_id,
        about.customer_name,
        about.tenant_id,
        about.target_kind,
        about.target_id,
        about.target_name,
        justification,
        ticket,
        str(result),
        summary,
        json.dumps(dict(details or {})),
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        row: tuple[int] = cursor.fetchone()
    return row[0]
