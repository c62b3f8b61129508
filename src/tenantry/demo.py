"""The demo: the product pointed at the simulator with the MSP "Harbour IT" and its customers.

The simulator runs as a program of its own and is asked for its addresses through the file it writes; nothing of it is
imported here, so the demo's path is the path of a real deployment with other addresses.
"""

import dataclasses
import json
import logging
import os
import threading
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tenantry import processes
from tenantry.kit import clock
from tenantry.processes import Tree

if TYPE_CHECKING:
    from tenantry.customers.queries import Customer

log = logging.getLogger(__name__)

_READY_SECONDS = 60.0
_TRIES, _PAUSE_SECONDS = 120, 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at Harbour IT beside Alice.

    Attributes:
        name: as shown.
        role: of `technicians.permissions.Role`.
        team: whose customers they see; empty for who sees every customer.
    """

    name: str
    role: str
    team: str = ""

    @property
    def email(self) -> str:
        """Where they sign in with."""
        return f"{self.name.split()[0].lower()}@harbour-it.example"


COLLEAGUES = (
    Colleague("Bob Adeyemi", "administrator"),
    Colleague("Charlie Nakamura", "engineer", "Studio desk"),
    Colleague("Hannah Weiss", "help_desk", "Studio desk"),
    Colleague("Edgar Novak", "engineer", "Food desk"),
    Colleague("Audrey Laurent", "auditor", "Food desk"),
)
_GROUPS = {"Studio desk": ("Studios", "governance"), "Food desk": ("Food", "groups")}
"""By team: the group of customers that it looks after, and the key of the one that is in it."""
_CONNECTED = "governance"


class Simulated:
    """The simulator as a child of the demo.

    Attributes:
        forgot_tenants: the console's data is older than the simulator's world, whose tenants are therefore new.
    """

    def __init__(self, *, data_dir: Path, public_url: str, lag: str) -> None:
        self.facts_path = data_dir.parent / "demo.json"
        self._info_path = data_dir / "entrasim.json"
        self._data_dir = data_dir
        self._public_url = public_url
        self._lag = lag
        self._info: dict[str, Any] = {}
        self.forgot_tenants = False

    def start(self, tree: Tree) -> None:
        """Start it on ENTRASIM_PORT (0 or absent: a free port)."""
        self._info_path.unlink(missing_ok=True)
        self.facts_path.unlink(missing_ok=True)
        wanted = os.environ.get("ENTRASIM_PORT", "0").strip() or "0"
        if not wanted.isdigit():
            raise processes.CannotStart(f"ENTRASIM_PORT must be a port number, not {wanted!r}.")
        # With 0 it takes the port of the start before where that is free: links that were kept go on working.
        port = processes.require_port(int(wanted), name="ENTRASIM_PORT") if int(wanted) else 0
        kept = self._data_dir / "simulator" / "world.db"
        self.forgot_tenants = (self._data_dir / "postgres").exists() and not kept.exists()
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
            f"--keep={kept}",
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

    @property
    def info(self) -> dict[str, Any]:
        """What the simulator said about itself."""
        return self._info

    def write_facts(self, link: str, colleagues: list[dict[str, str]]) -> None:
        """Write `demo.json`, readable by its owner only: whatever a person or script needs to walk the demo."""
        facts = {
            "console": self._public_url,
            "sign_in_link": link,
            "colleagues": colleagues,
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


def colleagues() -> list[dict[str, str]]:
    """The people beside Alice, each with a one-time link; made at the first start."""
    from tenantry.technicians import actions
    from tenantry.technicians.permissions import Role

    found = []
    for each in COLLEAGUES:
        technician = actions.ensure_demo_colleague(each.email, display_name=each.name, role=Role(each.role))
        link = actions.create_sign_in_link(technician)
        found.append({"name": each.name, "role": Role(each.role).label, "team": each.team, "sign_in_link": link})
    return found


def furnish(simulated: Simulated) -> None:
    """Give the console something to show, beside what it does already: teams, customers, a request that waits.

    It is done once, by the console's own actions, and takes some seconds; meanwhile the console can be used.
    """
    threading.Thread(target=_furnish, args=(simulated.info,), name="demo", daemon=True).start()


def _furnish(info: dict[str, Any]) -> None:
    from django.db import connections

    try:
        customer = _customers(info)
        if customer is not None:
            _connect(info, customer)
            _ask_for_approval(info, customer)
    except Exception:
        log.exception("The demo could not be furnished; everything else works")
    finally:
        connections.close_all()


def _customers(info: dict[str, Any]) -> "Customer | None":
    """Teams, groups and two customers; the one to be connected, None when they are there already."""
    from tenantry.customers import actions as customers
    from tenantry.customers.groups import changing as groups
    from tenantry.technicians import actions, queries
    from tenantry.technicians.staff import reading, teams

    alice = actions.ensure_demo_technician()
    by: dict[str, Any] = {"actor": actions.actor_for(alice), "technician": alice}
    if reading.list_teams():
        return None
    made = None
    for team_name, (group_name, key) in _GROUPS.items():
        members = [queries.find_technician(each.email) for each in COLLEAGUES if each.team == team_name]
        team = teams.create_team(**by, name=team_name)
        member_ids = [member.pk for member in members if member is not None]
        teams.change_team(**by, team_id=team.pk, name=team_name, sees_everything=False, member_ids=member_ids)
        group = groups.create_group(**by, name=group_name)
        groups.change_group(**by, group_id=group.pk, name=group_name, team_ids=[team.pk])
        tenant = _tenant(info, key)
        customer = customers.add_customer(**by, name=tenant["name"], domain=tenant["domain"], group_ids=[group.pk])
        made = customer if key == _CONNECTED else made
    return made


def _tenant(info: dict[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(tenant for tenant in info["tenants"] if tenant["key"] == key)
    return found


def _connect(info: dict[str, Any], customer: "Customer") -> None:
    """What Alice does with the customer's administrator: consent, and then the role."""
    from tenantry.reach import roles
    from tenantry.technicians.actions import actor_for, ensure_demo_technician
    from tenantry.tenants import actions, queries

    alice, tenant = ensure_demo_technician(), _tenant(info, _CONNECTED)
    role = roles.role(roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
    address = actions.start_consent(
        actor=actor_for(alice),
        technician=alice,
        customer_id=customer.pk,
        session_key="demo",
        wanted_role_id=role.template_id,
    )
    state = parse_qs(urlsplit(address).query)["state"][0]
    client_id = info["apps"]["helpdesk"]["client_id"]
    consent = _control(info, f"/tenants/{tenant['id']}/consent", {"app_id": client_id})
    answer = actions.ConsentAnswer(state=state, tenant=tenant["id"], admin_consent="True")
    actions.answer_consent(actor=actor_for(alice), technician=alice, session_key="demo", answer=answer)
    _wait(lambda: queries.connection_of(customer.pk) is not None)
    _control(info, f"/tenants/{tenant['id']}/roles", {"principal": consent["id"], "role": role.name})
    actions.request_check(tenant_id=uuid.UUID(tenant["id"]))


def _ask_for_approval(info: dict[str, Any], customer: "Customer") -> None:
    """Bob asks for a new password of the customer's Global Administrator, which takes a second technician."""
    from tenantry.directory import queries as directory
    from tenantry.helpdesk import actions, passwords
    from tenantry.helpdesk import queries as helpdesk
    from tenantry.helpdesk.guarding import Shown
    from tenantry.helpdesk.kinds import BY_SLUG
    from tenantry.kit.actor import Actor
    from tenantry.technicians import queries as technicians
    from tenantry.tenants import queries as tenants

    tenant, kind = _tenant(info, _CONNECTED), BY_SLUG["reset-password"]
    tenant_id, upn = uuid.UUID(tenant["id"]), tenant["admin"]["upn"]

    def is_possible() -> bool:
        user, connection = directory.find_by_name(tenant_id=tenant_id, name=upn), tenants.connection_of(customer.pk)
        if user is None or not user.is_admin:
            return False
        return bool(helpdesk.decision_for(kind=kind, connection=connection, user=user))

    _wait(is_possible)
    user, bob = directory.find_by_name(tenant_id=tenant_id, name=upn), technicians.find_technician(COLLEAGUES[0].email)
    if user is None or bob is None:
        return
    actions.request_approval(
        actor=Actor("technician", bob.pk, bob.display_name, "127.0.0.1"),
        technician=bob,
        customer_id=customer.pk,
        object_id=user.object_id,
        kind=kind,
        confirmation=actions.confirm(technician=bob, customer_id=customer.pk, user=user, kind=kind),
        justification="New telephone, and the old one was wiped. Called back on the number in our records.",
        ticket="HIT-2041",
        password=passwords.readable(upn),
        shown=Shown(stepped_up=True),
    )


def _control(info: dict[str, Any], path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  JSON
    """Ask the simulator's control address, which answers this machine alone."""
    request = urllib.request.Request(  # noqa: S310  the address is the simulator's own
        f"{info['control']}{path}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  as above
        return json.loads(answer.read() or b"null")


def _wait(until: Callable[[], bool]) -> None:
    """Wait for the worker.

    Raises:
        TimeoutError: it takes more than a minute.
    """
    for _ in range(_TRIES):
        if until():
            return
        clock.sleep(_PAUSE_SECONDS)
    raise TimeoutError
