"""What a browser keeps while its owner is at Microsoft: the link they left from, and a secret no other browser has.

It is our own cookie, for the length of one trip. The answer from Microsoft is taken only together with it, so a link
that leaks is of no use for another's sign-in, and the way back to the page needs no token in an address at Microsoft.
"""

import dataclasses
import datetime as dt
import re
import secrets
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_SECRET_BYTES: Final = 32
_KEPT: Final = re.compile(r"([\w-]{20,200})\.([\w-]{43})", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Trip:
    """A browser's trip.

    Attributes:
        token: of the link it left from.
        secret: what only this browser has.
    """

    token: str
    secret: str


def begin(token: str) -> Trip:
    """A new trip from the link with this token."""
    return Trip(token, secrets.token_urlsafe(_SECRET_BYTES))


@dataclasses.dataclass(frozen=True, slots=True)
class TripCookie:
    """The cookie of one kind of trip.

    Attributes:
        setting: the setting that names it.
        lifetime: how long a trip lives.
    """

    setting: str
    lifetime: dt.timedelta

    @property
    def name(self) -> str:
        """What the cookie is called here."""
        return str(getattr(settings, self.setting))

    def trip_of(self, request: HttpRequest) -> Trip | None:
        """The trip that this browser is on."""
        found = _KEPT.fullmatch(request.COOKIES.get(self.name, ""))
        return Trip(found.group(1), found.group(2)) if found else None

    def keep(self, answer: HttpResponse, trip: Trip) -> None:
        """Give the browser its cookie: not for scripts, not for other sites, over TLS only where there is TLS."""
        answer.set_cookie(
            self.name,
            f"{trip.token}.{trip.secret}",
            max_age=int(self.lifetime.total_seconds()),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",  # it has to come along on the way back from Microsoft
        )

    def forget(self, answer: HttpResponse) -> None:
        """The trip is over."""
        answer.delete_cookie(self.name, samesite="Lax")
