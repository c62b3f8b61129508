"""The bytes of an event, and the three hashes of its link. Plain SHA-256, so that anybody can compute them.

An event is its fields in the order of `FIELDS`, each as text: four bytes of length (big-endian, in bytes of UTF-8) and
the text; a field without a value is the length FF FF FF FF. Times are written as PostgreSQL writes them in UTC and ISO
style (`2026-11-25 09:00:00.25+00`), JSON as PostgreSQL writes `jsonb`. That is also the layout of a row of PostgreSQL's
binary COPY, so a row as it comes from the server is hashed without being taken apart.

    digest        SHA-256("tenantry.audit.event.1" NUL, event)
    customer hash SHA-256("tenantry.audit.customer.1" NUL, customer hash before, customer id, customer sequence,
                          sequence, sealed at, digest)
    hash          SHA-256("tenantry.audit.link.1" NUL, hash before, sequence, event id, sealed at, digest,
                          customer hash or 32 NUL bytes)

Numbers are eight bytes, big-endian; `sealed at` is in microseconds since 1970; ids of customers are their 16 bytes; the
hash before the first is 32 NUL bytes.
"""

import datetime as dt
import hashlib
import struct
import uuid
from collections.abc import Sequence
from typing import Final

FORM: Final = 1
"""Of the canonical bytes. A further column of the event is a further form, beside this one."""

FIELDS: Final = (
    "id",
    "recorded_at",
    "kind",
    "intent_id",
    "action",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_address",
    "customer_id",
    "customer_name",
    "tenant_id",
    "target_kind",
    "target_id",
    "target_name",
    "justification",
    "ticket",
    "result",
    "summary",
    "details",
    "exchanges",
)
NULLABLE: Final = frozenset({"intent_id", "actor_id", "customer_id", "tenant_id"})
CUSTOMER_FIELD: Final = FIELDS.index("customer_id")
START: Final = bytes(32)
"""The hash before the first link, of either chain; also the customer hash of an event without a customer."""
NO_CUSTOMER: Final = bytes(16)

EVENT_TAG: Final = b"tenantry.audit.event.1\0"
_CUSTOMER: Final = struct.Struct(">26s32s16sqqq32s")
CUSTOMER_TAG: Final = b"tenantry.audit.customer.1\0"
_LINK: Final = struct.Struct(">22s32sqqq32s32s")
LINK_TAG: Final = b"tenantry.audit.link.1\0"
_LENGTH: Final = struct.Struct(">i").pack
_NONE: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def pack(values: Sequence[str | None]) -> bytes:
    """The canonical bytes of an event whose fields are given in the order of `FIELDS`."""
    parts: list[bytes] = []
    for value in values:
        if value is None:
            parts.append(_NONE)
        else:
            text = value.encode()
            parts += (_LENGTH(len(text)), text)
    return b"".join(parts)


def digest_of(event: bytes | memoryview) -> bytes:
    """The digest of an event's canonical bytes."""
    return hashlib.sha256(b"".join((EVENT_TAG, event))).digest()


def customer_hash_of(  # noqa: PLR0917  called a hundred thousand times a second: keywords would show
    before: bytes, customer: bytes, customer_sequence: int, sequence: int, sealed_us: int, digest: bytes
) -> bytes:
    """The next hash of a customer's chain."""
    return hashlib.sha256(
        _CUSTOMER.pack(CUSTOMER_TAG, before, customer, customer_sequence, sequence, sealed_us, digest)
    ).digest()


def hash_of(  # noqa: PLR0917  as above
    before: bytes, sequence: int, event_id: int, sealed_us: int, digest: bytes, customer_hash: bytes
) -> bytes:
    """The next hash of the chain over everything."""
    return hashlib.sha256(_LINK.pack(LINK_TAG, before, sequence, event_id, sealed_us, digest, customer_hash)).digest()


def microseconds(moment: dt.datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds_since_1970: int) -> dt.datetime:
    """The time that many microseconds after 1970, in UTC."""
    return _EPOCH + microseconds_since_1970 * _MICROSECOND


def customer_bytes(customer_id: uuid.UUID | None) -> bytes:
    """The 16 bytes of a customer's id; `NO_CUSTOMER` for none."""
    return NO_CUSTOMER if customer_id is None else customer_id.bytes
