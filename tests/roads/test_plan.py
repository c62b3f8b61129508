"""What would change, for every combination of what a tenant can be like: pure, without a tenant."""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterator

import pytest

from tenantry.reach import roles
from tenantry.roads.policies import ChangeKind, Plan, make_plan, renew_within
from tenantry.tenants.policies import Facts, GroupFacts, Holding, Premium, RolePath, RoleRules, RoleState

NOW = dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)
PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
GLOBAL = roles.GLOBAL_ADMINISTRATOR
RULES = {
    "unknown": None,
    "permanent": RoleRules(),
    "90 days": RoleRules(allows_permanent=False, maximum_duration="P90D", needs_ticket=True),
    "15 days": RoleRules(allows_permanent=False, maximum_duration="P15D", needs_mfa=True),
    "8 hours": RoleRules(allows_permanent=False, maximum_duration="PT8H"),
}
OWN = GroupFacts(group_id="g1", name="Tenantry", is_assignable=True, has_app=True, active=frozenset({PAA}))
GROUPS: dict[str, tuple[GroupFacts, ...]] = {
    "none": (),
    "works": (OWN,),
    "cannot hold a role": (dataclasses.replace(OWN, is_assignable=False, active=frozenset()),),
    "two": tuple(dataclasses.replace(OWN, group_id=i, has_app=False, active=frozenset()) for i in ("g1", "g2")),
    "no member": (dataclasses.replace(OWN, has_app=False),),
    "no role": (dataclasses.replace(OWN, active=frozenset()),),
    "eligible": (dataclasses.replace(OWN, active=frozenset(), eligible=frozenset({PAA})),),
    "neither": (dataclasses.replace(OWN, has_app=False, active=frozenset()),),
}
HELD: dict[str, tuple[Holding, ...]] = {
    "nothing": (),
    "unit": (Holding(role_id=PAA, unit_id="u"),),
    "eligible": (Holding(role_id=PAA, is_active=False),),
    "until far": (Holding(role_id=PAA, ends_at=NOW + dt.timedelta(days=60)),),
    "until near": (Holding(role_id=PAA, ends_at=NOW + dt.timedelta(hours=1)),),
    "another until near": (Holding(role_id=GLOBAL, ends_at=NOW + dt.timedelta(hours=1)),),
    "active": (Holding(role_id=PAA),),
    "group until near": (
        Holding(role_id=PAA, ends_at=NOW + dt.timedelta(hours=1), group_id="g1", group_name="Tenantry"),
    ),
    "group for good": (Holding(role_id=PAA, group_id="g1", group_name="Tenantry"),),
}


@dataclasses.dataclass(frozen=True)
class Case:
    facts: Facts
    has_pim: bool
    premium: Premium

    def plan(self, facts: Facts | None = None) -> Plan:
        return make_plan(facts or self.facts, has_pim=self.has_pim, premium=self.premium, now=NOW)


def case(
    path: str = "direct", held: str = "nothing", groups: str = "none", rules: str = "unknown", **rest: object
) -> Case:
    facts = Facts(
        wanted_role_id=PAA,
        app_name="Help Desk App",
        path=RolePath(path),
        holdings=HELD[held],
        groups=GROUPS[groups],
        group_name="Tenantry",
        rules=RULES[rules],
    )
    return Case(facts, bool(rest.get("pim")), rest.get("premium") or Premium.UNKNOWN)  # type: ignore[arg-type]


def every() -> Iterator[Case]:
    for path, held, groups, rules, pim, premium in itertools.product(
        RolePath, HELD, GROUPS, RULES, (False, True), Premium
    ):
        if held.startswith("group") and groups != "works":
            continue  # a role cannot come through a group that does not carry it
        if path is not RolePath.GROUP and (groups != "none" or premium is not Premium.UNKNOWN):
            continue  # only that road asks for them
        yield case(path, held, groups, rules, pim=pim, premium=premium)


def kinds(plan: Plan) -> list[str]:
    return [str(change.kind) for change in plan.changes]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (case(), ["assign"]),
        (case(held="unit"), ["assign"]),
        (case(held="eligible", pim=True), ["assign"]),  # the direct road was chosen
        (case("pim", pim=True), ["pim_assign"]),
        (case("pim", "eligible", pim=True), ["pim_assign"]),
        (case("pim", "until far", rules="90 days", pim=True), []),
        (case("pim", "until near", rules="90 days", pim=True), ["pim_update"]),
        (case("pim", "until far", rules="permanent", pim=True), ["pim_update"]),
        (case("pim", "another until near", rules="90 days", pim=True), ["pim_assign"]),
        (case("group"), ["create_group", "add_member", "assign_to_group"]),
        (case("group", pim=True), ["create_group", "add_member", "pim_assign_to_group"]),
        (case("group", groups="no member"), ["add_member"]),
        (case("group", groups="no role", pim=True), ["pim_assign_to_group"]),
        (case("group", groups="eligible", pim=True), ["pim_assign_to_group"]),
        (case("group", groups="neither"), ["add_member", "assign_to_group"]),
        (case("group", "group until near", "works", "90 days", pim=True), ["pim_update_of_group"]),
        (case("group", "group for good", "works", pim=True), []),
        (case("group", "active"), []),  # it is there already, on another road
    ],
)
def test_a_plan_has_exactly_these_changes_in_this_order(given: Case, expected: list[str]) -> None:
    """J2, J3, J7."""
    assert kinds(given.plan()) == expected
    assert not given.plan().obstacles


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (case("pim"), "not available"),
        (case("group", groups="cannot hold a role"), "cannot hold a role"),
        (case("group", groups="two"), "Several groups"),
        (case("group", premium=Premium.NOT_OWNED), "No licence"),
        (case("group", premium=Premium.NOT_ASSIGNED), "assigned to nobody"),
    ],
)
def test_what_stands_in_the_way_is_said_with_fix_and_who(given: Case, words: str) -> None:
    """AC-7.1, AC-7.5."""
    plan = given.plan()
    assert not plan.changes
    (obstacle,) = plan.obstacles
    assert words in obstacle.what
    assert obstacle.fix
    assert obstacle.who


def test_every_plan_is_one_that_can_be_carried_out() -> None:
    order = [ChangeKind.CREATE_GROUP, ChangeKind.ADD_MEMBER]
    seen: set[str] = set()
    for each in every():
        plan, facts = each.plan(), each.facts
        seen.update(kinds(plan))
        assert not (plan.changes and plan.obstacles)
        assert each.has_pim or not plan.asks_pim
        assert plan.asks_pim or not (plan.needs_ticket or plan.needs_mfa)
        assert plan.needs_ticket == bool(plan.asks_pim and facts.rules and facts.rules.needs_ticket)
        early = [change.kind for change in plan.changes if change.kind in order]
        assert early == sorted(early, key=order.index) == [change.kind for change in plan.changes][: len(early)]
        forbids = facts.rules is not None and not facts.rules.allows_permanent
        for change in plan.changes:
            assert bool(change.duration) == (change.is_by_pim and forbids), (each, change)
            assert change.title.endswith(".")
            assert "  " not in change.title
        if facts.role.state is RoleState.ACTIVE and facts.path is not RolePath.GROUP:
            assert plan.is_empty
        assert plan.digest == each.plan().digest
    assert seen == set(map(str, ChangeKind)), "each kind of change is in some plan"


def test_a_plan_that_was_carried_out_leaves_nothing_to_do() -> None:
    """*Do it for me* twice changes nothing the second time, whatever the tenant is like."""
    for each in every():
        plan = each.plan()
        if not plan.changes:
            continue
        again = each.plan(carried_out(each.facts, plan))
        assert again.is_empty, (each, kinds(plan), kinds(again), again.obstacles)


def carried_out(facts: Facts, plan: Plan) -> Facts:
    """What a look finds after Microsoft has taken every change."""
    group = next((found for found in facts.groups if found.name == facts.group_name), None)
    for change in plan.changes:
        longest = RoleRules(maximum_duration=change.duration).maximum_days
        ends_at = NOW + dt.timedelta(days=longest) if change.duration else None
        if change.kind in {ChangeKind.ASSIGN, ChangeKind.PIM_ASSIGN, ChangeKind.PIM_UPDATE}:
            return dataclasses.replace(facts, holdings=(Holding(role_id=PAA, ends_at=ends_at),))
        if change.kind is ChangeKind.CREATE_GROUP:
            group = GroupFacts(group_id="new", name=facts.group_name, is_assignable=True)
        elif change.kind is ChangeKind.ADD_MEMBER:
            assert group is not None
            group = dataclasses.replace(group, has_app=True)
        else:
            assert group is not None
            group = dataclasses.replace(group, active=frozenset({PAA}))
            held = Holding(role_id=PAA, ends_at=ends_at, group_id=group.group_id, group_name=group.name)
            facts = dataclasses.replace(facts, holdings=(held,))
    assert group is not None
    return dataclasses.replace(facts, groups=(group,))


@pytest.mark.parametrize(
    ("rules", "hours"), [("unknown", 720), ("permanent", 720), ("90 days", 720), ("15 days", 180), ("8 hours", 4)]
)
def test_a_fresh_assignment_is_never_near_its_end(rules: str, hours: float) -> None:
    assert renew_within(RULES[rules]) == dt.timedelta(hours=hours)
