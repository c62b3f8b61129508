"""Groups: all of them, and one with its members, owners and assigned roles (`how-to-manage-groups`)."""

from collections.abc import Callable

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import pim, roles
from entrasim.app import Context
from entrasim.changes import changing
from entrasim.directory_audit import note_by_user
from entrasim.pages.html import Child, button, el, facts, notice, table
from entrasim.portal import picker
from entrasim.portal.shell import Desk, at_desk, refused, search_form, see_other
from entrasim.state import Group, Tenant
from entrasim.tables.roles import BUILTIN_ROLES, BuiltinRole

NO_RIGHT = (
    "You do not have permission to change this group. Its owners may; for a group to which roles can be assigned also "
    "Global Administrator and Privileged Role Administrator, for others Groups Administrator and User Administrator."
)
GroupPage = Callable[[Desk, Group], Response]


def groups(context: Context, request: Request, tenant: str) -> Response:
    """All groups, searchable."""
    return at_desk(context, request, tenant, _groups_page)


def group(context: Context, request: Request, tenant: str, group_id: str) -> Response:
    """One group; POST removes a member or an assigned role, or deletes the group."""
    return _at_group(context, request, tenant, group_id, _changed)


def add_members(context: Context, request: Request, tenant: str, group_id: str) -> Response:
    """The picker for members; POST adds what was chosen."""
    return _at_group(context, request, tenant, group_id, lambda desk, found: _add_people(desk, found, "members"))


def add_owners(context: Context, request: Request, tenant: str, group_id: str) -> Response:
    """The picker for owners; POST adds what was chosen."""
    return _at_group(context, request, tenant, group_id, lambda desk, found: _add_people(desk, found, "owners"))


def add_role(context: Context, request: Request, tenant: str, group_id: str) -> Response:
    """The roles to assign to the group; each leads on to that role's own Add assignments."""
    return _at_group(context, request, tenant, group_id, _add_role_page)


def assignable_roles(search: str = "") -> list[BuiltinRole]:
    """Roles by name."""
    wanted = search.strip().lower()
    found = [role for role in BUILTIN_ROLES.values() if role.is_assignable and wanted in role.display_name.lower()]
    return sorted(found, key=lambda role: role.display_name.lower())


def kind_of(group: Group) -> str:
    """Security or Microsoft 365."""
    return "Microsoft 365" if "Unified" in group.group_types else "Security"


def _at_group(context: Context, request: Request, tenant: str, group_id: str, page: GroupPage) -> Response:
    def seated(desk: Desk) -> Response:
        found = desk.tenant.groups.get(group_id)
        return page(desk, found) if found else desk.missing("That group", "groups")

    return at_desk(context, request, tenant, seated)


def _groups_page(desk: Desk) -> Response:
    search = desk.visit.request.args.get("search", "").strip()
    with desk.tenant.lock:
        found = [g for g in desk.tenant.groups.values() if g.display_name.lower().startswith(search.lower())]
    rows = [
        [
            el("a", g.display_name, href=f"{desk.root}/groups/{g.id}"),
            el("span", g.id, class_="mono"),
            kind_of(g),
            "Yes" if g.is_assignable_to_role else "No",
            len(g.members),
        ]
        for g in sorted(found, key=lambda g: (g.display_name.lower(), g.id))
    ]
    deleted = desk.visit.request.args.get("deleted", "")
    return desk.page(
        "Groups",
        notice("The group was deleted.") if deleted else None,
        el("p", el("a", "New group", href=f"{desk.root}/groups/new", class_="button main"), class_="acts"),
        search_form("Search by name", search),
        table("All groups", ["Name", "Object ID", "Group type", "Roles can be assigned", "Members"], rows)
        if rows
        else el("p", "No groups found.", class_="panel empty"),
        section="groups",
    )


def group_page(desk: Desk, group: Group, error: str | None = None) -> Response:
    """Overview, members, owners, assigned roles."""
    may = may_change(desk, group)
    here = f"{desk.root}/groups/{group.id}"
    done = {"created": "The group was created.", "added": "The members were added.", "saved": "The group was changed."}
    said = next((text for name, text in done.items() if name in desk.visit.request.args), None)
    return desk.page(
        group.display_name,
        refused(error) if error else None,
        notice(said) if said and not error else None,
        el(
            "section",
            el("h2", "Overview"),
            facts(
                [
                    ("Object ID", el("span", group.id, class_="mono")),
                    ("Group type", kind_of(group)),
                    ("Membership type", "Dynamic" if "DynamicMembership" in group.group_types else "Assigned"),
                    (
                        "Microsoft Entra roles can be assigned to the group",
                        "Yes" if group.is_assignable_to_role else "No",
                    ),
                    ("Description", group.description or "-"),
                    ("Created", group.created_date_time.strftime("%Y-%m-%d %H:%M UTC")),
                ]
            ),
            class_="panel",
        ),
        _people(desk, group, "members", may=may),
        _people(desk, group, "owners", may=may),
        _roles_section(desk, group, here) if group.is_assignable_to_role else None,
        desk.form(el("p", button("Delete group"), class_="acts"), hidden={"act": "delete"})
        if may
        else el("p", NO_RIGHT, class_="sub"),
        section="groups",
        crumbs=[("Groups", f"{desk.root}/groups")],
        status=409 if error else 200,
    )


def may_change(desk: Desk, group: Group) -> bool:
    """Whether the person at the desk may change members of the group."""
    if desk.user.id in group.owners:
        return True
    return desk.may_manage_roles if group.is_assignable_to_role else desk.may_manage_groups


def _people(desk: Desk, group: Group, kind: str, *, may: bool) -> list[Child]:
    people: dict[str, object] = dict(getattr(group, kind))
    rows = []
    for object_id in people:
        pick = picker.named(desk.tenant, object_id)
        remove = desk.form(
            el("button", "Remove", el("span", f" {pick.name} from {kind}", class_="visually-hidden"), type="submit",
               class_="button small"),
            hidden={"act": f"remove-{kind}", "object": object_id},
        )  # fmt: skip
        rows.append([picker.cell(pick), pick.kind, el("span", object_id, class_="mono"), remove if may else ""])
    add = f"{desk.root}/groups/{group.id}/{kind}/add"
    return [
        el("h2", kind.capitalize()),
        el("p", el("a", f"+ Add {kind}", href=add, class_="button"), class_="acts") if may else None,
        table(kind.capitalize(), ["Name", "Type", "Object ID", "Action"], rows)
        if rows
        else el("p", f"No {kind} found.", class_="panel empty"),
    ]


def _roles_section(desk: Desk, group: Group, here: str) -> list[Child]:
    with desk.tenant.lock:
        pim.settle(desk.tenant, desk.visit.now)
        held = [("Active", a) for a in desk.tenant.role_assignments.values() if a.principal_id == group.id]
        held += [("Eligible", a) for a in desk.tenant.role_eligibilities.values() if a.principal_id == group.id]
    rows = []
    for state, assignment in held:
        role = BUILTIN_ROLES.get(assignment.role_definition_id)
        name = role.display_name if role else assignment.role_definition_id
        link = el("a", name, href=f"{desk.root}/roles/{assignment.role_definition_id}") if role else name
        rows.append([link, "Directory" if assignment.directory_scope_id == "/" else "Administrative unit", state])
    return [
        el("h2", "Assigned roles"),
        el("p", el("a", "+ Add assignments", href=f"{here}/roles/add", class_="button"), class_="acts")
        if desk.may_manage_roles
        else None,
        table("Assigned roles", ["Role", "Scope", "State"], rows)
        if rows
        else el("p", "No role assignments found.", class_="panel empty"),
    ]


def _changed(desk: Desk, group: Group) -> Response:
    if desk.visit.request.method != "POST":
        return group_page(desk, group)
    if not may_change(desk, group):
        return group_page(desk, group, NO_RIGHT)
    act = desk.visit.posted("act")
    if act == "delete":
        _delete(desk, group)
        return see_other(f"{desk.root}/groups?deleted=yes")
    if act in {"remove-members", "remove-owners"}:
        kind = act.removeprefix("remove-")
        with changing(desk.tenant, group, now=desk.visit.now):
            getattr(group, kind).pop(desk.visit.posted("object"), None)
        _note(desk, f"Remove {kind.rstrip('s')} from group", group)
        return see_other(f"{desk.root}/groups/{group.id}?saved")
    return group_page(desk, group, "Nothing was chosen.")


def _delete(desk: Desk, group: Group) -> None:
    with changing(desk.tenant, group, now=desk.visit.now):
        desk.tenant.groups.pop(group.id, None)
    with desk.tenant.lock:
        for held in [a for a in desk.tenant.role_assignments.values() if a.principal_id == group.id]:
            roles.remove(desk.tenant, held, now=desk.visit.now, by=desk.user)
        for key in [k for k, held in desk.tenant.role_eligibilities.items() if held.principal_id == group.id]:
            del desk.tenant.role_eligibilities[key]
    _note(desk, "Delete group", group)


def _note(desk: Desk, activity: str, group: Group) -> None:
    with desk.tenant.lock:
        note_by_user(desk.tenant, activity, group, by=desk.user, now=desk.visit.now)


def people_complaint(tenant: Tenant, object_ids: list[str], *, unified: bool, assignable: bool) -> str | None:
    """Why some of these cannot be members ("Nesting is not supported", members of Microsoft 365 groups are users)."""
    for object_id in object_ids:
        pick = picker.named(tenant, object_id)
        if pick.kind == "Unknown":
            return "One of the chosen is not in this directory any more."
        if pick.kind != "User" and unified:
            return f"{pick.name} cannot be in a Microsoft 365 group: only users can."
        if pick.kind == "Group" and assignable:
            return "Nesting is not supported for groups to which roles can be assigned."
    return None


def _add_people(desk: Desk, group: Group, kind: str, error: str | None = None) -> Response:
    if desk.visit.request.method == "POST" and error is None:
        return _add_chosen(desk, group, kind)
    search = desk.visit.request.args.get("search", "").strip()
    lines = picker.picks(desk.tenant, search, groups=False, apps="Unified" not in group.group_types)
    here = f"{desk.root}/groups/{group.id}"
    return desk.page(
        f"Add {kind}",
        el("p", "Group: ", el("strong", group.display_name), class_="sub"),
        refused(error) if error else None,
        search_form("Search", search, hint=picker.HINT),
        el("div", desk.form(picker.chooser(f"Select {kind}", lines), _acts("Select", here)), class_="panel")
        if lines
        else el("p", "No results.", class_="panel empty"),
        section="groups",
        crumbs=[("Groups", f"{desk.root}/groups"), (group.display_name, here)],
        status=409 if error else 200,
    )


def _acts(text: str, back: str) -> Markup:
    return el("p", button(text, main=True), el("a", "Cancel", href=back, class_="button"), class_="acts")


def _add_chosen(desk: Desk, group: Group, kind: str) -> Response:
    chosen = desk.visit.request.form.getlist("principal")
    unified = "Unified" in group.group_types
    complaint = None
    if not may_change(desk, group):
        complaint = NO_RIGHT
    elif not chosen:
        complaint = "Select at least one."
    else:
        complaint = people_complaint(desk.tenant, chosen, unified=unified, assignable=group.is_assignable_to_role)
    if complaint:
        return _add_people(desk, group, kind, complaint)
    with changing(desk.tenant, group, now=desk.visit.now):
        for object_id in chosen:
            getattr(group, kind).setdefault(object_id, desk.visit.now)
    _note(desk, f"Add {kind.rstrip('s')} to group", group)
    return see_other(f"{desk.root}/groups/{group.id}?added")


def _add_role_page(desk: Desk, group: Group) -> Response:
    search = desk.visit.request.args.get("search", "").strip()
    here = f"{desk.root}/groups/{group.id}"
    rows = [
        [
            el("a", role.display_name, href=f"{desk.root}/roles/{role.template_id}/add?principal={group.id}"),
            el("span", "PRIVILEGED", class_="tag") if role.is_privileged else "",
        ]
        for role in assignable_roles(search)
    ]
    return desk.page(
        "Add assignments",
        el("p", "Group: ", el("strong", group.display_name), ". Choose the role.", class_="sub"),
        search_form("Search roles", search),
        table("Roles", ["Role", "Privileged"], rows)
        if rows
        else el("p", f"No role's name contains {search}.", class_="panel empty"),
        section="groups",
        crumbs=[("Groups", f"{desk.root}/groups"), (group.display_name, here)],
    )
