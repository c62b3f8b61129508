"""Refresh tokens: handed out with `offline_access`, used again until something ends them.

Page: "Refresh tokens in the Microsoft identity platform": 90 days; the old one stays good after a new one was given.
"""

import dataclasses
import datetime as dt
import secrets
import threading
from collections.abc import Mapping

from entrasim.clock import Clock
from entrasim.errors import aadsts

LIFETIME = dt.timedelta(days=90)


@dataclasses.dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a refresh token stands for."""

    app_id: str
    tenant_id: str
    user_id: str
    is_public: bool  # handed to a client without a credential
    authenticated_at: dt.datetime  # when the user signed in: a password change after it ends the token
    issued_at: dt.datetime


class RefreshTokens:
    """The refresh tokens that are out."""

    def __init__(self, clock: Clock, tokens: Mapping[str, RefreshToken] | None = None) -> None:
        self._clock = clock
        self._tokens: dict[str, RefreshToken] = dict(tokens or {})
        self._lock = threading.Lock()

    def issue(
        self, *, app_id: str, tenant_id: str, user_id: str, is_public: bool, authenticated_at: dt.datetime
    ) -> str:
        """A new refresh token."""
        text = f"1.{secrets.token_urlsafe(64)}"
        made = RefreshToken(app_id, tenant_id, user_id, is_public, authenticated_at, self._clock.now())
        with self._lock:
            self._tokens[text] = made
        return text

    def out(self) -> dict[str, RefreshToken]:
        """The tokens whose time has not passed."""
        now = self._clock.now()
        with self._lock:
            return {text: token for text, token in self._tokens.items() if now <= token.issued_at + LIFETIME}

    def find(self, text: str, *, app_id: str) -> RefreshToken:
        """What a token stands for.

        Raises:
            AadstsError: unknown, of another app, or too old.
        """
        with self._lock:
            found = self._tokens.get(text)
        if found is None or found.app_id != app_id:
            raise aadsts(70000, "Provided grant is invalid or malformed.")
        if self._clock.now() > found.issued_at + LIFETIME:
            raise aadsts(700082, "The refresh token has expired due to inactivity.")
        return found
