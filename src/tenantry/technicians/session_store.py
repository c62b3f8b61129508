"""Sessions in the database, found by a digest of their key: whoever reads the table cannot take one over.

The key itself stands in the cookie alone. It is random with 165 bits, so a plain digest without salt is enough.
"""

import hashlib
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse

_REPLACED: Final = "session-replaced:"
_IN_FLIGHT_SECONDS: Final = 60


def digest(session_key: str) -> str:
    """What stands in the database for a session: 160 bits of SHA-256, as many as Django's column holds in hex."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


def end(stored: str) -> None:
    """End the session that is stored under this digest, at once."""
    Session.objects.filter(session_key=stored).delete()


def note_replaced(stored: str) -> None:
    """Remember for a minute that this digest was the key of a session that has another now. It opens nothing."""
    cache.set(f"{_REPLACED}{stored}", value=True, timeout=_IN_FLIGHT_SECONDS)


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's; but an answer to a request that was on its way when its session got a new key keeps the new cookie.

    Django would tell the browser to drop the cookie of a session that is not there, and so the new one, which has the
    same name: a page that polls in another tab would sign the technician out whenever they give proof.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Take the order to drop the cookie back where it is about the old key."""
        answer = super().process_response(request, response)
        name = str(settings.SESSION_COOKIE_NAME)
        sent, told = request.COOKIES.get(name, ""), answer.cookies.get(name)
        if sent and told is not None and not told.value and cache.get(f"{_REPLACED}{digest(sent)}"):
            del answer.cookies[name]
        return answer


class SessionStore(db.SessionStore):
    """Django's store; only what it looks for and writes as the key of a row is the digest."""

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key
        row = Session.objects.filter(session_key=digest(key), expire_date__gt=Now()).first() if key else None
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        """Whether there is a session with this key."""
        return super().exists(digest(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """The row to write."""
        row = super().create_model_instance(data)
        row.session_key = digest(row.session_key)
        return row

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or the one at hand."""
        key = session_key or self.session_key
        if key:
            end(digest(key))

    # No view of ours is asynchronous; should one be, it finds and writes the same rows.

    async def _aget_session_from_db(self) -> Session | None:
        return await sync_to_async(self._get_session_from_db)()

    async def aexists(self, session_key: str) -> bool:
        """As `exists`."""
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """As `create_model_instance`."""
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        """As `delete`."""
        await sync_to_async(self.delete)(session_key)
