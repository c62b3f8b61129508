"""Temporary Access Passes of a user: list, get, create (which replaces the one before), delete.

Sources: "temporaryAccessPassAuthenticationMethod resource type", "Create temporaryAccessPassMethod", "List", "Delete",
"temporaryAccessPassAuthenticationMethodConfiguration". The words of the refusals are as clients reported them; the page
of the call has none.
"""

import datetime as dt
import secrets
from typing import Any

from entrasim import enforcement, shapes
from entrasim.access_passes import usability
from entrasim.changes import changing, find_user
from entrasim.directory_audit import note
from entrasim.errors import GraphError, not_found
from entrasim.routes.users import require_user
from entrasim.state import AccessPass, AccessPassPolicy, User, new_id
from entrasim.web import Call, Reply, route

AREA = "users"
_PATH = "/users/<user>/authentication/temporaryAccessPassMethods"
_OPERATION = "/users/{id}/authentication/temporaryAccessPassMethods"
_SHORTEST, _LONGEST = 10, 43_200
_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789!@#$%&*+="
_FIELDS = {"lifetimeInMinutes", "isUsableOnce", "startDateTime"}
_READ_ONLY = {"id", "createdDateTime", "isUsable", "methodUsabilityReason", "temporaryAccessPass"}


@route(
    "GET", _PATH, area=AREA, operation=f"GET {_OPERATION}", summary="The user's Temporary Access Pass, without its code"
)
def list_passes(call: Call) -> Reply:
    """List temporaryAccessPassMethods: one at most."""
    _no_options(call)
    user = require_user(call)
    rows = [] if user.access_pass is None else [_row(call, user, user.access_pass)]
    context = call.metadata(f"users('{user.id}')/authentication/temporaryAccessPassMethods")
    return Reply(200, {"@odata.context": context, "value": rows})


@route("GET", f"{_PATH}/<pass_id>", area=AREA, operation=f"GET {_OPERATION}", summary="The same, by its id")
def get_pass(call: Call) -> Reply:
    """Get temporaryAccessPassAuthenticationMethod."""
    _no_options(call)
    user = require_user(call)
    return Reply(200, {"@odata.context": _context(call, user), **_row(call, user, _found(call, user))})


@route("POST", _PATH, area=AREA, operation=f"POST {_OPERATION}",
       summary="Create a Temporary Access Pass, by the tenant's policy; the one before is gone")  # fmt: skip
def create_pass(call: Call) -> Reply:
    """Create temporaryAccessPassMethod: the only answer that carries the code."""
    require_user(call)
    user = find_user(call.tenant, call.args["user"])
    if user is None:
        raise not_found(call.args["user"])
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_operation(caller, f"POST {_OPERATION}")
    enforcement.require_unrestricted(call.tenant, caller, user.id)
    policy, now = call.tenant.access_pass_policy, shapes.seconds(call.view.now)
    minutes, once, start = _wanted(call.json(), policy, now)
    if user.user_type == "Guest" or not policy.is_enabled or user.id in policy.excluded:
        raise _bad(
            "Converged UserCredentialPolicy does not allow creating or updating this authentication method. "
            "AuthMethodType [TemporaryAccessPass]."
        )
    code = "".join(secrets.choice(_SIGNS) for _ in range(policy.default_length))
    made = AccessPass(new_id(), code, now, start, minutes, once)
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        user.access_pass = made
    note(call, "Admin registered temporary access pass method for user", user)
    call.effect = True
    return Reply(201, {"@odata.context": _context(call, user), **_row(call, user, made, code=code)})


@route("DELETE", f"{_PATH}/<pass_id>", area=AREA, operation=f"DELETE {_OPERATION}/{{id}}",
       summary="Delete a Temporary Access Pass")  # fmt: skip
def delete_pass(call: Call) -> Reply:
    """Delete temporaryAccessPassAuthenticationMethod."""
    require_user(call)
    user = find_user(call.tenant, call.args["user"])
    if user is None:
        raise not_found(call.args["user"])
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_operation(caller, f"DELETE {_OPERATION}/{{id}}")
    enforcement.require_unrestricted(call.tenant, caller, user.id)
    _found(call, user)
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        user.access_pass = None
    note(call, "Admin deleted temporary access pass method for user", user)
    call.effect = True
    return Reply(204)


def _found(call: Call, user: User) -> AccessPass:
    if user.access_pass is None or user.access_pass.id != call.args["pass_id"]:
        raise not_found(call.args["pass_id"])
    return user.access_pass


def _no_options(call: Call) -> None:
    if set(call.query.raw) - {"format"}:
        raise GraphError(501, "NotImplemented", "entrasim simulates no query options of this list.")


def _context(call: Call, user: User) -> str:
    return call.metadata(f"users('{user.id}')/authentication/temporaryAccessPassMethods/$entity")


def _row(call: Call, user: User, found: AccessPass, *, code: str | None = None) -> dict[str, Any]:
    reason = usability(found, call.tenant.access_pass_policy, user, call.view.now)
    return {
        "id": found.id,
        "temporaryAccessPass": code,
        "createdDateTime": found.created_date_time,
        "startDateTime": found.start_date_time,
        "lifetimeInMinutes": found.lifetime_in_minutes,
        "isUsableOnce": found.is_usable_once,
        "isUsable": reason == "EnabledByPolicy",
        "methodUsabilityReason": reason,
    }


def _wanted(body: dict[str, Any], policy: AccessPassPolicy, now: dt.datetime) -> tuple[int, bool, dt.datetime]:
    given = {name: value for name, value in body.items() if not name.startswith("@")}
    if set(given) & _READ_ONLY or set(given) - _FIELDS:
        raise _bad("One or more property values specified are invalid.")
    minutes = given.get("lifetimeInMinutes", policy.default_lifetime_in_minutes)
    once = given.get("isUsableOnce", policy.is_usable_once)
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not isinstance(once, bool):
        raise _bad("One or more property values specified are invalid.")
    least = max(policy.minimum_lifetime_in_minutes, _SHORTEST)
    most = min(policy.maximum_lifetime_in_minutes, _LONGEST)
    if not least <= minutes <= most:
        raise _bad(f"Invalid LifetimeInMinutes specified. The valid range between {least} and {most}.")
    if policy.is_usable_once and not once:
        raise _bad("Invalid IsUsableOnce specified. The policy allows passes for one use only.")
    text = given.get("startDateTime")
    if text is None:
        return minutes, once, now
    try:
        start = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _bad("One or more property values specified are invalid.") from None
    if start.tzinfo is None or start < now:
        raise _bad("Invalid StartDateTime specified.")
    return minutes, once, start


def _bad(message: str) -> GraphError:
    return GraphError(400, "badRequest", message)
