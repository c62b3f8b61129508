"""The handle: setting up a world, changing it behind the client's back, scripting faults, looking at what happened.

It never asks who may; it is the test's hand, not a client. Everything is reachable over the control address too.
"""

import datetime as dt
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

from entrasim.journal import JournalEntry
from entrasim.people import people
from entrasim.state import (
    AppRegistration,
    Certificate,
    ClientSecret,
    Domain,
    Lag,
    RoleAssignment,
    ServicePrincipal,
    Tenant,
    User,
    new_id,
)
from entrasim.tables import skus
from entrasim.tables.permissions import app_role_id
from entrasim.tables.roles import GLOBAL_ADMINISTRATOR
from entrasim.tenant_handle import TenantHandle

if TYPE_CHECKING:
    from entrasim.app import Context

__all__ = ["ADMIN_PASSWORD", "Handle", "TenantHandle"]

ADMIN_PASSWORD = "Correct-Horse-7-Battery"  # noqa: S105  known on purpose: a simulated administrator
_PAST = dt.timedelta(days=400)
"""New tenants and their administrators are this old, so that no lag hides them."""


class Handle:
    """The whole world."""

    def __init__(self, context: "Context") -> None:
        self._context = context

    @property
    def context(self) -> "Context":
        """Clock, faults, throttle and the rest."""
        return self._context

    def new_tenant(
        self,
        *,
        name: str = "Contoso",
        domain: str | None = None,
        kind: str = "plain",
        plan: str | None = None,
        users: int = 0,
        lag: Lag | None = None,
    ) -> TenantHandle:
        """A fresh tenant with its initial domain, a custom domain and a Global Administrator.

        Args:
            name: display name.
            domain: custom domain, made from the name when None.
            kind: what is special about it, in words.
            plan: None, p1, p2, governance or p2-expired.
            users: how many ordinary users to put in.
            lag: how late changes become visible; not at all when None.
        """
        world = self._context.world
        now = self._context.clock.now().replace(microsecond=0)
        slug = re.sub(r"[^a-z0-9]", "", name.lower())[:20] or "tenant"
        custom = (domain or f"{slug}.example").lower()
        with world.lock:
            taken = {name for tenant in world.tenants.values() for name in tenant.domains}
            initial = f"{slug}.onmicrosoft.com"
            while initial in taken:
                initial = f"{slug}{secrets.token_hex(3)}.onmicrosoft.com"
            if custom in taken:
                if domain is not None:
                    raise ValueError(f"the domain {custom} belongs to another tenant")
                custom = f"{initial.partition('.')[0]}.example"
            tenant = Tenant(
                id=new_id(),
                display_name=name,
                created_date_time=now - _PAST,
                kind=kind,
                lag=lag or Lag(),
                domains={
                    initial: Domain(initial, is_initial=True),
                    custom: Domain(custom, is_default=True),
                },
            )
            world.tenants[tenant.id] = tenant
            world.touch(tenant.id)
        for bought in skus.skus_of_plan(plan) if plan else ():
            tenant.skus[bought.sku_id] = bought
        handle = TenantHandle(self._context, tenant)
        admin = User(
            id=new_id(),
            user_principal_name=f"admin@{initial}",
            display_name=f"{name} Administrator",
            created_date_time=now - _PAST,
            last_password_change_date_time=now - _PAST,
            password=ADMIN_PASSWORD,
        )
        tenant.users[admin.id] = admin
        held = RoleAssignment(new_id(), admin.id, GLOBAL_ADMINISTRATOR, "/", now - _PAST)
        tenant.role_assignments[held.id] = held
        for user in people(users, domain=custom, now=now):
            tenant.users[user.id] = user
        return handle

    def register_app(
        self,
        *,
        display_name: str = "An app",
        app_id: str | None = None,
        secret: str | None = None,
        certificate_pem: str | None = None,
        redirect_uris: Iterable[str] = (),
        required_app_roles: Iterable[str] = (),
        required_scopes: Iterable[str] = (),
        home_tenant_id: str | None = None,
        public_redirect_uris: Iterable[str] = (),
        sign_in_audience: str = "AzureADMultipleOrgs",
        id_token_claims: Iterable[str] = (),
    ) -> AppRegistration:
        """An app, multi-tenant unless said otherwise.

        With a home tenant in this world, its service principal exists there at once.

        Args:
            display_name: shown when consent is asked for.
            app_id: client id, made when None.
            secret: a client secret.
            certificate_pem: a public certificate for client assertions.
            redirect_uris: registered addresses.
            required_app_roles: application permissions of Graph, by name or id.
            required_scopes: names of delegated permissions.
            home_tenant_id: where it is registered; an id of no tenant here when None.
            public_redirect_uris: addresses of a mobile or desktop app, which has no credential; any port of localhost.
            sign_in_audience: AzureADMultipleOrgs, or AzureADMyOrg for the home tenant only.
            id_token_claims: names of optional claims of id tokens, auth_time for one.

        Raises:
            KeyError: an unknown permission.
        """
        app = AppRegistration(
            app_id=(app_id or new_id()).lower(),
            display_name=display_name,
            home_tenant_id=home_tenant_id or new_id(),
            redirect_uris=list(redirect_uris),
            public_redirect_uris=list(public_redirect_uris),
            created_date_time=self._context.clock.now().replace(microsecond=0) - _PAST,
            sign_in_audience=sign_in_audience,
            passwords=[ClientSecret(secret)] if secret else [],
            certificates=[Certificate(certificate_pem)] if certificate_pem else [],
            required_app_roles=[app_role_id(name) for name in required_app_roles],
            required_scopes=list(required_scopes),
        )
        if names := list(id_token_claims):
            app.further["optionalClaims"] = {
                "idToken": [{"name": name, "essential": False, "additionalProperties": []} for name in names]
            }
        world = self._context.world
        with world.lock:
            world.apps[app.app_id] = app
        home = world.tenants.get(app.home_tenant_id)
        if home is not None:
            principal = ServicePrincipal(
                new_id(), app.app_id, app.display_name, self._context.clock.now() - _PAST, app.home_tenant_id
            )
            with home.lock:
                home.service_principals[principal.id] = principal
            world.touch(home.id)
        return app

    def tenant(self, tenant_id: str) -> TenantHandle:
        """The tenant of that id.

        Raises:
            KeyError: no such tenant.
        """
        return TenantHandle(self._context, self._context.world.tenants[str(tenant_id).lower()])

    def find_tenant(self, domain: str) -> TenantHandle:
        """The tenant with that domain.

        Raises:
            KeyError: no such tenant.
        """
        for tenant in list(self._context.world.tenants.values()):
            if domain.lower() in tenant.domains:
                return TenantHandle(self._context, tenant)
        raise KeyError(f"no tenant has the domain {domain}")

    def journal(self) -> list[JournalEntry]:
        """What every client asked, in every tenant."""
        return self._context.journal.everything()

    def lint(self) -> list[str]:
        """Complaints about clients in every tenant."""
        return self._context.linter.everything()
