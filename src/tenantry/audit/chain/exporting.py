"""Writes events with their links, as JSON lines or CSV: everything, or one customer's. Streams, in constant memory.

The fields of an event are exactly the texts that were hashed, so a file can be checked without the database.
"""

import csv
import hashlib
import io
import uuid
from collections.abc import Iterator
from typing import Any, Final

import orjson
from django.db import connection, transaction

from tenantry.audit.chain.canonical import FIELDS, START, customer_bytes, microseconds
from tenantry.audit.chain.rows import IN_ORDER, IN_UTC, TEXTS, settle
from tenantry.audit.chain.verifying import checkpoint_marks, pieces
from tenantry.kit import clock

LINK_COLUMNS: Final = (
    "sequence",
    "event_id",
    "customer_sequence",
    "sealed_at_us",
    "digest",
    "customer_hash",
    "hash",
)
_READ: Final = f"""
SELECT l.sequence, l.event_id, COALESCE(l.customer_sequence, 0), l.sealed_at, l.digest,
    COALESCE(l.customer_hash, '\\x{"00" * len(START)}'), l.hash, {TEXTS}
FROM audit_link l JOIN audit_event e ON e.id = l.event_id WHERE
"""  # noqa: S608  made of constants
_RUNNERS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def export(*, customer_id: uuid.UUID | None = None) -> Iterator[bytes]:
    """The record as JSON lines: a line that tells where it begins, one for each event, and one that ends it."""
    count, last, last_hash = 0, 0, START
    settle()
    with transaction.atomic(), connection.cursor() as cursor:
        _take_snapshot(cursor)
        line = _line(_head(customer_id))
        whole = hashlib.sha256(line)
        yield line
        for fields, texts in _rows(cursor, customer_id):
            count += 1
            last, last_hash = fields[0], fields[6]
            line = _event_line(fields, texts)
            whole.update(line)
            yield line
    end = {"sequence": last, "hash": bytes(last_hash).hex(), "events": count, "sha256": whole.hexdigest()}
    yield _line({"end": end})


def lines_after(sequence: int, *, most: int) -> list[tuple[int, bytes]]:
    """Up to `most` events that follow a place in the chain: their places, and their lines as in an export."""
    settle()
    with transaction.atomic(), connection.cursor() as cursor:
        _take_snapshot(cursor)
        cursor.execute(f"{_READ} l.sequence > %s ORDER BY l.sequence LIMIT %s", [sequence, most])
        split = len(LINK_COLUMNS)
        return [(row[0], _event_line(row[:split], row[split:])) for row in cursor.fetchall()]


def export_csv(*, customer_id: uuid.UUID | None = None) -> Iterator[bytes]:
    """The record as CSV for spreadsheets, with a mark of UTF-8; what looks like a formula is quoted."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow((*LINK_COLUMNS, *FIELDS))
    yield "\ufeff".encode() + buffer.getvalue().encode()
    settle()
    with transaction.atomic(), connection.cursor() as cursor:
        _take_snapshot(cursor)
        for fields, texts in _rows(cursor, customer_id):
            buffer.seek(0)
            buffer.truncate()
            writer.writerow((*_plain(fields), *(harmless(text or "") for text in texts)))
            yield buffer.getvalue().encode()


def harmless(text: str) -> str:
    """Text that a spreadsheet shows and never runs; `harmed` takes it back, so that the file can be checked.

    Source: OWASP "CSV Injection".
    """
    is_risky = text.startswith(("'", "\t", "\r", "\n")) or text.lstrip().startswith(_RUNNERS)
    return f"'{text}" if is_risky else text


def _take_snapshot(cursor: Any) -> None:  # noqa: ANN401  Django's cursor
    cursor.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; {IN_UTC}; {IN_ORDER}")


def _rows(cursor: Any, customer_id: uuid.UUID | None) -> Iterator[tuple[tuple[Any, ...], tuple[str | None, ...]]]:  # noqa: ANN401
    for where in pieces(customer_id):
        cursor.execute(f"{_READ} {where} ORDER BY l.sequence")
        for row in cursor.fetchall():
            yield row[: len(LINK_COLUMNS)], row[len(LINK_COLUMNS) :]


def _plain(fields: tuple[Any, ...]) -> tuple[Any, ...]:
    """Fields of a link as JSON and CSV hold them."""
    sequence, event_id, place, sealed_at, *hashes = fields
    return (sequence, event_id, place, microseconds(sealed_at), *(bytes(value).hex() for value in hashes))


def _head(customer_id: uuid.UUID | None) -> dict[str, Any]:
    owner = customer_bytes(customer_id)
    return {
        "tenantry_audit": 1,
        "scope": str(customer_id) if customer_id else "all",
        "made_at": clock.now().isoformat(),
        "begins_after": [
            {"scope": scope_of(mark.customer), "sequence": mark.sequence, "hash": mark.hash.hex()}
            for mark in checkpoint_marks()
            if customer_id is None or mark.customer == owner
        ],
    }


def scope_of(customer: bytes) -> str:
    """How a chain is named in files: `all`, or the customer's id."""
    return str(uuid.UUID(bytes=customer)) if any(customer) else "all"


def _event_line(fields: tuple[Any, ...], texts: tuple[str | None, ...]) -> bytes:
    return _line(
        dict(zip(LINK_COLUMNS, _plain(fields), strict=True)) | {"event": dict(zip(FIELDS, texts, strict=True))}
    )


def _line(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
