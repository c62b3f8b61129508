"""Tokens in the name of a user: redeeming a code, and refreshing.

Pages: `v2-oauth2-auth-code-flow`, "Refresh tokens in the Microsoft identity platform". The access token holds every
delegated permission of Graph that is granted, not only those asked for this time, as the service does.
"""

import base64
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from entrasim import grants, tokens
from entrasim.codes import SignInFacts
from entrasim.errors import AadstsError, aadsts
from entrasim.state import AppRegistration, Tenant, User
from entrasim.tables.permissions import SIGN_IN_SCOPES

if TYPE_CHECKING:
    from entrasim.app import Context

_KEEPS_SIGNED_IN = "offline_access"


@dataclasses.dataclass(frozen=True, slots=True)
class _Session:
    """Who is signed in to what, and since when."""

    tenant: Tenant
    app: AppRegistration
    user: User
    authenticated_at: dt.datetime
    is_public: bool
    nonce: str | None = None
    sign_in: SignInFacts | None = None


def redeem(
    context: "Context",
    form: Mapping[str, str],
    app: AppRegistration,
    tenant: Tenant | None,
    *,
    host: str,
    has_credential: bool,
) -> tuple[Tenant, dict[str, Any]]:
    """The answer to `grant_type=authorization_code`, with the tenant that it is for.

    Raises:
        AadstsError: the code is worth nothing, the user may not sign in, or consent is missing by now.
    """
    code = context.codes.take(
        form.get("code", ""),
        app_id=app.app_id,
        redirect_uri=form.get("redirect_uri", ""),
        verifier=form.get("code_verifier"),
    )
    if tenant is not None and tenant.id != code.tenant_id:
        raise aadsts(70000, "The provided value for the 'code' parameter is not valid.")
    home = context.world.tenants[code.tenant_id]
    context.world.touch(home.id)
    session = _Session(
        home,
        app,
        _user(home, code.user_id),
        code.sign_in.at if code.sign_in else code.issued_at,
        is_public=not has_credential,
        nonce=code.nonce,
        sign_in=code.sign_in,
    )
    return home, _answer(context, session, form.get("scope") or code.scope, granted_by=code.scope, form=form, host=host)


def refresh(
    context: "Context",
    form: Mapping[str, str],
    app: AppRegistration,
    tenant: Tenant | None,
    *,
    host: str,
    has_credential: bool,
) -> tuple[Tenant, dict[str, Any]]:
    """The answer to `grant_type=refresh_token`, with the tenant that it is for.

    Raises:
        AadstsError: the token is worth nothing by now, or consent was taken back.
    """
    token = context.refresh_tokens.find(form.get("refresh_token", ""), app_id=app.app_id)
    if tenant is not None and tenant.id != token.tenant_id:
        raise aadsts(70000, "Provided grant is invalid or malformed.")
    home = context.world.tenants[token.tenant_id]
    context.world.touch(home.id)
    user = _user(home, token.user_id)
    ended = max(filter(None, (user.last_password_change_date_time, user.sign_in_sessions_valid_from_date_time)))
    if ended > token.authenticated_at:
        raise aadsts(
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
            "changed or reset their password.",
        )
    scope = form.get("scope") or "openid profile offline_access https://graph.microsoft.com/.default"
    session = _Session(home, app, user, token.authenticated_at, is_public=not has_credential)
    return home, _answer(context, session, scope, granted_by="offline_access", form=form, host=host)


def is_public(app: AppRegistration, redirect_uri: str) -> bool:
    """Whether the client of that address has no credential: it is one of a mobile or desktop app."""
    if matches_any(redirect_uri, app.redirect_uris):
        return False
    return app.is_fallback_public_client or matches_any(redirect_uri, app.public_redirect_uris)


def matches_any(given: str, registered: list[str]) -> bool:
    """Whether a redirect address is one of the registered, where the port of localhost does not count.

    Page: "Redirect URI (reply URL) outline and restrictions", Localhost exceptions.
    """
    return given in registered or _without_port(given) in {_without_port(uri) for uri in registered}


def _without_port(uri: str) -> str:
    for host in ("http://localhost", "http://127.0.0.1"):
        rest = uri.removeprefix(host)
        if rest != uri and rest[:1] in {"", ":", "/"}:
            port, slash, path = rest.partition("/")
            if port[:1] in {"", ":"} and (port[1:].isdigit() or not port):
                return f"{host}/{path}" if slash else f"{host}/"
    return uri


def _user(tenant: Tenant, user_id: str) -> User:
    with tenant.lock:
        user = tenant.users.get(user_id)
    if user is None:
        raise aadsts(50034, "The user account does not exist in the directory.")
    if not user.account_enabled:
        raise aadsts(50057, "The user account is disabled.")
    return user


def _answer(
    context: "Context",
    session: _Session,
    scope: str,
    *,
    granted_by: str,
    form: Mapping[str, str],
    host: str,
) -> dict[str, Any]:
    tenant, app, user = session.tenant, session.app, session.user
    asked = grants.read_scopes(scope, context.audiences)
    principal = grants.principal_of(tenant, app.app_id)
    if principal is None:
        raise not_consented(app)
    if not principal.account_enabled:
        raise aadsts(7000112, f"Application '{app.app_id}'({principal.display_name}) is disabled.")
    if grants.missing_scopes(tenant, app, user, asked) is not None:
        raise not_consented(app)
    granted = grants.granted_scopes(tenant, principal.id, user.id)
    held = sorted((granted | asked.sign_in) - {_KEEPS_SIGNED_IN})
    shown = [name if name in SIGN_IN_SCOPES else f"{asked.prefix}{name}" for name in held]
    body: dict[str, Any] = {
        "token_type": "Bearer",
        "scope": " ".join(shown),
        "expires_in": tokens.LIFETIME_SECONDS,
        "ext_expires_in": tokens.LIFETIME_SECONDS,
        "access_token": tokens.delegated(
            context, tenant, app, user, held, is_public=session.is_public, by_certificate="client_assertion" in form
        ),
    }
    if _KEEPS_SIGNED_IN in asked.sign_in | set(granted_by.split()):
        body["refresh_token"] = context.refresh_tokens.issue(
            app_id=app.app_id,
            tenant_id=tenant.id,
            user_id=user.id,
            is_public=session.is_public,
            authenticated_at=session.authenticated_at,
        )
    if "openid" in asked.sign_in:
        body["id_token"] = tokens.id_token(
            context,
            tenant,
            app,
            user,
            issuer=f"{host}/{tenant.id}/v2.0",
            nonce=session.nonce,
            scopes=asked.sign_in,
            sign_in=session.sign_in or SignInFacts(session.authenticated_at, user.methods, (), tenant.id),
        )
    if form.get("client_info") == "1":
        identity = orjson.dumps({"uid": user.id, "utid": tenant.id})
        body["client_info"] = base64.urlsafe_b64encode(identity).rstrip(b"=").decode()
    return body


def not_consented(app: AppRegistration) -> AadstsError:
    """AADSTS65001."""
    return aadsts(
        65001,
        f"The user or administrator has not consented to use the application with ID '{app.app_id}' named "
        f"'{app.display_name}'. Send an interactive authorization request for this user and resource.",
    )
