"""App registrations as Graph writes and reads them (`application`): the same objects that sign-in and tokens check."""

import urllib.parse
import uuid
from typing import Any

from entrasim import credentials
from entrasim.errors import bad_request
from entrasim.odata.pages import Shape
from entrasim.state import GRAPH_APP_ID, AppRegistration, Tenant
from entrasim.tables.permissions import APPLICATION, DELEGATED, PERMISSION_NAMES, SCOPE_NAMES

AUDIENCES = ("AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")
_MOST_REDIRECT_URIS = 256
_LOCAL = frozenset({"localhost", "127.0.0.1"})

FURTHER: dict[str, object] = {
    "addIns": [],
    "api": {
        "acceptMappedClaims": None, "knownClientApplications": [], "oauth2PermissionScopes": [],
        "preAuthorizedApplications": [], "requestedAccessTokenVersion": None,
    },
    "appRoles": [],
    "description": None,
    "groupMembershipClaims": None,
    "identifierUris": [],
    "info": {
        "logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None,
        "termsOfServiceUrl": None,
    },
    "notes": None,
    "optionalClaims": None,
    "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
    "samlMetadataUrl": None,
    "serviceManagementReference": None,
    "spa": {"redirectUris": []},
    "tags": [],
}  # fmt: skip
"""Properties that are kept and shown, and have no effect here; with what they are when nobody set them."""

_WRITABLE = frozenset(
    {"displayName", "signInAudience", "web", "publicClient", "isFallbackPublicClient", "requiredResourceAccess",
     "keyCredentials", *FURTHER}
)  # fmt: skip


def shape(tenant: Tenant, *, with_keys: bool = False) -> Shape:
    """`microsoft.graph.application` in its home tenant."""
    fields: dict[str, Any] = {
        "id": lambda app: app.id,
        "deletedDateTime": lambda _app: None,
        "appId": lambda app: app.app_id,
        "applicationTemplateId": lambda _app: None,
        "createdDateTime": lambda app: app.created_date_time,
        "displayName": lambda app: app.display_name,
        "isFallbackPublicClient": lambda app: app.is_fallback_public_client or None,
        "keyCredentials": lambda app: [credentials.key_row(key, with_key=with_keys) for key in app.certificates],
        "passwordCredentials": lambda app: [credentials.password_row(item, with_text=False) for item in app.passwords],
        "publicClient": lambda app: {"redirectUris": app.public_redirect_uris},
        "publisherDomain": lambda _app: tenant.default_domain,
        "requiredResourceAccess": required_resource_access,
        "signInAudience": lambda app: app.sign_in_audience,
        "web": lambda app: {
            "homePageUrl": None,
            "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
            "logoutUrl": None,
            **_kept_of_web(app),
            "redirectUris": app.redirect_uris,
        },
        **{name: _kept(name) for name in FURTHER},
    }
    return Shape(fields, tuple(fields), "microsoft.graph.application", navigation=("owners", "logo"))


def _kept(name: str) -> Any:  # noqa: ANN401  a getter
    def read(app: AppRegistration) -> object:
        return app.further.get(name, FURTHER[name])

    return read


def _kept_of_web(app: AppRegistration) -> dict[str, Any]:
    kept = app.further.get("web")
    return dict(kept) if isinstance(kept, dict) else {}


def required_resource_access(app: AppRegistration) -> list[dict[str, Any]]:
    """`requiredResourceAccess`: Graph's permissions, then what other resources the app names."""
    access = [{"id": role_id, "type": "Role"} for role_id in app.required_app_roles]
    access += [{"id": DELEGATED[name], "type": "Scope"} for name in app.required_scopes]
    elsewhere = [dict(entry) for entry in app.required_elsewhere]
    return ([{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}] if access else []) + elsewhere


def check(body: dict[str, Any], app: AppRegistration) -> None:
    """Refuse what Graph would, before anything changes.

    Raises:
        GraphError: 400.
    """
    _check_names(body)
    name = body.get("displayName", app.display_name)
    if not isinstance(name, str) or not 1 <= len(name) <= 256:  # noqa: PLR2004  documented length
        raise _invalid("displayName")
    if body.get("signInAudience", app.sign_in_audience) not in AUDIENCES:
        raise _invalid("signInAudience")
    for platform in ("web", "publicClient", "spa"):
        if platform in body:
            _check_redirect_uris(body[platform], platform)
    if "requiredResourceAccess" in body:
        _check_required(body["requiredResourceAccess"])
    keys = body.get("keyCredentials", [])
    if not isinstance(keys, list):
        raise _invalid("keyCredentials")
    for key in keys:
        credentials.read_key(key, app.certificates)


def _check_names(body: dict[str, Any]) -> None:
    for name in body:
        if name in {"passwordCredentials", "certification", "id", "appId", "createdDateTime", "publisherDomain"}:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
        if name not in _WRITABLE:
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.application'.")


def apply(body: dict[str, Any], app: AppRegistration) -> None:
    """Take over what `check` let through."""
    app.display_name = body.get("displayName", app.display_name)
    app.sign_in_audience = body.get("signInAudience", app.sign_in_audience)
    if "isFallbackPublicClient" in body:
        app.is_fallback_public_client = bool(body["isFallbackPublicClient"])
    web = body.get("web")
    if isinstance(web, dict):
        app.redirect_uris = list(web.get("redirectUris", app.redirect_uris))
        rest = {name: value for name, value in web.items() if name in {"homePageUrl", "logoutUrl"}}
        app.further["web"] = {**_kept_of_web(app), **rest}
    if isinstance(body.get("publicClient"), dict):
        app.public_redirect_uris = list(body["publicClient"].get("redirectUris", app.public_redirect_uris))
    if "requiredResourceAccess" in body:
        _apply_required(body["requiredResourceAccess"], app)
    if "keyCredentials" in body:
        app.certificates = [credentials.read_key(key, app.certificates) for key in body["keyCredentials"]]
    for name in FURTHER.keys() & body.keys():
        app.further[name] = body[name]


def _invalid(name: str) -> Exception:
    return bad_request(
        f"Invalid value specified for property '{name}' of resource 'Application'.",
        details=[{"code": "InvalidValue", "target": name, "message": f"Invalid value specified for '{name}'."}],
    )


def _check_redirect_uris(platform: object, name: str) -> None:
    """Redirect addresses of a platform ("Redirect URI (reply URL) outline and restrictions")."""
    uris = platform.get("redirectUris", []) if isinstance(platform, dict) else None
    if not isinstance(uris, list) or len(uris) > _MOST_REDIRECT_URIS or len(set(map(str, uris))) != len(uris):
        raise _invalid(f"{name}.redirectUris")
    for uri in uris:
        parts = urllib.parse.urlsplit(str(uri))
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
        custom = name == "publicClient" and parts.scheme not in {"", "http", "https"}
        if not ((secure and parts.hostname) or custom) or parts.fragment or "*" in str(uri) or parts.username:
            raise _invalid(f"{name}.redirectUris")


def _check_required(value: object) -> None:
    if not isinstance(value, list):
        raise _invalid("requiredResourceAccess")
    for resource in value:
        access = resource.get("resourceAccess") if isinstance(resource, dict) else None
        if not isinstance(access, list) or not _is_guid(resource.get("resourceAppId")):
            raise _invalid("requiredResourceAccess")
        for entry in access:
            if not isinstance(entry, dict) or entry.get("type") not in {"Role", "Scope"}:
                raise _invalid("requiredResourceAccess")
            if not _is_guid(entry.get("id")):
                raise _invalid("requiredResourceAccess")
    names = [str(resource["resourceAppId"]).lower() for resource in value]
    if len(set(names)) != len(names):
        raise _invalid("requiredResourceAccess")


def _is_guid(text: object) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True


def _apply_required(value: list[dict[str, Any]], app: AppRegistration) -> None:
    app.required_app_roles, app.required_scopes, app.required_elsewhere = [], [], []
    for resource in value:
        if str(resource["resourceAppId"]).lower() != GRAPH_APP_ID:
            app.required_elsewhere.append(resource)
            continue
        unknown = []
        for entry in resource["resourceAccess"]:
            key = str(entry["id"]).lower()
            if entry["type"] == "Role" and key in PERMISSION_NAMES:
                app.required_app_roles.append(APPLICATION[PERMISSION_NAMES[key]])
            elif entry["type"] == "Scope" and key in SCOPE_NAMES:
                app.required_scopes.append(SCOPE_NAMES[key])
            else:
                unknown.append(entry)
        if unknown:
            # Graph keeps ids that the resource does not publish; they mean nothing when consent is asked for.
            app.required_elsewhere.append({"resourceAppId": GRAPH_APP_ID, "resourceAccess": unknown})
