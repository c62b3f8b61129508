"""A small portal, so that what a guide tells an administrator to click can be clicked.

Addresses, deep-linkable; `{tenant}` is the directory's id or one of its domains:

| page | ours | the real Entra admin center |
| --- | --- | --- |
| Roles and administrators | `{browser_url}/portal/{tenant}/roles` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/RolesManagementMenuBlade/~/AllRoles` |
| one role's assignments | `{browser_url}/portal/{tenant}/roles/{template id}` | opened from the list |
| Add assignments | `{browser_url}/portal/{tenant}/roles/{template id}/add` | opened from the role |
| Enterprise applications | `{browser_url}/portal/{tenant}/apps` | `https://entra.microsoft.com/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview` |
| one enterprise application | `{browser_url}/portal/{tenant}/apps/{object id}` | opened from the list |
| choose a directory | `{browser_url}/portal/` and `/portal/?tenant={tenant}` | the directory of whoever signs in |

Whoever is not signed in meets the sign-in pages at the address itself and goes on there.
"""  # noqa: E501  addresses do not wrap

from collections.abc import Iterable

from entrasim.pages.table import FORM, READ, PageHandler, PageRoute, as_rules
from entrasim.portal import apps, roles, shell

PAGES = (
    PageRoute(READ, "/portal/", "portal", "Choose a directory", shell.start),
    PageRoute(FORM, "/portal/<tenant>", "portal", "To the roles of a directory", shell.open_directory),
    PageRoute(FORM, "/portal/<tenant>/roles", "portal", "Roles and administrators", roles.roles),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>", "portal", "One role's assignments", roles.role),
    PageRoute(FORM, "/portal/<tenant>/roles/<role_id>/add", "portal", "Add assignments", roles.add_assignments),
    PageRoute(FORM, "/portal/<tenant>/apps", "portal", "Enterprise applications", apps.apps),
    PageRoute(FORM, "/portal/<tenant>/apps/<object_id>", "portal", "One enterprise application", apps.app),
    PageRoute(FORM, "/portal/<tenant>/sign-out", "portal", "Sign out of the portal", shell.sign_out),
)


def rules() -> list[tuple[Iterable[str], str, PageHandler]]:
    """What the server routes by."""
    return as_rules(PAGES)
