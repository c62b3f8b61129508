"""`/users/delta` ("Use delta query to track changes in Microsoft Graph data").

A token holds the change number up to which the client knows everything, and where it is within the pages of one round.
The first round walks users in order of id; later rounds tell what changed since, in order of change.
"""

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

from entrasim import shapes
from entrasim.errors import GraphError, bad_request
from entrasim.odata.pages import link, seal, unseal
from entrasim.state import User
from entrasim.web import Call, Reply, route

LIFETIME = dt.timedelta(days=7)
PAGE = 200
_MOST = 999
_PATH = "/users/delta"


@route("GET", "/users/delta", area="users", summary="Changes; $select, $deltatoken=latest, 410 when a token is too old",
       operation="GET /users/delta")  # fmt: skip
@route("GET", "/users/delta()", area="users", summary="The same", operation="GET /users/delta")
@route("GET", "/users/microsoft.graph.delta()", area="users", summary="The same", operation="GET /users/delta")
def delta(call: Call) -> Reply:
    """user: delta."""
    query = call.query
    for name in ("orderby", "expand", "search", "top", "filter", "count", "skip"):
        if name in query.raw:
            raise bad_request(f"'${name}' is not supported with a delta query here.", code="Request_UnsupportedQuery")
    text = query.raw.get("deltatoken") or query.raw.get("skiptoken")
    if text is None:
        return _first_round(call, query.select, "", call.view.change_horizon())
    if text.lower() == "latest":
        return _last_page(call, [], query.select, call.view.change_horizon())
    state = _state(call, text)
    select = tuple(state["select"])
    if "after" in state:
        return _first_round(call, select, state["after"], state["until"])
    return _later_round(call, select, state["since"], state.get("until", call.view.change_horizon()))


def _state(call: Call, text: str) -> dict[str, Any]:
    try:
        state = unseal(text)
    except GraphError as error:
        raise _start_over(call, "resyncRequired") from error
    issued = dt.datetime.fromtimestamp(state.get("issued", 0), tz=dt.UTC)
    if state.get("tenant") != call.tenant.id or state.get("epoch", -1) != epoch(call):
        raise _start_over(call, "resyncRequired")
    if call.view.now - issued > LIFETIME:
        raise _start_over(call, "syncStateNotFound")
    return state


def epoch(call: Call) -> int:
    """Tokens of an earlier epoch are refused: `TenantHandle.expire_delta_tokens` starts a new one."""
    return call.tenant.delta_epoch


def _start_over(call: Call, code: str) -> GraphError:
    location = f"{call.request.base_url}/v1.0{_PATH}?$deltatoken="
    return GraphError(
        410,
        code,
        "Delta token is expired or not valid any longer. Full synchronization is required.",
        headers={"Location": location},
    )


def _first_round(call: Call, select: tuple[str, ...], after: str, until: int) -> Reply:
    size = _page_size(call)
    found = list(itertools.islice(call.view.users(after), size + 1))
    write = _writer(call, select)
    rows = [write(user) for user in found[:size]]
    if len(found) > size:
        return _page(call, rows, {"after": found[size - 1].id, "until": until, "select": select})
    return _last_page(call, rows, select, until)


def _later_round(call: Call, select: tuple[str, ...], since: int, until: int) -> Reply:
    size = _page_size(call)
    write = _writer(call, select)
    tenant = call.tenant
    changed: list[tuple[int, dict[str, Any] | User]] = [
        (user.change_number, user) for user in tenant.users.values() if since < user.change_number <= until
    ]
    changed += [
        (user.change_number, _removed(user.id, "changed"))
        for user in tenant.deleted_users.values()
        if since < user.change_number <= until
    ]
    changed += [
        (number, _removed(user_id, "deleted"))
        for user_id, number in tenant.purged_users.items()
        if since < number <= until
    ]
    changed.sort(key=lambda pair: pair[0])
    rows = [write(item) if isinstance(item, User) else item for _, item in changed[:size]]
    if len(changed) > size:
        return _page(call, rows, {"since": changed[size - 1][0], "until": until, "select": select})
    return _last_page(call, rows, select, until)


def _writer(call: Call, select: tuple[str, ...]) -> Callable[[User], dict[str, Any]]:
    # Delta always tells the id, selected or not.
    return shapes.users(call.tenant).writer((*select, "id") if select and "id" not in select else select)


def _removed(user_id: str, reason: str) -> dict[str, Any]:
    return {"id": user_id, "@removed": {"reason": reason}}


def _page_size(call: Call) -> int:
    for part in call.request.headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "odata.maxpagesize" and value.isdigit():
            return max(1, min(int(value), _MOST))
    return PAGE


def _page(call: Call, rows: list[dict[str, Any]], state: dict[str, Any]) -> Reply:
    return _reply(call, rows, "@odata.nextLink", {"$skiptoken": _token(call, state)})


def _last_page(call: Call, rows: list[dict[str, Any]], select: tuple[str, ...], since: int) -> Reply:
    return _reply(call, rows, "@odata.deltaLink", {"$deltatoken": _token(call, {"since": since, "select": select})})


def _token(call: Call, state: dict[str, Any]) -> str:
    frame = {"tenant": call.tenant.id, "issued": int(call.view.now.timestamp()), "epoch": epoch(call)}
    return seal({**frame, **state})


def _reply(call: Call, rows: list[dict[str, Any]], name: str, options: dict[str, str]) -> Reply:
    address = link(call, options, _PATH)
    return Reply(200, {"@odata.context": call.metadata("users"), name: address, "value": rows})
