"""Sends one request to Graph and understands the answer.

Retried here is only what a retry can fix and cannot double: 429 (Microsoft did nothing), an expired token (once), and
for reads also 5xx and lost connections. A write without an answer becomes `UnknownOutcome`; whoever sent it reads and
decides.

Sources: Microsoft Graph "Error responses and resource types", "Throttling guidance", "Best practices".
"""

import contextlib
import dataclasses
import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import urllib3
from django.conf import settings

from tenantry.graph import errors
from tenantry.graph.apps import App
from tenantry.graph.http import pool
from tenantry.graph.tokens import Token, Via, token_for
from tenantry.kit import clock
from tenantry.kit.intent import Exchange, Intent
from tenantry.kit.sealed import Secret

# How long a call may spend waiting for 429 and 5xx before it gives up and says so, in seconds. Work in the background
# is patient; a page that a person waits for is not.
PATIENT = 40.0
HASTY = 2.0
_FIRST_BACKOFF = 0.5
_BAD_GATEWAY = range(500, 600)
_THERE_ALREADY = frozenset({"RoleAssignmentExists", "PendingRoleAssignmentRequest"})


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: status, parsed JSON (None without a body) and headers."""

    status: int
    json: Any
    headers: Mapping[str, str]


@dataclasses.dataclass(slots=True)
class Stopwatch:
    """Time spent waiting for Microsoft and the number of requests, for benchmarks and logs."""

    seconds: float = 0.0
    requests: int = 0


_local = threading.local()


@contextlib.contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Count the requests of this thread while the block runs."""
    watch = Stopwatch()
    previous = getattr(_local, "watch", None)
    _local.watch = watch
    try:
        yield watch
    finally:
        _local.watch = previous


def get(
    tenant_id: uuid.UUID,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENT,
    via: Via = App.HELPDESK,
) -> Answer:
    """Read `path` (after /v1.0, starting with "/") as one of our apps, or with a token in hand.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    return _send("GET", tenant_id, _url(path, query), extra_headers=headers, patience=patience, via=via)


def get_url(tenant_id: uuid.UUID, url: str, *, patience: float = PATIENT, via: Via = App.HELPDESK) -> Answer:
    """Follow a nextLink or deltaLink exactly as Microsoft gave it; a link to any other host is refused."""
    if not url.startswith(f"{settings.CLOUD.graph_url}/"):
        raise errors.Rejected("A page link points to another host; it is not followed.")
    return _send("GET", tenant_id, url, patience=patience, via=via)


def get_bytes(
    tenant_id: uuid.UUID,
    url: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENT,
) -> tuple[bytes, Mapping[str, str]]:
    """Read `url` without parsing the body, for pages that PostgreSQL takes as they are; returns body and headers.

    Args:
        tenant_id: the tenant to read.
        url: a path after /v1.0 starting with "/", or a nextLink or deltaLink exactly as Microsoft gave it.
        query: only with a path; links carry their own.
        headers: further request headers.
        patience: seconds that may be spent waiting for 429 and 5xx.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    if url.startswith("/"):
        url = _url(url, query)
    elif not url.startswith(f"{settings.CLOUD.graph_url}/"):
        raise errors.Rejected("A page link points to another host; it is not followed.")
    answer = _send("GET", tenant_id, url, extra_headers=headers, patience=patience, is_raw=True)
    return answer.json or b"", answer.headers


def post_read(
    tenant_id: uuid.UUID,
    path: str,
    body: Mapping[str, Any],
    *,
    patience: float = PATIENT,
    via: Via = App.HELPDESK,
) -> Answer:
    """A POST that changes nothing (`$batch` of reads, `getByIds`): treated as a read in every respect."""
    return _send("POST", tenant_id, _url(path, None), body=body, patience=patience, via=via)


def write(
    method: str,
    tenant_id: uuid.UUID,
    path: str,
    body: Mapping[str, Any] | bytes | None = None,
    *,
    intent: Intent,
    headers: Mapping[str, str] | None = None,
    patience: float = PATIENT,
    via: Via = App.HELPDESK,
) -> Answer:
    """Change something in `intent`'s tenant. `Secret` values in `body` are revealed on the wire only.

    A body of bytes goes as it is; `headers` then name its Content-Type.

    Raises:
        UnknownOutcome: sent, and no answer came.
        GraphError: any other leaf; then nothing was changed.
        ValueError: the intent is for another tenant.
    """
    if intent.tenant_id != tenant_id:
        raise ValueError("the intent was recorded for another tenant")
    return _send(
        method,
        tenant_id,
        _url(path, None),
        body=body,
        extra_headers=headers,
        intent=intent,
        patience=patience,
        via=via,
    )


def segment(value: str) -> str:
    """One path segment, encoded (`#` and `'` in user principal names included)."""
    return quote(value, safe="")


def _url(path: str, query: Mapping[str, str] | None) -> str:
    url = f"{settings.CLOUD.graph_url}/v1.0{path}"
    return f"{url}?{urlencode(query, quote_via=quote, safe='$,()/')}" if query else url


def _reveal(value: object) -> object:
    """Orjson calls this for the one type it does not know: a secret on its way to the wire."""
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} does not belong in a request body")


def _send(
    method: str,
    tenant_id: uuid.UUID,
    url: str,
    *,
    body: Mapping[str, Any] | bytes | None = None,
    extra_headers: Mapping[str, str] | None = None,
    intent: Intent | None = None,
    patience: float,
    via: Via = App.HELPDESK,
    is_raw: bool = False,
) -> Answer:
    payload = body if body is None or isinstance(body, bytes) else orjson.dumps(body, default=_reveal)
    left = patience
    backoff = _FIRST_BACKOFF
    is_renewed = False
    token: Token | None = None
    while True:
        token = token or (via if isinstance(via, Token) else token_for(tenant_id, app=via))
        try:
            return _once(method, url, payload, extra_headers=extra_headers, token=token, intent=intent, is_raw=is_raw)
        except errors.TokenExpired:
            if is_renewed or token.app is None:
                raise
            is_renewed = True
            token = token_for(tenant_id, app=token.app, fresh=True)
            continue
        except errors.Throttled as error:
            wait = error.retry_after
            problem: errors.GraphError = error
        except errors.TenantUnreachable as error:
            wait = backoff * random.uniform(0.8, 1.2)  # noqa: S311  jitter, not cryptography
            backoff *= 2
            problem = error
        if wait > left:
            raise problem
        left -= max(wait, 0.05)
        clock.sleep(wait)


def _once(
    method: str,
    url: str,
    payload: bytes | None,
    *,
    extra_headers: Mapping[str, str] | None,
    token: Token,
    intent: Intent | None,
    is_raw: bool = False,
) -> Answer:
    client_request_id = str(uuid.uuid4())
    headers = {
        "Authorization": f"Bearer {token.secret.reveal()}",
        "Accept": "application/json",
        "client-request-id": client_request_id,
        "User-Agent": "Tenantry",
        **({} if payload is None else {"Content-Type": "application/json"}),
        **(extra_headers or {}),
    }
    started = time.perf_counter()
    status, request_id = 0, ""
    try:
        answer = pool().request(method, url, body=payload, headers=headers)
        status, request_id = answer.status, answer.headers.get("request-id", "")
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
        raise errors.TenantUnreachable(f"Graph cannot be reached ({type(error).__name__}).") from error
    except urllib3.exceptions.HTTPError as error:
        if intent is None:
            raise errors.TenantUnreachable(f"Graph's answer did not arrive ({type(error).__name__}).") from error
        raise errors.UnknownOutcome(f"The request was sent, and no answer arrived ({type(error).__name__}).") from error
    finally:
        watch = getattr(_local, "watch", None)
        if watch is not None:
            watch.seconds += time.perf_counter() - started
            watch.requests += 1
        if intent is not None:
            intent.exchanges.append(Exchange(client_request_id, request_id, status))
    if status < 300:  # noqa: PLR2004  HTTP's own border
        if is_raw:
            return Answer(status, answer.data, answer.headers)
        return Answer(status, orjson.loads(answer.data) if answer.data else None, answer.headers)
    raise error_of(status, answer.headers, answer.data, is_write=intent is not None)


def error_of(status: int, headers: Mapping[str, str], data: bytes, *, is_write: bool) -> errors.GraphError:
    """The leaf for an error answer; also used for the inner answers of a batch."""
    code, message, details = _envelope(data)
    request_id = headers.get("request-id", "")

    def make(kind: type[errors.GraphError]) -> errors.GraphError:
        return kind(message or f"HTTP status {status}", code=code, status=status, request_id=request_id)

    if status == 429:  # noqa: PLR2004
        throttled = errors.Throttled(message, code=code, status=status, request_id=request_id)
        throttled.retry_after = _seconds(headers.get("Retry-After") or headers.get("retry-after"))
        return throttled
    if status in _BAD_GATEWAY:
        return make(errors.UnknownOutcome if is_write else errors.TenantUnreachable)
    by_status: dict[int, type[errors.GraphError]] = {
        401: errors.TokenExpired,
        403: errors.Refused,
        404: errors.NotFound,
        409: errors.AlreadyExists,
        410: errors.ResyncNeeded,
    }
    kind = by_status.get(status, errors.Rejected)
    lowered = message.lower()
    if code in {"resyncRequired", "syncStateNotFound"}:
        kind = errors.ResyncNeeded
    elif code in _THERE_ALREADY:
        kind = errors.AlreadyExists
    elif code == "Authorization_IdentityNotFound":
        kind = errors.NotConsented
    elif kind is errors.Rejected and (
        "already exist" in lowered
        or "conflicting object" in lowered
        or {"ObjectConflict", "ConflictingObjects"} & details
    ):
        kind = errors.AlreadyExists
    return make(kind)


def _seconds(text: str | None) -> float:
    """`Retry-After` in seconds; Microsoft also sends fractions. Without one: a second."""
    try:
        return max(0.0, float(text)) if text is not None else 1.0
    except ValueError:
        return 1.0


def _envelope(data: bytes) -> tuple[str, str, set[str]]:
    try:
        error = orjson.loads(data)["error"]
        details = {str(detail.get("code")) for detail in error.get("details") or ()}
        return str(error.get("code", "")), str(error.get("message", "")), details
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "", data[:200].decode("utf-8", "replace"), set()
