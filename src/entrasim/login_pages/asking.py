"""The first questions of every login address: is the app known, the address registered, the directory there?

Until all three are answered with yes, nothing is sent to the redirect address: it may be a stranger's.
"""

import dataclasses

from markupsafe import Markup
from werkzeug import Response

from entrasim.delegated import matches_any
from entrasim.login_pages import trouble
from entrasim.login_pages.accounts import find_tenant
from entrasim.login_pages.sign_in import Visit
from entrasim.pages.html import button, el, form
from entrasim.pages.layout import login_page
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
    if directory is None and not app.is_multi_tenant:
        raise NotTrusted(trouble.single_tenant(app.app_id, app.display_name))
    if directory is not None and not app.serves(directory.id):
        raise NotTrusted(trouble.unknown_app(query["client_id"], directory.display_name))
    if not matches_any(query["redirect_uri"], [*app.redirect_uris, *app.public_redirect_uris]):
        raise NotTrusted(trouble.unregistered_redirect(app.app_id, query["redirect_uri"]))
    return AppRequest(app, query["redirect_uri"], query.get("state"), directory)


def stranger(request: AppRequest, upn: str, tenant: Tenant) -> trouble.Trouble:
    """AADSTS50020 for an account of another directory."""
    return trouble.other_directory(upn, request.app.display_name, request.app.app_id, tenant.display_name)


def needs_admin_page(visit: Visit, app: AppRegistration, directory: Tenant | None) -> Response:
    """Need admin approval: only an administrator can accept what the app asks for."""
    return login_page(
        "Need admin approval",
        app_card(visit, app),
        el(
            "p",
            f"{app.display_name} needs permission to access resources in your organization that only an admin can "
            "grant. Please ask an admin to grant permission to this app before you can use it.",
        ),
        el("p", el("a", "Have an admin account? Sign in with that account", href=visit.other_account_address)),
        form(
            el("p", button("Return to the application without granting consent"), class_="acts"),
            token=visit.browser.canary,
            hidden={"step": "back"},
        ),
        el("p", f"AADSTS{trouble.NEEDS_ADMIN.code}: {trouble.NEEDS_ADMIN.message}", class_="details"),
        directory=directory.display_name if directory else None,
    )


def app_card(visit: Visit, app: AppRegistration) -> Markup:
    """Who asks: the app's name and its publisher."""
    home = visit.context.world.tenants.get(app.home_tenant_id)
    publisher = f"{home.display_name} ({home.default_domain})" if home else "unknown publisher"
    return el("div", el("strong", app.display_name), el("span", f"{publisher}, unverified", class_="sub"), class_="app")
