"""Reading alerts and channels. Who sees a customer sees its alerts; those of the whole deployment are seen by all."""

import base64
import binascii
import dataclasses
import datetime as dt
import uuid
from typing import Final

from django.db import connection
from django.db.models import Q, QuerySet

from tenantry.customers.queries import of_visible_customers, visible_customers
from tenantry.kit.errors import NotHere
from tenantry.notifications.models import Alert, AlertChannel, AlertState, Delivery
from tenantry.technicians.models import Technician

PAGE_SIZE: Final = 30
LISTED_DELIVERIES: Final = 100
_UNSEEN: Final = "SELECT count(*) FROM notifications_alert WHERE state = %s AND acknowledged_at IS NULL"


@dataclasses.dataclass(frozen=True, slots=True)
class AlertPage:
    """A page of alerts, newest first; `after` is the cursor of the next, empty at the end."""

    alerts: list[Alert]
    after: str


def visible_alerts(technician: Technician) -> QuerySet[Alert]:
    """Every alert that `technician` may see; what is about the deployment is for those who see every customer."""
    theirs = Q(customer_id__in=visible_customers(technician).values("pk"))
    return Alert.objects.filter(Q(customer_id=None) | theirs if technician.sees_everything else theirs)


def get_alert(*, technician: Technician, alert_id: uuid.UUID) -> Alert:
    """One alert.

    Raises:
        NotHere: no such alert, or not theirs.
    """
    alert = visible_alerts(technician).filter(pk=alert_id).first()
    if alert is None:
        raise NotHere("There is no such alert.")
    return alert


def count_unseen(technician: Technician) -> int:
    """Open alerts that nobody has taken on: the number at the bell, on every page. Those of `visible_alerts`."""
    theirs, values = of_visible_customers(technician)
    with connection.cursor() as cursor:
        cursor.execute(f"{_UNSEEN} AND {theirs}", (AlertState.OPEN, *values))
        return int(cursor.fetchone()[0])


def count_open(technician: Technician, *, customer_id: uuid.UUID | None = None) -> int:
    """Open alerts, of one customer or of all."""
    return _of_customer(visible_alerts(technician).filter(state=AlertState.OPEN), customer_id).count()


def list_alerts(
    *, technician: Technician, state: AlertState, customer_id: uuid.UUID | None = None, after: str = ""
) -> AlertPage:
    """A page of alerts in one state, newest first.

    Args:
        technician: who looks.
        state: open or resolved.
        customer_id: only this customer's; None for all.
        after: cursor of the row before the page.
    """
    found = _of_customer(visible_alerts(technician).filter(state=state), customer_id)
    if (place := _decode(after)) is not None:
        moment, key = place
        found = found.filter(Q(opened_at__lt=moment) | Q(opened_at=moment, pk__lt=key))
    alerts = list(found.order_by("-opened_at", "-pk")[: PAGE_SIZE + 1])
    has_more = len(alerts) > PAGE_SIZE
    alerts = alerts[:PAGE_SIZE]
    return AlertPage(alerts, _encode(alerts[-1]) if has_more else "")


def open_code(*, tenant_id: uuid.UUID | None, kind: str, key: str = "") -> str | None:
    """The cause that the open alert of a subject tells, by its stable name; None when no alert is open."""
    found = Alert.objects.filter(tenant_id=tenant_id, kind=kind, key=key, state=AlertState.OPEN)
    return found.values_list("code", flat=True).first()


def list_channels() -> list[AlertChannel]:
    """Every channel, oldest first."""
    return list(AlertChannel.objects.order_by("created_at", "pk"))


def deliveries_of(channel_id: uuid.UUID) -> tuple[AlertChannel, list[Delivery]]:
    """A channel and its newest messages.

    Raises:
        NotHere: there is no such channel.
    """
    channel = AlertChannel.objects.filter(pk=channel_id).first()
    if channel is None:
        raise NotHere("There is no such channel.")
    rows = Delivery.objects.filter(channel=channel).select_related("alert")
    return channel, list(rows.order_by("-created_at", "-pk")[:LISTED_DELIVERIES])


def failing_channels() -> list[AlertChannel]:
    """Channels whose last attempt failed."""
    return list(AlertChannel.objects.exclude(failing_since=None).order_by("failing_since"))


def _of_customer(alerts: QuerySet[Alert], customer_id: uuid.UUID | None) -> QuerySet[Alert]:
    return alerts if customer_id is None else alerts.filter(customer_id=customer_id)


def _encode(alert: Alert) -> str:
    return base64.urlsafe_b64encode(f"{alert.opened_at.isoformat()} {alert.pk}".encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[dt.datetime, uuid.UUID] | None:
    """A cursor's place; None for none, and for one that was tampered with (the list then starts over)."""
    try:
        moment, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        return dt.datetime.fromisoformat(moment).astimezone(dt.UTC), uuid.UUID(key)
    except (binascii.Error, ValueError, OverflowError):
        return None
