"""Every cell of both official tables (AC-5.2), and the spot checks written out."""

import csv
import functools
import pathlib
from collections.abc import Mapping

import pytest

from tenantry.kit.decision import Denied
from tenantry.reach import Action, Reacher, Target, decide, matrices, roles
from tenantry.reach.matrices import Row
from tenantry.reach.permissions import HELPDESK_OPTIONAL, HELPDESK_REQUIRED

REFERENCE = pathlib.Path(__file__).resolve().parents[3] / "shared" / "reference"
ROW_OF_KIND = {
    "none": Row.NO_ROLE,
    "role_assignable_group_member_or_owner": Row.ROLE_ASSIGNABLE_GROUP,
    "rmau_scoped_role": Row.ROLE_SCOPED_TO_RESTRICTED_UNIT,
    "any_other_role": Row.ANY_OTHER_ROLE,
}
CUSTOM_ROLE = "0c0ffee0-0000-4000-8000-00000000beef"
TABLES = [
    pytest.param("password_reset_matrix.csv", "can_reset", matrices.RESET, Action.RESET_PASSWORD, id="reset"),
    pytest.param("password_reset_matrix.csv", "can_reset", matrices.RESET, Action.REVOKE_SESSIONS, id="revoke"),
    pytest.param("sensitive_actions_matrix.csv", "can_act", matrices.SENSITIVE, Action.BLOCK_SIGN_IN, id="block"),
    pytest.param("sensitive_actions_matrix.csv", "can_act", matrices.SENSITIVE, Action.UNBLOCK_SIGN_IN, id="unblock"),
]


def read(name: str) -> list[dict[str, str]]:
    path = REFERENCE / name
    if not path.exists():
        pytest.skip(f"the official table {name} is not beside the repository")
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def target_in(row: str) -> Target:
    """A user whose only protection is this row."""
    return Target(
        role_ids=frozenset({row}) if row in matrices.LISTED_ROLES else frozenset(),
        is_in_role_assignable_group=row == Row.ROLE_ASSIGNABLE_GROUP,
        holds_role_scoped_to_restricted_unit=row == Row.ROLE_SCOPED_TO_RESTRICTED_UNIT,
    )


EVERYTHING = HELPDESK_REQUIRED | HELPDESK_OPTIONAL


def connection(*role_ids: str) -> Reacher:
    return Reacher(role_ids=frozenset(role_ids), permissions=EVERYTHING)


def can(action: Action, actor: str, target: Target) -> bool:
    return bool(decide(action=action, reacher=connection(actor), target=target))


@pytest.mark.reference
@pytest.mark.parametrize(("file", "column", "table", "action"), TABLES)
def test_ac_5_2_every_cell_of_the_official_table_is_predicted(
    file: str, column: str, table: Mapping[str, frozenset[str]], action: Action
) -> None:
    rows = read(file)
    actors = {line["actor_template_id"] for line in rows}
    assert actors == set(table)
    seen = set()
    for line in rows:
        actor, allowed = line["actor_template_id"], line[column] == "y"
        row = line["target_template_id"] if line["target_kind"] == "role" else ROW_OF_KIND[line["target_kind"]]
        seen.add((actor, row))
        target = Target(role_ids=frozenset({CUSTOM_ROLE})) if row == Row.ANY_OTHER_ROLE else target_in(row)
        assert (row in table[actor]) is allowed, line
        assert can(action, actor, target) is allowed, line
    assert seen == {(actor, row) for actor in actors for row in matrices.ROWS}


@pytest.mark.reference
@pytest.mark.parametrize("action", [action for action in Action if action.needs_role])
def test_ac_5_2_every_unlisted_built_in_role_falls_into_the_last_row(action: Action) -> None:
    for line in read("directory_roles.csv"):
        role_id = line["template_id"]
        if role_id in matrices.LISTED_ROLES or line["assignment_mode"] == "systemAssigned":
            continue
        target = Target(role_ids=frozenset({role_id}))
        reaching = {actor for actor in action.table if can(action, actor, target)}
        everyone = {actor for actor, rows in action.table.items() if rows == matrices.ROWS}
        assert reaching == everyone, line["display_name"]


@pytest.mark.reference
def test_a_role_outside_the_tables_reaches_nobody() -> None:
    for line in read("directory_roles.csv"):
        for action in Action:
            if action.needs_role and line["template_id"] not in action.table:
                assert not can(action, line["template_id"], Target()), line["display_name"]


ACTORS = [
    roles.GLOBAL_ADMINISTRATOR,
    roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    roles.USER_ADMINISTRATOR,
    roles.AUTHENTICATION_ADMINISTRATOR,
    roles.HELPDESK_ADMINISTRATOR,
    roles.PASSWORD_ADMINISTRATOR,
]
holding = functools.partial(lambda *role_ids: Target(role_ids=frozenset(role_ids)))
RESTRICTED = Target(is_management_restricted=True, restricted_unit_ids=frozenset({"unit-1"}))
SPOT_CHECKS = [
    # target, then per actor in the order above: R reset, B block and unblock
    ("no role", Target(), "RB RB RB RB R R"),
    ("Password Admin", holding(roles.PASSWORD_ADMINISTRATOR), "RB RB RB RB R R"),
    ("Helpdesk Admin", holding(roles.HELPDESK_ADMINISTRATOR), "RB RB RB - R -"),
    ("Directory Reader", holding(roles.DIRECTORY_READERS), "RB RB RB RB R R"),
    ("Guest Inviter", holding(roles.GUEST_INVITER), "RB RB RB RB R R"),
    ("Authentication Admin", holding(roles.AUTHENTICATION_ADMINISTRATOR), "RB RB - RB - -"),
    ("member of a role-assignable group", Target(is_in_role_assignable_group=True), "RB RB - - - -"),
    ("Global Admin", holding(roles.GLOBAL_ADMINISTRATOR), "RB RB - - - -"),
    ("PAA", holding(roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR), "RB RB - - - -"),
    ("PRA", holding(roles.PRIVILEGED_ROLE_ADMINISTRATOR), "RB RB - - - -"),
    ("a role that is not in the table", holding(roles.SECURITY_ADMINISTRATOR), "RB RB - - - -"),
    ("a custom role", holding(CUSTOM_ROLE), "RB RB - - - -"),
    ("in a restricted management unit", RESTRICTED, "- - - - - -"),
    ("User Admin", holding(roles.USER_ADMINISTRATOR), "RB RB RB - - -"),
    ("Groups Admin", holding(roles.GROUPS_ADMINISTRATOR), "RB RB RB - - -"),
    ("Reports Reader", holding(roles.REPORTS_READER), "RB RB RB RB R -"),
    ("role scoped to a restricted unit", Target(holds_role_scoped_to_restricted_unit=True), "RB RB - - - -"),
]


@pytest.mark.parametrize(("name", "target", "expected"), SPOT_CHECKS, ids=[check[0] for check in SPOT_CHECKS])
def test_ac_5_2_spot_checks_written_out(name: str, target: Target, expected: str) -> None:
    for actor, cell in zip(ACTORS, expected.split(), strict=True):
        assert can(Action.RESET_PASSWORD, actor, target) is ("R" in cell), roles.role_name(actor)
        assert can(Action.BLOCK_SIGN_IN, actor, target) is ("B" in cell), roles.role_name(actor)
        assert can(Action.UNBLOCK_SIGN_IN, actor, target) is ("B" in cell), roles.role_name(actor)
        assert can(Action.REVOKE_SESSIONS, actor, target) is ("R" in cell), roles.role_name(actor)


def test_every_refusal_by_role_names_a_role_that_would_do() -> None:
    for _, target, _ in SPOT_CHECKS:
        for actor in ACTORS:
            for action in Action:
                decision = decide(action=action, reacher=connection(actor), target=target)
                if isinstance(decision, Denied) and decision.code == "role_insufficient":
                    named = [role for role in roles.ROLES if f"Assign {role.name} to" in decision.remedy]
                    assert len(named) == 1, decision
                    assert can(action, named[0].template_id, target)
