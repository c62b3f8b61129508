"""New group: one form that carries what was chosen so far, so that nothing is kept between its steps.

Page: "Create a role-assignable group in Microsoft Entra ID" (`groups-create-eligible`).
"""

import dataclasses
import re

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import roles
from entrasim.app import Context
from entrasim.changes import record
from entrasim.directory_audit import note_by_user
from entrasim.pages.html import Child, button, el, field
from entrasim.portal import picker
from entrasim.portal.groups import assignable_roles, people_complaint
from entrasim.portal.shell import Desk, at_desk, refused, see_other
from entrasim.state import Group, new_id
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.tables.skus import PREMIUM_PLANS, has_plan

CONFIRMATION = (
    "Creating a group to which Microsoft Entra roles can be assigned is a setting that cannot be changed later. "
    "Are you sure?"
)
TOGGLE = "Microsoft Entra roles can be assigned to the group"
_TYPES = ("Security", "Microsoft 365")
_LISTS = ("owners", "members", "roles")


@dataclasses.dataclass(slots=True)
class Draft:
    """What the form holds so far."""

    kind: str = "Security"
    name: str = ""
    description: str = ""
    assignable: bool = False
    owners: list[str] = dataclasses.field(default_factory=list)
    members: list[str] = dataclasses.field(default_factory=list)
    roles: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, desk: Desk) -> "Draft":
        """Read the posted form."""
        form = desk.visit.request.form
        kind = form.get("kind", "Security")
        return cls(
            kind=kind if kind in _TYPES else "Security",
            name=form.get("name", "").strip(),
            description=form.get("description", "").strip(),
            assignable=form.get("assignable") == "yes",
            **{name: list(dict.fromkeys(form.getlist(name))) for name in _LISTS},
        )

    def carried(self, *, without: str = "") -> list[Markup]:
        """Hidden fields for a step that does not show the form."""
        plain = {"kind": self.kind, "name": self.name, "description": self.description,
                 "assignable": "yes" if self.assignable else "no"}  # fmt: skip
        inputs = [el("input", type="hidden", name=name, value=value) for name, value in plain.items()]
        return inputs + self.lists(without=without)

    def lists(self, *, without: str = "") -> list[Markup]:
        """Hidden fields for what was picked."""
        return [
            el("input", type="hidden", name=name, value=value)
            for name in _LISTS
            if name != without
            for value in getattr(self, name)
        ]


def new_group(context: Context, request: Request, tenant: str) -> Response:
    """The form, its pickers, the confirmation, and the creation."""
    return at_desk(context, request, tenant, _page)


def _page(desk: Desk) -> Response:
    if desk.visit.request.method != "POST":
        return _form_page(desk, Draft())
    draft, go = Draft.of(desk), desk.visit.posted("go")
    if go.removeprefix("search-") in _LISTS:
        return _picker_page(desk, draft, go.removeprefix("search-"))
    if go not in {"create", "yes"}:
        return _form_page(desk, draft)
    return _created(desk, draft, confirmed=go == "yes")


def _created(desk: Desk, draft: Draft, *, confirmed: bool) -> Response:
    complaint = _complaint(desk, draft)
    if complaint:
        return _form_page(desk, draft, complaint)
    if draft.assignable and not confirmed:
        return _confirmation_page(desk, draft)
    made = _create(desk, draft)
    return see_other(f"{desk.root}/groups/{made.id}?created")


def offers_toggle(desk: Desk) -> bool:
    """Whether the form has the switch for roles: a premium licence is there, and the person may manage roles."""
    return desk.may_manage_roles and has_plan(desk.tenant.skus, PREMIUM_PLANS)


def _complaint(desk: Desk, draft: Draft) -> str | None:
    if desk.user.user_type == "Guest":
        return "You do not have permission to create groups."
    if not draft.name:
        return "Enter a group name."
    if draft.assignable and not offers_toggle(desk):
        return "You do not have permission to create a group to which roles can be assigned."
    if draft.roles and not draft.assignable:
        return f"Roles were selected: set '{TOGGLE}' to Yes, or clear the roles."
    if any(role not in BUILTIN_ROLES or not BUILTIN_ROLES[role].is_assignable for role in draft.roles):
        return "One of the roles cannot be assigned."
    return people_complaint(
        desk.tenant,
        [*draft.members, *draft.owners],
        unified=draft.kind == "Microsoft 365",
        assignable=draft.assignable,
    )


def _form_page(desk: Desk, draft: Draft, error: str | None = None) -> Response:
    options = [el("option", kind, value=kind, selected=kind == draft.kind) for kind in _TYPES]
    toggle = offers_toggle(desk)
    form = desk.form(
        # First in the form, so that the Enter key creates and opens no picker.
        el("button", "Create", type="submit", name="go", value="create", class_="visually-hidden", tabindex="-1",
           aria_hidden="true"),
        draft.lists(),
        el("div", el("label", "Group type", for_="kind"), el("select", options, id="kind", name="kind"),
           class_="field"),
        field("Group name", name="name", value=draft.name, maxlength=256, autocomplete="off"),
        field("Group description", name="description", value=draft.description, maxlength=1024, autocomplete="off"),
        _toggle(draft) if toggle else None,
        el("div", el("label", "Membership type", for_="membership"),
           el("select", el("option", "Assigned", value="Assigned"), id="membership", name="membership"),
           class_="field"),
        _chosen(desk, draft, "owners"),
        _chosen(desk, draft, "members"),
        _chosen(desk, draft, "roles") if toggle else None,
        el("p", el("button", "Create", type="submit", name="go", value="create", class_="button main"),
           el("a", "Cancel", href=f"{desk.root}/groups", class_="button"), class_="acts"),
    )  # fmt: skip
    return _framed(desk, "New Group", refused(error) if error else None, el("div", form, class_="panel"),
                   status=409 if error else 200)  # fmt: skip


def _toggle(draft: Draft) -> Markup:
    return el(
        "fieldset",
        el("legend", TOGGLE),
        *(
            el(
                "label",
                el("input", type="radio", name="assignable", value=value, checked=draft.assignable == (value == "yes")),
                text,
                class_="check",
            )
            for text, value in (("Yes", "yes"), ("No", "no"))
        ),
    )


def _chosen(desk: Desk, draft: Draft, kind: str) -> Markup:
    ids: list[str] = getattr(draft, kind)
    names = [BUILTIN_ROLES[i].display_name if i in BUILTIN_ROLES else picker.named(desk.tenant, i).name for i in ids]
    return el(
        "div",
        el("p", el("strong", kind.capitalize())),
        el("ul", [el("li", name) for name in names]) if names else None,
        el(
            "p",
            el(
                "button",
                f"Change {kind}" if names else f"No {kind} selected",
                type="submit",
                name="go",
                value=kind,
                class_="button plain",
            ),
        ),
        class_="field",
    )


def _picker_page(desk: Desk, draft: Draft, kind: str) -> Response:
    search = desk.visit.posted("search").strip()
    kept: list[str] = getattr(draft, kind)
    if kind == "roles":
        found = [picker.Pick(r.template_id, r.display_name, "", "Role") for r in assignable_roles(search)]
        chosen = [picker.Pick(i, BUILTIN_ROLES[i].display_name, "", "Role") for i in kept if i in BUILTIN_ROLES]
    else:
        found = picker.picks(desk.tenant, search, groups=False, apps=draft.kind == "Security" and kind == "members")
        chosen = [picker.named(desk.tenant, i) for i in kept]
    lines = [*chosen, *(pick for pick in found if pick.id not in kept)]
    form = desk.form(
        el("button", "Search", type="submit", name="go", value=f"search-{kind}", class_="visually-hidden",
           tabindex="-1", aria_hidden="true"),
        draft.carried(without=kind),
        el("div", field("Search", name="search", value=search, type="search", autocomplete="off",
                        hint=None if kind == "roles" else picker.HINT), class_="finder"),
        el("p", button("Search", name="go", value=f"search-{kind}"), class_="acts"),
        picker.chooser(f"Select {kind}", lines, name=kind, chosen=kept) if lines else el("p", "No results."),
        el("p", button("Select", name="go", value="form", main=True), class_="acts"),
    )  # fmt: skip
    return _framed(desk, f"Add {kind}", el("div", form, class_="panel"))


def _confirmation_page(desk: Desk, draft: Draft) -> Response:
    form = desk.form(
        draft.carried(),
        el("p", CONFIRMATION),
        el("p", button("Yes", name="go", value="yes", main=True), button("No", name="go", value="form"), class_="acts"),
    )
    return _framed(desk, "Create a group to which roles can be assigned?", el("div", form, class_="panel"))


def _framed(desk: Desk, title: str, *children: Child, status: int = 200) -> Response:
    return desk.page(title, *children, section="groups", crumbs=[("Groups", f"{desk.root}/groups")], status=status)


def _create(desk: Desk, draft: Draft) -> Group:
    tenant, now = desk.tenant, desk.visit.now
    unified = draft.kind == "Microsoft 365"
    made = Group(
        id=new_id(),
        display_name=draft.name,
        created_date_time=now.replace(microsecond=0),
        mail_nickname=re.sub(r"[^a-zA-Z0-9]", "", draft.name)[:60] or "group",
        description=draft.description or None,
        security_enabled=not unified or draft.assignable,
        mail_enabled=unified,
        group_types=["Unified"] if unified else [],
        is_assignable_to_role=draft.assignable,
        visibility="Private" if draft.assignable or unified else None,
        members=dict.fromkeys(draft.members, now),
        owners=dict.fromkeys(draft.owners, now),
    )
    with tenant.lock:
        tenant.groups[made.id] = made
        made.change_number = record(tenant, kind="group", object_id=made.id, before=None, now=now)
        note_by_user(tenant, "Add group", made, by=desk.user, now=now)
        for role_id in draft.roles:
            roles.assign(tenant, principal_id=made.id, role_id=role_id, now=now, by=desk.user)
    return made
