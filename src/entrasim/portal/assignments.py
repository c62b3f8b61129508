"""Add assignments: the plain picker, and with Privileged Identity Management the wizard of Membership and Setting.

Pages: `manage-roles-portal`, `pim-how-to-add-role-to-user`. Each step carries what was chosen, so nothing is kept.
"""

from werkzeug import Request, Response

from entrasim import pim, roles
from entrasim.app import Context
from entrasim.pages.html import Child, button, el
from entrasim.portal import picker, pim_desk
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.state import RoleAssignment
from entrasim.tables.roles import BUILTIN_ROLES, BuiltinRole

NO_RIGHT = (
    "You do not have permission to change role assignments. Global Administrator or Privileged Role Administrator is "
    "needed."
)


def add_assignments(context: Context, request: Request, tenant: str, role_id: str) -> Response:
    """Choose members; with PIM also type, times and justification; POST assigns."""

    def page(desk: Desk) -> Response:
        role = BUILTIN_ROLES.get(role_id)
        if role is None or not role.is_assignable:
            return desk.missing("That role", "roles")
        if desk.visit.request.method != "POST":
            return _membership_page(desk, role)
        return _posted(desk, role)

    return at_desk(context, request, tenant, page)


def update_assignment(context: Context, request: Request, tenant: str, role_id: str, assignment_id: str) -> Response:
    """Change when an assignment ends; POST saves."""

    def page(desk: Desk) -> Response:
        role = BUILTIN_ROLES.get(role_id)
        held = desk.tenant.role_assignments.get(assignment_id) or desk.tenant.role_eligibilities.get(assignment_id)
        if role is None or held is None or held.role_definition_id != role_id or not pim.is_available(desk.tenant):
            return desk.missing("That assignment", "roles")
        if desk.visit.request.method != "POST":
            return _update_page(desk, role, held)
        return _updated(desk, role, held)

    return at_desk(context, request, tenant, page)


def _membership_page(desk: Desk, role: BuiltinRole, error: str | None = None) -> Response:
    args = desk.visit.request.args
    search = args.get("search", "").strip()
    preset = list(dict.fromkeys([*args.getlist("principal"), *desk.visit.request.form.getlist("principal")]))
    known = [picker.named(desk.tenant, key) for key in preset]
    lines = [*known, *(line for line in picker.picks(desk.tenant, search) if line.id not in preset)]
    chooser = desk.form(
        picker.chooser("Select members", lines, chosen=preset),
        el(
            "p",
            button("Next", name="go", value="next", main=True)
            if pim.is_available(desk.tenant)
            else button("Add", main=True),
            el("a", "Cancel", href=f"{desk.root}/roles/{role.template_id}", class_="button"),
            class_="acts",
        ),
    )
    return _framed(
        desk,
        role,
        "Add assignments",
        _steps(desk, "Membership"),
        refused(error) if error else None,
        search_form("Search", search, hint=picker.HINT),
        el("div", chooser, class_="panel") if lines else el("p", "No results.", class_="panel empty"),
        status=409 if error else 200,
    )


def _steps(desk: Desk, current: str) -> Child:
    if not pim.is_available(desk.tenant):
        return None
    items = [
        el("li", f"{number}. {name}", aria_current="step" if name == current else None)
        for number, name in ((1, "Membership"), (2, "Setting"))
    ]
    return el("ol", items, class_="steps")


def _framed(desk: Desk, role: BuiltinRole, title: str, *children: Child, status: int = 200) -> Response:
    return desk.page(
        title,
        el("p", "Role: ", el("strong", role.display_name), class_="sub"),
        *children,
        section="roles",
        crumbs=[
            ("Roles and administrators", f"{desk.root}/roles"),
            (role.display_name, f"{desk.root}/roles/{role.template_id}"),
        ],
        status=status,
    )


def _posted(desk: Desk, role: BuiltinRole) -> Response:
    chosen = desk.visit.request.form.getlist("principal")
    complaint = _complaint(desk, chosen)
    if complaint or desk.visit.posted("go") == "back":
        return _membership_page(desk, role, complaint)
    if not pim.is_available(desk.tenant):
        return _add_plainly(desk, role, chosen)
    if desk.visit.posted("go") != "assign":
        return _setting_page(desk, role, chosen)
    setting = pim_desk.Setting.of(desk)
    complaint = _already(desk, role, chosen, setting.kind) or pim_desk.complaint(desk, role.template_id, setting)
    if complaint:
        return _setting_page(desk, role, chosen, complaint, kind=setting.kind)
    for principal_id in chosen:
        pim_desk.assign(desk, role.template_id, principal_id, setting)
    return see_other(f"{desk.root}/roles/{role.template_id}?tab={setting.kind.lower()}&added={chosen[0]}")


def _complaint(desk: Desk, chosen: list[str]) -> str | None:
    """Why the chosen cannot be assigned to anything, or None."""
    if not desk.may_manage_roles:
        return NO_RIGHT
    if not chosen:
        return "Select at least one member."
    if any(picker.named(desk.tenant, key).kind == "Unknown" for key in chosen):
        return "One of the members is not in this directory any more."
    with desk.tenant.lock:
        groups = [desk.tenant.groups[key] for key in chosen if key in desk.tenant.groups]
    if any(not group.is_assignable_to_role for group in groups):
        return "Roles cannot be assigned to one of the groups."
    return None


def _already(desk: Desk, role: BuiltinRole, chosen: list[str], kind: str) -> str | None:
    with desk.tenant.lock:
        pim.settle(desk.tenant, desk.visit.now)
        held = desk.tenant.role_eligibilities if kind == pim_desk.ELIGIBLE else desk.tenant.role_assignments
        for key in chosen:
            if pim.find(held, key, role.template_id, "/"):
                return f"{picker.named(desk.tenant, key).name} is already assigned to this role."
    return None


def _add_plainly(desk: Desk, role: BuiltinRole, chosen: list[str]) -> Response:
    complaint = _already(desk, role, chosen, pim_desk.ACTIVE)
    if complaint:
        return _membership_page(desk, role, complaint)
    for principal_id in chosen:
        roles.assign(desk.tenant, principal_id=principal_id, role_id=role.template_id, now=desk.visit.now, by=desk.user)
    return see_other(f"{desk.root}/roles/{role.template_id}?added={chosen[0]}")


def _setting_page(
    desk: Desk, role: BuiltinRole, chosen: list[str], error: str | None = None, *, kind: str = pim_desk.ELIGIBLE
) -> Response:
    names = [picker.named(desk.tenant, key).name for key in chosen]
    form = desk.form(
        [el("input", type="hidden", name="principal", value=key) for key in chosen],
        el("div", el("p", el("strong", "Selected members")), el("ul", [el("li", name) for name in names]),
           class_="field"),
        pim_desk.setting_fields(desk, role.template_id, kind=kind),
        el("p", button("Assign", name="go", value="assign", main=True), button("Previous", name="go", value="back"),
           el("a", "Cancel", href=f"{desk.root}/roles/{role.template_id}", class_="button"), class_="acts"),
    )  # fmt: skip
    return _framed(
        desk,
        role,
        "Add assignments",
        _steps(desk, "Setting"),
        refused(error) if error else None,
        el("div", form, class_="panel"),
        status=409 if error else 200,
    )


def _update_page(desk: Desk, role: BuiltinRole, held: RoleAssignment, error: str | None = None) -> Response:
    kind = pim_desk.ELIGIBLE if held.id in desk.tenant.role_eligibilities else pim_desk.ACTIVE
    form = desk.form(
        el("p", el("strong", picker.named(desk.tenant, held.principal_id).name), f", {kind.lower()}"),
        pim_desk.setting_fields(desk, role.template_id, held, kind=kind),
        el("p", button("Save", main=True),
           el("a", "Cancel", href=f"{desk.root}/roles/{role.template_id}?tab={kind.lower()}", class_="button"),
           class_="acts"),
    )  # fmt: skip
    return _framed(desk, role, "Update assignment", refused(error) if error else None, el("div", form, class_="panel"),
                   status=409 if error else 200)  # fmt: skip


def _updated(desk: Desk, role: BuiltinRole, held: RoleAssignment) -> Response:
    if not desk.may_manage_roles:
        return _update_page(desk, role, held, NO_RIGHT)
    setting = pim_desk.Setting.of(desk)
    complaint = pim_desk.complaint(desk, role.template_id, setting)
    if complaint:
        return _update_page(desk, role, held, complaint)
    pim_desk.assign(desk, role.template_id, held.principal_id, setting)
    return see_other(f"{desk.root}/roles/{role.template_id}?tab={setting.kind.lower()}&updated={held.principal_id}")
