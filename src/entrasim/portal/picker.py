"""The list to choose members, owners and holders of a role from.

It behaves as the real one: users are listed at first; enterprise applications and groups are found by typing the
beginning of their names (`manage-roles-portal`, Assign Microsoft Entra roles to users).
"""

import dataclasses
from collections.abc import Iterable

from markupsafe import Markup

from entrasim.pages.html import Child, el
from entrasim.state import Tenant

MOST_PICKS = 20
HINT = (
    "Try changing or adding filters if you don't see what you're looking for. Enterprise applications and groups are "
    "listed only after you type the beginning of their name."
)


@dataclasses.dataclass(frozen=True, slots=True)
class Pick:
    """One line."""

    id: str
    name: str
    detail: str
    kind: str


def picks(tenant: Tenant, search: str, *, groups: bool = True, apps: bool = True) -> list[Pick]:
    """What the picker lists for a search; only users until something is typed."""
    wanted = search.strip().lower()
    with tenant.lock:
        users = [
            Pick(u.id, u.display_name, u.user_principal_name, "User")
            for u in tenant.users.values()
            if u.display_name.lower().startswith(wanted) or u.user_principal_name.lower().startswith(wanted)
        ]
        users = sorted(users, key=lambda pick: pick.name.lower())[:MOST_PICKS]
        if not wanted:
            return users
        found = [
            Pick(p.id, p.display_name, f"Application ID {p.app_id}", "Enterprise application")
            for p in tenant.service_principals.values()
            if apps and p.display_name.lower().startswith(wanted)
        ]
        found += [
            Pick(g.id, g.display_name, "Role-assignable group", "Group")
            for g in tenant.groups.values()
            if groups and g.is_assignable_to_role and g.display_name.lower().startswith(wanted)
        ]
    return [*found, *users]


def named(tenant: Tenant, object_id: str) -> Pick:
    """The line of an object; one of kind "Unknown" for what is gone."""
    with tenant.lock:
        if object_id in tenant.users:
            user = tenant.users[object_id]
            return Pick(object_id, user.display_name, user.user_principal_name, "User")
        if object_id in tenant.service_principals:
            principal = tenant.service_principals[object_id]
            return Pick(
                object_id, principal.display_name, f"Application ID {principal.app_id}", "Enterprise application"
            )
        if object_id in tenant.groups:
            group = tenant.groups[object_id]
            detail = "Role-assignable group" if group.is_assignable_to_role else "Group"
            return Pick(object_id, group.display_name, detail, "Group")
    return Pick(object_id, object_id, "deleted", "Unknown")


def chooser(legend: str, lines: Iterable[Pick], *, name: str = "principal", chosen: Iterable[str] = ()) -> Markup:
    """Check boxes for the lines."""
    ticked = set(chosen)
    items = [
        el(
            "li",
            el(
                "label",
                el("input", type="checkbox", name=name, value=pick.id, checked=pick.id in ticked),
                el("span", pick.name, el("small", pick.detail)),
                el("span", pick.kind, class_="tag"),
            ),
        )
        for pick in lines
    ]
    return el("fieldset", el("legend", legend), el("ul", items, class_="picks"))


def cell(pick: Pick) -> list[Child]:
    """Name and detail for a table's first column."""
    return [pick.name, el("div", pick.detail, class_="sub")]
