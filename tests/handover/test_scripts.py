"""The scripts of *Send it*: run for real against the simulated tenant, twice, with names that try to break out."""

import dataclasses
import datetime as dt
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from tests.conftest import SharedClock
from tests.entrasim.delegated_client import Person

from entrasim.first_party import GRAPH_COMMAND_LINE_TOOLS
from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator
from entrasim.state import AppRegistration, User
from tenantry.handover.scripts import Errand, Language, Road, script
from tenantry.reach import roles

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
NASTY = 'O\'Brien "$(touch /tmp/owned)" `id` ${HOME} \\ <&> \u2019; exit 3 #\n echo owned'
SCOPES = ("Application.Read.All", "RoleManagement.ReadWrite.Directory", "Group.ReadWrite.All")


class Desk:
    """An administrator's shell with Azure CLI signed in."""

    def __init__(
        self,
        simulator: Simulator,
        tenant: TenantHandle,
        app: AppRegistration,
        cli: AppRegistration,
        room: Path,
        clock: SharedClock,
    ) -> None:
        self.simulator, self.tenant, self.app, self.cli, self.room = simulator, tenant, app, cli, room
        self.tenant_shown = tenant.id
        self.now = clock
        for name, text in {
            "az": f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("az_stand_in.py")} "$@"\n',
            "sleep": "#!/bin/sh\n",
            "date": '#!/bin/sh\n[ "$1" = -u ] && echo "$RENEW_BEFORE"\n',
        }.items():
            (room / name).write_text(text)
            (room / name).chmod(0o755)

    def errand(
        self,
        road: Road,
        *,
        group_name: str = "Helpdesk Enterprise App",
        duration: str = "",
        by_pim: bool = False,
        needs_ticket: bool = False,
        role_id: str = PAA,
    ) -> Errand:
        return Errand(
            road=road,
            graph_url=self.simulator.graph_url,
            tenant_id=self.tenant.id,
            tenant_name="Fabrikam's",
            app_id=self.app.app_id,
            app_name=NASTY,
            role_id=role_id,
            role_name="Privileged Authentication Administrator",
            group_name=group_name,
            by_pim=by_pim,
            duration=duration,
            needs_ticket=needs_ticket,
            justification=NASTY,
        )

    def run(
        self,
        errand: Errand,
        *words: str,
        user: User | None = None,
        scopes: tuple[str, ...] = SCOPES,
        lossy: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        text = script(errand, Language.BASH)
        hours = errand.renew_within_hours
        return self.run_text(text, *words, user=user, scopes=scopes, lossy=lossy, renew_within_hours=hours)

    def run_text(
        self,
        text: str,
        *words: str,
        user: User | None = None,
        scopes: tuple[str, ...] = SCOPES,
        lossy: bool = False,
        renew_within_hours: int = 720,
    ) -> subprocess.CompletedProcess[str]:
        person = Person(self.simulator, self.tenant, self.cli, user or self.tenant.admin, back="http://localhost")
        page = person.open(*(f"{self.simulator.graph_url}/{scope}" for scope in scopes))
        if page.heading == "Permissions requested":
            person.accept()
        file = self.room / "road.sh"
        file.write_text(text)
        return subprocess.run(
            ["bash", str(file), *words],
            env={
                "PATH": f"{self.room}:{os.environ['PATH']}",
                "AZ_TENANT": self.tenant_shown,
                "AZ_TOKEN": person.redeem()["access_token"],
                "RENEW_BEFORE": f"{self.now.now() + dt.timedelta(hours=renew_within_hours):%Y-%m-%dT%H:%M:%SZ}",
                "AZ_CA": str(self.simulator.ca_file),
                **({"AZ_LOSES_ANSWERS": "1"} if lossy else {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def writes(self) -> int:
        return sum(
            entry.method == "POST" and bool(re.search(r"roleManagement|/groups", entry.path))
            for entry in self.tenant.journal()
        )

    def held_by(self, principal_id: str) -> list[str]:
        return [
            assignment.role_definition_id
            for assignment in self.tenant.state.role_assignments.values()
            if assignment.principal_id == principal_id
        ]


@pytest.fixture
def desk(
    request: pytest.FixtureRequest,
    sim: Handle,
    simulator: Simulator,
    tenant: TenantHandle,
    tmp_path: Path,
    clock: SharedClock,
) -> Desk:
    from django.conf import settings

    name = getattr(request, "param", "CLIENT_ID")
    app = sim.context.world.apps[getattr(settings, name)]
    tenant.consent(app=app)
    cli = sim.context.world.apps[GRAPH_COMMAND_LINE_TOOLS]
    return Desk(simulator, tenant, app, cli, tmp_path, clock)


def test_the_direct_road_is_walked_and_a_second_run_writes_nothing(desk: Desk) -> None:
    first = desk.run(desk.errand(Road.DIRECT))
    assert first.returncode == 0, first.stderr
    assert "DONE     Give Privileged Authentication Administrator" in first.stdout
    assert desk.held_by(desk.tenant.service_principal(desk.app).id) == [PAA]
    before = desk.writes()
    second = desk.run(desk.errand(Road.DIRECT))
    assert second.returncode == 0, second.stderr
    assert "there already" in second.stdout
    assert desk.writes() == before == 1


def test_the_road_with_pim_is_walked_and_a_second_run_writes_nothing(desk: Desk) -> None:
    """AC-3.1: active, for good, with a justification."""
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    first = desk.run(desk.errand(Road.PIM))
    assert first.returncode == 0, first.stderr
    request = next(iter(desk.tenant.state.pim_requests.values()))
    assert request["justification"] == NASTY.replace("\n", " ")
    before = desk.writes()
    second = desk.run(desk.errand(Road.PIM))
    assert second.returncode == 0, second.stderr
    assert desk.writes() == before == 1


def test_where_permanent_is_forbidden_the_longest_is_taken_and_a_second_run_writes_nothing(desk: Desk) -> None:
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    desk.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P90D")
    errand = desk.errand(Road.PIM, duration="P90D")
    assert desk.run(errand).returncode == 0
    assert desk.run(errand).returncode == 0
    assert desk.writes() == 1


@pytest.mark.parametrize("road", [Road.PIM, Road.GROUP])
def test_an_assignment_near_its_end_is_renewed_once(desk: Desk, road: Road) -> None:
    """AC-3.2; on the group too, in a tenant with PIM."""
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    desk.tenant.assign_licence(desk.tenant.admin, "AAD_PREMIUM_P2")
    desk.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P90D")
    errand = desk.errand(road, duration="P90D", by_pim=True)
    assert desk.run(errand).returncode == 0
    before = desk.writes()
    desk.now.travel(days=59)
    assert desk.run(errand).returncode == 0
    assert desk.writes() == before
    desk.now.travel(days=2)
    for _ in range(2):
        answer = desk.run(errand)
        assert answer.returncode == 0, answer.stderr
    assert desk.writes() == before + 1
    (held,) = (row for row in desk.tenant.state.role_assignments.values() if row.role_definition_id == PAA)
    assert held.ends_at is not None
    assert (held.ends_at - desk.now.now()).days == 89 or (held.ends_at - desk.now.now()).days == 90


def test_in_a_tenant_with_pim_the_role_of_the_group_is_given_through_it(desk: Desk) -> None:
    """AC-7.3: active, with the justification; a second run writes nothing."""
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    desk.tenant.assign_licence(desk.tenant.admin, "AAD_PREMIUM_P2")
    for _ in range(2):
        answer = desk.run(desk.errand(Road.GROUP, by_pim=True))
        assert answer.returncode == 0, answer.stderr
    (request,) = desk.tenant.state.pim_requests.values()
    (group,) = (row for row in desk.tenant.state.groups.values() if row.is_assignable_to_role)
    assert request["principalId"] == group.id
    assert request["justification"]
    assert desk.writes() == 3


def test_where_the_rules_ask_for_a_ticket_it_goes_along_and_nothing_is_sent_without(desk: Desk) -> None:
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    desk.tenant.set_pim_rule("Enablement_Admin_Assignment", enabledRules=["Ticketing", "Justification"])
    errand = desk.errand(Road.PIM, needs_ticket=True)
    answer = desk.run(errand)
    assert answer.returncode == 64
    assert "--ticket NUMBER" in answer.stderr
    for wrong in ('T"17', "T\\17", "T\n", "x" * 65, ""):
        assert desk.run(errand, "--ticket", wrong).returncode == 64
    assert desk.run(errand, "--dry-run").returncode == 0
    assert desk.writes() == 0
    assert desk.run(errand, "--ticket", "CHG-17 / a").returncode == 0
    (request,) = desk.tenant.state.pim_requests.values()
    assert "CHG-17 / a" in str(request["ticketInfo"])
    assert desk.run(errand).returncode == 0  # nothing is left that needs one
    assert desk.writes() == 1


@pytest.mark.parametrize("desk", ["ELEVATION_CLIENT_ID"], indirect=True)
@pytest.mark.parametrize("road", Road)
def test_the_elevation_app_is_given_its_role_on_each_road(desk: Desk, road: Road) -> None:
    """AC-X.4: its own app, its own role; a second run writes nothing."""
    if road is not Road.DIRECT:
        desk.tenant.add_sku("AAD_PREMIUM_P2")
        desk.tenant.assign_licence(desk.tenant.admin, "AAD_PREMIUM_P2")
    errand = desk.errand(road, role_id=roles.PRIVILEGED_ROLE_ADMINISTRATOR, by_pim=road is Road.GROUP)
    first = desk.run(errand)
    assert first.returncode == 0, first.stderr
    before = desk.writes()
    second = desk.run(errand)
    assert second.returncode == 0, second.stderr
    assert "CHANGE" not in second.stdout
    assert desk.writes() == before
    holder = desk.tenant.service_principal(desk.app).id
    if road is Road.GROUP:
        (group,) = (row for row in desk.tenant.state.groups.values() if row.is_assignable_to_role)
        assert holder in group.members
        holder = group.id
    assert desk.held_by(holder) == [roles.PRIVILEGED_ROLE_ADMINISTRATOR]


def test_where_azure_cli_may_not_look_into_pim_it_stops_before_any_change(desk: Desk) -> None:
    desk.tenant.add_sku("AAD_PREMIUM_P2")
    answer = desk.run(desk.errand(Road.PIM), scopes=("Application.Read.All",))
    assert answer.returncode == 1
    assert "Use the PowerShell script" in answer.stderr
    assert desk.writes() == 0


@pytest.mark.parametrize("name", ["Helpdesk Enterprise App", 'O\'Brien "$x" `id` + 100% & Söhne'])
def test_the_road_through_a_group_is_walked_and_a_second_run_writes_nothing(desk: Desk, name: str) -> None:
    """AC-7.3."""
    desk.tenant.add_sku("AAD_PREMIUM")
    desk.tenant.assign_licence(desk.tenant.admin, "AAD_PREMIUM")
    errand = desk.errand(Road.GROUP, group_name=name)
    first = desk.run(errand)
    assert first.returncode == 0, first.stderr
    (group,) = (group for group in desk.tenant.state.groups.values() if group.display_name == name)
    assert group.is_assignable_to_role
    assert desk.tenant.service_principal(desk.app).id in group.members
    assert desk.held_by(group.id) == [PAA]
    before = desk.writes()
    second = desk.run(errand)
    assert second.returncode == 0, second.stderr
    assert desk.writes() == before == 3


def test_answers_that_are_lost_are_found_by_the_look(desk: Desk) -> None:
    desk.tenant.add_sku("AAD_PREMIUM")
    desk.tenant.assign_licence(desk.tenant.admin, "AAD_PREMIUM")
    answer = desk.run(desk.errand(Road.GROUP), lossy=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("(read back)") == 3
    assert desk.writes() == 3


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    answer = desk.run(desk.errand(Road.GROUP), "--dry-run")
    assert answer.returncode == 0, answer.stderr
    assert "MISSING" in answer.stdout
    assert desk.writes() == 0


def test_in_another_tenant_nothing_is_read_or_changed(desk: Desk) -> None:
    desk.tenant_shown = str(uuid.uuid4())
    answer = desk.run(desk.errand(Road.DIRECT))
    assert answer.returncode == 2
    assert desk.tenant.id in answer.stderr
    assert desk.writes() == 0


def test_whoever_may_not_give_roles_is_told_so_and_nothing_is_called_done(desk: Desk) -> None:
    user = desk.tenant.add_user(name="Hannah Ordinary", roles=["Application Administrator"])
    answer = desk.run(desk.errand(Road.DIRECT), user=user)
    assert answer.returncode == 1, answer.stdout
    assert "STOPPED" in answer.stderr
    assert "DONE" not in answer.stdout


def test_a_group_that_cannot_hold_a_role_stops_the_script(desk: Desk) -> None:
    """AC-7.5."""
    desk.tenant.add_group("Helpdesk Enterprise App")
    answer = desk.run(desk.errand(Road.GROUP))
    assert answer.returncode == 1
    assert "cannot hold a role" in answer.stderr
    assert desk.writes() == 0


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize("language", Language)
def test_no_name_stands_outside_its_quotes(road: Road, language: Language) -> None:
    """Whatever an app or group is called in a tenant: the body of the script is the same, byte by byte."""
    plain = Errand(
        road=road,
        graph_url="https://graph.microsoft.com",
        tenant_id=str(uuid.uuid4()),
        tenant_name="Fabrikam",
        app_id=str(uuid.uuid4()),
        app_name="Tenantry",
        role_id=PAA,
        role_name="Role",
        group_name="Group",
        justification="Because",
    )
    nasty = dataclasses.replace(plain, tenant_name=NASTY, app_name=NASTY, group_name=NASTY, justification=NASTY)
    one, other = script(plain, language).splitlines(), script(nasty, language).splitlines()
    assert len(one) == len(other)
    assigned = re.compile(r"\$?\w+ ?= ?'")
    for left, right in zip(one, other, strict=True):
        assert left == right or (assigned.match(left) and assigned.match(right))
