"""Roles and administrators: search a role, see who holds it and until when, take assignments away."""

import datetime as dt

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import pim
from entrasim.app import Context
from entrasim.pages.html import Child, el, notice, table
from entrasim.portal import picker
from entrasim.portal.assignments import NO_RIGHT
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.roles import is_last_global_administrator
from entrasim.state import RoleAssignment
from entrasim.tables.roles import BUILTIN_ROLES, BuiltinRole


def roles(context: Context, request: Request, tenant: str) -> Response:
    """All built-in roles, searchable."""
    return at_desk(context, request, tenant, _roles_page)


def role(context: Context, request: Request, tenant: str, role_id: str) -> Response:
    """One role's assignments; POST removes one."""

    def page(desk: Desk) -> Response:
        found = BUILTIN_ROLES.get(role_id)
        if found is None or not found.is_assignable:
            return desk.missing("That role", "roles")
        if desk.visit.request.method == "POST":
            return _remove(desk, found)
        return _role_page(desk, found)

    return at_desk(context, request, tenant, page)


def _roles_page(desk: Desk) -> Response:
    search = desk.visit.request.args.get("search", "").strip()
    with desk.tenant.lock:
        held = [assignment.role_definition_id for assignment in desk.tenant.role_assignments.values()]
    found = [r for r in BUILTIN_ROLES.values() if r.is_assignable and search.lower() in r.display_name.lower()]
    rows = [
        [
            el("a", r.display_name, href=f"{desk.root}/roles/{r.template_id}"),
            el("span", "PRIVILEGED", class_="tag") if r.is_privileged else "",
            held.count(r.template_id),
            "Built-in",
        ]
        for r in sorted(found, key=lambda r: r.display_name.lower())
    ]
    return desk.page(
        "Roles and administrators",
        el("p", "Administrative roles are used for granting access for privileged actions in Microsoft Entra ID.",
           class_="sub"),
        search_form("Search roles", search),
        table("All roles", ["Role", "Privileged", "Assignments", "Type"], rows)
        if rows
        else el("p", f"No role's name contains {search}.", class_="panel empty"),
        section="roles",
    )  # fmt: skip


def _role_page(desk: Desk, role: BuiltinRole, error: str | None = None) -> Response:
    has_pim = pim.is_available(desk.tenant)
    tab = desk.visit.request.args.get("tab", "active")
    here = f"{desk.root}/roles/{role.template_id}"
    args = desk.visit.request.args
    done = next(
        (f"{picker.named(desk.tenant, args[name]).name} {text}" for name, text in _DONE.items() if args.get(name)), None
    )
    return desk.page(
        role.display_name,
        refused(error) if error else None,
        notice(done) if done and not error else None,
        el("p", el("span", "PRIVILEGED", class_="tag")) if role.is_privileged else None,
        _actions(desk, here, has_pim=has_pim),
        _tabs(here, tab) if has_pim else None,
        _assignments(desk, role, tab if has_pim else "active", has_pim=has_pim),
        section="roles",
        crumbs=[("Roles and administrators", f"{desk.root}/roles")],
        status=409 if error else 200,
    )


_DONE = {"added": "was assigned to the role.", "updated": "was updated."}
_TABS = {
    "eligible": "Eligible assignments",
    "active": "Active assignments",
    "expired": "Expired assignments",
}


def _actions(desk: Desk, here: str, *, has_pim: bool) -> Markup:
    settings = el("a", "Role settings", href=f"{here}/settings", class_="button") if has_pim else None
    if not desk.may_manage_roles:
        return el("div", el("p", NO_RIGHT, class_="sub"), el("p", settings, class_="acts") if settings else None)
    return el("p", el("a", "+ Add assignments", href=f"{here}/add", class_="button main"), settings, class_="acts")


def _tabs(here: str, tab: str) -> Markup:
    links = [
        el("a", text, href=f"{here}?tab={name}", aria_current="page" if name == tab else None)
        for name, text in _TABS.items()
    ]
    return el("nav", links, class_="tabs", aria_label="Assignments")


def _assignments(desk: Desk, role: BuiltinRole, tab: str, *, has_pim: bool) -> Markup:
    with desk.tenant.lock:
        pim.settle(desk.tenant, desk.visit.now)
        held = {"eligible": desk.tenant.role_eligibilities, "expired": {}}.get(tab, desk.tenant.role_assignments)
        here = [a for a in held.values() if a.role_definition_id == role.template_id]
    if not here:
        said = "No role assignments found."
        if tab == "expired":
            said = "entrasim keeps no expired assignments: what has ended is gone."
        return el("p", said, class_="panel empty")
    head = ["Name", "Type", "Scope", "Since", *(["Ends"] if has_pim else []), "Action"]
    return table(_TABS[tab] if has_pim else "Assignments", head, [_row(desk, a, has_pim=has_pim) for a in here])


def _row(desk: Desk, assignment: RoleAssignment, *, has_pim: bool) -> list[Child]:
    pick = picker.named(desk.tenant, assignment.principal_id)
    unit = desk.tenant.administrative_units.get(assignment.directory_scope_id.rpartition("/")[2])
    hidden = el("span", f" {pick.name}", class_="visually-hidden")
    remove = desk.form(
        el("button", "Remove", hidden, type="submit", class_="button small"), hidden={"assignment": assignment.id}
    )
    update = el(
        "a",
        "Update",
        hidden,
        href=f"{desk.root}/roles/{assignment.role_definition_id}/assignments/{assignment.id}",
        class_="button small",
    )
    ends = _day(assignment.ends_at) if assignment.ends_at else "Permanent"
    may = desk.may_manage_roles
    return [
        picker.cell(pick),
        pick.kind,
        "Directory" if assignment.directory_scope_id == "/" else f"Unit {unit.display_name if unit else '?'}",
        _day(assignment.starts_at or assignment.created_date_time),
        *([ends] if has_pim else []),
        el("div", update if has_pim else None, remove, class_="acts") if may else "",
    ]


def _day(when: dt.datetime) -> Markup:
    return el("time", when.strftime("%Y-%m-%d %H:%M UTC"), datetime=when.isoformat())


def _remove(desk: Desk, role: BuiltinRole) -> Response:
    if not desk.may_manage_roles:
        return _role_page(desk, role, NO_RIGHT)
    with desk.tenant.lock:
        key = desk.visit.posted("assignment")
        held = desk.tenant.role_assignments.get(key) or desk.tenant.role_eligibilities.get(key)
        if held is None or held.role_definition_id != role.template_id:
            return _role_page(desk, role, "That assignment is gone already.")
        if is_last_global_administrator(desk.tenant, held):
            return _role_page(desk, role, "The last Global Administrator cannot be removed.")
        if held.schedule_id and desk.visit.now - held.created_date_time < pim.SHORTEST:
            return _role_page(desk, role, "An assignment cannot be removed within five minutes of assigning.")
        tab = "eligible" if held.id in desk.tenant.role_eligibilities else "active"
        pim.withdraw(desk.tenant, held, now=desk.visit.now, by=desk.user)
    return see_other(f"{desk.root}/roles/{role.template_id}?tab={tab}")
