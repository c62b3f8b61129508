"""What an alert says to the outside: the same facts for a webhook and for people who read mail."""

import datetime as dt
from typing import Any, Final

from django.conf import settings

from tenantry.notifications.models import Alert, AlertKind, MessageEvent, Severity

_WORDS: Final = {
    MessageEvent.OPENED: "",
    MessageEvent.CHANGED: "Changed: ",
    MessageEvent.RESOLVED: "Resolved: ",
    MessageEvent.TEST: "Test: ",
}


def message_of(alert: Alert, event: MessageEvent, *, at: dt.datetime) -> dict[str, Any]:
    """The message of one change, as it stays whatever becomes of the alert. It holds no secret and no user's name."""
    return {
        "event": str(event),
        "at": at.isoformat(),
        "alert": {
            "id": str(alert.pk),
            "number": alert.number,
            "kind": alert.kind,
            "key": alert.key,
            "severity": alert.severity,
            "state": alert.state,
            "code": alert.code,
            "title": alert.title,
            "cause": alert.cause,
            "fix": alert.fix,
            "who": alert.who,
            "resolution": alert.resolution,
            "opened_at": alert.opened_at.isoformat(),
            "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
            "times_returned": alert.returns,
            "customer": {"id": str(alert.customer_id), "name": alert.customer_name} if alert.customer_id else None,
            "tenant": {"id": str(alert.tenant_id), "name": alert.tenant_name} if alert.tenant_id else None,
            "link": f"{settings.PUBLIC_URL}{alert.link}" if alert.link else f"{settings.PUBLIC_URL}/alerts/",
        },
    }


def test_message(*, at: dt.datetime, by: str) -> dict[str, Any]:
    """A message that says it is only a test."""
    alert = Alert(
        kind=AlertKind.CONNECTION,
        key="test",
        severity=Severity.INFO,
        title="This is a test of Tenantry's alerts",
        cause=f"{by} pressed Test. Nothing happened to any customer.",
        fix="Nothing to do.",
        who="nobody",
        link="/settings/notifications/",
        opened_at=at,
        changed_at=at,
    )
    return message_of(alert, MessageEvent.TEST, at=at)


def subject_of(message: dict[str, Any]) -> str:
    """The subject of a mail, on one line whatever names a tenant chose."""
    alert = message["alert"]
    whose = (alert["customer"] or {}).get("name", "")
    words = f"[Tenantry] {_WORDS[MessageEvent(message['event'])]}{f'{whose}: ' if whose else ''}{alert['title']}"
    return " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())[:200]


def text_of(message: dict[str, Any]) -> str:
    """The body of a mail: what happened, why, who must do what, and where to look."""
    alert = message["alert"]
    customer, tenant = alert["customer"], alert["tenant"]
    if message["event"] == MessageEvent.RESOLVED:
        lines = [f"Resolved: {alert['title']}", "", alert["resolution"], f"It began {_moment(alert['opened_at'])}."]
    else:
        lines = [alert["title"], "", alert["cause"], "", f"What to do: {alert['fix']}", f"Who: {alert['who']}"]
    lines.append("")
    if customer:
        lines.append(f"Customer: {customer['name']}")
    if tenant:
        lines.append(f"Tenant: {tenant['name']} ({tenant['id']})")
    if alert["code"]:
        lines.append(f"Code: {alert['code']}")
    if alert["times_returned"]:
        lines.append(f"It came back {alert['times_returned']} times within a day.")
    lines += [f"When: {_moment(message['at'])}", f"Look at it: {alert['link']}", ""]
    return "\n".join(lines)


def _moment(text: str) -> str:
    moment = dt.datetime.fromisoformat(text)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"
