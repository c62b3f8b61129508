"""A small portal, so that what a guide tells an administrator to click can be clicked.

Addresses, deep-linkable; `{tenant}` is the directory's id or one of its domains:

| page | ours | the real Entra admin center |
| --- | --- | --- |
| Roles and administrators | `{browser_url}/portal/{tenant}/roles` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/RolesManagementMenuBlade/~/AllRoles` |
| one role's assignments | `{browser_url}/portal/{tenant}/roles/{template id}` | opened from the list |
| Add assignments | `{browser_url}/portal/{tenant}/roles/{template id}/add` | opened from the role |
| Role settings | `{browser_url}/portal/{tenant}/roles/{template id}/settings` | Privileged Identity Management, Roles, the role, Role settings |
| Groups | `{browser_url}/portal/{tenant}/groups` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/GroupsManagementMenuBlade/~/AllGroups` |
| New group | `{browser_url}/portal/{tenant}/groups/new` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/AddGroupBlade` |
| one group | `{browser_url}/portal/{tenant}/groups/{object id}` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Overview/groupId/{object id}` |
| Enterprise applications | `{browser_url}/portal/{tenant}/apps` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview` |
| one enterprise application | `{browser_url}/portal/{tenant}/apps/{object id}` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/ManagedAppMenuBlade/~/Overview/objectId/{object id}/appId/{app id}` |
| choose a directory | `{browser_url}/portal/` and `/portal/?tenant={tenant}` | the directory of whoever signs in |

Whoever is not signed in meets the sign-in pages at the address itself and goes on there.
"""  # noqa: E501  addresses do not wrap

from collections.abc import Iterable

from entrasim.pages.table import FORM, READ, PageHandler, PageRoute, as_rules
from entrasim.portal import apps, assignments, groups, new_group, role_settings, roles, shell

PAGES = (
    PageRoute(READ, "/portal/", "portal", "Choose a directory", shell.start),
    PageRoute(FORM, "/portal/<tenant>", "portal", "To the roles of a directory", shell.open_directory),
    PageRoute(FORM, "/portal/<tenant>/roles", "portal", "Roles and administrators", roles.roles),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>", "portal", "One role's assignments", roles.role),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>/add", "portal", "Add assignments", assignments.add_assignments),
    PageRoute(
        FORM, "/portal/<tenant>/roles/<role_id>/settings", "portal", "Role settings (PIM)", role_settings.settings
    ),
    PageRoute(
        FORM,
        "/portal/<tenant>/roles/<role_id>/assignments/<assignment_id>",
        "portal",
        "Update an assignment (PIM)",
        assignments.update_assignment,
    ),
    PageRoute(FORM, "/portal/<tenant>/apps", "portal", "Enterprise applications", apps.apps),
    PageRoute(FORM, "/portal/<tenant>/apps/<object_id>", "portal", "One enterprise application", apps.app),
    PageRoute(
        FORM, "/portal/<tenant>/apps/<object_id>/delete", "portal", "Delete an enterprise application", apps.delete
    ),
    PageRoute(FORM, "/portal/<tenant>/groups", "portal", "Groups", groups.groups),
    PageRoute(FORM, "/portal/<tenant>/groups/new", "portal", "New group", new_group.new_group),
    PageRoute(FORM, "/portal/<tenant>/groups/<group_id>", "portal", "One group", groups.group),
    PageRoute(FORM, "/portal/<tenant>/groups/<group_id>/members/add", "portal", "Add members", groups.add_members),
    PageRoute(FORM, "/portal/<tenant>/groups/<group_id>/owners/add", "portal", "Add owners", groups.add_owners),
    PageRoute(FORM, "/portal/<tenant>/groups/<group_id>/roles/add", "portal", "Add a role to a group", groups.add_role),
    PageRoute(FORM, "/portal/<tenant>/sign-out", "portal", "Sign out of the portal", shell.sign_out),
)

ADDRESSES = {
    "roles": "/portal/{tenant}/roles",
    "role": "/portal/{tenant}/roles/{role}",
    "add_assignments": "/portal/{tenant}/roles/{role}/add",
    "role_settings": "/portal/{tenant}/roles/{role}/settings",
    "groups": "/portal/{tenant}/groups",
    "new_group": "/portal/{tenant}/groups/new",
    "group": "/portal/{tenant}/groups/{group}",
    "apps": "/portal/{tenant}/apps",
    "app": "/portal/{tenant}/apps/{object}",
}
"""For deep links: `{role}` is a template id, `{group}` and `{object}` are object ids."""


def rules() -> list[tuple[Iterable[str], str, PageHandler]]:
    """What the server routes by."""
    return as_rules(PAGES)
