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
from tenantry.technicians.queries import addresses_of

_TEXT = "%Y-%m"


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One customer's month, oldest act first."""

    month: dt.date  # its first day
    acts: list[Act]
    addresses: dict[uuid.UUID, str]  # of the technicians in it: a name may be another's too, or be changed
    by_action: list[tuple[str, int]]
    by_person: list[tuple[str, int]]
    by_result: list[tuple[str, int]]
    refused: int
    verdict: Verdict
    kept_since: dt.datetime | None  # what came before was kept long enough, and went; None when nothing did

    @property
    def lines(self) -> list[tuple[Act, str]]:
        """The acts, each with the address of who did it; empty where no technician did, or one who is no more."""
        nobody = uuid.UUID(int=0)
        return [(act, self.addresses.get(act.event.actor_id or nobody, "")) for act in self.acts]

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
    addresses = addresses_of({act.event.actor_id for act in acts if act.event.actor_id is not None})
    return Report(
        month=month,
        acts=acts,
        addresses=addresses,
        by_action=Counter(act.words for act in acts).most_common(),
        by_person=Counter(_who(act, addresses) for act in acts).most_common(),
        by_result=Counter(act.result_words for act in acts).most_common(),
        refused=sum(act.result == Result.REFUSED for act in acts),
        kept_since=_kept_since(since),
        verdict=verify(customer_id=customer_id, anchors=[mark for mark in known() if mark.customer == owner]),
    )


def _who(act: Act, addresses: dict[uuid.UUID, str]) -> str:
    event = act.event
    address = addresses.get(event.actor_id or uuid.UUID(int=0), "")
    return f"{event.actor_name}, {address}" if address else event.actor_name


def _kept_since(begin: dt.datetime) -> dt.datetime | None:
    """Since when events are there, when that is after the month's beginning."""
    pruned = Event.objects.filter(action=AuditEvent.PRUNED).order_by("-pk").values_list("details", flat=True).first()
    until = dt.datetime.fromisoformat(pruned["until"]) if pruned and pruned.get("until") else None
    return until if until is not None and until > begin else None
