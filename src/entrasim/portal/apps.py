"""Enterprise applications: what was consented to, and the switch that turns an app off."""

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim.app import Context
from entrasim.login_pages.words import in_words
from entrasim.pages.html import button, el, facts, notice, table
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.state import ServicePrincipal
from entrasim.tables.permissions import PERMISSION_NAMES


def apps(context: Context, request: Request, tenant: str) -> Response:
    """All enterprise applications, searchable by the beginning of the name."""
    return at_desk(context, request, tenant, _apps_page)


def app(context: Context, request: Request, tenant: str, object_id: str) -> Response:
    """One enterprise application; POST saves its properties."""

    def page(desk: Desk) -> Response:
        found = desk.tenant.service_principals.get(object_id)
        if found is None:
            return desk.missing("That enterprise application", "apps")
        if desk.visit.request.method == "POST":
            return _save(desk, found)
        return _app_page(desk, found)

    return at_desk(context, request, tenant, page)


def _apps_page(desk: Desk) -> Response:
    search = desk.visit.request.args.get("search", "").strip()
    with desk.tenant.lock:
        found = [
            p for p in desk.tenant.service_principals.values() if p.display_name.lower().startswith(search.lower())
        ]
    rows = [
        [
            el("a", p.display_name, href=f"{desk.root}/apps/{p.id}"),
            el("span", p.app_id, class_="mono"),
            el("span", p.id, class_="mono"),
            "Yes" if p.account_enabled else "No",
        ]
        for p in sorted(found, key=lambda p: p.display_name.lower())
    ]
    return desk.page(
        "Enterprise applications",
        search_form("Search by name", search),
        table("All applications", ["Name", "Application ID", "Object ID", "Enabled"], rows)
        if rows
        else el("p", "No enterprise application here. One appears when an administrator accepts an app.",
                class_="panel empty"),
        section="apps",
    )  # fmt: skip


def _app_page(desk: Desk, principal: ServicePrincipal, error: str | None = None) -> Response:
    home = desk.visit.context.world.tenants.get(principal.app_owner_organization_id or "")
    names = sorted(PERMISSION_NAMES.get(role_id, role_id) for role_id in principal.app_role_assignments)
    properties = desk.form(
        el(
            "fieldset",
            el("legend", "Enabled for users to sign-in?"),
            _choice("Yes", "yes", chosen=principal.account_enabled),
            _choice("No", "no", chosen=not principal.account_enabled),
        ),
        el("p", button("Save", main=True), class_="acts"),
    )
    return desk.page(
        principal.display_name,
        refused(error) if error else None,
        notice("The properties were saved.") if "saved" in desk.visit.request.args and not error else None,
        el(
            "section",
            el("h2", "Properties"),
            facts(
                [
                    ("Application ID", el("span", principal.app_id, class_="mono")),
                    ("Object ID", el("span", principal.id, class_="mono")),
                    ("Publisher", home.display_name if home else "unknown"),
                    ("Created", principal.created_date_time.strftime("%Y-%m-%d %H:%M UTC")),
                ]
            ),
            properties,
            class_="panel",
        ),
        el("h2", "Permissions"),
        table(
            "Application permissions that an administrator consented to",
            ["Permission", "Claim value", "API"],
            [[in_words(name), el("span", name, class_="mono"), "Microsoft Graph"] for name in names],
        )
        if names
        else el("p", "No application permission was consented to.", class_="panel empty"),
        section="apps",
        crumbs=[("Enterprise applications", f"{desk.root}/apps")],
        status=403 if error else 200,
    )


def _choice(text: str, value: str, *, chosen: bool) -> Markup:
    return el("label", el("input", type="radio", name="enabled", value=value, checked=chosen), text, class_="check")


def _save(desk: Desk, principal: ServicePrincipal) -> Response:
    if not desk.may_manage_roles:
        return _app_page(desk, principal, "You do not have permission to change this application.")
    with desk.tenant.lock:
        principal.account_enabled = desk.visit.posted("enabled") != "no"
    return see_other(f"{desk.root}/apps/{principal.id}?saved")
