"""Reading the record: acts (intents and facts) with the newest outcome of each, filtered, newest first."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tenantry.audit.models import Anchor, Event, Kind, Link, Result, Unsealed
from tenantry.kit import clock, cursors

PAGE = 50
_CHUNK = 500


_EXCEPTIONS: Final[set[str]] = set()


def call_exception(*actions: StrEnum) -> None:
    """From now on acts of these kinds stand out: somebody was allowed to pass by a rule, and others should look."""
    _EXCEPTIONS.update(map(str, actions))


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """What of the record is wanted; empty fields do not narrow."""

    text: str = ""  # in names of target, customer and actor, or the ticket
    customer_id: uuid.UUID | None = None
    action: str = ""
    result: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    target_id: str = ""
    sight: Q = dataclasses.field(default_factory=Q)  # what of the record the reader may see at all; empty: all of it


@dataclasses.dataclass(frozen=True, slots=True)
class Act:
    """One line of the record as people read it: what was done to whom, why, and what became of it."""

    event: Event
    result: str
    summary: str
    ended_at: dt.datetime | None
    request_ids: tuple[str, ...]

    @property
    def is_exception(self) -> bool:
        """Whether a rule was passed by, with permission and a reason, or made to ask for less."""
        return self.event.action in _EXCEPTIONS or self.event.details.get("is_weaker") is True

    @property
    def words(self) -> str:
        """The act in words: "Password reset" for `helpdesk.password_reset`."""
        return words_of(self.event.action)

    @property
    def result_words(self) -> str:
        """The result in words; an intent without an outcome is under way (or was cut off)."""
        if self.result:
            return str(Result(self.result).label)
        if self.is_exception:
            return "Exception"
        return "Under way" if self.event.kind == Kind.INTENT else "Recorded"

    @property
    def tone(self) -> str:
        """The state colour that repeats the words."""
        tones = {Result.DONE: "good", Result.REFUSED: "bad", Result.FAILED: "bad", Result.UNKNOWN: "wait"}
        if self.result in tones:
            return tones[Result(self.result)]
        if self.is_exception:
            return "bad"
        return "wait" if self.event.kind == Kind.INTENT else "mute"


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A page of acts; `after` is the cursor of the next (older) page, empty at the end."""

    acts: list[Act]
    after: str


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How far the chain over the record is."""

    sealed: int  # the head's sequence
    unsealed: int
    oldest_seconds: float  # age of the oldest event that waits for its link; 0 when none does
    anchored: int  # sequence of the last anchor; 0 when there is none
    anchored_at: dt.datetime | None


def standing() -> Standing:
    """How far the chain over the record is, in four cheap questions."""
    waiting = Event.objects.filter(pk__in=Unsealed.objects.values("event_id"))
    oldest = waiting.order_by("pk").values_list("recorded_at", flat=True).first()
    anchor = Anchor.objects.filter(customer_id=None).order_by("-sequence").first()
    return Standing(
        sealed=Link.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0,
        unsealed=Unsealed.objects.count(),
        oldest_seconds=max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0,
        anchored=anchor.sequence if anchor else 0,
        anchored_at=anchor.at if anchor else None,
    )


def words_of(action: str) -> str:
    """An action tag in words."""
    return action.rpartition(".")[2].replace("_", " ").capitalize()


def page(wanted: Filter, *, after: str = "", size: int = PAGE) -> Page:
    """One page of the record, newest first."""
    rows = _narrowed(wanted)
    place = cursors.number(after)
    if place is not None:
        rows = rows.filter(pk__lt=place)
    found = list(rows[: size + 1])
    acts = [_act(event) for event in found[:size]]
    return Page(acts=acts, after=str(found[size - 1].pk) if len(found) > size else "")


def every(wanted: Filter) -> Iterator[Act]:
    """Every act that matches, newest first, in chunks: the export does not grow with the record."""
    after = ""
    while True:
        part = page(wanted, after=after, size=_CHUNK)
        yield from part.acts
        if not part.after:
            return
        after = part.after


def get_act(event_id: int) -> Act | None:
    """One act with its newest outcome."""
    event = _acts().filter(pk=event_id).first()
    return _act(event) if event is not None else None


def actions_known() -> list[str]:
    """The action tags that occur, for the filter."""
    return list(Event.objects.exclude(kind=Kind.OUTCOME).order_by("action").values_list("action", flat=True).distinct())


def _acts(*, result: str = "") -> QuerySet[Event]:
    newest = Event.objects.filter(intent=OuterRef("pk"), kind=Kind.OUTCOME).order_by("-pk")
    rows = (
        Event.objects.exclude(kind=Kind.OUTCOME)
        .annotate(
            outcome_result=Coalesce(Subquery(newest.values("result")[:1]), "result"),
            outcome_summary=Subquery(newest.values("summary")[:1]),
            outcome_at=Subquery(newest.values("recorded_at")[:1]),
            outcome_exchanges=Subquery(newest.values("exchanges")[:1]),
        )
        .order_by("-pk")
    )
    if result == "open":
        return rows.filter(kind=Kind.INTENT, outcome_result="")
    return rows.filter(outcome_result=result) if result else rows


def _narrowed(wanted: Filter) -> QuerySet[Event]:
    rows = _acts(result=wanted.result).filter(wanted.sight)
    if wanted.customer_id is not None:
        rows = rows.filter(customer_id=wanted.customer_id)
    if wanted.target_id:
        rows = rows.filter(target_id=wanted.target_id)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.since is not None:
        rows = rows.filter(recorded_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(recorded_at__lt=wanted.until)
    for word in wanted.text.split():
        rows = rows.filter(
            Q(target_name__icontains=word)
            | Q(customer_name__icontains=word)
            | Q(actor_name__icontains=word)
            | Q(ticket__icontains=word)
        )
    return rows


def _act(event: Event) -> Act:
    exchanges = getattr(event, "outcome_exchanges", None) or []
    return Act(
        event=event,
        result=getattr(event, "outcome_result", event.result) or "",
        summary=getattr(event, "outcome_summary", None) or event.summary,
        ended_at=getattr(event, "outcome_at", None),
        request_ids=tuple(e["request_id"] for e in exchanges if e.get("request_id")),
    )
