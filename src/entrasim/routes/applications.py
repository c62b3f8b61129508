"""App registrations (`application`) in their home tenant, with their credentials."""

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

from entrasim import credentials, enforcement, principals, registrations, shapes
from entrasim.errors import GraphError, bad_request, denied, not_found
from entrasim.odata.pages import collection
from entrasim.state import AppRegistration, ClientSecret, new_id
from entrasim.tables import delegated
from entrasim.web import Call, Reply, route

AREA = "app registrations"
_READ = "GET /applications"
_CHANGE = "PATCH /applications/{id}"
_LOGO_BYTES = 100 * 1024
_LOGO_KINDS = frozenset({"image/png", "image/jpeg", "image/gif"})
_SECRET_YEARS = 2


def _registered_here(call: Call) -> list[AppRegistration]:
    with call.context.world.lock:
        everything: Iterable[AppRegistration] = list(call.context.world.apps.values())
    return sorted((app for app in everything if app.home_tenant_id == call.tenant.id), key=lambda app: app.id)


def _require(call: Call) -> AppRegistration:
    wanted = (call.args.get("app") or call.args["application"]).lower()
    by_app_id = "app" in call.args
    for app in _registered_here(call):
        if wanted == (app.app_id if by_app_id else app.id):
            return app
    raise not_found(wanted)


@route("GET", "/applications", area=AREA, summary="$filter appId, displayName; pages", operation=_READ)
def list_applications(call: Call) -> Reply:
    """List applications."""
    return collection(
        call,
        registrations.shape(call.tenant),
        lambda after: [app for app in _registered_here(call) if app.id > after],
        fragment="applications",
    )


@route("GET", "/applications(appId='<app>')", area=AREA, summary="One by app id", operation=_READ)
@route("GET", "/applications/<application>", area=AREA, summary="One by object id", operation=_READ)
def get_application(call: Call) -> Reply:
    """Get application; the keys of its certificates only where `$select` names keyCredentials."""
    with_keys = "keyCredentials" in call.query.select
    row = registrations.shape(call.tenant, with_keys=with_keys).writer(call.query.select)(_require(call))
    return Reply(200, {"@odata.context": call.metadata("applications/$entity"), **row})


@route("POST", "/applications", area=AREA, summary="Register an app; its enterprise app is made apart",
       operation="POST /applications")  # fmt: skip
def create_application(call: Call) -> Reply:
    """Create application."""
    body = _body(call)
    if not body.get("displayName"):
        raise bad_request(
            "A value is required for property 'displayName' of resource 'Application'.",
            details=[{"code": "PropertyValueRequired", "target": "displayName", "message": "A value is required."}],
        )
    app = AppRegistration(
        app_id=new_id(),
        display_name=body["displayName"],
        home_tenant_id=call.tenant.id,
        created_date_time=shapes.seconds(call.view.now),
        sign_in_audience="AzureADMyOrg",
        owners=[call.token.object_id],
    )
    registrations.check(body, app)
    registrations.apply(body, app)
    with call.context.world.lock:
        call.context.world.apps[app.app_id] = app
    call.effect = True
    row = registrations.shape(call.tenant).writer()(app)
    headers = {"Location": f"{call.request.base_url}/v1.0/applications/{app.id}"}
    return Reply(201, {"@odata.context": call.metadata("applications/$entity"), **row}, headers)


def _body(call: Call) -> dict[str, Any]:
    return {name: value for name, value in call.json().items() if not name.startswith("@")}


def _changeable(call: Call) -> AppRegistration:
    """The app to change, if the caller administers apps or owns it.

    Raises:
        GraphError: 403 or 404.
    """
    app = _require(call)
    caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
    if caller.object_id in app.owners:
        return app
    if caller.is_delegated:
        enforcement.require_role(caller, delegated.APP_MANAGERS)
    elif not caller.has("Application.ReadWrite.All", "Directory.ReadWrite.All"):
        raise denied()
    return app


@route("PATCH", "/applications(appId='<app>')", area=AREA, summary="The same, by app id", operation=_CHANGE)
@route("PATCH", "/applications/<application>", area=AREA, operation=_CHANGE,
       summary="Names, addresses, audience, required permissions; keyCredentials are replaced as a whole")  # fmt: skip
def update_application(call: Call) -> Reply:
    """Update application."""
    app, body = _changeable(call), _body(call)
    if not body:
        raise bad_request("At least one property must be specified.")
    registrations.check(body, app)
    registrations.apply(body, app)
    call.effect = True
    return Reply(204)


@route("DELETE", "/applications(appId='<app>')", area=AREA, summary="The same, by app id",
       operation="DELETE /applications/{id}")  # fmt: skip
@route("DELETE", "/applications/<application>", area=AREA, summary="Delete, with the enterprise app at home",
       operation="DELETE /applications/{id}")  # fmt: skip
def delete_application(call: Call) -> Reply:
    """Delete application (soft delete is not simulated); enterprise apps elsewhere stay and get no token any more."""
    app = _changeable(call)
    with call.context.world.lock:
        del call.context.world.apps[app.app_id]
    for principal in [sp for sp in call.tenant.service_principals.values() if sp.app_id == app.app_id]:
        principals.delete(call.tenant, principal, now=call.view.now, call=call)
    call.effect = True
    return Reply(204)


@route("POST", "/applications(appId='<app>')/addPassword", area=AREA, summary="The same, by app id", operation=_CHANGE)
@route("POST", "/applications/<application>/addPassword", area=AREA, summary="A new secret, told once",
       operation=_CHANGE)  # fmt: skip
def add_password(call: Call) -> Reply:
    """application: addPassword."""
    app = _changeable(call)
    given = call.json().get("passwordCredential") or {}
    if not isinstance(given, dict):
        raise bad_request("Invalid value specified for property 'passwordCredential'.")
    start = credentials.read_moment(given.get("startDateTime")) or call.view.now
    end = credentials.read_moment(given.get("endDateTime")) or start + dt.timedelta(days=365 * _SECRET_YEARS)
    if end <= start:
        raise bad_request("Password credential end date is invalid.")
    made = ClientSecret(
        f"{secrets.token_urlsafe(2)[:3]}8Q~{secrets.token_urlsafe(26)[:34]}",
        display_name=given.get("displayName"),
        start_date_time=start,
        end_date_time=end,
    )
    app.passwords.append(made)
    call.effect = True
    row = credentials.password_row(made, with_text=True)
    return Reply(200, {"@odata.context": call.metadata("microsoft.graph.passwordCredential"), **row})


@route("POST", "/applications(appId='<app>')/removePassword", area=AREA, summary="The same, by app id",
       operation=_CHANGE)  # fmt: skip
@route("POST", "/applications/<application>/removePassword", area=AREA, summary="Remove a secret by keyId",
       operation=_CHANGE)  # fmt: skip
def remove_password(call: Call) -> Reply:
    """application: removePassword."""
    app = _changeable(call)
    key_id = _key_id(call)
    if all(item.key_id != key_id for item in app.passwords):
        raise bad_request(f"No password credential found with keyId '{key_id}'.")
    app.passwords = [item for item in app.passwords if item.key_id != key_id]
    call.effect = True
    return Reply(204)


def _key_id(call: Call) -> str:
    key_id = call.json().get("keyId")
    if not isinstance(key_id, str):
        raise bad_request("A value is required for property 'keyId'.")
    return key_id.lower()


def _with_proof(call: Call) -> AppRegistration:
    """The app whose key is rolled: the app itself needs no permission for that, a proof everybody needs.

    Raises:
        GraphError: 401 or 403.
    """
    app = _require(call)
    if call.token.is_delegated or call.token.app_id != app.app_id:
        caller = enforcement.caller_of(call.tenant, call.token, call.view.now, for_write=True)
        enforcement.require_operation(caller, _CHANGE)
        app = _changeable(call)
    credentials.check_proof(call.json().get("proof"), app, call.view.now)
    return app


@route("POST", "/applications(appId='<app>')/addKey", area=AREA, summary="The same, by app id", operation=None)
@route("POST", "/applications/<application>/addKey", area=AREA, operation=None,
       summary="Roll a certificate with a proof of the present one; an app may for itself")  # fmt: skip
def add_key(call: Call) -> Reply:
    """application: addKey."""
    app = _with_proof(call)
    body = call.json()
    if body.get("passwordCredential") is not None:
        raise GraphError(501, "NotImplemented", "entrasim does not simulate X509CertAndPassword.")
    made = credentials.read_key(body.get("keyCredential"), [])
    app.certificates.append(made)
    call.effect = True
    row = credentials.key_row(made, with_key=False)
    return Reply(200, {"@odata.context": call.metadata("microsoft.graph.keyCredential"), **row})


@route("POST", "/applications(appId='<app>')/removeKey", area=AREA, summary="The same, by app id", operation=None)
@route("POST", "/applications/<application>/removeKey", area=AREA, operation=None,
       summary="Remove a certificate by keyId, with a proof")  # fmt: skip
def remove_key(call: Call) -> Reply:
    """application: removeKey."""
    app = _with_proof(call)
    key_id = _key_id(call)
    if all(item.key_id != key_id for item in app.certificates):
        raise bad_request(f"No key credential found with keyId '{key_id}'.")
    app.certificates = [item for item in app.certificates if item.key_id != key_id]
    call.effect = True
    return Reply(204)


@route("PUT", "/applications(appId='<app>')/logo", area=AREA, summary="The same, by app id", operation=_CHANGE)
@route("PUT", "/applications/<application>/logo", area=AREA, summary="Upload the logo: PNG, JPEG or GIF",
       operation=_CHANGE)  # fmt: skip
def upload_logo(call: Call) -> Reply:
    """Set the application logo: the image itself as the body."""
    app = _changeable(call)
    kind = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _LOGO_KINDS or not call.request.body or len(call.request.body) > _LOGO_BYTES:
        raise bad_request("The logo must be a PNG, JPEG or GIF image of at most 100 KB.")
    app.logo = call.request.body
    kept = app.further.get("info")
    info = kept if isinstance(kept, dict) else registrations.FURTHER["info"]
    assert isinstance(info, dict)  # noqa: S101  the table above
    app.further["info"] = {**info, "logoUrl": f"{call.context.login_url}/logos/{app.app_id}/{len(app.logo)}"}
    call.effect = True
    return Reply(204)
