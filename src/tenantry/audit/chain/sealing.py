"""Gives committed events their links, one sealer at a time.

The lock is held for the milliseconds of a batch, never for the length of a caller's transaction. Whoever waited for it
finds most often that its event was sealed with the batch before, so many writers share one batch. A sealer that is
killed leaves nothing: links and the shortened waiting list are one transaction. The work is a function of the database
(migration 0004).
"""

import logging
from typing import Final

from django.db import OperationalError, connection

from tenantry.kit import clock

BATCH: Final = 500
_SEAL: Final = "SELECT audit_seal(%s, %s, %s)"
_log = logging.getLogger(__name__)


def seal(*, wanted: int | None = None) -> int:
    """Seal one batch of what is committed; returns how many events got their link.

    Args:
        wanted: do nothing when this event has its link already.

    Must not be called inside a transaction: the lock would be held to its end.

    Raises:
        RuntimeError: called inside a transaction.
        django.db.OperationalError: another sealer holds the lock for longer than two seconds.
    """
    if connection.in_atomic_block:
        raise RuntimeError("sealing holds a lock that everybody needs: it is not done inside a transaction")
    with connection.cursor() as cursor:
        cursor.execute(_SEAL, [clock.now(), BATCH, wanted])
        row: tuple[int] = cursor.fetchone()
    return row[0]


def seal_soon(event_id: int) -> None:
    """Seal up to this event, unless others are so busy that it would take long; the sweep seals what is left."""
    try:
        seal(wanted=event_id)
    except OperationalError as error:
        _log.warning("Sealing is put off: %s", str(error).partition("\n")[0])


def seal_all() -> int:
    """Seal until nothing waits; returns how many events got their link."""
    count = 0
    while done := seal():
        count += done
    return count
