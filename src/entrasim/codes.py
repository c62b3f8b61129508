"""Authorization codes: made by the sign-in page, taken once by the token endpoint."""

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping

from entrasim.clock import Clock
from entrasim.errors import aadsts

LIFETIME = dt.timedelta(minutes=10)


@dataclasses.dataclass(frozen=True, slots=True)
class SignInFacts:
    """How somebody signed in: what an id token can tell about it.

    Attributes:
        at: when the credentials were given.
        methods: as `amr` says them.
        contexts: ids of the authentication contexts that were asked for and satisfied.
        home_tenant_id: where the account lives.
    """

    at: dt.datetime
    methods: tuple[str, ...]
    contexts: tuple[str, ...]
    home_tenant_id: str


@dataclasses.dataclass(slots=True)
class Code:
    """What a code stands for."""

    app_id: str
    tenant_id: str
    user_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    issued_at: dt.datetime
    sign_in: "SignInFacts | None" = None
    taken: bool = False


class Codes:
    """The codes that are out."""

    def __init__(self, clock: Clock, codes: Mapping[str, Code] | None = None) -> None:
        self._clock = clock
        self._codes: dict[str, Code] = dict(codes or {})
        self._lock = threading.Lock()

    def issue(
        self,
        *,
        app_id: str,
        tenant_id: str,
        user_id: str,
        redirect_uri: str,
        scope: str,
        nonce: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        sign_in: SignInFacts | None = None,
    ) -> str:
        """A new code for a user who just signed in."""
        text = f"1.{secrets.token_urlsafe(48)}"
        code = Code(
            app_id, tenant_id, user_id, redirect_uri, scope, nonce, code_challenge, code_challenge_method,
            self._clock.now(), sign_in,
        )  # fmt: skip
        with self._lock:
            self._codes[text] = code
        return text

    def out(self) -> dict[str, Code]:
        """The codes whose time has not passed, taken ones too."""
        now = self._clock.now()
        with self._lock:
            return {text: dataclasses.replace(c) for text, c in self._codes.items() if now <= c.issued_at + LIFETIME}

    def take(self, text: str, *, app_id: str, redirect_uri: str, verifier: str | None) -> Code:
        """Redeem a code ("v2-oauth2-auth-code-flow").

        Raises:
            AadstsError: unknown, expired, taken before, of another app or address, or the wrong code verifier.
        """
        with self._lock:
            code = self._codes.get(text)
            if code is None or code.app_id != app_id:
                raise aadsts(70000, "The provided value for the 'code' parameter is not valid.")
            if code.taken:
                raise aadsts(54005, "OAuth2 Authorization code was already redeemed, please retry with a new code.")
            if self._clock.now() > code.issued_at + LIFETIME:
                raise aadsts(70008, "The provided authorization code or refresh token has expired.")
            if code.redirect_uri != redirect_uri:
                raise aadsts(500112, "The reply address does not match the one used when requesting the code.")
            if code.code_challenge and not _proves(code, verifier or ""):
                raise aadsts(
                    501481,
                    "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
                )
            code.taken = True
            return code


def _proves(code: Code, verifier: str) -> bool:
    if code.code_challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        given = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    else:
        given = verifier
    return hmac.compare_digest(given.encode(), (code.code_challenge or "").encode())
