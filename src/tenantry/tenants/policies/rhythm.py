"""When to look at a connection again. Entering a page changes nothing, so those in motion are looked at often."""

import datetime as dt
import uuid
from typing import Final

from tenantry.tenants.models import ConnectionState

_SOON: Final = dt.timedelta(seconds=8)
_FIRST_HOUR: Final = dt.timedelta(hours=1)
_FIRST_DAY: Final = dt.timedelta(days=1)
# The loss of a role is noticed within 24 hours (AC-5.4), also when a look or two fail.
SETTLED: Final = dt.timedelta(hours=8)
_SPREAD_SECONDS: Final = 3600  # settled connections are spread over an hour, so that they do not all come at once

_LADDER: Final[dict[ConnectionState, tuple[dt.timedelta, dt.timedelta, dt.timedelta]]] = {
    ConnectionState.CONSENTED: (_SOON, _SOON, dt.timedelta(minutes=10)),
    ConnectionState.ROLE_MISSING: (_SOON, dt.timedelta(minutes=2), dt.timedelta(hours=1)),
    ConnectionState.PROPAGATING: (_SOON, _SOON, _SOON),
    ConnectionState.NEEDS_ATTENTION: (dt.timedelta(minutes=1), dt.timedelta(minutes=10), dt.timedelta(hours=1)),
    ConnectionState.DEGRADED: (dt.timedelta(minutes=1), dt.timedelta(minutes=5), dt.timedelta(hours=1)),
    ConnectionState.RECONSENT_NEEDED: (dt.timedelta(minutes=1), dt.timedelta(minutes=10), dt.timedelta(hours=1)),
    ConnectionState.OFFLINE: (dt.timedelta(minutes=1), dt.timedelta(minutes=10), dt.timedelta(hours=1)),
}
"""Pause within the first hour after something happened, within the first day, and later."""


def next_check_at(
    state: str, *, tenant_id: uuid.UUID, stirred_at: dt.datetime, now: dt.datetime, failures: int = 0
) -> dt.datetime:
    """When to look again.

    Args:
        state: where the connection stands.
        tenant_id: spreads settled connections.
        stirred_at: when something last happened: the state changed, or somebody asked for a look.
        now: the time of this look.
        failures: looks in a row without an answer; the pause doubles with each.
    """
    if failures:
        return now + dt.timedelta(seconds=min(30 * (1 << min(failures, 8)), 3600))
    ladder = _LADDER.get(ConnectionState(state))
    if ladder is None:
        return now + SETTLED + dt.timedelta(seconds=tenant_id.int % _SPREAD_SECONDS)
    age = now - stirred_at
    return now + (ladder[0] if age < _FIRST_HOUR else ladder[1] if age < _FIRST_DAY else ladder[2])
