"""`$batch` ("Combine multiple HTTP requests using JSON batching")."""

import dataclasses
import urllib.parse
from typing import Any

import orjson

from entrasim.errors import Dropped, GraphError, bad_request
from entrasim.web import Call, GraphRequest, Reply, route

MOST = 20


@route("POST", "/$batch", area="batch", summary="Up to 20 requests, dependsOn, headers for each", operation=None)
def batch(call: Call) -> Reply:
    """Answer each request on its own; the whole is 200 whatever became of the parts."""
    requests = call.json().get("requests")
    if not isinstance(requests, list) or not requests:
        raise bad_request("Invalid batch payload format.", code="BadRequest")
    if len(requests) > MOST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MOST}.", code="BadRequest")
    _check(requests)
    statuses: dict[str, int] = {}
    responses = []
    for item in _in_order(requests):
        failed = [key for key in item.get("dependsOn", ()) if statuses.get(str(key), 424) >= 400]  # noqa: PLR2004
        response = _failed_dependency(call, item) if failed else _one(call, item)
        statuses[str(item["id"])] = int(response["status"])
        responses.append(response)
    # The order of the answers is not that of the requests; a client must go by id.
    return Reply(200, {"responses": responses[::-1]})


def _check(requests: list[Any]) -> None:
    seen: set[str] = set()
    for item in requests:
        if not isinstance(item, dict) or not {"id", "method", "url"} <= item.keys():
            raise bad_request("Invalid batch payload format.", code="BadRequest")
        key = str(item["id"])
        if key.lower() in seen:
            raise bad_request(f"Request Id {key} was used more than once in the batch payload.", code="BadRequest")
        seen.add(key.lower())
        if str(item["url"]).startswith(("http:", "https:")):
            raise bad_request("The url of a batch request must be relative.", code="BadRequest")
    for item in requests:
        for key in item.get("dependsOn", ()):
            if str(key).lower() not in seen:
                raise bad_request(f"The request '{item['id']}' depends on an unknown id '{key}'.", code="BadRequest")


def _in_order(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests so that each comes after those it depends on.

    Raises:
        GraphError: 400, a circle.
    """
    ordered: list[dict[str, Any]] = []
    done: set[str] = set()
    waiting = list(requests)
    while waiting:
        ready = [item for item in waiting if all(str(key) in done for key in item.get("dependsOn", ()))]
        if not ready:
            raise bad_request("The dependencies of the batch requests form a circle.", code="BadRequest")
        ordered.extend(ready)
        done.update(str(item["id"]) for item in ready)
        waiting = [item for item in waiting if str(item["id"]) not in done]
    return ordered


def _one(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    parts = urllib.parse.urlsplit(f"/{str(item['url']).lstrip('/')}")
    path = urllib.parse.unquote(parts.path).removeprefix("/v1.0")
    headers = {str(name).lower(): str(value) for name, value in (item.get("headers") or {}).items()}
    headers.setdefault("content-type", "application/json")
    headers["authorization"] = call.request.headers["authorization"]
    body = item.get("body")
    asked = GraphRequest(
        method=str(item["method"]).upper(),
        path=path,
        query_string=parts.query,
        headers=headers,
        body=b"" if body is None else orjson.dumps(body),
        base_url=call.request.base_url,
        in_batch=True,
    )
    outcome = call.context.graph.answer(asked)
    if outcome.drop:
        raise Dropped
    reply = outcome.reply
    shown = {name: value for name, value in reply.headers.items() if not name.startswith("x-ms")}
    found: dict[str, Any] = {"id": str(item["id"]), "status": reply.status, "headers": shown}
    if reply.body is not None:
        shown["Content-Type"] = "application/json"
        found["body"] = orjson.loads(reply.data())
    return found


def _failed_dependency(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    error = GraphError(424, "FailedDependency", "A request that this request depends on failed.")
    body = error.body(call.view.now, request_id=call.request.request_id, client_request_id="")
    return {**dataclasses.asdict(_Refused(str(item["id"]))), "body": body}


@dataclasses.dataclass(frozen=True, slots=True)
class _Refused:
    id: str
    status: int = 424
