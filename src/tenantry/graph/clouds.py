"""Microsoft's clouds: where to sign in, where Graph is, where the admin center is.

Source: Microsoft Graph "National cloud deployments". The admin center's addresses of the national clouds are not
on that page; see docs/not-verified-live.md.
"""

import dataclasses
import uuid
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of one cloud, without trailing slashes."""

    name: str
    login_url: str
    graph_url: str
    roles_page: str  # pattern with {tenant}: "Roles and administrators" in the Entra admin center
    groups_page: str = ""  # pattern with {tenant}: "Groups" there

    def portal_roles_url(self, tenant_id: uuid.UUID) -> str:
        """Where an administrator of the tenant finds "Roles and administrators"."""
        return self.roles_page.format(tenant=tenant_id)

    def portal_groups_url(self, tenant_id: uuid.UUID) -> str:
        """Where an administrator of the tenant finds "Groups"."""
        return self.groups_page.format(tenant=tenant_id)

    @property
    def scope(self) -> str:
        """The scope an app-only token for Graph is asked with."""
        return f"{self.graph_url}/.default"


_ROLES = "/{tenant}/#view/Microsoft_AAD_IAM/RolesManagementMenuBlade/~/AllRoles"
_GROUPS = "/{tenant}/#view/Microsoft_AAD_IAM/GroupsManagementMenuBlade/~/AllGroups"

CLOUDS: Final[dict[str, Cloud]] = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            "global",
            "https://login.microsoftonline.com",
            "https://graph.microsoft.com",
            f"https://entra.microsoft.com{_ROLES}",
            f"https://entra.microsoft.com{_GROUPS}",
        ),
        Cloud(
            "gcc-high",
            "https://login.microsoftonline.us",
            "https://graph.microsoft.us",
            f"https://entra.microsoft.us{_ROLES}",
            f"https://entra.microsoft.us{_GROUPS}",
        ),
        Cloud(
            "dod",
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us",
            f"https://entra.microsoft.us{_ROLES}",
            f"https://entra.microsoft.us{_GROUPS}",
        ),
        Cloud(
            "china",
            "https://login.chinacloudapi.cn",
            "https://microsoftgraph.chinacloudapi.cn",
            f"https://entra.microsoftonline.cn{_ROLES}",
            f"https://entra.microsoftonline.cn{_GROUPS}",
        ),
    )
}
