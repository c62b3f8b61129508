"""The demo: the product pointed at the simulator with the MSP "Harbour IT" and its customers.

The simulator runs as a program of its own and is asked for its addresses through the file it writes; nothing of it is
imported here, so the demo's path is the path of a real deployment with other addresses.
"""

import json
import os
from pathlib import Path
from typing import Any

from tenantry import processes
from tenantry.processes import Tree

_READY_SECONDS = 60.0


class Simulated:
    """The simulator as a child of the demo."""

    def __init__(self, *, data_dir: Path, public_url: str, lag: str) -> None:
        self.facts_path = data_dir.parent / "demo.json"
        self._info_path = data_dir / "entrasim.json"
        self._data_dir = data_dir
        self._public_url = public_url
        self._lag = lag
        self._info: dict[str, Any] = {}

    def start(self, tree: Tree) -> None:
        """Start it on ENTRASIM_PORT (0 or absent: a free port)."""
        self._info_path.unlink(missing_ok=True)
        self.facts_path.unlink(missing_ok=True)
        wanted = os.environ.get("ENTRASIM_PORT", "0").strip() or "0"
        if not wanted.isdigit():
            raise processes.CannotStart(f"ENTRASIM_PORT must be a port number, not {wanted!r}.")
        port = processes.require_port(int(wanted), name="ENTRASIM_PORT")
        tree.start(
            "simulator",
            "entrasim",
            f"--port={port}",
            "--world=harbour-it",
            f"--redirect-uri={self._public_url}/connect/return",
            f"--redirect-uri={self._public_url}/settings/apps/return",
            f"--redirect-uri={self._public_url}/connect/administrator/return",
            f"--redirect-uri={self._public_url}/verify/return",
            f"--elevation-redirect-uri={self._public_url}/connect/return",
            f"--ca-dir={self._data_dir / 'simulator'}",
            f"--lag={self._lag}",
            f"--info={self._info_path}",
            is_quiet=True,
        )

    def forget(self) -> None:
        """Remove the facts: they are true only while the demo runs."""
        self.facts_path.unlink(missing_ok=True)

    def settings(self, tree: Tree) -> dict[str, str]:
        """Wait for the simulator and return the settings that point the product at it."""
        tree.watch(until=self._info_path.exists, seconds=_READY_SECONDS)
        self._info = json.loads(self._info_path.read_text(encoding="utf-8"))
        helpdesk, elevation = self._info["apps"]["helpdesk"], self._info["apps"]["elevation"]
        secret_paths = {}
        for name, app in (("helpdesk", helpdesk), ("elevation", elevation)):
            path = self._data_dir / "simulator" / f"{name}-secret"
            path.touch(mode=0o600)
            path.write_text(app["secret"], encoding="utf-8")
            secret_paths[name] = str(path)
        return {
            "TENANTRY_DEMO": "1",
            "TENANTRY_LOGIN_URL": self._info["login"],
            "TENANTRY_LOGIN_BROWSER_URL": self._info["browser"],
            "TENANTRY_GRAPH_URL": self._info["graph"],
            "TENANTRY_PORTAL_ROLES_URL": f"{self._info['browser']}/portal/{{tenant}}/roles",
            "TENANTRY_PORTAL_GROUPS_URL": f"{self._info['browser']}/portal/{{tenant}}/groups",
            "TENANTRY_CA_FILE": self._info["ca_file"],
            "TENANTRY_CLIENT_ID": helpdesk["client_id"],
            "TENANTRY_CLIENT_SECRET_FILE": secret_paths["helpdesk"],
            "TENANTRY_ELEVATION_CLIENT_ID": elevation["client_id"],
            "TENANTRY_ELEVATION_CLIENT_SECRET_FILE": secret_paths["elevation"],
        }

    def write_facts(self, link: str) -> None:
        """Write `demo.json`, readable by its owner only: whatever a person or script needs to walk the demo."""
        facts = {
            "console": self._public_url,
            "sign_in_link": link,
            "login": self._info["login"],
            "login_browser": self._info["browser"],
            "graph": self._info["graph"],
            "portal": f"{self._info['browser']}/portal",
            "ca_file": self._info["ca_file"],
            "control": self._info["control"],
            "client_ids": {name: app["client_id"] for name, app in self._info["apps"].items()},
            "tenants": [
                {**tenant, "admin": {"name": tenant["admin"]["upn"], "password": tenant["admin"]["password"]}}
                for tenant in self._info["tenants"]
            ],
        }
        temporary = self.facts_path.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(self.facts_path)


def sign_in_link() -> str:
    """A fresh one-time link for the demo's technician."""
    from tenantry.technicians import actions

    return actions.create_sign_in_link(actions.ensure_demo_technician())
