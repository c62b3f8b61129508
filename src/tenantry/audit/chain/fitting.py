"""Whether a stretch of the chain fits, asked of the database itself: it hashes every event and link anew.

The same recomputation as `checking` makes, as a statement over the stored columns of some thousand links: no text
travels, and two processes of the server share the work. It only says yes or no; where it says no, `checking` walks the
chain and tells what is wrong where. Only functions and operators of `pg_catalog` are used.

`array_send` of texts is a head of twenty bytes and then, for each text, four bytes of length and the text, or FF FF FF
FF for none: the canonical form.
"""

import concurrent.futures
import threading
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection

from tenantry.audit.chain.canonical import CUSTOMER_TAG, EVENT_TAG, FORM, LINK_TAG, NO_CUSTOMER, START
from tenantry.audit.chain.checking import Mark
from tenantry.audit.chain.rows import IN_UTC, OWN_FUNCTIONS, TEXTS

BY_KEY: Final = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off; SET LOCAL jit = off
"""
"""Of the transaction at hand: every look-up is by key, whatever the planner believes of tables that grow all day."""
NO_LONGER_BY_KEY: Final = """
SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on
"""

_CONNECTIONS: Final = 2  # each keeps one process of the server busy
_AT_ONCE: Final = 10_000  # links of one statement: they are sorted by customer in memory
_MARKS_AT_ONCE: Final = 10_000


def _bytes(value: bytes) -> str:
    return f"'\\x{value.hex()}'::pg_catalog.bytea"


def _sha256(*parts: str) -> str:
    return f"pg_catalog.sha256({' OPERATOR(pg_catalog.||) '.join(parts)})"


def _number(text: str) -> str:
    return f"pg_catalog.int8send({text})"


# Microseconds since 1970. A double holds them exactly enough to be rounded right for centuries, and numeric is slow.
_SEALED_AT: Final = _number("(pg_catalog.date_part('epoch', l.sealed_at) * 1000000)::pg_catalog.int8")
_DIGEST: Final = _sha256(
    _bytes(EVENT_TAG), f"pg_catalog.substr(pg_catalog.array_send(ARRAY[{TEXTS}]::pg_catalog.text[]), 21)"
)
_HASH: Final = _sha256(
    _bytes(LINK_TAG),
    "COALESCE(l.before, CASE WHEN l.sequence = %(begin)s + 1 THEN %(begin_hash)s::pg_catalog.bytea END)",
    _number("l.sequence"),
    _number("l.event_id"),
    _SEALED_AT,
    "l.digest",
    f"COALESCE(l.customer_hash, {_bytes(START)})",
)
# The customer's link before is most often in the same piece; otherwise it is looked up, or was pruned, or never was.
_OWN_BEFORE: Final = """COALESCE(l.own_before,
    (SELECT c.customer_hash FROM audit_link c WHERE c.customer_id = l.customer_id
     AND c.customer_sequence = l.customer_sequence - 1 AND c.sequence < l.sequence),
    (SELECT k.customer_hash FROM audit_customercheckpoint k
     WHERE k.customer_id = l.customer_id AND k.customer_sequence = l.customer_sequence - 1 LIMIT 1),
    CASE WHEN l.customer_sequence = 1
        AND NOT EXISTS (SELECT FROM audit_customercheckpoint k WHERE k.customer_id = l.customer_id)
        THEN %(start)s::pg_catalog.bytea END)"""
_CUSTOMER_HASH: Final = _sha256(
    _bytes(CUSTOMER_TAG),
    _OWN_BEFORE,
    "pg_catalog.uuid_send(l.customer_id)",
    _number("l.customer_sequence"),
    _number("l.sequence"),
    _SEALED_AT,
    "l.digest",
)
_FIT: Final = f"""
SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE (
    e.id = l.event_id AND e.customer_id IS NOT DISTINCT FROM l.customer_id AND l.form = {FORM}
    AND {_DIGEST} = l.digest
    AND COALESCE(l.place_before = l.sequence - 1, true) AND {_HASH} = l.hash
    AND CASE WHEN l.customer_id IS NULL THEN l.customer_sequence IS NULL AND l.customer_hash IS NULL
        ELSE COALESCE(l.own_place_before = l.customer_sequence - 1, true) AND {_CUSTOMER_HASH} = l.customer_hash END
) IS NOT TRUE)
FROM (
    SELECT *, pg_catalog.lag(hash) OVER whole AS before, pg_catalog.lag(sequence) OVER whole AS place_before,
        pg_catalog.lag(customer_hash) OVER own AS own_before,
        pg_catalog.lag(customer_sequence) OVER own AS own_place_before
    FROM audit_link WHERE sequence >= %(first)s - 1 AND sequence <= %(last)s
    WINDOW whole AS (ORDER BY sequence), own AS (PARTITION BY customer_id ORDER BY sequence)
) l LEFT JOIN audit_event e ON e.id = l.event_id
WHERE l.sequence >= %(first)s
"""  # noqa: S608  made of constants
_SEEN: Final = """
SELECT m.number, COALESCE(
    (SELECT l.hash FROM audit_link l WHERE m.owner = %(nobody)s AND l.sequence = m.place),
    (SELECT l.customer_hash FROM audit_link l WHERE l.customer_id = m.owner AND l.customer_sequence = m.place))
FROM ROWS FROM (
    pg_catalog.unnest(%(owners)s::pg_catalog.uuid[]), pg_catalog.unnest(%(places)s::pg_catalog.int8[])
) WITH ORDINALITY AS m (owner, place, number)
"""


def all_fit(cursor: Any, *, first: int, last: int, begin: Mark) -> bool:  # noqa: ANN401  Django's cursor
    """Whether every link from `first` to `last` follows from the one before, and its event is what was sealed.

    Wants `IN_UTC`, `OWN_FUNCTIONS` and `BY_KEY`.

    Args:
        cursor: of a transaction that sees one state throughout; further connections look at the same state.
        first: sequence of the first link that is there.
        last: and of the last.
        begin: where the chain goes on from: the last link that was pruned, or nothing.
    """
    pieces = [(start, min(start + _AT_ONCE - 1, last)) for start in range(first, last + 1, _AT_ONCE)]
    if len(pieces) <= _CONNECTIONS:
        return all(_fits(cursor, piece, begin) for piece in pieces)
    cursor.execute("SELECT pg_catalog.pg_export_snapshot()")
    (snapshot,) = cursor.fetchone()
    waiting = iter(pieces)
    is_over = threading.Event()

    def look() -> bool:
        other = connection.copy()
        try:
            with other.cursor() as own:
                own.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '{snapshot}'")
                own.execute(f"{IN_UTC}; {OWN_FUNCTIONS}; {BY_KEY}")
                for piece in waiting:  # one iterator for all: whoever is free takes the next
                    if is_over.is_set():
                        break
                    if not _fits(own, piece, begin):
                        is_over.set()
                        return False
        finally:
            other.close()
        return True

    with concurrent.futures.ThreadPoolExecutor(_CONNECTIONS) as pool:
        answers = [pool.submit(look) for _ in range(_CONNECTIONS)]
        return False not in {answer.result() for answer in answers}


def _fits(cursor: Any, piece: tuple[int, int], begin: Mark) -> bool:  # noqa: ANN401  as above
    first, last = piece
    values = {"first": first, "last": last, "begin": begin.sequence, "begin_hash": begin.hash, "start": START}
    cursor.execute(_FIT, values)
    links, misfits = cursor.fetchone()
    return not misfits and links == last - first + 1


def marks_met(cursor: Any, marks: Sequence[Mark], *, begins: dict[bytes, Mark]) -> list[Mark] | None:  # noqa: ANN401
    """The marks that the chain agrees with; None when it does not agree with one, or ends before.

    Marks of what was pruned are left out.
    """
    met: list[Mark] = []
    for start in range(0, len(marks), _MARKS_AT_ONCE):
        part = marks[start : start + _MARKS_AT_ONCE]
        values = {
            "nobody": uuid.UUID(bytes=NO_CUSTOMER),
            "owners": [uuid.UUID(bytes=mark.customer) for mark in part],
            "places": [mark.sequence for mark in part],
        }
        cursor.execute(_SEEN, values)
        for number, found in cursor.fetchall():
            mark = part[number - 1]
            begin = begins.get(mark.customer)
            if begin is not None and mark.sequence < begin.sequence:
                continue
            seen = begin.hash if begin is not None and mark.sequence == begin.sequence else found
            if seen is None or bytes(seen) != mark.hash:
                return None
            met.append(mark)
    return met
