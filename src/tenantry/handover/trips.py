"""What a browser keeps while its administrator is at Microsoft: the link, and a secret that no other browser has.

It is our own cookie, for the length of one trip. The answer from Microsoft is taken only together with it, so a link
that leaks is of no use for another's sign-in, and the way back to the page needs no token in an address at Microsoft.
"""

import dataclasses
import re
import secrets
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SECONDS: Final = 30 * 60
"""As long as a trip lives."""
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


def begin(request: HttpRequest, token: str) -> Trip:
    """The trip of this browser from this link: a new one, or the one it is on already in another tab."""
    kept = trip_of(request)
    if kept is not None and secrets.compare_digest(kept.token.encode(), token.encode()):
        return kept
    return Trip(token, secrets.token_urlsafe(_SECRET_BYTES))


def trip_of(request: HttpRequest) -> Trip | None:
    """The trip that this browser is on."""
    found = _KEPT.fullmatch(request.COOKIES.get(settings.HANDOVER_COOKIE_NAME, ""))
    return Trip(found.group(1), found.group(2)) if found else None


def keep(answer: HttpResponse, trip: Trip) -> None:
    """Give the browser its cookie: not for scripts, not for other sites, over TLS only where there is TLS."""
    answer.set_cookie(
        settings.HANDOVER_COOKIE_NAME,
        f"{trip.token}.{trip.secret}",
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # it has to come along on the way back from Microsoft
    )


def forget(answer: HttpResponse) -> None:
    """The trip is over."""
    answer.delete_cookie(settings.HANDOVER_COOKIE_NAME, samesite="Lax")
