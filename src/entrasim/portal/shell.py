"""What every portal page shares: the directory, who is signed in there, the menu around, the way in and out."""

import dataclasses
from collections.abc import Callable

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import pim
from entrasim.app import Context
from entrasim.login_pages import trouble
from entrasim.login_pages.accounts import as_seen_in, find_tenant, may_consent, tenant_wide_roles
from entrasim.login_pages.sign_in import Asked, Visit, sign_in
from entrasim.pages.html import Child, alert, button, el, field, form
from entrasim.pages.layout import HEADERS, login_page, portal_page
from entrasim.state import Tenant, User
from entrasim.tables import delegated

MENU = (("Roles and administrators", "roles"), ("Groups", "groups"), ("Enterprise applications", "apps"))
SIGN_IN_STEPS = frozenset({"account", "password", "change", "pick"})


@dataclasses.dataclass(slots=True)
class Desk:
    """A signed-in person before one directory."""

    visit: Visit
    tenant: Tenant
    user: User
    login: str

    @property
    def root(self) -> str:
        """Where this directory's pages begin."""
        return f"/portal/{self.tenant.id}"

    @property
    def may_manage_roles(self) -> bool:
        """Global or Privileged Role Administrator."""
        return may_consent(self.tenant, self.user)

    @property
    def may_manage_apps(self) -> bool:
        """Global, Application or Cloud Application Administrator."""
        return bool(tenant_wide_roles(self.tenant, self.user) & delegated.APP_MANAGERS)

    @property
    def may_manage_groups(self) -> bool:
        """A role that changes ordinary groups."""
        return bool(tenant_wide_roles(self.tenant, self.user) & delegated.GROUP_MANAGERS)

    def page(
        self, title: str, *children: Child, section: str, crumbs: list[tuple[str, str]] | None = None, status: int = 200
    ) -> Response:
        """A page inside the frame."""
        return portal_page(
            title,
            *children,
            tenant_name=self.tenant.display_name,
            account=self.login,
            menu=[(text, f"{self.root}/{path}", path == section) for text, path in MENU],
            crumbs=crumbs,
            sign_out=self.form(button("Sign out"), action=f"{self.root}/sign-out"),
            status=status,
        )

    def form(self, *children: Child, hidden: dict[str, str] | None = None, action: str | None = None) -> Markup:
        """A form with this browser's token."""
        return form(*children, token=self.visit.browser.canary, hidden=hidden, action=action)

    def missing(self, what: str, section: str) -> Response:
        """Something that is not in this directory."""
        return self.page("Not found", el("p", f"{what} is not in this directory."), section=section, status=404)


def search_form(label: str, value: str, *, hint: str | None = None) -> Markup:
    """A search field that works by GET."""
    form_ = el(
        "form",
        field(
            label,
            name="search",
            type="search",
            value=value,
            autocomplete="off",
            aria_describedby="search-hint" if hint else None,
        ),
        button("Search"),
        class_="search",
        method="get",
        role="search",
    )
    return el("div", form_, el("p", hint, class_="hint", id="search-hint") if hint else None, class_="finder")


def refused(text: str) -> Markup:
    """Why a change was not made."""
    return alert(text)


def see_other(address: str) -> Response:
    """Go on with GET, so that going back repeats nothing."""
    return Response(status=303, headers={**HEADERS, "Location": address})


def at_desk(context: Context, request: Request, tenant: str, page: Callable[[Desk], Response]) -> Response:
    """Run a page for whoever is signed in to that directory, or lead through the sign-in first."""
    visit = Visit.of(context, request)
    directory = find_tenant(context.world, tenant)
    if directory is None:
        return trouble.trouble_page(trouble.unknown_tenant(tenant), visit.now, status=404)
    return visit.browser.finish(_seated(visit, directory, page))


def _seated(visit: Visit, directory: Tenant, page: Callable[[Desk], Response]) -> Response:
    asked = Asked(
        towards="the portal",
        directory=directory,
        login_hint=visit.request.args.get("login_hint", ""),
        prompt=visit.request.args.get("prompt", ""),
        reuse=True,
    )
    signing_in = visit.request.method == "POST" and visit.posted("step") in SIGN_IN_STEPS
    if not signing_in and asked.prompt != "login":
        if visit.request.method == "POST" and not visit.browser.posted_canary_fits:
            return trouble.expired_page(visit.address)
        pim.settle(directory, visit.now)
        desk = _desk(visit, directory)
        if desk:
            return page(desk)
    elif visit.request.method == "POST" and not signing_in:
        return trouble.expired_page(visit.request.path)
    account = sign_in(visit, asked)
    if isinstance(account, Response):
        return account
    if as_seen_in(directory, account.tenant, account.user) is None:
        stranger = trouble.other_directory(
            account.user.user_principal_name, "entrasim portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
            directory.display_name,
        )  # fmt: skip
        return trouble.trouble_page(stranger, visit.now, status=403)
    return see_other(visit.request.path)


def _desk(visit: Visit, directory: Tenant) -> Desk | None:
    """The account that signed in last and is known in this directory."""
    for account in reversed(visit.browser.signed_in):
        user = as_seen_in(directory, account.tenant, account.user)
        if user:
            return Desk(visit, directory, user, account.user.user_principal_name)
    return None


def start(context: Context, request: Request) -> Response:
    """Choose a directory."""
    wanted = request.args.get("tenant", "").strip()
    if wanted:
        found = find_tenant(context.world, wanted)
        if found:
            return see_other(f"/portal/{found.id}/roles")
    return login_page(
        "Choose a directory",
        el("p", "A few pages of the Entra admin center, enough to walk a set-up by hand.", class_="sub"),
        el(
            "form",
            alert(f"No directory answers to {wanted}.") if wanted else None,
            field("Tenant ID or domain", name="tenant", value=wanted, required=True),
            el("p", button("Open", main=True), class_="acts end"),
            method="get",
        ),
        status=404 if wanted else 200,
    )


def open_directory(context: Context, request: Request, tenant: str) -> Response:
    """`/portal/{tenant}` leads to the roles."""
    return at_desk(context, request, tenant, lambda desk: see_other(f"{desk.root}/roles"))


def sign_out(context: Context, request: Request, tenant: str) -> Response:
    """Sign everybody out of this browser."""

    def page(desk: Desk) -> Response:
        if desk.visit.request.method != "POST":
            return see_other(f"{desk.root}/roles")
        desk.visit.browser.forget_all()
        return see_other("/portal/")

    return at_desk(context, request, tenant, page)
