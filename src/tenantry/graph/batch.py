"""Up to 20 reads in one request. Source: Microsoft Graph "Combine multiple HTTP requests using JSON batching".

Only reads go through here: a batch without an answer would leave many unknown outcomes at once.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from tenantry.graph import errors, transport
from tenantry.graph.apps import App
from tenantry.graph.tokens import Via
from tenantry.kit import clock

MOST: Final = 20
_ROUNDS: Final = 4
_FIRST_PAUSE: Final = 0.5  # seconds


def read(
    tenant_id: uuid.UUID,
    urls: Sequence[str],
    *,
    patience: float = transport.PATIENT,
    via: Via = App.HELPDESK,
) -> list[dict[str, Any] | errors.GraphError]:
    """Read each relative URL (starting with "/", after /v1.0); an answer or its error per URL, in the order asked.

    Inner 429s are asked again after their own Retry-After, and inner 5xx after a growing pause, a few rounds at most.
    """
    results: dict[int, dict[str, Any] | errors.GraphError] = {}
    waiting = list(range(len(urls)))
    for round_number in range(_ROUNDS):
        pause = 0.0
        for start in range(0, len(waiting), MOST):
            part = waiting[start : start + MOST]
            for index, answer in _round(tenant_id, {i: urls[i] for i in part}, patience, via):
                results[index] = answer
                if isinstance(answer, errors.Throttled):
                    pause = max(pause, answer.retry_after)
                elif isinstance(answer, errors.TenantUnreachable):
                    pause = max(pause, _FIRST_PAUSE * 2**round_number)
        waiting = [i for i in waiting if isinstance(results[i], errors.Throttled | errors.TenantUnreachable)]
        if not waiting or pause > patience:
            break
        clock.sleep(pause)
    return [results[i] for i in range(len(urls))]


def _round(
    tenant_id: uuid.UUID, urls: Mapping[int, str], patience: float, via: Via
) -> list[tuple[int, dict[str, Any] | errors.GraphError]]:
    body = {"requests": [{"id": str(i), "method": "GET", "url": url} for i, url in urls.items()]}
    answer = transport.post_read(tenant_id, "/$batch", body, patience=patience, via=via)
    found: list[tuple[int, dict[str, Any] | errors.GraphError]] = []
    for inner in answer.json["responses"]:
        status = int(inner["status"])
        if status < 300:  # noqa: PLR2004  HTTP's own border
            found.append((int(inner["id"]), inner.get("body") or {}))
        else:
            headers = {name.lower(): value for name, value in (inner.get("headers") or {}).items()}
            data = orjson.dumps(inner.get("body") or {})
            found.append((int(inner["id"]), transport.error_of(status, headers, data, is_write=False)))
    return found
