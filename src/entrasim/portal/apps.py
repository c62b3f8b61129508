"""Enterprise applications: what was consented to, the switch that turns an app off, and its end."""

from collections.abc import Callable

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import principals
from entrasim.app import Context
from entrasim.directory_audit import note_by_user
from entrasim.login_pages.words import in_words
from entrasim.pages.html import Child, button, el, facts, field, notice, table
from entrasim.portal import picker
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.state import ServicePrincipal
from entrasim.tables.permissions import PERMISSION_NAMES

NO_RIGHT = (
    "You do not have permission to change this application. Global Administrator, Application Administrator or Cloud "
    "Application Administrator is needed."
)
AppPage = Callable[[Desk, ServicePrincipal], Response]


def apps(context: Context, request: Request, tenant: str) -> Response:
    """All enterprise applications, searchable by the beginning of the name."""
    return at_desk(context, request, tenant, _apps_page)


def app(context: Context, request: Request, tenant: str, object_id: str) -> Response:
    """One enterprise application; POST saves its properties or takes permissions back."""
    return _at_app(context, request, tenant, object_id, _changed)


def delete(context: Context, request: Request, tenant: str, object_id: str) -> Response:
    """Ask once more; POST deletes."""
    return _at_app(context, request, tenant, object_id, _delete_page)


def _at_app(context: Context, request: Request, tenant: str, object_id: str, page: AppPage) -> Response:
    def seated(desk: Desk) -> Response:
        found = desk.tenant.service_principals.get(object_id)
        return page(desk, found) if found else desk.missing("That enterprise application", "apps")

    return at_desk(context, request, tenant, seated)


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
        notice("The application was deleted.") if "deleted" in desk.visit.request.args else None,
        search_form("Search by name", search),
        table("All applications", ["Name", "Application ID", "Object ID", "Enabled"], rows)
        if rows
        else el("p", "No enterprise application here. One appears when an administrator accepts an app.",
                class_="panel empty"),
        section="apps",
    )  # fmt: skip


def _app_page(desk: Desk, principal: ServicePrincipal, error: str | None = None) -> Response:
    home = desk.visit.context.world.tenants.get(principal.app_owner_organization_id or "")
    said = {"saved": "The properties were saved.", "revoked": "The permissions were revoked."}
    done = next((text for name, text in said.items() if name in desk.visit.request.args), None)
    return desk.page(
        principal.display_name,
        refused(error) if error else None,
        notice(done) if done and not error else None,
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
            _properties(desk, principal) if desk.may_manage_apps else el("p", NO_RIGHT, class_="sub"),
            class_="panel",
        ),
        _permissions(desk, principal),
        section="apps",
        crumbs=[("Enterprise applications", f"{desk.root}/apps")],
        status=403 if error else 200,
    )


def _properties(desk: Desk, principal: ServicePrincipal) -> Markup:
    return desk.form(
        el(
            "fieldset",
            el("legend", "Enabled for users to sign-in?"),
            _choice("Yes", "yes", chosen=principal.account_enabled),
            _choice("No", "no", chosen=not principal.account_enabled),
        ),
        field("Name", name="name", value=principal.display_name, maxlength=256, autocomplete="off"),
        field("Notes", name="notes", value=principal.notes or "", maxlength=1024, autocomplete="off"),
        el(
            "p",
            button("Save", main=True),
            el("a", "Delete", href=f"{desk.root}/apps/{principal.id}/delete", class_="button"),
            class_="acts",
        ),
        hidden={"act": "save"},
    )


def _choice(text: str, value: str, *, chosen: bool) -> Markup:
    return el("label", el("input", type="radio", name="enabled", value=value, checked=chosen), text, class_="check")


def _permissions(desk: Desk, principal: ServicePrincipal) -> list[Child]:
    with desk.tenant.lock:
        granted = [PERMISSION_NAMES.get(role_id, role_id) for role_id in principal.app_role_assignments]
        delegated = [g for g in desk.tenant.oauth2_permission_grants.values() if g.client_id == principal.id]
    rows: list[list[Child]] = [
        [in_words(name), el("span", name, class_="mono"), "Application", "An administrator"] for name in sorted(granted)
    ]
    for grant in delegated:
        whom = picker.named(desk.tenant, grant.principal_id).name if grant.principal_id else "All users"
        rows += [
            [in_words(name), el("span", name, class_="mono"), "Delegated", whom] for name in sorted(grant.scope.split())
        ]
    revoke = desk.form(el("p", button("Revoke all permissions"), class_="acts"), hidden={"act": "revoke"})
    return [
        el("h2", "Permissions"),
        table(
            "Permissions of Microsoft Graph that were consented to",
            ["Permission", "Claim value", "Type", "Granted for"],
            rows,
        )
        if rows
        else el("p", "No permission was consented to.", class_="panel empty"),
        revoke if rows and desk.may_manage_apps else None,
    ]


def _changed(desk: Desk, principal: ServicePrincipal) -> Response:
    if desk.visit.request.method != "POST":
        return _app_page(desk, principal)
    if not desk.may_manage_apps:
        return _app_page(desk, principal, NO_RIGHT)
    name = desk.visit.posted("name").strip()
    here = f"{desk.root}/apps/{principal.id}"
    if desk.visit.posted("act") == "revoke":
        _revoke(desk, principal)
        return see_other(f"{here}?revoked")
    if not name:
        return _app_page(desk, principal, "Enter a name.")
    with desk.tenant.lock:
        principal.account_enabled = desk.visit.posted("enabled") != "no"
        principal.display_name = name
        principal.notes = desk.visit.posted("notes").strip() or None
        note_by_user(desk.tenant, "Update service principal", principal, by=desk.user, now=desk.visit.now)
    return see_other(f"{here}?saved")


def _revoke(desk: Desk, principal: ServicePrincipal) -> None:
    with desk.tenant.lock:
        principal.app_role_assignments.clear()
        for key, grant in list(desk.tenant.oauth2_permission_grants.items()):
            if grant.client_id == principal.id:
                del desk.tenant.oauth2_permission_grants[key]
        note_by_user(
            desk.tenant,
            "Remove app role assignment from service principal",
            principal,
            by=desk.user,
            now=desk.visit.now,
        )


def _delete_page(desk: Desk, principal: ServicePrincipal) -> Response:
    if not desk.may_manage_apps:
        return _app_page(desk, principal, NO_RIGHT)
    if desk.visit.request.method == "POST":
        principals.delete(desk.tenant, principal, now=desk.visit.now, by=desk.user)
        return see_other(f"{desk.root}/apps?deleted")
    here = f"{desk.root}/apps/{principal.id}"
    form = desk.form(
        el("p", f"Delete {principal.display_name}? Its permissions and role assignments go with it."),
        el("p", button("Yes", main=True), el("a", "No", href=here, class_="button"), class_="acts"),
    )
    return desk.page(
        "Delete the application?",
        el("div", form, class_="panel"),
        section="apps",
        crumbs=[("Enterprise applications", f"{desk.root}/apps"), (principal.display_name, here)],
    )
