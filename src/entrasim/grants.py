"""Delegated permissions: reading a `scope`, and what a tenant or a user granted (`oAuth2PermissionGrant`).

Pages: "Scopes and permissions in the Microsoft identity platform", "oAuth2PermissionGrant resource type",
`grant-admin-consent`. Microsoft Graph is the only resource.
"""

import base64
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable

from entrasim import effective
from entrasim.directory_audit import note_by_user
from entrasim.errors import aadsts
from entrasim.state import GRAPH_APP_ID, AppRegistration, OAuth2PermissionGrant, ServicePrincipal, Tenant, User
from entrasim.tables.permissions import SIGN_IN_SCOPES, USER_CONSENT, scope_name
from entrasim.tables.roles import (
    APPLICATION_ADMINISTRATOR,
    CLOUD_APPLICATION_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
)

ALL_PRINCIPALS = "AllPrincipals"
PRINCIPAL = "Principal"
CONSENTING_ROLES = frozenset(
    {
        GLOBAL_ADMINISTRATOR,
        PRIVILEGED_ROLE_ADMINISTRATOR,
        APPLICATION_ADMINISTRATOR,
        CLOUD_APPLICATION_ADMINISTRATOR,
    }
)
"""Roles that may accept any delegated permission (application permissions of Graph are for the first two only)."""


def graph_principal_id(tenant_id: str) -> str:
    """The object id of Microsoft Graph's own service principal in a tenant: made from the tenant's id."""
    return f"{tenant_id[:24]}{GRAPH_APP_ID[-12:]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Scopes:
    """What a request asks for, taken apart."""

    sign_in: frozenset[str]  # openid, profile, email, offline_access
    graph: frozenset[str]  # names of Graph's delegated permissions
    is_default: bool  # `/.default`: whatever the app registration requires
    prefix: str  # how the client names the resource, with a slash; empty for short names

    def wanted(self, app: AppRegistration) -> frozenset[str]:
        """The delegated permissions of Graph that must be granted."""
        required = frozenset(app.required_scopes) - SIGN_IN_SCOPES if self.is_default else frozenset[str]()
        return self.graph | required


def read_scopes(text: str, audiences: Iterable[str]) -> Scopes:
    """Take a `scope` parameter apart.

    Raises:
        AadstsError: 70011 (another resource, or none at all), 650053 (Graph has no such permission).
    """
    resources = {f"{audience.rstrip('/')}/" for audience in audiences} | {f"{GRAPH_APP_ID}/"}
    sign_in: set[str] = set()
    graph: set[str] = set()
    is_default, prefix = False, ""
    for part in text.split():
        used = next((resource for resource in resources if part.lower().startswith(resource)), "")
        name = part[len(used) :].lstrip("/")
        if not used and part.lower() in SIGN_IN_SCOPES:
            sign_in.add(part.lower())
            continue
        if not used and ("/" in part or ":" in part):
            raise aadsts(
                70011,
                f"The provided request must include a 'scope' input parameter. The provided value for the input "
                f"parameter 'scope' is not valid. The scope {part} is not valid.",
            )
        prefix = prefix or used
        if name.lower() == ".default":
            is_default = True
            continue
        known = scope_name(name)
        if known is None:
            raise aadsts(
                650053,
                f"The application asked for scope '{name}' that doesn't exist on the resource '{GRAPH_APP_ID}'. "
                "Contact the app vendor.",
            )
        (sign_in if known in SIGN_IN_SCOPES else graph).add(known)
    if is_default and graph:
        raise aadsts(70011, "The provided value for the input parameter 'scope' is not valid. .default scope can't be "
                            "combined with resource-specific scopes.")  # fmt: skip
    return Scopes(frozenset(sign_in), frozenset(graph), is_default, prefix)


def principal_of(tenant: Tenant, app_id: str) -> ServicePrincipal | None:
    """The enterprise app of an app id; without lag, for a person goes on at once after accepting."""
    with tenant.lock:
        return next((sp for sp in tenant.service_principals.values() if sp.app_id == app_id), None)


def granted_scopes(tenant: Tenant, principal_id: str, user_id: str) -> frozenset[str]:
    """Delegated permissions that an enterprise app has for a user: those for everybody and the user's own."""
    with tenant.lock:
        return frozenset(
            name
            for grant in tenant.oauth2_permission_grants.values()
            if grant.client_id == principal_id
            and (grant.consent_type == ALL_PRINCIPALS or grant.principal_id == user_id)
            for name in grant.scope.split()
        )


def missing_scopes(tenant: Tenant, app: AppRegistration, user: User, asked: Scopes) -> frozenset[str] | None:
    """What has to be accepted first; None when nothing. OpenID Connect's own scopes come with the enterprise app."""
    principal = principal_of(tenant, app.app_id)
    if principal is None:
        return asked.wanted(app) | asked.sign_in
    granted = granted_scopes(tenant, principal.id, user.id)
    lacking = asked.wanted(app) - granted
    if lacking or (asked.is_default and not granted):
        return lacking
    return None


def may_accept(tenant: Tenant, user: User, scopes: Iterable[str]) -> bool:
    """Whether a user may accept these delegated permissions, for oneself or, with a role, for everybody."""
    return may_accept_all(tenant, user) or (user.user_type != "Guest" and set(scopes) <= USER_CONSENT)


def may_accept_all(tenant: Tenant, user: User) -> bool:
    """Whether a user may accept any delegated permission for the whole tenant; people's roles count at once."""
    moment = dt.datetime.max.replace(tzinfo=dt.UTC)
    return bool(effective.tenant_wide_roles(tenant, user.id, moment) & CONSENTING_ROLES)


def grant_id(client_id: str, resource_id: str, principal_id: str | None) -> str:
    """The id of a grant, which Entra ID also makes from the ids of those concerned."""
    ids = [client_id, resource_id, *([principal_id] if principal_id else [])]
    return base64.urlsafe_b64encode(b"".join(uuid.UUID(item).bytes_le for item in ids)).rstrip(b"=").decode()


def accept(
    tenant: Tenant,
    principal: ServicePrincipal,
    scopes: Iterable[str],
    *,
    user: User | None,
    everybody: bool,
    now: dt.datetime,
) -> OAuth2PermissionGrant | None:
    """Add delegated permissions to what was granted before; None when there was nothing to add."""
    wanted = set(scopes)
    resource = graph_principal_id(tenant.id)
    owner = None if everybody or user is None else user.id
    key = grant_id(principal.id, resource, owner)
    with tenant.lock:
        existing = tenant.oauth2_permission_grants.get(key)
        had = set(existing.scope.split()) if existing else set()
        if not wanted or wanted <= had:
            return existing
        if existing is None:
            existing = OAuth2PermissionGrant(
                key, principal.id, PRINCIPAL if owner else ALL_PRINCIPALS, owner, resource, "", now
            )
            tenant.oauth2_permission_grants[key] = existing
        existing.scope = " ".join(sorted(had | wanted))
        note_by_user(tenant, "Add delegated permission grant", principal, by=user, now=now)
        return existing


def forget_principal(tenant: Tenant, object_id: str) -> None:
    """Drop the grants of an enterprise app or user that is gone."""
    with tenant.lock:
        for key, grant in list(tenant.oauth2_permission_grants.items()):
            if object_id in {grant.client_id, grant.principal_id}:
                del tenant.oauth2_permission_grants[key]
