"""What would have to change in a tenant so that our enterprise app gets its role: a pure plan.

A plan knows nothing of how it is sent. The same plan is shown before an administrator signs in, made again after, and
made once more to prove that nothing is left of it.
"""

import dataclasses
import datetime as dt
import enum
import hashlib
import json
from typing import Any, Final

from tenantry.tenants.policies import (
    Facts,
    GroupProblem,
    Holding,
    Premium,
    RolePath,
    RoleRules,
    RoleState,
    covering_roles,
)

RENEW_WITHIN: Final = dt.timedelta(days=30)
"""An assignment that ends within this time is renewed by doing the road again; a short one within half its length."""
ROLE_GIVER: Final = "a Privileged Role Administrator or Global Administrator of the customer"


class ChangeKind(enum.StrEnum):
    """One change in a tenant."""

    ASSIGN = "assign"
    PIM_ASSIGN = "pim_assign"
    PIM_UPDATE = "pim_update"
    CREATE_GROUP = "create_group"
    ADD_MEMBER = "add_member"
    ASSIGN_TO_GROUP = "assign_to_group"
    PIM_ASSIGN_TO_GROUP = "pim_assign_to_group"
    PIM_UPDATE_OF_GROUP = "pim_update_of_group"


_BY_PIM: Final = frozenset(
    {
        ChangeKind.PIM_ASSIGN,
        ChangeKind.PIM_UPDATE,
        ChangeKind.PIM_ASSIGN_TO_GROUP,
        ChangeKind.PIM_UPDATE_OF_GROUP,
    }
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change.

    Attributes:
        kind: what is done.
        title: what is done, for people.
        group_id: the group it is about; empty while that is not created yet.
        duration: ISO 8601 for an assignment that must end; empty for good.
    """

    kind: ChangeKind
    title: str
    group_id: str = ""
    duration: str = ""

    @property
    def is_by_pim(self) -> bool:
        """Whether PIM is asked, so that its rules apply and it can be asked beforehand."""
        return self.kind in _BY_PIM


@dataclasses.dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that stands in the way: what, what to do, and who."""

    what: str
    fix: str
    who: str


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What would change.

    Attributes:
        changes: in the order in which they are made.
        obstacles: what makes it pointless to begin.
        needs_ticket: the role's rules ask for a ticket.
        needs_mfa: the role's rules ask for multifactor authentication of whoever assigns.
    """

    changes: tuple[Change, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    needs_ticket: bool = False
    needs_mfa: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether everything is as it should be."""
        return not self.changes and not self.obstacles

    @property
    def asks_pim(self) -> bool:
        """Whether PIM is asked, so that a justification goes along."""
        return any(change.is_by_pim for change in self.changes)

    @property
    def digest(self) -> str:
        """Tells two plans apart; what a technician confirmed is what is done."""
        kept: list[Any] = [dataclasses.asdict(change) for change in self.changes]
        kept.append([dataclasses.asdict(obstacle) for obstacle in self.obstacles])
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def make_plan(facts: Facts, *, has_pim: bool, premium: Premium, now: dt.datetime) -> Plan:
    """The changes that are left on the connection's road.

    Args:
        facts: what the last look found.
        has_pim: PIM answers in this tenant.
        premium: whether role-assignable groups are licensed.
        now: the time.
    """
    best = facts.role.best
    is_held = facts.role.state in {RoleState.ACTIVE, RoleState.ACTIVE_UNTIL}
    if facts.path is RolePath.GROUP and not (is_held and best is not None and not best.group_id):
        plan = _by_group(facts, has_pim=has_pim, premium=premium)
        if plan.is_empty and best is not None and facts.role.state is RoleState.ACTIVE_UNTIL:
            return _renewal(facts, best, now, has_pim=has_pim)
        return plan
    if facts.role.state is RoleState.ACTIVE:
        return Plan()
    if best is not None and facts.role.state is RoleState.ACTIVE_UNTIL:
        return _renewal(facts, best, now, has_pim=has_pim)
    return _direct(facts, has_pim=has_pim)


def _direct(facts: Facts, *, has_pim: bool) -> Plan:
    app, role = facts.app_name, facts.wanted_role
    if facts.path is not RolePath.PIM:
        return Plan((Change(kind=ChangeKind.ASSIGN, title=f"Assign {role} to {app}, for the whole tenant, for good."),))
    if not has_pim:
        obstacle = Obstacle(
            "Privileged Identity Management is not available in this tenant.",
            "Choose the direct road: it needs no licence.",
            "you",
        )
        return Plan(obstacles=(obstacle,))
    duration = _duration(facts)
    made_active = "make it active" if facts.role.state is RoleState.ELIGIBLE_ONLY else "as active"
    change = Change(
        kind=ChangeKind.PIM_ASSIGN,
        title=f"Assign {role} to {app} through PIM, {made_active}, for the whole tenant, {_how_long(duration)}.",
        duration=duration,
    )
    return _with_rules(facts, change)


def _renewal(facts: Facts, best: Holding, now: dt.datetime, *, has_pim: bool) -> Plan:
    """Nothing while it lasts; near the end, or when it could be for good, a longer one."""
    duration = _duration(facts)
    is_near = best.ends_at is not None and best.ends_at - now <= renew_within(facts.rules)
    if not has_pim or (duration and not is_near):
        return Plan()
    if best.role_id.lower() != facts.wanted_role_id.lower():
        # Another role does for the wanted one, and only till then: it is not ours to prolong.
        return _direct(facts, has_pim=has_pim)
    whom = f"the group “{best.group_name}”" if best.group_id else facts.app_name
    change = Change(
        kind=ChangeKind.PIM_UPDATE_OF_GROUP if best.group_id else ChangeKind.PIM_UPDATE,
        title=f"Let the assignment of {facts.wanted_role} to {whom} last {_how_long(duration)}.",
        group_id=best.group_id,
        duration=duration,
    )
    return _with_rules(facts, change)


def renew_within(rules: RoleRules | None) -> dt.timedelta:
    """How long before its end an assignment is renewed: so that a fresh one, however short, is not near its end."""
    longest = rules.maximum_days if rules is not None and not rules.allows_permanent else 0.0
    return min(RENEW_WITHIN, dt.timedelta(days=longest / 2)) if longest else RENEW_WITHIN


def _by_group(facts: Facts, *, has_pim: bool, premium: Premium) -> Plan:
    standing = facts.group
    if standing.problem is GroupProblem.NONE:
        return Plan()
    app, role, name = facts.app_name, facts.wanted_role, facts.group_name
    if standing.problem in {GroupProblem.NOT_ASSIGNABLE, GroupProblem.TWO_GROUPS}:
        return Plan(obstacles=(_group_obstacle(facts),))
    if premium in {Premium.NOT_OWNED, Premium.NOT_ASSIGNED} and standing.problem is GroupProblem.NO_GROUP:
        what = (
            "No licence with Entra ID P1 or P2 is owned."
            if premium is Premium.NOT_OWNED
            else "A licence is owned, but assigned to nobody."
        )
        fix = "Assign at least one Entra ID P1 licence to any one account, or choose the direct road."
        return Plan(obstacles=(Obstacle(what, fix, "the customer"),))
    group_id = standing.group.group_id if standing.group else ""
    changes = []
    if standing.problem is GroupProblem.NO_GROUP:
        title = f"Create the security group “{name}”, to which Microsoft Entra roles can be assigned."
        changes.append(Change(kind=ChangeKind.CREATE_GROUP, title=title))
    if not standing.has_member:
        changes.append(Change(kind=ChangeKind.ADD_MEMBER, title=f"Add {app} to the group.", group_id=group_id))
    has_role = standing.group is not None and bool(
        covering_roles(standing.group.active, facts.wanted_role_id, facts.custom)
    )
    if not has_role:
        duration = _duration(facts) if has_pim else ""
        kind = ChangeKind.PIM_ASSIGN_TO_GROUP if has_pim else ChangeKind.ASSIGN_TO_GROUP
        how = "through PIM, as active, " if has_pim else ""
        title = f"Assign {role} to the group, {how}for the whole tenant, {_how_long(duration)}."
        changes.append(Change(kind=kind, title=title, group_id=group_id, duration=duration))
    rules = facts.rules if has_pim and not has_role else None
    return Plan(
        tuple(changes),
        needs_ticket=bool(rules and rules.needs_ticket),
        needs_mfa=bool(rules and rules.needs_mfa),
    )


def _group_obstacle(facts: Facts) -> Obstacle:
    ids = ", ".join(facts.group.ids)
    if facts.group.problem is GroupProblem.TWO_GROUPS:
        return Obstacle(
            f"Several groups are named “{facts.group_name}”: {ids}. We cannot know which is meant.",
            f"Add {facts.app_name} to the right one, rename the others, or choose another name for the group.",
            ROLE_GIVER,
        )
    return Obstacle(
        f"The group “{facts.group_name}” ({ids}) cannot hold a role: that is fixed when a group is created.",
        "Choose another name for the group, or rename the one that is there.",
        "you",
    )


def _with_rules(facts: Facts, change: Change) -> Plan:
    rules = facts.rules
    return Plan(
        (change,),
        needs_ticket=bool(rules and rules.needs_ticket),
        needs_mfa=bool(rules and rules.needs_mfa),
    )


def _duration(facts: Facts) -> str:
    """The longest that the role's rules allow; empty for good."""
    rules = facts.rules
    return "" if rules is None or rules.allows_permanent else rules.maximum_duration


def _how_long(duration: str) -> str:
    if not duration:
        return "for good"
    days = RoleRules(maximum_duration=duration).maximum_days
    words = f"{days:.0f} days" if days >= 1 else f"{days * 24:.0f} hours"
    return f"for the longest time its rules allow, {words}"
