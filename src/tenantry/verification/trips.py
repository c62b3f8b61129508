"""What a caller's browser keeps while they are at Microsoft (see `kit.trips`)."""

from typing import Final

from tenantry.kit.trips import TripCookie, begin
from tenantry.verification.policies import VOUCH_LIFETIME

__all__ = ["begin", "forget", "keep", "trip_of"]

_COOKIE: Final = TripCookie("VERIFICATION_COOKIE_NAME", VOUCH_LIFETIME)

trip_of = _COOKIE.trip_of
keep = _COOKIE.keep
forget = _COOKIE.forget
