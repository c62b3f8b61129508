"""Reading users."""

from entrasim import enforcement, shapes
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.odata.pages import collection, count_only
from entrasim.state import User
from entrasim.tables import delegated
from entrasim.tables.skus import PREMIUM_PLANS, has_plan
from entrasim.web import Call, Reply, route

AREA = "users"
_SIGN_IN_PAGE = 500


def require_user(call: Call) -> User:
    """The user that the path names, by id or user principal name.

    Raises:
        GraphError: 404.
    """
    found = call.view.user(call.args["user"])
    if found is None:
        raise not_found(call.args["user"])
    return found


def _refuse_unlisted(call: Call) -> None:
    """Properties that need a licence or cannot be listed ("List users").

    Raises:
        GraphError: 403 or 501.
    """
    asked = {name.lower() for name in call.query.select}
    if "signinactivity" in asked or "signinactivity" in (call.query.filter or "").lower():
        if not has_plan(call.tenant.skus, PREMIUM_PLANS):
            raise GraphError(
                403,
                "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
                "Neither tenant is B2C or tenant doesn't have premium license",
            )
        raise GraphError(501, "NotImplemented", "entrasim does not simulate signInActivity yet.")
    unlisted = {"aboutme", "birthday", "hiredate", "interests", "mysite", "pastprojects", "responsibilities", "schools",
                "skills", "mailboxsettings"}  # fmt: skip
    if asked & unlisted:
        raise GraphError(501, "NotImplemented", "This operation target is not yet supported.")


@route("GET", "/users", area=AREA, operation="GET /users",
       summary="$select $top $filter $count $search $orderby, pages of up to 999")  # fmt: skip
def list_users(call: Call) -> Reply:
    """List users."""
    _refuse_unlisted(call)
    return collection(call, shapes.users(call.tenant), call.view.users, fragment="users")


@route("GET", "/users/$count", area=AREA, summary="How many users", operation="GET /users")
def count_users(call: Call) -> Reply:
    """List users, `/$count`."""
    return Reply(200, count_only(call, shapes.users(call.tenant), call.view.users))


@route("GET", "/users/<user>", area=AREA, operation="GET /users/{id}",
       summary="One user by id or user principal name (# as %23)")  # fmt: skip
def get_user(call: Call) -> Reply:
    """Get a user."""
    _refuse_unlisted(call)
    user = require_user(call)
    row = shapes.users(call.tenant).writer(call.query.select)(user)
    return Reply(200, {"@odata.context": call.metadata("users/$entity"), **row})


@route("GET", "/users/<user>/manager", area=AREA, operation="GET /users/{id}/manager",
       summary="The user's manager; 404 without one")  # fmt: skip
def get_manager(call: Call) -> Reply:
    """List manager: one directory object; $levels and $expand are not simulated."""
    if set(call.query.raw) - {"select", "format"}:
        raise GraphError(501, "NotImplemented", "entrasim simulates $select alone for a user's manager.")
    user = require_user(call)
    manager = call.view.user(user.manager_id) if user.manager_id else None
    if manager is None:
        raise not_found("manager")
    row = shapes.users(call.tenant).writer(call.query.select)(manager)
    context = {"@odata.context": call.metadata("directoryObjects/$entity"), "@odata.type": "#microsoft.graph.user"}
    return Reply(200, {**context, **row})


@route("GET", "/me", area=AREA, summary="The signed-in user; delegated only", operation=None)
def me(call: Call) -> Reply:
    """Get a user: the one in whose name the app calls."""
    if not call.token.is_delegated:
        raise bad_request("/me request is only valid with delegated authentication flow.", code="BadRequest")
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=False)
    if not caller.has(*delegated.SCOPES["GET /me"]):
        raise denied(lack_of_permission=True)
    _refuse_unlisted(call)
    user = call.tenant.users[call.token.object_id]
    row = shapes.users(call.tenant).writer(call.query.select)(user)
    return Reply(200, {"@odata.context": call.metadata("users/$entity"), **row})


@route("GET", "/users/<user>/licenseDetails", area=AREA, summary="Licences of a user",
       operation="GET /users/{id}/licenseDetails")  # fmt: skip
def license_details(call: Call) -> Reply:
    """List licenseDetails."""
    user = require_user(call)
    rows = []
    for sku_id in user.assigned_sku_ids:
        bought = call.tenant.skus.get(sku_id)
        if bought is not None:
            full = shapes.sku(call.tenant, bought)
            rows.append({"id": full["id"], "skuId": sku_id, "skuPartNumber": bought.sku_part_number,
                         "servicePlans": full["servicePlans"]})  # fmt: skip
    return Reply(200, {"@odata.context": call.metadata("users/licenseDetails"), "value": rows})
