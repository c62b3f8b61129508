"""Raising and resolving alerts: once for each change, whoever notices it and however often.

Both are called in the transaction of the change they tell, so that neither exists without the other. Messages are rows
in the same transaction; jobs and the sweep send them afterwards.
"""

import datetime as dt
import uuid
from typing import Any, Final

from django.db import connection, transaction

from tenantry.audit.actions import About, record
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict
from tenantry.notifications import queries
from tenantry.notifications.actions.delivering import enqueue_delivery
from tenantry.notifications.events import NotificationEvent
from tenantry.notifications.messages import message_of
from tenantry.notifications.models import (
    Alert,
    AlertChannel,
    AlertKind,
    AlertState,
    Delivery,
    DeliveryState,
    MessageEvent,
    Severity,
)
from tenantry.notifications.policies import FLAPPING_WINDOW, hold
from tenantry.technicians.models import Technician

_LONGEST_TITLE: Final = 200


def raise_alert(
    *,
    customer_id: uuid.UUID | None,
    tenant_id: uuid.UUID | None,
    kind: AlertKind,
    title: str,
    cause: str,
    fix: str,
    who: str,
    key: str = "",
    code: str = "",
    severity: Severity = Severity.WARNING,
    link: str = "",
    customer_name: str = "",
    tenant_name: str = "",
) -> Alert:
    """Open an alert, or bring the open one of the same tenant, kind and key up to date.

    A new alert sends one message through each channel. An open one keeps quiet unless `code` or `severity` is another:
    that is a change, and sends one message. One that was resolved a moment ago, with its message still held back, is
    taken up again without a word.

    Args:
        customer_id: whose; None for the whole deployment.
        tenant_id: where; None for the whole deployment.
        kind: what it is about.
        title: what happened, one short line.
        cause: what happened and why.
        fix: what to do.
        who: who must do it.
        key: which one of the tenant's things of this kind; empty when there is only one.
        code: stable name of the cause.
        severity: how much it matters.
        link: path of the page in this console that shows more; empty for the list of alerts.
        customer_name: as it stands now.
        tenant_name: name or domain, as it stands now.
    """
    now = clock.now()
    words: dict[str, Any] = {
        "title": title[:_LONGEST_TITLE],
        "cause": cause,
        "fix": fix,
        "who": who[:200],
        "code": code[:80],
        "severity": severity,
        "link": link,
        "customer_id": customer_id,
        "customer_name": customer_name[:200],
        "tenant_name": tenant_name[:256],
    }
    with transaction.atomic():
        _lock_subject(tenant_id, kind, key)
        alert = _of_subject(tenant_id, kind, key, state=AlertState.OPEN) or _held_back(tenant_id, kind, key, now)
        if alert is None:
            returns = _returns(tenant_id, kind, key, now)
            alert = Alert(
                tenant_id=tenant_id, kind=kind, key=key, opened_at=now, changed_at=now, returns=returns, **words
            )
            _tell(alert, MessageEvent.OPENED, now=now, send_at=now)
            return alert
        if alert.state == AlertState.RESOLVED:
            _take_up_again(alert)
        is_changed = (alert.code, alert.severity) != (words["code"], severity)
        for name, value in words.items():
            setattr(alert, name, value)
        if is_changed:
            alert.changed_at = now
            alert.acknowledged_at, alert.acknowledged_by = None, ""
            _tell(alert, MessageEvent.CHANGED, now=now, send_at=now)
        else:
            alert.save()
        return alert


def resolve_alert(
    *, tenant_id: uuid.UUID | None, kind: AlertKind, key: str = "", resolution: str, is_final: bool = False
) -> Alert | None:
    """Close the open alert of this subject; None when there is none, and then nothing happens.

    The message "resolved" waits some minutes, longer for what came back before: trouble that returns before it is sent
    takes the alert up again.

    Args:
        tenant_id: where; None for the whole deployment.
        kind: what it is about.
        key: which one.
        resolution: what ended it, one sentence.
        is_final: it cannot come back, so nothing is held back.
    """
    now = clock.now()
    with transaction.atomic():
        _lock_subject(tenant_id, kind, key)
        alert = _of_subject(tenant_id, kind, key, state=AlertState.OPEN)
        if alert is None:
            return None
        alert.state = AlertState.RESOLVED
        alert.resolved_at = now
        alert.resolution = resolution
        alert.told_at = now + (dt.timedelta(0) if is_final else hold(returns=alert.returns))
        _tell(alert, MessageEvent.RESOLVED, now=now, send_at=alert.told_at)
        return alert


def end_of_tenant(*, tenant_id: uuid.UUID, resolution: str, key: str | None = None) -> None:
    """Close every open alert of a tenant that is no longer looked after, e.g. because it was disconnected.

    Args:
        tenant_id: where.
        resolution: what ended them, one sentence.
        key: only those of this key; None for all.
    """
    found = Alert.objects.filter(tenant_id=tenant_id, state=AlertState.OPEN)
    for alert in (found if key is None else found.filter(key=key)).order_by("kind", "key"):
        resolve_alert(
            tenant_id=tenant_id, kind=AlertKind(alert.kind), key=alert.key, resolution=resolution, is_final=True
        )


def acknowledge(*, actor: Actor, technician: Technician, alert_id: uuid.UUID) -> Alert:
    """Say that somebody looks after it: it stays open and no longer counts at the bell. Information is thereby over.

    Raises:
        NotHere: no such alert.
        Conflict: it is resolved, or somebody was faster.
    """
    now = clock.now()
    with transaction.atomic():
        alert = queries.get_alert(technician=technician, alert_id=alert_id)
        changes: dict[str, Any] = {"acknowledged_at": now, "acknowledged_by": actor.name[:200]}
        if alert.severity == Severity.INFO:
            changes |= {"state": AlertState.RESOLVED, "resolved_at": now, "resolution": f"Read by {actor.name}."}
        if Alert.objects.filter(pk=alert.pk, state=AlertState.OPEN, acknowledged_at=None).update(**changes) != 1:
            raise Conflict(
                "This alert is resolved already, or somebody else has taken it on.",
                remedy="Reload the page and look at its present state.",
            )
        record(
            actor=actor,
            action=NotificationEvent.ALERT_ACKNOWLEDGED,
            about=About(
                customer_id=alert.customer_id,
                customer_name=alert.customer_name,
                tenant_id=alert.tenant_id,
                target_kind="alert",
                target_id=str(alert.pk),
                target_name=alert.title,
            ),
            summary=alert.cause,
        )
        return alert


def _lock_subject(tenant_id: uuid.UUID | None, kind: str, key: str) -> None:
    """Let nobody else raise or resolve the same until this transaction ends; there may be no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7203411903))", [f"alert {tenant_id} {kind} {key}"]
        )


def _of_subject(tenant_id: uuid.UUID | None, kind: str, key: str, *, state: AlertState) -> Alert | None:
    return (
        Alert.objects.select_for_update()
        .filter(tenant_id=tenant_id, kind=kind, key=key, state=state)
        .order_by("-resolved_at")
        .first()
    )


def _held_back(tenant_id: uuid.UUID | None, kind: str, key: str, now: dt.datetime) -> Alert | None:
    """The alert whose "resolved" has not been sent yet."""
    newest = _of_subject(tenant_id, kind, key, state=AlertState.RESOLVED)
    return newest if newest is not None and newest.told_at is not None and newest.told_at > now else None


def _returns(tenant_id: uuid.UUID | None, kind: str, key: str, now: dt.datetime) -> int:
    """How often this has come back lately, this time included."""
    newest = (
        Alert.objects.filter(tenant_id=tenant_id, kind=kind, key=key, resolved_at__gt=now - FLAPPING_WINDOW)
        .order_by("-resolved_at")
        .first()
    )
    return 0 if newest is None else newest.returns + 1


def _take_up_again(alert: Alert) -> None:
    Delivery.objects.filter(alert=alert, number=alert.number, state=DeliveryState.WAITING).update(
        state=DeliveryState.DROPPED, ended_at=clock.now(), outcome="It came back before this was sent."
    )
    alert.state = AlertState.OPEN
    alert.resolved_at = alert.told_at = None
    alert.resolution = ""
    alert.returns += 1


def _tell(alert: Alert, event: MessageEvent, *, now: dt.datetime, send_at: dt.datetime) -> None:
    """Save the alert with the next number, and put one message of it into each channel."""
    alert.number += 1
    alert.save()
    message = message_of(alert, event, at=now)
    # Locked against removal: a channel that goes at this moment must not take the change down with it.
    channels = AlertChannel.objects.select_for_update(no_key=True).order_by("pk")
    for channel in channels:
        delivery = Delivery.objects.create(
            channel=channel,
            alert=alert,
            event=event,
            number=alert.number,
            message=message,
            next_try_at=send_at,
            created_at=now,
        )
        if send_at <= now:
            enqueue_delivery(delivery.pk)
