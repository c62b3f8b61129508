"""Complaints about the client: habits that a real directory would punish sooner or later."""

import collections
import dataclasses
import datetime as dt
import hashlib
import re
import threading
import urllib.parse

from entrasim.clock import Clock

_REPEATABLE = ("/revokeSignInSessions", "/$batch", "/getByIds", "/restore", "/getMemberObjects", "/checkMemberObjects")
_MOST_LINKS = 50_000
_SECONDS = re.compile(r"\d+(\.\d+)?")


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    tenant_id: str
    app_id: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Linter:
    """Watches requests and answers."""

    def __init__(self, clock: Clock, *, knows_every_link: bool = True) -> None:
        """With `knows_every_link` False, an earlier run may have handed out links that this one has not seen."""
        self._clock = clock
        self._knows_every_link = knows_every_link
        self._lock = threading.Lock()
        self._complaints: dict[str, list[str]] = {}
        self._links: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._wait_until: dict[_Asked, dt.datetime] = {}
        self._unknown_outcomes: dict[tuple[str, str], dict[tuple[str, str], str]] = {}

    def handed_out(self, address: str) -> None:
        """A next link or delta link went out."""
        with self._lock:
            self._links[_comparable(address)] = None
            while len(self._links) > _MOST_LINKS:
                self._links.popitem(last=False)

    def complain(self, tenant_id: str, complaint: str) -> None:
        """Note a complaint once."""
        with self._lock:
            complaints = self._complaints.setdefault(tenant_id, [])
            if complaint not in complaints:
                complaints.append(complaint)

    def asked(
        self, *, tenant_id: str, app_id: str, method: str, path: str, url: str, client_request_id: str, body: bytes
    ) -> None:
        """A request came in, before it was answered."""
        asked = _Asked(tenant_id, app_id, method, path)
        if not client_request_id:
            self.complain(tenant_id, f"{asked} carried no client-request-id")
        if ("$skiptoken=" in url or "$deltatoken=" in url) and "$deltatoken=latest" not in url.lower():
            with self._lock:
                known = _comparable(url) in self._links or not self._knows_every_link
            if not known:
                self.complain(tenant_id, f"{asked} did not follow a next link or delta link as it was given")
        wait_until = self._wait_until.get(asked)
        if wait_until is not None and self._clock.now() < wait_until:
            self.complain(tenant_id, f"{asked} was repeated before its Retry-After had passed")
        self._check_repeat(asked, body)

    def answered(
        self, *, tenant_id: str, app_id: str, method: str, path: str, status: int, retry_after: str | None,
        lack_of_permission: bool,
    ) -> None:  # fmt: skip
        """An answer goes out."""
        asked = _Asked(tenant_id, app_id, method, path)
        if retry_after is not None and _SECONDS.fullmatch(retry_after):
            self._wait_until[asked] = self._clock.now() + dt.timedelta(seconds=float(retry_after))
        elif status < 400:  # noqa: PLR2004  HTTP's own border
            self._wait_until.pop(asked, None)
        if lack_of_permission and method != "GET":
            self.complain(tenant_id, f"{asked} was tried without a consented permission for it")

    def lost(self, *, tenant_id: str, app_id: str, method: str, path: str, body: bytes) -> None:
        """A write got no answer: its outcome is unknown to the client."""
        if method == "POST" and not path.endswith(_REPEATABLE):
            with self._lock:
                self._unknown_outcomes.setdefault((tenant_id, app_id), {})[(path, _digest(body))] = path

    def of(self, tenant_id: str) -> list[str]:
        """Complaints about clients of one tenant."""
        with self._lock:
            return list(self._complaints.get(tenant_id, ()))

    def everything(self) -> list[str]:
        """All complaints, those without a tenant too."""
        with self._lock:
            return [complaint for complaints in self._complaints.values() for complaint in complaints]

    def _check_repeat(self, asked: _Asked, body: bytes) -> None:
        with self._lock:
            unknown = self._unknown_outcomes.get((asked.tenant_id, asked.app_id))
            if not unknown:
                return
            if asked.method == "GET":
                # It looks what became of it: any read after the lost answer counts.
                unknown.clear()
                return
            repeated = unknown.pop((asked.path, _digest(body)), None) if asked.method == "POST" else None
        if repeated is not None:
            self.complain(asked.tenant_id, f"{asked} was repeated although its first outcome was unknown")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _comparable(address: str) -> str:
    parts = urllib.parse.urlsplit(address)
    return f"{urllib.parse.unquote(parts.path)}?{urllib.parse.unquote_plus(parts.query)}"
