"""What clients asked and what became of it. Passwords and credentials are blotted out before they are kept."""

import collections
import dataclasses
import datetime as dt
import threading
import urllib.parse
from collections.abc import Callable
from typing import Any

import orjson

MOST_ENTRIES = 20_000
"""Kept for each tenant; the oldest go first."""

BLOT = "<sealed>"
_SECRET = frozenset(
    {"password", "newpassword", "currentpassword", "client_secret", "client_assertion", "code", "code_verifier",
     "refresh_token", "temporaryaccesspass", "proof", "secrettext"}
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request and its answer. `path` is the part behind `/v1.0`, or the whole path of a login endpoint."""

    at: dt.datetime
    method: str
    path: str
    query: str
    status: int  # 0: the connection was closed without an answer
    app_id: str
    client_request_id: str
    request_id: str
    request_body: str
    effect: bool
    tenant_id: str
    area: str = ""
    unsimulated: bool = False
    in_batch: bool = False
    fault: str = ""


Observer = Callable[[str, str, str, bytes, int, Any], None]
"""Told each exchange with Graph: method, path behind `/v1.0`, query, body as sent, status, body of the answer."""


class Journal:
    """Entries by tenant; what names no known tenant stands under the empty id."""

    def __init__(self) -> None:
        self.observer: Observer | None = None  # for tests: sees bodies as they are, nothing of it is kept here
        self._entries: dict[str, collections.deque[JournalEntry]] = {}
        self._lock = threading.Lock()

    def add(self, entry: JournalEntry) -> None:
        """Keep an entry."""
        with self._lock:
            self._entries.setdefault(entry.tenant_id, collections.deque(maxlen=MOST_ENTRIES)).append(entry)

    def of(self, tenant_id: str) -> list[JournalEntry]:
        """The entries of one tenant, oldest first."""
        with self._lock:
            return list(self._entries.get(tenant_id, ()))

    def everything(self) -> list[JournalEntry]:
        """The entries of all tenants in order of time."""
        with self._lock:
            found = [entry for entries in self._entries.values() for entry in entries]
        return sorted(found, key=lambda entry: entry.at)


def redact(body: bytes, content_type: str) -> str:
    """A body with secrets blotted out."""
    if not body:
        return ""
    if content_type.startswith("application/x-www-form-urlencoded"):
        pairs = urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return urllib.parse.urlencode([(n, BLOT if n.lower() in _SECRET else v) for n, v in pairs], safe="<>")
    try:
        return orjson.dumps(_blotted(orjson.loads(body))).decode()
    except orjson.JSONDecodeError:
        return f"<{len(body)} bytes>"


def _blotted(value: object) -> object:
    if isinstance(value, dict):
        return {name: BLOT if name.lower() in _SECRET else _blotted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_blotted(item) for item in value]
    return value
