"""What a caller's browser keeps while it is at Microsoft: the link, and a secret that no other browser has."""

import dataclasses
import re
import secrets
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tenantry.verification.policies import LINK_LIFETIME

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
    """A new trip from this link."""
    return Trip(token, secrets.token_urlsafe(_SECRET_BYTES))


def trip_of(request: HttpRequest) -> Trip | None:
    """The trip that this browser is on."""
    found = _KEPT.fullmatch(request.COOKIES.get(settings.VERIFICATION_COOKIE_NAME, ""))
    return Trip(found.group(1), found.group(2)) if found else None


def keep(answer: HttpResponse, trip: Trip) -> None:
    """Give the browser its cookie: not for scripts, not for other sites, over TLS only where there is TLS."""
    answer.set_cookie(
        settings.VERIFICATION_COOKIE_NAME,
        f"{trip.token}.{trip.secret}",
        max_age=int(LINK_LIFETIME.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # it has to come along on the way back from Microsoft
    )


def forget(answer: HttpResponse) -> None:
    """The trip is over."""
    answer.delete_cookie(settings.VERIFICATION_COOKIE_NAME, samesite="Lax")
