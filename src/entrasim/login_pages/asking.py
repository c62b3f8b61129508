"""The first questions of every login address: is the app known, the address registered, the directory there?

Until all three are answered with yes, nothing is sent to the redirect address: it may be a stranger's.
"""

import dataclasses

from markupsafe import Markup

from entrasim.login_pages import trouble
from entrasim.login_pages.accounts import find_tenant
from entrasim.login_pages.sign_in import Visit
from entrasim.pages.html import el
from entrasim.state import AppRegistration, Tenant

OPEN_TENANTS = frozenset({"common", "organizations"})


class NotTrusted(Exception):
    """The request cannot be answered to the app, only shown to the person."""

    def __init__(self, why: trouble.Trouble) -> None:
        super().__init__(why.message)
        self.why = why


@dataclasses.dataclass(frozen=True, slots=True)
class AppRequest:
    """A request whose redirect address may be trusted. `directory` is None for `organizations` and `common`."""

    app: AppRegistration
    redirect_uri: str
    state: str | None
    directory: Tenant | None


def ask(visit: Visit, tenant: str) -> AppRequest:
    """Check client, address and directory. Raises NotTrusted."""
    query = visit.request.args
    for name in ("client_id", "redirect_uri"):
        if not query.get(name):
            raise NotTrusted(trouble.missing(name))
    directory = None
    if tenant not in OPEN_TENANTS:
        directory = find_tenant(visit.context.world, tenant)
        if directory is None:
            raise NotTrusted(trouble.unknown_tenant(tenant))
    app = visit.context.world.apps.get(query["client_id"].lower())
    if app is None:
        raise NotTrusted(trouble.unknown_app(query["client_id"], directory.display_name if directory else tenant))
    if query["redirect_uri"] not in app.redirect_uris:
        raise NotTrusted(trouble.unregistered_redirect(app.app_id, query["redirect_uri"]))
    return AppRequest(app, query["redirect_uri"], query.get("state"), directory)


def stranger(request: AppRequest, upn: str, tenant: Tenant) -> trouble.Trouble:
    """AADSTS50020 for an account of another directory."""
    return trouble.other_directory(upn, request.app.display_name, request.app.app_id, tenant.display_name)


def is_known(tenant: Tenant, app: AppRegistration) -> bool:
    """Whether the directory holds an enterprise app of that registration."""
    with tenant.lock:
        return any(principal.app_id == app.app_id for principal in tenant.service_principals.values())


def allow_sign_in(visit: Visit, tenant: Tenant, app: AppRegistration) -> None:
    """What accepting delegated permissions leaves behind here: the enterprise app, without application permissions."""
    if not is_known(tenant, app):
        visit.context.handle.tenant(tenant_id=tenant.id).consent(app=app, app_roles=[])


def app_card(visit: Visit, app: AppRegistration) -> Markup:
    """Who asks: the app's name and its publisher."""
    home = visit.context.world.tenants.get(app.home_tenant_id)
    publisher = f"{home.display_name} ({home.default_domain})" if home else "unknown publisher"
    return el("div", el("strong", app.display_name), el("span", f"{publisher}, unverified", class_="sub"), class_="app")
