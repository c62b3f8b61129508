"""Deleted users: list, get, restore, remove for good."""

import datetime as dt

from entrasim import enforcement, shapes
from entrasim.changes import changing, find_user, record
from entrasim.directory_audit import note
from entrasim.errors import bad_request, not_found
from entrasim.odata.pages import collection
from entrasim.state import User
from entrasim.web import Call, Reply, route

AREA = "deleted items"
_KEPT = dt.timedelta(days=30)


def _deleted(call: Call) -> list[User]:
    border = call.view.now - _KEPT
    kept = [
        u for u in call.tenant.deleted_users.values() if u.deleted_date_time is None or u.deleted_date_time > border
    ]
    return sorted(kept, key=lambda user: user.id)


def _require(call: Call) -> User:
    found = next((user for user in _deleted(call) if user.id == call.args["object"].lower()), None)
    if found is None:
        raise not_found(call.args["object"])
    return found


@route("GET", "/directory/deletedItems/microsoft.graph.user", area=AREA, summary="Deleted users",
       operation="GET /directory/deletedItems")  # fmt: skip
def list_deleted(call: Call) -> Reply:
    """List deletedItems (directory objects), users."""
    return collection(
        call,
        shapes.users(call.tenant),
        lambda after: [user for user in _deleted(call) if user.id > after],
        fragment="users",
    )


@route("GET", "/directory/deletedItems/<object>", area=AREA, summary="One deleted user",
       operation="GET /directory/deletedItems")  # fmt: skip
def get_deleted(call: Call) -> Reply:
    """Get deleted item."""
    row = shapes.directory_object(call.tenant, _require(call), call.query.select)
    return Reply(200, {"@odata.context": call.metadata("directoryObjects/$entity"), **row})


@route("POST", "/directory/deletedItems/<object>/restore", area=AREA, summary="Restore a deleted user",
       operation="POST /directory/deletedItems/{id}/restore")  # fmt: skip
def restore(call: Call) -> Reply:
    """Restore deleted item."""
    user = _require(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_delete(
        call.tenant, caller, user, call.view.now, operation="POST /directory/deletedItems/{id}/restore"
    )
    if find_user(call.tenant, user.user_principal_name) is not None:
        raise bad_request("Another object with the same value for property userPrincipalName already exists.")
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        user.deleted_date_time = None
        del call.tenant.deleted_users[user.id]
        call.tenant.users[user.id] = user
    note(call, "Restore user", user)
    call.effect = True
    row = shapes.directory_object(call.tenant, user, ())
    return Reply(200, {"@odata.context": call.metadata("directoryObjects/$entity"), **row})


@route("DELETE", "/directory/deletedItems/<object>", area=AREA, summary="Delete for good",
       operation="POST /directory/deletedItems/{id}/restore")  # fmt: skip
def purge(call: Call) -> Reply:
    """Permanently delete an item."""
    user = _require(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_delete(
        call.tenant, caller, user, call.view.now, operation="POST /directory/deletedItems/{id}/restore"
    )
    del call.tenant.deleted_users[user.id]
    number = record(call.tenant, kind="user", object_id=user.id, before=user, now=call.view.now, by_graph=True)
    call.tenant.purged_users[user.id] = number
    note(call, "Hard Delete user", user)
    call.effect = True
    return Reply(204)
