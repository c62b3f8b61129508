"""Each of Microsoft's clouds is a setting, and nothing else has to be set for it."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

TENANT = uuid.UUID("11111111-2222-4333-8444-555555555555")
SHOW = (
    "import uuid; from django.conf import settings as s; c = s.CLOUD; "
    f"print(c.login_url, c.graph_url, c.scope, s.LOGIN_BROWSER_URL, c.portal_roles_url(uuid.UUID('{TENANT}')))"
)


@pytest.mark.parametrize(
    ("cloud", "login", "graph"),
    [
        ("global", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("gcc-high", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        ("china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_one_setting_chooses_sign_in_graph_scope_and_admin_center(
    tmp_path: Path, cloud: str, login: str, graph: str
) -> None:
    """The addresses are those of Microsoft Graph's page "National cloud deployments"."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENANTRY_", "DJANGO_"))}
    chosen = {
        "DJANGO_SETTINGS_MODULE": "tenantry.settings",
        "TENANTRY_CLOUD": cloud,
        "TENANTRY_DATA_DIR": str(tmp_path),
    }
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], env=kept | chosen, capture_output=True, text=True, check=True
    ).stdout.split()
    assert shown[:4] == [login, graph, f"{graph}/.default", login]
    assert shown[4].startswith(f"https://entra.microsoft{'online' if cloud == 'china' else ''}.")
    assert str(TENANT) in shown[4]
