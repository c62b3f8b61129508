"""Consent of an administrator to an app for a whole tenant ("grant-admin-consent")."""

import datetime as dt
from collections.abc import Iterable

from entrasim import effective, grants
from entrasim.clock import Clock
from entrasim.directory_audit import note_by_user
from entrasim.state import AppRegistration, AppRoleAssignment, ServicePrincipal, Tenant, User, World, new_id
from entrasim.tables.permissions import app_role_id
from entrasim.tables.roles import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR

CONSENTING_ROLES = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
"""Roles that may consent to application permissions of Microsoft Graph."""


def may_consent(tenant: Tenant, user: User, now: dt.datetime | None = None) -> bool:
    """Whether a user may consent to application permissions for the tenant; people's roles count at once."""
    moment = now or dt.datetime.max.replace(tzinfo=dt.UTC)
    return bool(effective.tenant_wide_roles(tenant, user.id, moment) & CONSENTING_ROLES)


def grant(  # noqa: PLR0917  the order that the pages call it in
    world: World,
    tenant: Tenant,
    app: AppRegistration,
    admin_user: User | None,
    clock: Clock,
    scopes: Iterable[str] | None = None,
    *,
    display_name: str | None = None,
    at: dt.datetime | None = None,
    delegated: Iterable[str] | None = None,
) -> ServicePrincipal:
    """Create or bring up to date the enterprise app of an app in a tenant.

    The permissions become exactly those asked for: granting consent again takes back what is no longer asked.

    Args:
        world: everything there is; the app must be registered in it.
        tenant: who consents.
        app: to what.
        admin_user: the administrator, for the tenant's audit log.
        clock: tells now.
        scopes: application permissions by name or id; all that the registration requires when None.
        display_name: this tenant's copy of the name, the registration's when None and new.
        at: when it happened, now when None.
        delegated: delegated permissions to add for everybody; all that the registration requires when None.
    """
    if world.apps.get(app.app_id) is not app:
        raise ValueError(f"the app {app.app_id} is not registered in this world")
    now = at or clock.now()
    wanted = {app_role_id(name) for name in (app.required_app_roles if scopes is None else scopes)}
    with tenant.lock:
        principal = next((sp for sp in tenant.service_principals.values() if sp.app_id == app.app_id), None)
        if principal is None:
            principal = install(tenant, app, now=now, by=admin_user, display_name=display_name)
        elif display_name is not None:
            principal.display_name = display_name
        granted = principal.app_role_assignments
        for role_id in sorted(set(granted) - wanted):
            del granted[role_id]
            note_by_user(tenant, "Remove app role assignment from service principal", principal, by=admin_user, now=now)
        for role_id in sorted(wanted - set(granted)):
            granted[role_id] = AppRoleAssignment(new_id(), role_id, now)
            note_by_user(tenant, "Add app role assignment to service principal", principal, by=admin_user, now=now)
        asked = app.required_scopes if delegated is None else delegated
        grants.accept(tenant, principal, asked, user=admin_user, everybody=True, now=now)
        note_by_user(tenant, "Consent to application", principal, by=admin_user, now=now)
        return principal


def install(
    tenant: Tenant, app: AppRegistration, *, now: dt.datetime, by: User | None = None, display_name: str | None = None
) -> ServicePrincipal:
    """The enterprise app of an app in a tenant, made without any permission where there is none yet."""
    with tenant.lock:
        found = next((sp for sp in tenant.service_principals.values() if sp.app_id == app.app_id), None)
        if found is None:
            found = ServicePrincipal(
                id=new_id(),
                app_id=app.app_id,
                display_name=display_name or app.display_name,
                created_date_time=now,
                app_owner_organization_id=app.home_tenant_id,
            )
            tenant.service_principals[found.id] = found
            note_by_user(tenant, "Add service principal", found, by=by, now=now)
        return found
