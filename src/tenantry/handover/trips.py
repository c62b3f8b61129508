"""What the browser of a customer's administrator keeps while they are at Microsoft (see `kit.trips`)."""

import datetime as dt
import secrets
from typing import Final

from django.http import HttpRequest

from tenantry.kit import trips
from tenantry.kit.trips import Trip, TripCookie

_COOKIE: Final = TripCookie("HANDOVER_COOKIE_NAME", dt.timedelta(minutes=30))

trip_of = _COOKIE.trip_of
keep = _COOKIE.keep
forget = _COOKIE.forget


def begin(request: HttpRequest, token: str) -> Trip:
    """The trip of this browser from this link: a new one, or the one it is on already in another tab."""
    kept = trip_of(request)
    if kept is not None and secrets.compare_digest(kept.token.encode(), token.encode()):
        return kept
    return trips.begin(token)
