"""Microsoft's clouds: where to sign in, where Graph is, where the admin center is.

Source: Microsoft Graph "National cloud deployments". The admin center's addresses of the national clouds are not on that
page; see docs/not-verified-live.md.
"""

import dataclasses
from typing import Final


@dataclasses.dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of one cloud, without trailing slashes."""

    name: str
    login_url: str
    graph_url: str
    portal_url: str

    @property
    def scope(self) -> str:
        """The scope an app-only token for Graph is asked with."""
        return f"{self.graph_url}/.default"


CLOUDS: Final[dict[str, Cloud]] = {
    "global": Cloud(
        "global", "https://login.microsoftonline.com", "https://graph.microsoft.com", "https://entra.microsoft.com"
    ),
    "gcc-high": Cloud(
        "gcc-high", "https://login.microsoftonline.us", "https://graph.microsoft.us", "https://entra.microsoft.us"
    ),
    "dod": Cloud(
        "dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us", "https://entra.microsoft.us"
    ),
    "china": Cloud(
        "china",
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://entra.microsoftonline.cn",
    ),
}
