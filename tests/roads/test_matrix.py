"""The matrix road x licence x rules x way, walked: each cell ends green and proven in the tenant, or truly refused.

Each row is one customer; its ways follow one another, and what one gave is taken away before the next. A row goes one
way only where its licence or rule changes nothing for the others: they share every line with a row above. *Show*
clicks in the portal what the page says, *do* signs the administrator in once, *send* runs the script of a link.
"""

import dataclasses
import enum
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from tests.entrasim.surfer import Surfer
from tests.handover.test_scripts import Desk
from tests.roads.conftest import Road

from entrasim.first_party import GRAPH_COMMAND_LINE_TOOLS
from entrasim.handle import Handle
from tenantry.reach import roles
from tenantry.roads.models import WorkState
from tenantry.tenants.actions import request_check
from tenantry.tenants.models import Connection, ConnectionState, RolePath

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
PAA_NAME = "Privileged Authentication Administrator"
DIRECT, PIM, GROUP = RolePath.DIRECT, RolePath.PIM, RolePath.GROUP
NONE, P1, P2, GOVERNANCE = "", "AAD_PREMIUM", "AAD_PREMIUM_P2", "MICROSOFT_365_E7"


class Rules(enum.Enum):
    """What the role's settings in PIM ask of an active assignment."""

    FREE = enum.auto()
    NO_PERMANENT = enum.auto()
    TICKET = enum.auto()
    MFA = enum.auto()
    APPROVAL = enum.auto()


@dataclasses.dataclass(frozen=True)
class Row:
    """One customer of the matrix."""

    path: RolePath
    licence: str
    rules: Rules = Rules.FREE

    @property
    def has_pim(self) -> bool:
        return self.licence in {P2, GOVERNANCE}

    @property
    def ways(self) -> frozenset[str]:
        """The ways on which this row differs from every other one."""
        if self.rules is Rules.APPROVAL:  # asks those who activate an eligible assignment, never an administrator
            return frozenset({"show" if self.path is DIRECT else "do"})
        if self.path is DIRECT and self.rules is not Rules.FREE:  # only the portal asks PIM's rules
            return frozenset({"show"})
        if self.licence == GOVERNANCE:  # another name of the same service plans
            return frozenset({"do"})
        if (self.path, self.licence) == (DIRECT, P1):  # no PIM, as without any licence
            return frozenset({"send"})
        return frozenset({"show", "do", "send"})

    @property
    def is_walkable(self) -> bool:
        """Whether this road exists under this licence (J3, J7)."""
        return {DIRECT: True, PIM: self.has_pim, GROUP: self.licence != NONE}[self.path]

    def __str__(self) -> str:
        return f"{self.path}-{self.licence or 'none'}-{self.rules.name.lower()}"


ROWS = [
    *(Row(DIRECT, licence) for licence in (NONE, P1, P2)),
    *(Row(PIM, licence) for licence in (NONE, P1, P2, GOVERNANCE)),
    *(Row(GROUP, licence) for licence in (NONE, P1, P2, GOVERNANCE)),
    *(Row(path, P2, rules) for path in (DIRECT, PIM, GROUP) for rules in Rules if rules is not Rules.FREE),
]


class Walk:
    """One row, made ready."""

    def __init__(self, row: Row, road: Road, desk: Desk) -> None:
        self.row, self.road, self.desk = row, road, desk
        self.trip, self.tenant = road.trip, road.trip.tenant
        self.app = self.trip.principal()

    def make_rules(self) -> None:
        changes: dict[Rules, tuple[str, dict[str, Any]]] = {
            Rules.NO_PERMANENT: (
                "Expiration_Admin_Assignment",
                {"isExpirationRequired": True, "maximumDuration": "P90D"},
            ),
            Rules.TICKET: ("Enablement_Admin_Assignment", {"enabledRules": ["Justification", "Ticketing"]}),
            Rules.MFA: (
                "Enablement_Admin_Assignment",
                {"enabledRules": ["Justification", "MultiFactorAuthentication"]},
            ),
            Rules.APPROVAL: ("Approval_EndUser_Assignment", {"setting": {"isApprovalRequired": True}}),
        }
        if self.row.rules in changes:
            rule, change = changes[self.row.rules]
            self.tenant.set_pim_rule(rule, **change)
        self.tenant.admin.signs_in_with_mfa = self.row.rules is not Rules.MFA

    def asks_rules(self, way: str) -> bool:
        """Whether PIM's rules speak on this way; a plain assignment over Graph is made outside them."""
        if not self.row.has_pim or self.row.rules in {Rules.FREE, Rules.APPROVAL}:
            return False
        return way == "show" or self.row.path in {PIM, GROUP}

    def look(self) -> Connection:
        """*Test again*: this tenant only, and no time passes."""
        self.trip.clock.travel(seconds=5)
        request_check(tenant_id=self.trip.tenant_id)
        self.trip.run_jobs()
        return self.trip.connection()

    # --- the three ways -----------------------------------------------------------------------------------------------

    def show(self) -> str:
        """What the page says, in the portal; returns what the portal says at the end."""
        page = self.trip.page()
        if self.row.path is GROUP:
            return self._show_group(page)
        says_wizard = "A wizard opens" in page
        assert says_wizard == self.row.has_pim, "the page speaks of what the portal shows"
        return self._assign(self._surf(page, "roles"), self.app.display_name, self.app.id)

    def _surf(self, page: str, what: str) -> Surfer:
        """Follow the page's deep link and sign in."""
        link = re.search(rf'href="([^"]+/portal/[^"]+/{what})"', page)
        assert link, page
        surfer = Surfer(self.road.simulator.browser_url)
        surfer.get(link.group(1))
        surfer.sign_in(self.tenant.admin.user_principal_name, self.tenant.admin.password or "")
        return surfer

    def _assign(self, surfer: Surfer, name: str, principal_id: str) -> str:
        surfer.press("Search", search=PAA_NAME)
        surfer.follow(PAA_NAME)
        surfer.follow("+ Add assignments")
        surfer.press("Search", search=name)
        assert ("principal", principal_id) in [check for form in surfer.page.forms for check in form.checks]
        if not self.row.has_pim:
            return surfer.press("Add", principal=principal_id).text
        surfer.press("Next", principal=principal_id)
        return surfer.press("Assign", kind="Active", justification="Help desk").text

    def _show_group(self, page: str) -> str:
        surfer = self._surf(page, "groups")
        surfer.follow("New group")
        name = f"{self.app.display_name} Enterprise App"
        surfer.press("No members selected", name=name, kind="Security", assignable="yes")
        surfer.press("Search", search=self.app.display_name)
        surfer.press("Select", members=self.app.id)
        if not self.row.has_pim:
            surfer.press("No roles selected")
            surfer.press("Search", search=PAA_NAME)
            surfer.press("Select", roles=PAA)
        surfer.press("Create")
        told = surfer.press("Yes").text
        if not self.row.has_pim:
            return told
        page_after = self._looked()
        (group,) = self.tenant.state.groups.values()
        return self._assign(self._surf(page_after, "roles"), name, group.id)

    def _looked(self) -> str:
        self.look()
        return self.trip.page()

    def send(self) -> tuple[str, str]:
        """A link, opened by somebody without an account, and its script; returns page and what the script said."""
        url = reverse("handover:send", args=[self.trip.customer.pk, "helpdesk"])
        link = re.search(
            r"http://testserver(/handover/[\w-]+/)", self.trip.client.post(url, {"days": "7"}).content.decode()
        )
        assert link
        theirs = Client()
        page = theirs.get(link.group(1)).content.decode()
        text = theirs.get(f"{link.group(1)}script/bash/").content.decode()
        done = self.desk.run_text(text)
        return page, f"{done.returncode} {done.stdout}\n{done.stderr}"

    # --- how a cell ends ----------------------------------------------------------------------------------------------

    def holders(self) -> list[str]:
        mine = {self.app.id, *self.tenant.state.groups}
        return [
            held.principal_id
            for held in self.tenant.state.role_assignments.values()
            if held.role_definition_id == PAA and held.principal_id in mine and held.directory_scope_id == "/"
        ]

    def assert_green(self, way: str) -> None:
        """Every wanted feature is ready, and the tenant holds one assignment and no more."""
        connection = self.look()
        assert connection.state == ConnectionState.READY, (way, connection.cause)
        board = connection.tenant.board
        assert {board[key] for key in ("resets", "blocks") if key in board} <= {"ready"}, (way, board)
        (holder,) = self.holders()
        assert (holder == self.app.id) == (self.row.path is not GROUP), way
        ends = connection.role_ends_at is not None
        assert ends == (self.asks_rules(way) and self.row.rules is Rules.NO_PERMANENT), way

    def assert_refused(self, way: str, told: str, *words: str) -> None:
        """Nothing was given, and what was said names the cause, what to do and who."""
        for word in words:
            assert word in told, (way, word, told)
        assert self.holders() == [], way
        connection = self.look()
        assert connection.state != ConnectionState.READY, way
        assert connection.cause, way
        assert connection.fix, way
        assert "Privileged Role Administrator" in connection.who, way

    def undo(self) -> None:
        """Somebody of the customer takes away what a way gave, so that the next begins at the beginning."""
        for principal_id in self.holders():
            self.tenant.remove_role(principal_id, PAA)
        self.tenant.state.groups.clear()
        self.look()
        assert self.trip.connection().role_seen_at is None


@pytest.fixture
def walk(request: pytest.FixtureRequest, road: Road, sim: Handle, tmp_path: Path) -> Walk:
    row: Row = request.param
    cli = sim.context.world.apps[GRAPH_COMMAND_LINE_TOOLS]
    desk = Desk(
        road.simulator, road.trip.tenant, sim.context.world.apps[settings.CLIENT_ID], cli, tmp_path, road.trip.clock
    )
    made = Walk(row, road, desk)
    if row.licence:
        made.tenant.add_sku(row.licence)
        made.tenant.assign_licence(made.tenant.admin, row.licence)
    made.make_rules()
    road.trip.client.post(
        reverse("tenants:path", args=[road.trip.customer.pk, "helpdesk"]),
        {"path": row.path, "group_name": "", "tenant_id": road.trip.tenant.id},
    )
    assert made.look().path == row.path
    return made


@pytest.mark.parametrize("walk", [row for row in ROWS if row.is_walkable], indirect=True, ids=str)
def test_every_walkable_row_ends_green_on_each_way_or_is_truly_refused(walk: Walk) -> None:
    """J2 (AC-2.3, AC-2.7), J3 (AC-3.1, AC-3.2), J7 (AC-7.3, AC-7.5): show, do and send on every road there is."""
    if "show" in walk.row.ways:
        show(walk)
        walk.undo()
    if "do" in walk.row.ways:
        do(walk)
        walk.undo()
    if "send" in walk.row.ways:
        walk.make_rules()
        send(walk)


def show(walk: Walk) -> None:
    """The portal, as the page says."""
    rules = walk.row.rules
    told = walk.show()
    if walk.asks_rules("show") and rules in {Rules.TICKET, Rules.MFA}:
        rule = "TicketingRule" if rules is Rules.TICKET else "MfaRule"
        walk.assert_refused("show", told, rule)
        page = walk.trip.page()
        assert "Do it for me</b> asks for it" in page if rules is Rules.TICKET else "multifactor" in page
    else:
        walk.assert_green("show")


def do(walk: Walk) -> None:
    """One sign-in; where it is refused first, what was said is done and it is done again."""
    rules = walk.row.rules
    if walk.asks_rules("do") and rules in {Rules.TICKET, Rules.MFA}:
        work = walk.road.do()
        assert work.state == WorkState.STOPPED
        said = f"{work.message} {work.remedy}"
        walk.assert_refused("do", said, "ask for a ticket" if rules is Rules.TICKET else "multifactor authentication")
        walk.tenant.admin.signs_in_with_mfa = True
    work = walk.road.do(ticket="48213")
    assert work.state == WorkState.DONE, (work.message, work.remedy, work.steps)
    walk.assert_green("do")
    assert "Nothing to do" in walk.road.page()
    assert walk.road.grants() == 0


def send(walk: Walk) -> None:
    """The script of a link."""
    rules = walk.row.rules
    page, said = walk.send()
    assert "One thing is left to do" in page
    if walk.asks_rules("send") and rules in {Rules.TICKET, Rules.MFA}:
        walk.assert_refused("send", said, "STOPPED", "ask for a ticket" if rules is Rules.TICKET else "MfaRule")
    else:
        assert said.startswith("0 "), said
        walk.assert_green("send")


@pytest.mark.parametrize("walk", [row for row in ROWS if not row.is_walkable], indirect=True, ids=str)
def test_a_road_that_the_licences_do_not_give_is_refused_on_each_way_with_cause_fix_and_who(walk: Walk) -> None:
    """J3 without PIM (AC-4.1), J7 without P1 (AC-7.1): cause, what to do and who, and nothing is written."""
    cause = "Privileged Identity Management is not available" if walk.row.path is PIM else "No licence with Entra ID P1"
    page = walk.trip.page()
    walk.assert_refused("show", page, cause, "direct road")
    assert "A wizard opens" not in page
    assert "New group" not in page

    page = walk.road.page()
    walk.assert_refused("do", page, cause, "direct road", "Who:")
    assert "Sign in and do it" not in page

    before = walk.desk.writes()
    page, said = walk.send()
    assert cause in page
    walk.assert_refused("send", said, "STOPPED", "see above" if walk.row.path is PIM else "stands above")
    assert walk.tenant.state.groups == {}
    assert walk.desk.writes() <= before + 1
