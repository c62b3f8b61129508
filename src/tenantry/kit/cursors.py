"""Cursors of keyset pages: the place a list goes on from, as text for an address.

A cursor comes back from a browser, so it may be anything. What was not made here reads as no place, and the list starts
over; it never reaches the database.
"""

import base64
import json
from typing import Final

_LONGEST: Final = 4_000  # a name of a few hundred characters in any script, with room; longer was not made here


def pack(*parts: str) -> str:
    """The cursor of a place."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def unpack(cursor: str, *, parts: int) -> list[str] | None:
    """The place of a cursor; None for an empty one and for one that was not made by `pack` with as many `parts`."""
    if not cursor or len(cursor) > _LONGEST:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):  # of base64, of UTF-8, of JSON; brackets without end
        return None
    if not isinstance(place, list) or len(place) != parts:
        return None
    return place if all(isinstance(part, str) and is_storable(part) for part in place) else None


def number(text: str) -> int | None:
    """A cursor that is the key of a row: its number; None for what no key of PostgreSQL's `bigint` can be."""
    is_key = text.isascii() and text.isdigit() and len(text) < len(str(2**63))
    return int(text) if is_key else None


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can take it: neither NUL nor half a character (a lone surrogate)."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
