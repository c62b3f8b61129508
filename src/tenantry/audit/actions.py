"""Writing the record.

`begin` commits the intent in its own transaction before anything is sent; if the row cannot be written, the caller gets
the database's error and nothing happens. `record` writes a fact in the caller's transaction, together with the change.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from django.db import transaction

from tenantry.audit.models import Event, Kind, Result
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.intent import Intent


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """What an event is about: the customer and tenant, and the object acted on."""

    customer_id: uuid.UUID | None = None
    customer_name: str = ""
    tenant_id: uuid.UUID | None = None
    target_kind: str = ""
    target_id: str = ""
    target_name: str = ""


def begin(
    *,
    actor: Actor,
    action: StrEnum,
    about: About,
    justification: str = "",
    ticket: str = "",
    summary: str = "",
    details: Mapping[str, Any] | None = None,
) -> Intent:
    """Commit the record of an effect that is about to be sent, and return the permission to send it.

    Must not be called inside a transaction: a record that can still be rolled back is none.

    Raises:
        RuntimeError: called inside a transaction.
        ValueError: no tenant is named.
        django.db.Error: the record cannot be written; nothing may be sent.
    """
    if about.tenant_id is None:
        raise ValueError("an intent names its tenant")
    with transaction.atomic(durable=True):
        event = _event(
            Kind.INTENT,
            actor=actor,
            action=action,
            about=about,
            justification=justification,
            ticket=ticket,
            result=Result.NONE,
            summary=summary,
            details=dict(details or {}),
        )
    return Intent(event_id=event.pk, tenant_id=about.tenant_id)


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
    """Append an outcome to the intent with this id, for work that is resumed after a crash."""
    intent = Event.objects.get(pk=event_id, kind=Kind.INTENT)
    Event.objects.create(
        recorded_at=clock.now(),
        kind=Kind.OUTCOME,
        intent=intent,
        action=intent.action,
        actor_kind=intent.actor_kind,
        actor_id=intent.actor_id,
        actor_name=intent.actor_name,
        customer_id=intent.customer_id,
        customer_name=intent.customer_name,
        tenant_id=intent.tenant_id,
        target_kind=intent.target_kind,
        target_id=intent.target_id,
        target_name=intent.target_name,
        result=result,
        summary=summary,
        details=dict(details or {}),
        exchanges=exchanges or [],
    )


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
    return _event(
        Kind.FACT,
        actor=actor,
        action=action,
        about=about,
        justification=justification,
        ticket=ticket,
        result=result,
        summary=summary,
        details=dict(details or {}),
    ).pk


def _event(
    kind: Kind,
    *,
    actor: Actor,
    action: StrEnum,
    about: About,
    justification: str,
    ticket: str,
    result: Result,
    summary: str,
    details: dict[str, Any],
) -> Event:
    return Event.objects.create(
        recorded_at=clock.now(),
        kind=kind,
        action=str(action),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_address=actor.address,
        customer_id=about.customer_id,
        customer_name=about.customer_name,
        tenant_id=about.tenant_id,
        target_kind=about.target_kind,
        target_id=about.target_id,
        target_name=about.target_name,
        justification=justification,
        ticket=ticket,
        result=result,
        summary=summary,
        details=details,
    )
