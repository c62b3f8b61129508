"""Checks the chain in the database: one snapshot, in pieces, in constant memory.

Whether all is well is asked of the database, which hashes everything anew (`fitting`). To tell what is wrong, rows come
by binary COPY, whose layout is the canonical form: what follows the link's columns is hashed here as it is. Both use
PostgreSQL's own functions only, so nothing that lives in the database decides what is read.
"""

import struct
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max, Min

from tenantry.audit.chain import fitting
from tenantry.audit.chain.canonical import FORM, NO_CUSTOMER, START, customer_bytes
from tenantry.audit.chain.checking import Checker, Mark, Verdict, is_proven
from tenantry.audit.chain.rows import IN_ORDER, IN_UTC, OWN_FUNCTIONS, TEXTS, settle
from tenantry.audit.events import AuditEvent
from tenantry.audit.models import Checkpoint, CustomerCheckpoint, Link
from tenantry.kit import clock

_PIECE: Final = 10_000  # links at a time: each piece is read in order without a sort on disk
# A row of binary COPY: the number of fields, then each with its length. Nine of fixed size; the event follows.
_ROW: Final = struct.Struct(">h iq iq iq i32s i32s i16s iq i32s i?")
_LENGTHS: Final = (8, 8, 8, 32, 32, 16, 8, 32, 1)
_HEADER_BYTES: Final = 19  # signature, flags, length of the extension
_TO_1970_US: Final = 946_684_800_000_000  # PostgreSQL counts from 2000
_LINKS: Final = """
COPY (
    SELECT l.sequence, l.event_id, l.sealed_at, l.digest, l.hash,
        COALESCE(l.customer_id, '00000000-0000-0000-0000-000000000000'::uuid), COALESCE(l.customer_sequence, 0::bigint),
        COALESCE(l.customer_hash, '\\x{start}'::bytea),
        e.customer_id IS NOT DISTINCT FROM l.customer_id AND l.form = {form},
        {texts}
    FROM audit_link l LEFT JOIN audit_event e ON e.id = l.event_id
    WHERE {where} ORDER BY l.sequence
) TO STDOUT (FORMAT binary)
"""
_STRAY: Final = """
SELECT e.id, e.recorded_at FROM audit_event e
WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.event_id = e.id)
    AND NOT EXISTS (SELECT FROM audit_unsealed q WHERE q.event_id = e.id)
ORDER BY e.id LIMIT 100
"""
_PRUNED: Final = """
SELECT 1 FROM audit_event WHERE action = %s AND details ->> 'sequence' = %s AND details ->> 'hash' = %s LIMIT 1
"""
_WAITING: Final = "SELECT count(*), min(e.recorded_at) FROM audit_unsealed q JOIN audit_event e ON e.id = q.event_id"


def verify(*, anchors: Iterable[Mark] = (), customer_id: uuid.UUID | None = None, after: Mark | None = None) -> Verdict:
    """Check every link and event, or one customer's.

    For everything the database is asked first (`fitting`), which is fast and says only whether all is well. Where it is
    not, and for one customer, each row is fetched and walked here.

    Args:
        anchors: heads that were kept elsewhere; without them the removal of the newest events cannot be noticed.
        customer_id: this customer's chain only.
        after: what is at this place and before was checked already: only look at what follows. It is looked at as a
            whole all the same if this place is not what it was.
    """
    marks = list(anchors)
    settle()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; {IN_UTC}; {OWN_FUNCTIONS}")
        begins = checkpoint_marks()
        verdict = _ask(cursor, marks, begins, after) if customer_id is None else None
        if verdict is None:
            verdict = _walk_all(cursor, marks, begins, customer_id)
            if customer_id is None and verdict.is_whole:
                verdict.add(
                    "link",
                    "The database finds something that does not fit, and a walk from link to link does not: take an "
                    "export, and check it elsewhere.",
                )
        if customer_id is None:
            cursor.execute(fitting.NO_LONGER_BY_KEY)
            _look_for_strays(cursor, verdict)
            _look_for_pruning(cursor, verdict, begins)
            cursor.execute(_WAITING)
            verdict.unsealed, verdict.oldest_unsealed_at = cursor.fetchone()
    return verdict


def _ask(
    cursor: Any,  # noqa: ANN401  Django's cursor
    marks: list[Mark],
    begins: list[Mark],
    after: Mark | None,
) -> Verdict | None:
    """What the database itself finds; None when anything does not fit."""
    begin = begins[0] if begins else Mark(NO_CUSTOMER, 0, START)
    cursor.execute(fitting.BY_KEY)
    ends = Link.objects.aggregate(first=Min("sequence"), last=Max("sequence"))
    first, last = ends["first"] or begin.sequence + 1, ends["last"] or begin.sequence
    if after is not None and first <= after.sequence <= last:
        if fitting.marks_met(cursor, [after], begins={}) is None:
            return None
        first = after.sequence + 1
    if first <= last and not fitting.all_fit(cursor, first=first, last=last, begin=begin):
        return None
    met = fitting.marks_met(cursor, marks, begins={mark.customer: mark for mark in begins})
    if met is None or (begin.sequence and not is_proven(begin, marks, now=clock.now())):
        return None
    newest = Link.objects.filter(sequence=last).values_list("hash", flat=True).first()
    return Verdict(
        links=last - first + 1,
        first=first if first <= last else 0,
        last=last,
        head=begin.hash if newest is None else bytes(newest),
        anchors_met=len(met),
        last_anchor=max(
            (mark for mark in met if mark.customer == NO_CUSTOMER), key=lambda mark: mark.sequence, default=None
        ),
    )


def _walk_all(
    cursor: Any,  # noqa: ANN401  as above
    marks: list[Mark],
    begins: list[Mark],
    customer_id: uuid.UUID | None,
) -> Verdict:
    """What a walk from link to link finds, in words."""
    customer = customer_bytes(customer_id)
    cursor.execute(IN_ORDER)
    own = [mark for mark in begins if customer in {NO_CUSTOMER, mark.customer}]
    checker = Checker(customer=customer, begins=own, anchors=marks, now=clock.now())
    for where in pieces(customer_id):
        _walk(cursor, where, checker)
    return checker.finish()


def checkpoint_marks() -> list[Mark]:
    """Where the chains go on from after the last pruning: of everything, and of each customer."""
    newest = Checkpoint.objects.order_by("-sequence").first()
    if newest is None:
        return []
    marks = {
        row.customer_id: Mark(row.customer_id.bytes, row.customer_sequence, bytes(row.customer_hash))
        for row in CustomerCheckpoint.objects.order_by("customer_sequence")
    }
    return [Mark(NO_CUSTOMER, newest.sequence, bytes(newest.hash)), *marks.values()]


def pieces(customer_id: uuid.UUID | None) -> Iterator[str]:
    """Conditions on the link `l` that cut the chain into pieces, in order."""
    links, name, also = Link.objects.all(), "sequence", ""
    if customer_id is not None:
        links, name = links.filter(customer_id=customer_id), "customer_sequence"
        also = f"l.customer_id = '{customer_id}'::uuid AND "
    ends = links.aggregate(first=Min(name), last=Max(name))
    if ends["first"] is None:
        return
    for start in range(ends["first"], ends["last"] + 1, _PIECE):
        yield f"{also}l.{name} >= {start} AND l.{name} < {start + _PIECE}"


def _walk(cursor: Any, where: str, checker: Checker) -> None:  # noqa: ANN401  Django's cursor, with psycopg's inside
    statement = _LINKS.format(start="00" * len(START), texts=TEXTS, form=FORM, where=where)
    unpack, size, take = _ROW.unpack_from, _ROW.size, checker.take
    skip = _HEADER_BYTES
    with cursor.copy(statement) as copy:
        for data in copy:
            row = data[skip:] if skip else data
            skip = 0
            if len(row) < size:
                continue  # the trailer
            (
                _,
                a,
                sequence,
                b,
                event_id,
                c,
                sealed,
                d,
                digest,
                e,
                link_hash,
                f,
                customer,
                g,
                place,
                h,
                own,
                i,
                fits,
            ) = unpack(row)
            if (a, b, c, d, e, f, g, h, i) != _LENGTHS:
                checker.verdict.add("link", f"Link {sequence} is damaged.", sequence=sequence, event_id=event_id)
                continue
            event = row[size:]
            if event[:4] == b"\xff\xff\xff\xff":  # the event's id is missing: there is no event
                event = None
            elif not fits:
                checker.verdict.add(
                    "link",
                    f"Link {sequence} names another customer than event {event_id} does, or an unknown form.",
                    sequence=sequence,
                    event_id=event_id,
                )
            take(sequence, event_id, sealed + _TO_1970_US, digest, link_hash, customer, place, own, event)


def _look_for_pruning(cursor: Any, verdict: Verdict, begins: list[Mark]) -> None:  # noqa: ANN401  as above
    """A checkpoint that no event tells of was made by somebody else."""
    if not begins:
        return
    cursor.execute(_PRUNED, [str(AuditEvent.PRUNED), str(begins[0].sequence), begins[0].hash.hex()])
    if cursor.fetchone() is None:
        verdict.add(
            "beginning", f"It begins after {begins[0].sequence}, and no event tells that it was pruned up to there."
        )


def _look_for_strays(cursor: Any, verdict: Verdict) -> None:  # noqa: ANN401  as above
    cursor.execute(_STRAY)
    for event_id, recorded_at in cursor.fetchall():
        verdict.add(
            "unlinked",
            f"Event {event_id} ({recorded_at:%Y-%m-%d %H:%M} UTC) has no link and does not wait for one: it was put in "
            "past the product, or its link was removed.",
            event_id=event_id,
        )
