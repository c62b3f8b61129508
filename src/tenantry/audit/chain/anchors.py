"""Heads of the chain, copied to where whoever can write to the database cannot.

An anchor is a line of JSON: `{"scope": "all" or the customer's id, "sequence": …, "hash": …, "at": …}`. Each time one
is taken for everything, and one for each customer of whom something was sealed since the last time.
"""

import os
from pathlib import Path
from typing import Final

import orjson
from django.db import connection, transaction

from tenantry.audit.chain.canonical import NO_CUSTOMER, customer_bytes
from tenantry.audit.chain.checking import Mark
from tenantry.audit.chain.exporting import scope_of
from tenantry.audit.models import Anchor, Link
from tenantry.kit import clock

_LOCK: Final = 0x7E4A11A1
_OWN_HEADS: Final = """
SELECT DISTINCT ON (customer_id) customer_id, customer_sequence, customer_hash FROM audit_link
WHERE sequence > %s AND sequence <= %s AND customer_id IS NOT NULL ORDER BY customer_id, customer_sequence DESC
"""


def take() -> list[Mark]:
    """Copy the heads into the table; returns them, none when nothing was sealed since.

    An anchor that nobody outside has is none yet: `tenantry.custody` hands each to whoever keeps them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])  # so that ids follow the order of commits
        head = Link.objects.order_by("-sequence").first()
        before = Anchor.objects.filter(customer_id=None).order_by("-sequence").first()
        seen = before.sequence if before else 0
        if head is None or head.sequence <= seen:
            return []
        now = clock.now()
        marks = [Mark(NO_CUSTOMER, head.sequence, bytes(head.hash), now)]
        cursor.execute(_OWN_HEADS, [seen, head.sequence])
        marks += [Mark(customer_bytes(owner), place, bytes(own), now) for owner, place, own in cursor.fetchall()]
        Anchor.objects.bulk_create(
            Anchor(
                customer_id=None if mark.customer == NO_CUSTOMER else scope_of(mark.customer),
                sequence=mark.sequence,
                hash=mark.hash,
                at=now,
            )
            for mark in marks
        )
    return marks


def mark_of(row: Anchor) -> Mark:
    """A row of the table as a mark."""
    return Mark(customer_bytes(row.customer_id), row.sequence, bytes(row.hash), row.at)


def append(path: Path, marks: list[Mark]) -> None:
    """Write anchors at the end of the file, and wait until the disk has them."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "ab") as file:
        file.write(b"".join(map(line_of, marks)))
        file.flush()
        os.fsync(file.fileno())


def line_of(mark: Mark) -> bytes:
    """An anchor as a line."""
    document = {
        "scope": scope_of(mark.customer),
        "sequence": mark.sequence,
        "hash": mark.hash.hex(),
        "at": mark.at.isoformat() if mark.at else None,
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def known() -> list[Mark]:
    """The anchors that the table remembers. Whoever may write to it may forge them: they replace no copy elsewhere."""
    return [mark_of(row) for row in Anchor.objects.all()]
