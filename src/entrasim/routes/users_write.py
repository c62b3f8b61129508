"""Changing users: create, update with all refusals, delete, revoke sessions."""

import re
from typing import Any

from entrasim import enforcement, passwords, shapes
from entrasim.changes import changing, find_user, record
from entrasim.directory_audit import note
from entrasim.errors import GraphError, bad_request
from entrasim.routes.users import require_user
from entrasim.state import User, new_id
from entrasim.web import Call, Reply, route

AREA = "users"

_TEXTS = {
    "city": "city", "companyName": "company_name", "country": "country", "department": "department",
    "displayName": "display_name", "employeeId": "employee_id", "givenName": "given_name", "jobTitle": "job_title",
    "mail": "mail", "mailNickname": "mail_nickname", "mobilePhone": "mobile_phone", "officeLocation": "office_location",
    "onPremisesImmutableId": "on_premises_immutable_id", "passwordPolicies": "password_policies",
    "preferredLanguage": "preferred_language", "surname": "surname", "usageLocation": "usage_location",
    "userPrincipalName": "user_principal_name", "userType": "user_type",
}  # fmt: skip
_LISTS = {"businessPhones": "business_phones", "otherMails": "other_mails"}
_WRITABLE = {*_TEXTS, *_LISTS, "accountEnabled", "passwordProfile"}
_REQUIRED_TEXTS = {"displayName", "userPrincipalName"}
_MASTERED = {
    "businessPhones", "city", "companyName", "country", "department", "displayName", "givenName", "jobTitle",
    "mailNickname", "mobilePhone", "officeLocation", "onPremisesImmutableId", "surname", "passwordProfile",
}  # fmt: skip
"""Properties of a synced user whose authority is Active Directory. Blocking sign-in is taken (the next sync may undo
it)."""

_UPN = re.compile(r"[A-Za-z0-9'._!#^~-]{1,64}@[A-Za-z0-9.-]{1,48}$")
_PASSWORD_POLICIES = {"", "None", "DisablePasswordExpiration", "DisableStrongPassword"}


@route("POST", "/users", area=AREA, summary="Create a user", operation="POST /users")
def create_user(call: Call) -> Reply:
    """Create user."""
    body = call.json()
    for name in ("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"):
        if name not in body:
            raise bad_request(
                f"A value is required for property '{name}' of resource 'User'.",
                details=[{"code": "PropertyValueRequired", "target": name, "message": "A value is required."}],
            )
    _check_values(call, body, None)
    profile = body["passwordProfile"]
    password = passwords.check(
        profile.get("password") if isinstance(profile, dict) else None, user_principal_name=body["userPrincipalName"]
    )
    now = shapes.seconds(call.view.now)
    user = User(
        id=new_id(),
        user_principal_name=body["userPrincipalName"],
        display_name=body["displayName"],
        created_date_time=now,
        last_password_change_date_time=now,
        password=password,
    )
    _apply(user, body)
    _apply_profile(user, profile)
    call.tenant.users[user.id] = user
    user.change_number = record(
        call.tenant, kind="user", object_id=user.id, before=None, now=call.view.now, by_graph=True
    )
    note(call, "Add user", user)
    call.effect = True
    row = shapes.users(call.tenant).writer()(user)
    headers = {"Location": f"{call.request.base_url}/v1.0/users/{user.id}"}
    return Reply(201, {"@odata.context": call.metadata("users/$entity"), **row}, headers)


@route("PATCH", "/users/<user>", area=AREA, operation="PATCH /users/{id}",
       summary="Update; accountEnabled and passwordProfile by role and permission")  # fmt: skip
def update_user(call: Call) -> Reply:
    """Update user."""
    user = _target(call)
    body = {name: value for name, value in call.json().items() if not name.startswith("@")}
    if not body:
        raise bad_request("At least one property must be specified.")
    _check_known(body)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    is_enabling = body.get("accountEnabled") is True
    enforcement.require_update(call.tenant, caller, user, set(body), call.view.now, is_enabling=is_enabling)
    profile = body.get("passwordProfile")
    if "passwordProfile" in body:
        passwords.require_cloud_password(call.tenant, user)
    if user.on_premises_sync_enabled and set(body) & _MASTERED:
        raise passwords.on_premises_mastered()
    _check_values(call, body, user)
    password = _new_password(profile, user)
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        _apply(user, body)
        if isinstance(profile, dict):
            _apply_profile(user, profile)
        if password is not None:
            user.password = password
            user.last_password_change_date_time = shapes.seconds(call.view.now)
    call.effect = True
    if password is not None:
        note(call, "Reset user password", user)
    if "accountEnabled" in body:
        note(call, "Enable account" if body["accountEnabled"] else "Disable account", user)
    if set(body) - {"passwordProfile"}:
        note(call, "Update user", user, changed=sorted(set(body) - {"passwordProfile"}))
    return Reply(204)


@route("DELETE", "/users/<user>", area=AREA, summary="Delete (soft)", operation="DELETE /users/{id}")
def delete_user(call: Call) -> Reply:
    """Delete a user: it goes to the deleted items for 30 days."""
    user = _target(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_delete(call.tenant, caller, user, call.view.now, operation="DELETE /users/{id}")
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        user.deleted_date_time = shapes.seconds(call.view.now)
        del call.tenant.users[user.id]
        call.tenant.deleted_users[user.id] = user
    note(call, "Delete user", user)
    call.effect = True
    return Reply(204)


@route("POST", "/users/<user>/revokeSignInSessions", area=AREA, summary="Revoke sessions by the reset table",
       operation="POST /users/{id}/revokeSignInSessions")  # fmt: skip
def revoke_sign_in_sessions(call: Call) -> Reply:
    """user: revokeSignInSessions: moves signInSessionsValidFromDateTime; access tokens stay valid."""
    user = _target(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    enforcement.require_revoke(call.tenant, caller, user, call.view.now)
    with changing(call.tenant, user, now=call.view.now, by_graph=True):
        user.sign_in_sessions_valid_from_date_time = shapes.seconds(call.view.now)
    note(call, "Update StsRefreshTokenValidFrom Timestamp", user)
    call.effect = True
    return Reply(200, {"@odata.context": f"{call.request.base_url}/v1.0/$metadata#Edm.Boolean", "value": True})


@route("POST", "/users/<user>/authentication/methods/<method>/resetPassword", area=AREA,
       summary="Refused: delegated only", operation=None)  # fmt: skip
def reset_password_method(_call: Call) -> Reply:
    """authenticationMethod: resetPassword: not for applications."""
    raise GraphError(403, "accessDenied", "Request Authorization failed")


def _target(call: Call) -> User:
    """The user to change: reads may be stale, writes never are."""
    require_user(call)
    found = find_user(call.tenant, call.args["user"])
    if found is None:
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{call.args['user']}' does not exist.")
    return found


def _check_known(body: dict[str, Any]) -> None:
    fields = shapes.USER_PROPERTIES
    for name in body:
        if name in _WRITABLE:
            continue
        if name in fields:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        raise bad_request(
            f"One or more property values specified are invalid: property '{name}' does not exist as a declared "
            "property or extension property."
        )


def _check_values(call: Call, body: dict[str, Any], user: User | None) -> None:
    _check_known(body)
    for name, value in body.items():
        if name in _TEXTS and not (isinstance(value, str) or (value is None and name not in _REQUIRED_TEXTS)):
            raise _invalid(name)
        if name in _LISTS and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise _invalid(name)
        if name == "accountEnabled" and not isinstance(value, bool):
            raise _invalid(name)
        if name == "displayName" and not value:
            raise _invalid(name)
        if name == "userType" and value not in {"Member", "Guest"}:
            raise _invalid(name)
        if name == "usageLocation" and value is not None and not re.fullmatch(r"[A-Z]{2}", value):
            raise _invalid(name)
        if name == "passwordPolicies" and {part.strip() for part in (value or "").split(",")} - _PASSWORD_POLICIES:
            raise _invalid(name)
    if "userPrincipalName" in body:
        _check_upn(call, body["userPrincipalName"], user)


def _check_upn(call: Call, upn: str, user: User | None) -> None:
    if not _UPN.match(upn):
        raise _invalid("userPrincipalName")
    if upn.rpartition("@")[2].lower() not in call.tenant.domains:
        raise bad_request(
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain "
            "names in your organization."
        )
    other = find_user(call.tenant, upn)
    if other is not None and other is not user:
        raise bad_request(
            "Another object with the same value for property userPrincipalName already exists.",
            details=[
                {
                    "code": "ObjectConflict",
                    "target": "userPrincipalName",
                    "message": "Another object with the same value for property userPrincipalName already exists.",
                }
            ],
        )


def _invalid(name: str) -> GraphError:
    return bad_request(f"Invalid value specified for property '{name}' of resource 'User'.")


def _new_password(profile: object, user: User) -> str | None:
    if profile is None:
        return None
    if not isinstance(profile, dict):
        raise _invalid("passwordProfile")
    unknown = set(profile) - {"password", "forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa"}
    if {name for name in unknown if not name.startswith("@")}:
        raise _invalid("passwordProfile")
    if "password" not in profile:
        return None
    return passwords.check(profile["password"], user_principal_name=user.user_principal_name)


def _apply(user: User, body: dict[str, Any]) -> None:
    for name, value in body.items():
        if name in _TEXTS:
            setattr(user, _TEXTS[name], value)
        elif name in _LISTS:
            setattr(user, _LISTS[name], list(value))
        elif name == "accountEnabled":
            user.account_enabled = value


def _apply_profile(user: User, profile: dict[str, Any]) -> None:
    # Graph forces a change unless the client says otherwise together with a new password.
    if "password" in profile or "forceChangePasswordNextSignIn" in profile:
        user.force_change_password_next_sign_in = bool(profile.get("forceChangePasswordNextSignIn", True))
    if "forceChangePasswordNextSignInWithMfa" in profile:
        user.force_change_password_next_sign_in_with_mfa = bool(profile["forceChangePasswordNextSignInWithMfa"])
