"""Access tokens and id tokens: what is in them, and reading Graph tokens back.

Pages: "Access token claims reference", "ID token claims reference", "OAuth 2.0 client credentials flow".
"""

import dataclasses
import datetime as dt
import secrets
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from entrasim import effective
from entrasim.codes import SignInFacts
from entrasim.errors import GraphError
from entrasim.state import GRAPH_APP_ID, AppRegistration, ServicePrincipal, Tenant, User
from entrasim.tables.roles import MEMBER_OF_THE_DIRECTORY

if TYPE_CHECKING:
    from entrasim.app import Context

LIFETIME_SECONDS = 3599
"""What the client credentials grant answers in practice; Microsoft promises only 60 to 90 minutes."""

_BEARER = "Bearer "


@dataclasses.dataclass(frozen=True, slots=True)
class GraphToken:
    """A token that Graph accepted."""

    tenant_id: str
    app_id: str
    object_id: str  # of the enterprise app, or of the user in whose name it calls
    roles: frozenset[str]
    wids: frozenset[str]
    is_delegated: bool
    scopes: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()  # how the user signed in: pwd, mfa


def app_only(
    context: "Context",
    tenant: Tenant,
    app: AppRegistration,
    principal: ServicePrincipal,
    *,
    audience: str,
    by_certificate: bool,
    without_roles: bool = False,
) -> str:
    """A v1.0 access token for Graph, with the permissions and directory roles in force now."""
    now = context.clock.now()
    roles = sorted(effective.permissions_of(tenant, principal, now))
    claims = {
        **_frame(tenant, now, audience),
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "app_displayname": principal.display_name,
        "appid": app.app_id,
        "appidacr": "2" if by_certificate else "1",
        "idp": f"https://sts.windows.net/{tenant.id}/",
        "idtyp": "app",
        "oid": principal.id,
        "sub": principal.id,
        "wids": effective.wids(tenant, principal.id, now),
        "ver": "1.0",
    }
    if roles and not without_roles:
        claims["roles"] = roles
    return context.keys.sign(claims)


def delegated(
    context: "Context",
    tenant: Tenant,
    app: AppRegistration,
    user: User,
    scopes: Iterable[str],
    *,
    is_public: bool,
    by_certificate: bool,
) -> str:
    """A v1.0 access token for Graph in the name of a user, with the user's directory roles in force now."""
    now = context.clock.now()
    guest = user.user_type == "Guest"
    roles = sorted(effective.tenant_wide_roles(tenant, user.id, now))
    claims = {
        **_frame(tenant, now, "https://graph.microsoft.com"),
        "iss": f"https://sts.windows.net/{tenant.id}/",
        "acct": int(guest),
        "acr": "1",
        "amr": list(user.methods),
        "app_displayname": app.display_name,
        "appid": app.app_id,
        "appidacr": "0" if is_public else "2" if by_certificate else "1",
        "idtyp": "user",
        "name": user.display_name,
        "oid": user.id,
        "scp": " ".join(scopes),
        "sub": f"{user.id[:8]}{GRAPH_APP_ID[:8]}",
        "unique_name": user.user_principal_name,
        "upn": user.user_principal_name,
        "wids": roles if guest else [*roles, MEMBER_OF_THE_DIRECTORY],
        "ver": "1.0",
    }
    return context.keys.sign(claims)


def id_token(
    context: "Context",
    tenant: Tenant,
    app: AppRegistration,
    user: User,
    *,
    issuer: str,
    nonce: str | None,
    scopes: Collection[str],
    sign_in: SignInFacts,
) -> str:
    """A v2.0 id token.

    Pages: "ID token claims reference" (`name`, `oid` and `preferred_username` need the scope `profile`), "Optional
    claims reference" (`auth_time`, `acrs`, `acct` and others only where the registration asks for them). Neither page
    puts `amr` or `acr` into a v2.0 token; a tenant here does so only when its handle was told to.
    """
    guest = user.user_type == "Guest"
    wanted = {str(claim.get("name")) for claim in _optional_id_token_claims(app)}
    claims = {
        **_frame(tenant, context.clock.now(), app.app_id),
        "iss": issuer,
        "sub": f"{user.id[:8]}{app.app_id[:8]}",
        "rh": f"1.{secrets.token_urlsafe(24)}",
        "ver": "2.0",
    }
    if "profile" in scopes:
        shown = user.mail if guest and user.mail else user.user_principal_name
        claims |= {"name": user.display_name, "oid": user.id, "preferred_username": shown}
    if user.mail and ("email" in scopes or "email" in wanted or guest):
        claims["email"] = user.mail
        if "xms_edov" in wanted:
            claims["xms_edov"] = not guest and user.mail.rpartition("@")[2].lower() in tenant.domains
    if sign_in.home_tenant_id != tenant.id:
        claims["idp"] = f"https://sts.windows.net/{sign_in.home_tenant_id}/"
    optional: dict[str, Any] = {
        "acct": int(guest),
        "auth_time": int(sign_in.at.timestamp()),
        "family_name": user.surname,
        "given_name": user.given_name,
        "upn": user.user_principal_name,
    }
    claims |= {name: value for name, value in optional.items() if name in wanted and value is not None}
    contexts = set(sign_in.contexts)
    if "acrs" in wanted:
        contexts |= {
            name
            for name, asks_mfa in tenant.authentication_contexts.items()
            if not asks_mfa or "mfa" in sign_in.methods
        }
    if contexts:
        claims["acrs"] = sorted(contexts)
    if tenant.id_tokens_tell_methods:
        claims |= {"amr": list(sign_in.methods), "acr": "1"}
    if nonce:
        claims["nonce"] = nonce
    return context.keys.sign(claims)


def _optional_id_token_claims(app: AppRegistration) -> list[dict[str, Any]]:
    optional = app.further.get("optionalClaims")
    found = optional.get("idToken") if isinstance(optional, dict) else None
    return found if isinstance(found, list) else []


def _frame(tenant: Tenant, now: dt.datetime, audience: str) -> dict[str, Any]:
    issued = int(now.timestamp())
    return {
        "aud": audience,
        "iat": issued,
        "nbf": issued,
        "exp": issued + LIFETIME_SECONDS,
        "tid": tenant.id,
        "uti": secrets.token_urlsafe(16),
    }


def issue_code(
    context: "Context",
    *,
    tenant: Tenant,
    user: User,
    app: AppRegistration,
    redirect_uri: str,
    scope: str,
    nonce: str | None = None,
    code_challenge: str | None = None,
    code_challenge_method: str | None = None,
) -> str:
    """An authorization code for a user who just signed in; the same as `context.codes.issue`."""
    return context.codes.issue(
        app_id=app.app_id,
        tenant_id=tenant.id,
        user_id=user.id,
        redirect_uri=redirect_uri,
        scope=scope,
        nonce=nonce,
        code_challenge=code_challenge,
        code_challenge_method=code_challenge_method,
    )


def read_bearer(context: "Context", authorization: str) -> GraphToken:
    """The token of an Authorization header.

    Raises:
        GraphError: 401 with the reasons that Graph gives.
    """
    if not authorization.startswith(_BEARER) or not authorization[len(_BEARER) :].strip():
        raise _unauthenticated("Access token is empty.")
    try:
        claims = context.keys.read(authorization[len(_BEARER) :].strip())
    except ValueError as error:
        raise _unauthenticated(f"IDX10511: Signature validation failed: {error}.") from error
    if claims.get("aud") not in {*context.audiences, GRAPH_APP_ID}:
        raise _unauthenticated("Access token validation failure. Invalid audience.")
    if context.clock.now().timestamp() >= claims["exp"]:
        raise _unauthenticated("Lifetime validation failed, the token is expired.")
    return GraphToken(
        tenant_id=claims["tid"],
        app_id=claims.get("appid", ""),
        object_id=claims["oid"],
        roles=frozenset(claims.get("roles", ())),
        wids=frozenset(claims.get("wids", ())),
        is_delegated="scp" in claims,
        scopes=frozenset(str(claims.get("scp", "")).split()),
        amr=frozenset(claims.get("amr", ())),
    )


def _unauthenticated(message: str) -> GraphError:
    return GraphError(
        401,
        "InvalidAuthenticationToken",
        message,
        headers={"WWW-Authenticate": 'Bearer realm="", authorization_uri="/common/oauth2/authorize"'},
    )
