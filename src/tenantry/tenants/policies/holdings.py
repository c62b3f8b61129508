"""What our enterprise app holds on each road to a role: assignments with their time, groups, the role's rules.

AC-3.2 tells four states of a role apart, AC-2.4 the scope, AC-7.5 what can be wrong with a group. The classes here are
kept as JSON on the connection's row; `to_json` and `from_json` are each other's inverse.
"""

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from tenantry.reach import roles
from tenantry.reach.matrices import RESET, SENSITIVE

RESET_ACTION: Final = "microsoft.directory/users/password/update"
BLOCK_ACTIONS: Final = frozenset({"microsoft.directory/users/disable", "microsoft.directory/users/enable"})
REVOKE_ACTION: Final = "microsoft.directory/users/invalidateallrefreshtokens"
_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
"""A duration of ISO 8601 as Microsoft writes it: `P180D`, `PT8H`."""
_DAYS: Final = (365, 30, 7, 1, 1 / 24, 1 / 1440, 1 / 86400)
ALL_USER_ACTIONS: Final = "microsoft.directory/users/allproperties/alltasks"


class RoleState(enum.StrEnum):
    """How our enterprise app stands to a role (AC-3.2)."""

    NONE = "none"
    UNIT_ONLY = "unit_only"
    ELIGIBLE_ONLY = "eligible_only"
    ACTIVE_UNTIL = "active_until"
    ACTIVE = "active"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One role that our enterprise app holds or may only activate.

    Attributes:
        role_id: template id of a built-in role, own id of a custom one; lower case.
        is_active: in force; otherwise eligible only, which an app cannot use: it cannot activate itself.
        ends_at: when it ends by itself; None when it does not, or Microsoft does not tell.
        group_id: the group it comes through; empty when it is direct.
        group_name: that group's name.
        unit_id: the administrative unit it is limited to; empty for the whole tenant.
    """

    role_id: str
    is_active: bool = True
    ends_at: dt.datetime | None = None
    group_id: str = ""
    group_name: str = ""
    unit_id: str = ""

    @property
    def is_tenant_wide(self) -> bool:
        """Whether it counts everywhere (AC-2.4)."""
        return not self.unit_id

    def to_json(self) -> dict[str, Any]:
        """As kept on the row."""
        kept = dataclasses.asdict(self)
        kept["ends_at"] = self.ends_at.isoformat() if self.ends_at else None
        return kept

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Holding":
        """Back from the row."""
        ends_at = kept.get("ends_at")
        return cls(**{**kept, "ends_at": dt.datetime.fromisoformat(ends_at) if ends_at else None})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """A group that has to do with the path by group.

    Attributes:
        group_id: its object id.
        name: its display name.
        is_assignable: roles can be assigned to it; cannot be changed later.
        has_app: our enterprise app is a member.
        active: tenant-wide roles assigned to it now.
        eligible: roles it may only activate.
    """

    group_id: str
    name: str
    is_assignable: bool = False
    has_app: bool = False
    active: frozenset[str] = frozenset()
    eligible: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """As kept on the row."""
        return {**dataclasses.asdict(self), "active": sorted(self.active), "eligible": sorted(self.eligible)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "GroupFacts":
        """Back from the row."""
        return cls(**{**kept, "active": frozenset(kept["active"]), "eligible": frozenset(kept["eligible"])})


@dataclasses.dataclass(frozen=True, slots=True)
class CustomRoleFacts:
    """A custom role that our enterprise app holds: its name and actions (lower case)."""

    name: str
    actions: frozenset[str]

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "CustomRoleFacts":
        """Back from the row."""
        return cls(str(kept["name"]), frozenset(kept["actions"]))

    def to_json(self) -> dict[str, Any]:
        """As kept on the row."""
        return {"name": self.name, "actions": sorted(self.actions)}

    def lacks(self, wanted_role_id: str) -> tuple[str, ...]:
        """Actions that the wanted role stands for and this one does not hold, by name (AC-7.7)."""
        return tuple(sorted(needed_actions(wanted_role_id) - _expanded(self.actions)))


def needed_actions(wanted_role_id: str) -> frozenset[str]:
    """The directory actions that a custom role must hold to do for a role we ask for."""
    found: set[str] = set()
    if wanted_role_id.lower() in RESET:
        found |= {RESET_ACTION, REVOKE_ACTION}
    if wanted_role_id.lower() in SENSITIVE:
        found |= BLOCK_ACTIONS
    return frozenset(found)


def _expanded(actions: Collection[str]) -> frozenset[str]:
    if ALL_USER_ACTIONS in actions:
        return frozenset({*actions, RESET_ACTION, REVOKE_ACTION, *BLOCK_ACTIONS})
    return frozenset(actions)


def would_do(held: str, wanted: str) -> bool:
    """Whether a role reaches everybody whom the wanted role reaches, in both of Microsoft's tables."""
    held, wanted = held.lower(), wanted.lower()
    nobody: frozenset[str] = frozenset()
    if held in {wanted, roles.GLOBAL_ADMINISTRATOR}:
        return True
    return (
        held in RESET
        and RESET.get(wanted, nobody) <= RESET[held]
        and SENSITIVE.get(wanted, nobody) <= SENSITIVE.get(held, nobody)
        and wanted in RESET
    )


def covering_roles(
    held: Iterable[str], wanted: str, custom: Mapping[str, CustomRoleFacts] | None = None
) -> frozenset[str]:
    """The roles among `held` of which each alone does for the wanted one; custom ones by their actions (AC-7.7)."""
    known = custom or {}

    def does(role_id: str) -> bool:
        if role_id in known:
            return bool(needed_actions(wanted)) and not known[role_id].lacks(wanted)
        return would_do(role_id, wanted)

    return frozenset(role_id.lower() for role_id in held if does(role_id.lower()))


@dataclasses.dataclass(frozen=True, slots=True)
class RoleStanding:
    """How our enterprise app stands to the wanted role, and by which holding.

    Attributes:
        state: one of the states of AC-3.2, or limited to a unit (AC-2.4).
        best: the holding that decides; None when there is none.
    """

    state: RoleState
    best: Holding | None = None


def role_standing(
    holdings: Iterable[Holding], wanted: str, custom: Mapping[str, CustomRoleFacts] | None = None
) -> RoleStanding:
    """The best that is held: active for good, active until, eligible, limited to a unit, nothing."""
    fitting = [holding for holding in holdings if covering_roles((holding.role_id,), wanted, custom)]
    lasting = [h for h in fitting if h.is_active and h.is_tenant_wide and h.ends_at is None]
    if lasting:
        return RoleStanding(RoleState.ACTIVE, lasting[0])
    ending = [h for h in fitting if h.is_active and h.is_tenant_wide and h.ends_at is not None]
    if ending:
        return RoleStanding(RoleState.ACTIVE_UNTIL, max(ending, key=lambda h: h.ends_at or _NEVER))
    for state, is_fitting in (
        (RoleState.ELIGIBLE_ONLY, lambda h: not h.is_active and h.is_tenant_wide),
        (RoleState.UNIT_ONLY, lambda h: h.is_active),
    ):
        if found := next(filter(is_fitting, fitting), None):
            return RoleStanding(state, found)
    return RoleStanding(RoleState.NONE)


_NEVER: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


class GroupProblem(enum.StrEnum):
    """What is wrong with the path by group (AC-7.5); NONE when the role comes through it."""

    NONE = "none"
    NO_GROUP = "no_group"
    TWO_GROUPS = "two_groups"
    NOT_ASSIGNABLE = "not_assignable"
    NOT_MEMBER = "not_member"
    ELIGIBLE_ONLY = "eligible_only"
    NO_ROLE = "no_role"


@dataclasses.dataclass(frozen=True, slots=True)
class GroupStanding:
    """How the path by group stands.

    Attributes:
        problem: the first thing that is wrong, in the order it must be mended.
        group: the group that decides; None when there is none.
        ids: object ids of the groups that share the name, for TWO_GROUPS.
    """

    problem: GroupProblem
    group: GroupFacts | None = None
    ids: tuple[str, ...] = ()

    @property
    def has_group(self) -> bool:
        """Whether a usable group exists."""
        return self.group is not None and self.problem not in {GroupProblem.NOT_ASSIGNABLE, GroupProblem.TWO_GROUPS}

    @property
    def has_member(self) -> bool:
        """Whether our enterprise app is in it."""
        return self.has_group and self.group is not None and self.group.has_app


def group_standing(
    groups: Iterable[GroupFacts], name: str, wanted: str, custom: Mapping[str, CustomRoleFacts] | None = None
) -> GroupStanding:
    """Judge the groups that have the name, or already have our app and a fitting role.

    A role-assignable group that our app is in and that carries the role does, whatever its name.
    """
    groups = tuple(groups)
    for group in groups:
        if group.is_assignable and group.has_app and covering_roles(group.active, wanted, custom):
            return GroupStanding(GroupProblem.NONE, group)
    named = [group for group in groups if group.name.casefold() == name.casefold()]
    ids = tuple(sorted(group.group_id for group in named))
    usable = sorted((group for group in named if group.is_assignable), key=lambda group: not group.has_app)
    if not usable:
        if not named:
            return GroupStanding(GroupProblem.NO_GROUP)
        return GroupStanding(GroupProblem.NOT_ASSIGNABLE, named[0], ids)
    if len(usable) > 1 and not usable[0].has_app:
        return GroupStanding(GroupProblem.TWO_GROUPS, None, tuple(sorted(group.group_id for group in usable)))
    group = usable[0]
    if not group.has_app:
        problem = GroupProblem.NOT_MEMBER
    elif covering_roles(group.eligible, wanted, custom):
        problem = GroupProblem.ELIGIBLE_ONLY
    else:
        problem = GroupProblem.NO_ROLE
    return GroupStanding(problem, group, ids)


@dataclasses.dataclass(frozen=True, slots=True)
class RoleRules:
    """What the wanted role's policy demands of an active assignment; the attributes are those of `graph.calls.pim`."""

    allows_permanent: bool = True
    maximum_duration: str = ""
    needs_justification: bool = False
    needs_ticket: bool = False
    needs_mfa: bool = False

    @property
    def maximum_days(self) -> float:
        """The longest active assignment in days; 0 when Microsoft tells none."""
        found = _DURATION.fullmatch(self.maximum_duration)
        if found is None:
            return 0.0
        parts = [int(part or 0) for part in found.groups()]
        return sum(count * days for count, days in zip(parts, _DAYS, strict=True))

    def to_json(self) -> dict[str, Any]:
        """As kept on the row."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "RoleRules | None":
        """Back from the row; None when nothing is known."""
        return cls(**kept) if kept else None
