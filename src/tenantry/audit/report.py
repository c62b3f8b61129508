"""The monthly report for a customer: who touched the tenant, what, why, on whose ticket; and a check of the record."""

import calendar
import dataclasses
import datetime as dt
import uuid
from collections import Counter

from tenantry.audit.chain.anchors import known
from tenantry.audit.chain.canonical import customer_bytes
from tenantry.audit.chain.checking import Verdict
from tenantry.audit.chain.verifying import verify
from tenantry.audit.events import AuditEvent
from tenantry.audit.models import Event, Result
from tenantry.audit.queries import Act, Filter, every
from tenantry.kit import clock
from tenantry.kit.errors import NotHere

_TEXT = "%Y-%m"


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One customer's month, oldest act first."""

    month: dt.date  # its first day
    acts: list[Act]
    by_action: list[tuple[str, int]]
    by_person: list[tuple[str, int]]
    by_result: list[tuple[str, int]]
    refused: int
    verdict: Verdict
    kept_since: dt.datetime | None  # what came before was kept long enough, and went; None when nothing did

    @property
    def before(self) -> str:
        """The month before, for an address."""
        return (self.month - dt.timedelta(days=1)).strftime(_TEXT)

    @property
    def after(self) -> str:
        """The month after, for an address; empty when it has not begun."""
        following = (self.month + dt.timedelta(days=31)).replace(day=1)
        return following.strftime(_TEXT) if following <= clock.now().date() else ""


def month_of(text: str) -> dt.date:
    """The first day of the month named in an address (`2026-11`); of this month for an empty one.

    Raises:
        NotHere: it names no month.
    """
    if not text:
        return clock.now().date().replace(day=1)
    try:
        return dt.datetime.strptime(text, _TEXT).replace(tzinfo=dt.UTC).date()
    except ValueError as error:
        raise NotHere("There is no such month.") from error


def monthly(*, customer_id: uuid.UUID, month: dt.date) -> Report:
    """Everything about the customer's tenants in a month of UTC, and a check of the customer's whole chain."""
    days = calendar.monthrange(month.year, month.month)[1]
    since = dt.datetime.combine(month, dt.time.min, dt.UTC)
    acts = list(every(Filter(customer_id=customer_id, since=since, until=since + dt.timedelta(days=days))))
    acts.reverse()
    owner = customer_bytes(customer_id)
    return Report(
        month=month,
        acts=acts,
        by_action=Counter(act.words for act in acts).most_common(),
        by_person=Counter(act.event.actor_name for act in acts).most_common(),
        by_result=Counter(act.result_words for act in acts).most_common(),
        refused=sum(act.result == Result.REFUSED for act in acts),
        kept_since=_kept_since(since),
        verdict=verify(customer_id=customer_id, anchors=[mark for mark in known() if mark.customer == owner]),
    )


def _kept_since(begin: dt.datetime) -> dt.datetime | None:
    """Since when events are there, when that is after the month's beginning."""
    pruned = Event.objects.filter(action=AuditEvent.PRUNED).order_by("-pk").values_list("details", flat=True).first()
    until = dt.datetime.fromisoformat(pruned["until"]) if pruned and pruned.get("until") else None
    return until if until is not None and until > begin else None
