"""What a browser carries between pages: who signed in, and the token that proves a form came from our own page.

Both travel in cookies that only this process can sign, so nothing is kept here and two simulators on one host do not
disturb each other. A session ends where Entra ends it: password changed, sessions revoked, account blocked or deleted.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import secrets

from werkzeug import Request, Response

from entrasim.state import Tenant, User, World

KEY = secrets.token_bytes(32)


@dataclasses.dataclass(frozen=True, slots=True)
class SignedIn:
    """A user who gave the password in this browser. `tenant` is the home tenant of the account."""

    tenant: Tenant
    user: User
    at: dt.datetime
    methods: tuple[str, ...] = ("pwd",)  # as `amr` says them

    @property
    def key(self) -> str:
        """What forms carry to name this account among those that are signed in."""
        return f"{self.tenant.id}/{self.user.id}"


class Browser:
    """The browser behind one request."""

    def __init__(self, request: Request, world: World, now: dt.datetime) -> None:
        self._request = request
        self._world = world
        self._now = now
        # A cookie set over HTTPS cannot be replaced over HTTP, and both listeners share the host: a name for each.
        self._suffix = "_tls" if request.is_secure else ""
        self._changed = False
        self._id = request.cookies.get(f"entrasim_browser{self._suffix}", "")
        if len(self._id) != len(secrets.token_urlsafe(18)):
            self._id = secrets.token_urlsafe(18)
        self.signed_in: list[SignedIn] = self._read()

    @property
    def canary(self) -> str:
        """The anti-forgery token of this browser's forms."""
        return hmac.new(KEY, b"canary " + self._id.encode(), hashlib.sha256).hexdigest()

    @property
    def posted_canary_fits(self) -> bool:
        """Whether the posted form came from a page that this browser was given."""
        return hmac.compare_digest(self._request.form.get("canary", "").encode(), self.canary.encode())

    def account(self, key: str) -> SignedIn | None:
        """The signed-in account of that key."""
        return next((account for account in self.signed_in if account.key == key), None)

    def account_of(self, tenant: Tenant) -> SignedIn | None:
        """The account that signed in last and lives in that tenant."""
        return next((account for account in reversed(self.signed_in) if account.tenant is tenant), None)

    def add(self, tenant: Tenant, user: User) -> SignedIn:
        """Remember that this user gave the right password now."""
        account = SignedIn(tenant, user, self._now, user.methods)
        self.signed_in = [other for other in self.signed_in if other.key != account.key] + [account]
        self._changed = True
        return account

    def forget_all(self) -> None:
        """Sign everybody out."""
        self.signed_in = []
        self._changed = True

    def finish(self, response: Response) -> Response:
        """Put the cookies on the answer."""
        options = {"httponly": True, "samesite": "Lax", "secure": self._request.is_secure, "path": "/"}
        response.set_cookie(f"entrasim_browser{self._suffix}", self._id, **options)  # type: ignore[arg-type]
        if self._changed:
            response.set_cookie(f"entrasim_session{self._suffix}", self._write(), **options)  # type: ignore[arg-type]
        return response

    def _write(self) -> str:
        rows = [
            [account.tenant.id, account.user.id, account.at.isoformat(), list(account.methods)]
            for account in self.signed_in
        ]
        payload = base64.urlsafe_b64encode(json.dumps(rows).encode()).decode()
        return f"{payload}.{_signature(payload)}"

    def _read(self) -> list[SignedIn]:
        payload, _, signature = self._request.cookies.get(f"entrasim_session{self._suffix}", "").partition(".")
        if not payload or not hmac.compare_digest(signature.encode(), _signature(payload).encode()):
            return []
        found = []
        for tenant_id, user_id, at, methods in json.loads(base64.urlsafe_b64decode(payload)):
            tenant = self._world.tenants.get(tenant_id)
            user = tenant.users.get(user_id) if tenant else None
            if tenant and user and _still_good(user, dt.datetime.fromisoformat(at)):
                self._world.touch(tenant_id)
                found.append(SignedIn(tenant, user, dt.datetime.fromisoformat(at), tuple(methods)))
        return found


def _signature(payload: str) -> str:
    return hmac.new(KEY, b"session " + payload.encode(), hashlib.sha256).hexdigest()


def _still_good(user: User, signed_in_at: dt.datetime) -> bool:
    revoked_at = user.sign_in_sessions_valid_from_date_time
    return (
        user.account_enabled
        and signed_in_at >= user.last_password_change_date_time
        and (revoked_at is None or signed_in_at >= revoked_at)
    )
