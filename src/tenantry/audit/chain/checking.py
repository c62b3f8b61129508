"""Walks a chain link by link and says what is wrong with it. Knows neither database nor file."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Final

from tenantry.audit.chain.canonical import NO_CUSTOMER, START, customer_hash_of, digest_of, hash_of

LEAST_KEPT: Final = dt.timedelta(days=365)
"""Nothing younger is ever pruned; what is missing at the beginning and is younger was removed by somebody else."""
MOST_SHOWN: Final = 20
"""Problems that are kept in words; further ones are counted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be if nobody touched the record.

    Attributes:
        kind: changed, missing, link, order, unlinked, anchor, truncated, beginning or file.
        sequence: the place in the chain; 0 where there is none.
        event_id: the event; 0 where there is none.
        words: a sentence for people.
    """

    kind: str
    sequence: int
    event_id: int
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """A head of a chain as it was once: an anchor, or where a pruned chain begins.

    Attributes:
        customer: the 16 bytes of the customer's id; `NO_CUSTOMER` for the chain over everything.
        sequence: the place in that chain.
        hash: the hash at that place.
        at: when it was taken.
    """

    customer: bytes
    sequence: int
    hash: bytes
    at: dt.datetime | None = None


@dataclasses.dataclass(slots=True)
class Verdict:
    """What a walk found."""

    links: int = 0
    first: int = 0  # sequence of the first link seen
    last: int = 0  # and of the last
    head: bytes = START
    anchors_met: int = 0
    last_anchor: Mark | None = None
    problems: list[Problem] = dataclasses.field(default_factory=list)
    problem_count: int = 0
    unsealed: int = 0  # committed, waiting for their links
    oldest_unsealed_at: dt.datetime | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return self.problem_count == 0

    def add(self, kind: str, words: str, *, sequence: int = 0, event_id: int = 0) -> None:
        """Note a problem."""
        self.problem_count += 1
        if len(self.problems) < MOST_SHOWN:
            self.problems.append(Problem(kind, sequence, event_id, words))


def is_proven(begin: Mark, anchors: Iterable[Mark], *, now: dt.datetime) -> bool:
    """Whether an anchor names the place where a pruned chain begins, and is old enough for what came before to go."""
    return any(
        mark.customer == begin.customer
        and mark.sequence == begin.sequence
        and mark.hash == begin.hash
        and mark.at is not None
        and mark.at <= now - LEAST_KEPT
        for mark in anchors
    )


class Checker:
    """Takes the links of one chain in order.

    Args:
        customer: check this customer's chain alone (an export for one customer); without it, the chain over everything
            and every customer's.
        begins: where a pruned chain goes on from: one mark for everything, and one for each customer.
        anchors: heads that were kept elsewhere.
        now: nothing that an anchor has seen within a year before may be missing at the beginning.
    """

    def __init__(
        self,
        *,
        now: dt.datetime,
        customer: bytes = NO_CUSTOMER,
        begins: Iterable[Mark] = (),
        anchors: Iterable[Mark] = (),
    ) -> None:
        self.verdict = Verdict()
        self._now = now
        self._only = customer
        self._heads: dict[bytes, tuple[int, bytes]] = {mark.customer: (mark.sequence, mark.hash) for mark in begins}
        self._start = self._heads.get(customer, (0, START))
        self._sequence, self._hash = self._heads.pop(NO_CUSTOMER, (0, START))
        self._anchors: dict[tuple[bytes, int], list[Mark]] = {}
        for mark in anchors:
            self._anchors.setdefault((mark.customer, mark.sequence), []).append(mark)
        self._wanted = frozenset(sequence for owner, sequence in self._anchors if owner == NO_CUSTOMER)
        self._wanted_customers = frozenset(owner for owner, _ in self._anchors if owner != NO_CUSTOMER)

    @property
    def begin(self) -> Mark:
        """Where the chain goes on from; at 0 when nothing was pruned."""
        return Mark(self._only, *self._start)

    def take(  # noqa: PLR0917, C901, PLR0912  called 100,000 times a second: keywords and calls would show
        self,
        sequence: int,
        event_id: int,
        sealed_us: int,
        digest: bytes,
        link_hash: bytes,
        customer: bytes,
        customer_sequence: int,
        customer_hash: bytes,
        event: bytes | memoryview | None,
    ) -> None:
        """Check the next link. `event` is the event's canonical bytes, None when there is no such event any more."""
        verdict = self.verdict
        verdict.links += 1
        if event is None:
            verdict.add(
                "missing",
                f"Event {event_id} is gone: its link {sequence} is there, the event is not.",
                sequence=sequence,
                event_id=event_id,
            )
        elif digest_of(event) != digest:
            verdict.add(
                "changed",
                f"Event {event_id} is not what was sealed at {sequence}: it was changed afterwards.",
                sequence=sequence,
                event_id=event_id,
            )
        if self._only == NO_CUSTOMER:
            if sequence != self._sequence + 1:
                self._out_of_order(sequence, event_id, self._sequence, "")
            elif hash_of(self._hash, sequence, event_id, sealed_us, digest, customer_hash) != link_hash:
                self._bad_link(sequence, event_id)
            if sequence in self._wanted:
                self._meet(NO_CUSTOMER, sequence, link_hash, sequence, event_id)
            self._hash = link_hash
        elif sequence <= self._sequence or customer != self._only:
            self._out_of_order(sequence, event_id, self._sequence, "")
        self._sequence = sequence
        if customer != NO_CUSTOMER:
            place, before = self._heads.get(customer, (0, START))
            if customer_sequence != place + 1:
                self._out_of_order(customer_sequence, event_id, place, "the customer's ")
            elif customer_hash_of(before, customer, customer_sequence, sequence, sealed_us, digest) != customer_hash:
                self._bad_link(sequence, event_id)
            if customer in self._wanted_customers:
                self._meet(customer, customer_sequence, customer_hash, sequence, event_id)
            self._heads[customer] = (customer_sequence, customer_hash)
        elif customer_sequence or customer_hash != START:
            self._bad_link(sequence, event_id)
        if verdict.links == 1:
            verdict.first = sequence

    def finish(self) -> Verdict:
        """The verdict, after the last link."""
        verdict = self.verdict
        verdict.last = self._sequence
        verdict.head = self._hash if self._only == NO_CUSTOMER else self._heads.get(self._only, self._start)[1]
        self._meet(self._only, *self._start, 0, 0)
        for (owner, place), marks in sorted(self._anchors.items()):
            if self._only not in {NO_CUSTOMER, owner}:
                continue
            end = self._sequence if owner == NO_CUSTOMER else self._heads.get(owner, (0, START))[0]
            if place > end:
                whose = "the chain" if owner == NO_CUSTOMER else f"the chain of customer {uuid.UUID(bytes=owner)}"
                when = f" of {marks[0].at:%Y-%m-%d %H:%M} UTC" if marks[0].at else ""
                verdict.add(
                    "truncated",
                    f"Events are missing at the end: {whose} ends at {end}, an anchor{when} has seen {place}.",
                    sequence=end,
                )
        begin = self.begin
        if begin.sequence and not is_proven(begin, self._anchors.get((self._only, begin.sequence), ()), now=self._now):
            verdict.add(
                "beginning",
                f"It begins after {begin.sequence}, and no anchor of more than a year ago names that place: what came "
                "before is not proven to have been pruned. Give the anchors with --anchors.",
                sequence=begin.sequence,
            )
        return verdict

    def _meet(self, owner: bytes, place: int, found: bytes, sequence: int, event_id: int) -> None:
        for mark in self._anchors.get((owner, place), ()):
            if mark.hash == found:
                self.verdict.anchors_met += 1
                if owner == self._only and (
                    self.verdict.last_anchor is None or mark.sequence >= self.verdict.last_anchor.sequence
                ):
                    self.verdict.last_anchor = mark
            else:
                when = f" of {mark.at:%Y-%m-%d %H:%M} UTC" if mark.at else ""
                self.verdict.add(
                    "anchor",
                    f"The chain at {place} is not the one that the anchor{when} has seen: it was written anew.",
                    sequence=sequence or place,
                    event_id=event_id,
                )

    def _out_of_order(self, found: int, event_id: int, before: int, whose: str) -> None:
        if found > before:
            gap = f"{before + 1} is" if found == before + 2 else f"{before + 1} to {found - 1} are"
            words = f"In {whose or 'the '}chain {gap} missing, before event {event_id} at {found}."
            if self._only != NO_CUSTOMER and not whose:
                words = f"Event {event_id} at {found} is not this customer's."
        else:
            words = (
                f"Event {event_id} stands at {found} of {whose or 'the '}chain, after {before}: the order was changed."
            )
        self.verdict.add("order", words, sequence=found, event_id=event_id)

    def _bad_link(self, sequence: int, event_id: int) -> None:
        self.verdict.add(
            "link",
            f"The link {sequence} of event {event_id} does not follow from the one before: it was changed or put in.",
            sequence=sequence,
            event_id=event_id,
        )
