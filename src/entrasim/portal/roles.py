"""Roles and administrators: search a role, see who holds it, add and remove assignments for the whole directory.

The picker behaves as the real one: it lists users at first; enterprise applications and groups are found by typing the
beginning of their names (`manage-roles-portal`, Assign Microsoft Entra roles to users).
"""

import datetime as dt

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim.app import Context
from entrasim.pages.html import Child, button, el, field, notice, table
from entrasim.portal import picker
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.state import RoleAssignment, Tenant
from entrasim.tables.roles import BUILTIN_ROLES, GLOBAL_ADMINISTRATOR, BuiltinRole

PIM_PLANS = frozenset({"eec0eb4f-6444-4f95-aba0-50c24d67f998", "e866a266-3cff-43a3-acca-0c90a7e00c8b"})
NO_RIGHT = (
    "You do not have permission to change role assignments. Global Administrator or Privileged Role Administrator is "
    "needed."
)


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


def add_assignments(context: Context, request: Request, tenant: str, role_id: str) -> Response:
    """The picker; POST adds what was chosen."""

    def page(desk: Desk) -> Response:
        found = BUILTIN_ROLES.get(role_id)
        if found is None or not found.is_assignable:
            return desk.missing("That role", "roles")
        if desk.visit.request.method == "POST":
            return _add(desk, found)
        return _picker_page(desk, found)

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
    with desk.tenant.lock:
        here = [a for a in desk.tenant.role_assignments.values() if a.role_definition_id == role.template_id]
    rows = [_assignment_row(desk, assignment) for assignment in here]
    added = desk.visit.request.args.get("added", "")
    return desk.page(
        role.display_name,
        refused(error) if error else None,
        notice(f"{picker.named(desk.tenant, added).name} was assigned to the role.") if added and not error else None,
        el("p", el("span", "PRIVILEGED", class_="tag")) if role.is_privileged else None,
        el("p", el("a", "+ Add assignments", href=f"{desk.root}/roles/{role.template_id}/add", class_="button main"),
           class_="acts")
        if desk.may_manage_roles
        else el("p", NO_RIGHT, class_="sub"),
        table("Assignments", ["Name", "Type", "Scope", "Since", "Action"], rows)
        if rows
        else el("p", "No role assignments found.", class_="panel empty"),
        section="roles",
        crumbs=[("Roles and administrators", f"{desk.root}/roles")],
        status=409 if error else 200,
    )  # fmt: skip


def _assignment_row(desk: Desk, assignment: RoleAssignment) -> list[Child]:
    pick = picker.named(desk.tenant, assignment.principal_id)
    unit = desk.tenant.administrative_units.get(assignment.directory_scope_id.rpartition("/")[2])
    remove = desk.form(
        el(
            "button",
            "Remove",
            el("span", f" {pick.name}", class_="visually-hidden"),
            type="submit",
            class_="button small",
        ),
        hidden={"assignment": assignment.id},
    )
    return [
        picker.cell(pick),
        pick.kind,
        "Directory" if assignment.directory_scope_id == "/" else f"Unit {unit.display_name if unit else '?'}",
        _day(assignment.created_date_time),
        remove if desk.may_manage_roles else "",
    ]


def _day(when: dt.datetime) -> Markup:
    return el("time", when.strftime("%Y-%m-%d %H:%M UTC"), datetime=when.isoformat())


def _remove(desk: Desk, role: BuiltinRole) -> Response:
    if not desk.may_manage_roles:
        return _role_page(desk, role, NO_RIGHT)
    with desk.tenant.lock:
        assignment = desk.tenant.role_assignments.get(desk.visit.posted("assignment"))
        if assignment is None or assignment.role_definition_id != role.template_id:
            return _role_page(desk, role, "That assignment is gone already.")
        others = [
            a
            for a in desk.tenant.role_assignments.values()
            if a.role_definition_id == role.template_id and a is not assignment
        ]
        if role.template_id == GLOBAL_ADMINISTRATOR and not others:
            return _role_page(desk, role, "The last Global Administrator cannot be removed.")
        desk.visit.context.handle.tenant(tenant_id=desk.tenant.id).remove_role(
            principal_id=assignment.principal_id, role=role.template_id, scope=assignment.directory_scope_id
        )
    return see_other(f"{desk.root}/roles/{role.template_id}")


def _picker_page(desk: Desk, role: BuiltinRole, error: str | None = None) -> Response:
    search = desk.visit.request.args.get("search", "").strip()
    preset = desk.visit.request.args.get("principal", "")
    lines = picker.picks(desk.tenant, search)
    if preset:
        lines = [picker.named(desk.tenant, preset), *(line for line in lines if line.id != preset)]
    chooser = desk.form(
        picker.chooser("Select members", lines, chosen=[preset]),
        _pim_settings(desk.tenant),
        el(
            "p",
            button("Add", main=True),
            el("a", "Cancel", href=f"{desk.root}/roles/{role.template_id}", class_="button"),
            class_="acts",
        ),
    )
    return desk.page(
        "Add assignments",
        el("p", "Role: ", el("strong", role.display_name), class_="sub"),
        refused(error) if error else None,
        search_form(
            "Search",
            search,
            hint=picker.HINT,
        ),
        el("div", chooser, class_="panel") if lines else el("p", "No results.", class_="panel empty"),
        section="roles",
        crumbs=[
            ("Roles and administrators", f"{desk.root}/roles"),
            (role.display_name, f"{desk.root}/roles/{role.template_id}"),
        ],
        status=409 if error else 200,
    )


def _pim_settings(tenant: Tenant) -> Markup | None:
    """The "Setting" step that tenants with PIM see."""
    if not has_pim(tenant):
        return None
    return el(
        "fieldset",
        el("legend", "Setting"),
        el("label", el("input", type="radio", name="kind", value="eligible", checked=True), "Eligible", class_="check"),
        el("label", el("input", type="radio", name="kind", value="active"), "Active", class_="check"),
        el(
            "label", el("input", type="checkbox", name="permanent", value="yes"), "Permanently assigned", class_="check"
        ),
        field("Enter justification", name="justification"),
    )


def _add(desk: Desk, role: BuiltinRole) -> Response:
    complaint = _complaint(desk, role)
    if complaint:
        return _picker_page(desk, role, complaint)
    chosen = desk.visit.request.form.getlist("principal")
    handle = desk.visit.context.handle.tenant(tenant_id=desk.tenant.id)
    for principal_id in chosen:
        handle.assign_role(principal_id=principal_id, role=role.template_id, by=desk.user)
    return see_other(f"{desk.root}/roles/{role.template_id}?added={chosen[0]}")


def _complaint(desk: Desk, role: BuiltinRole) -> str | None:
    """Why the chosen cannot be added, or None."""
    chosen = desk.visit.request.form.getlist("principal")
    if not desk.may_manage_roles:
        return NO_RIGHT
    if not chosen:
        return "Select at least one member."
    with desk.tenant.lock:
        for principal_id in chosen:
            pick = picker.named(desk.tenant, principal_id)
            if pick.kind == "Unknown":
                return "One of the members is not in this directory any more."
            if any(
                a.principal_id == principal_id
                and a.role_definition_id == role.template_id
                and a.directory_scope_id == "/"
                for a in desk.tenant.role_assignments.values()
            ):
                return f"{pick.name} is already assigned to this role."
    return _pim_complaint(desk) if has_pim(desk.tenant) else None


def _pim_complaint(desk: Desk) -> str | None:
    if desk.visit.posted("kind") != "active":
        return "entrasim does not simulate eligible assignments yet. Choose Active."
    if not desk.visit.posted("justification").strip():
        return 'The following policy rules failed: ["JustificationRule"]. Enter a justification.'
    rule = desk.tenant.pim_policy.get("Expiration_Admin_Assignment", {})
    if desk.visit.posted("permanent") != "yes":
        return "entrasim does not simulate active assignments with an end date yet. Tick Permanently assigned."
    if rule.get("isExpirationRequired"):
        return (
            'The following policy rules failed: ["ExpirationRule"]. The policy of this role does not allow permanent '
            "active assignments."
        )
    return None


def has_pim(tenant: Tenant) -> bool:
    """Whether an enabled licence carries P2 or Governance: then Add assignments has a Setting step."""
    with tenant.lock:
        return any(
            sku.capability_status in {"Enabled", "Warning"}
            and any(plan in PIM_PLANS and status == "Success" for plan, (_, status) in sku.service_plans.items())
            for sku in tenant.skus.values()
        )
