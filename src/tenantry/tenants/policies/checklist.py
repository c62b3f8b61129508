"""The numbered steps of each road to the role: direct (J2), with PIM (J3), through a group (J7)."""

import dataclasses
import datetime as dt

from tenantry.tenants.models import ConnectionState, Premium, RolePath
from tenantry.tenants.policies.holdings import GroupProblem
from tenantry.tenants.policies.standing import Facts, Trouble, next_state


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One step; its words stand in the template.

    Attributes:
        number: 1 and up.
        key: consent, assign, proven, wait or users; on the path by group also licence, group, member and role.
        kind: done, now, wait, bad or later, as the components name steps.
    """

    number: int
    key: str
    kind: str

    @property
    def is_done(self) -> bool:
        """Whether a read has proven it."""
        return self.kind == "done"


def checklist(facts: Facts, now: dt.datetime, *, premium: Premium = Premium.UNKNOWN) -> tuple[Step, ...]:
    """The steps as they stand at `now`.

    Args:
        facts: what is known of the connection.
        now: the time.
        premium: whether the tenant may make role-assignable groups; only the path by group asks.
    """
    standing = next_state(facts, now)
    state = next_state(dataclasses.replace(facts, required=frozenset(), trouble=None, app_is_enabled=True), now).state
    is_withdrawn = facts.trouble is Trouble.WITHDRAWN
    is_short = standing.state == ConnectionState.RECONSENT_NEEDED
    waiting = {
        ConnectionState.READY: "done",
        ConnectionState.PROPAGATING: "wait",
        ConnectionState.NEEDS_ATTENTION: "bad",
    }.get(state, "later")
    is_out = standing.state == ConnectionState.OFFLINE
    by_group = facts.path is RolePath.GROUP
    kinds = [
        ("consent", "bad" if is_withdrawn else "wait" if is_short else "done"),
        *(_group_steps(facts, premium, is_out=is_out) if by_group else _direct_steps(facts, is_out=is_out)),
        ("wait", waiting),
        ("users", "now" if waiting == "done" else "later"),
    ]
    return tuple(Step(number, key, kind) for number, (key, kind) in enumerate(kinds, start=1))


def _has_role(facts: Facts) -> bool:
    return facts.role_seen_at is not None and bool(facts.covering)


def _direct_steps(facts: Facts, *, is_out: bool) -> list[tuple[str, str]]:
    has_role = _has_role(facts)
    if has_role:
        proven = "done"
    elif is_out or not facts.roles_are_read:
        proven = "later"
    else:
        proven = "bad" if facts.role_lost_at else "wait"
    return [("assign", "done" if has_role else "later" if is_out else "now"), ("proven", proven)]


def _group_steps(facts: Facts, premium: Premium, *, is_out: bool) -> list[tuple[str, str]]:
    """Licence, group, member, role: the first that is not done is the one to do now."""
    standing = facts.group
    is_licensed = premium is Premium.ASSIGNED
    if _has_role(facts) and standing.problem is not GroupProblem.NONE:
        # The role is in force on another road: nothing on this one needs doing.
        return [(key, "done") for key in ("licence", "group", "member", "role")]
    done = {
        "licence": is_licensed or standing.has_group,
        "group": standing.has_group,
        "member": standing.has_member,
        "role": standing.problem is GroupProblem.NONE and _has_role(facts),
    }
    broken = {
        "licence": premium in {Premium.NOT_OWNED, Premium.NOT_ASSIGNED},
        "group": standing.problem in {GroupProblem.NOT_ASSIGNABLE, GroupProblem.TWO_GROUPS},
        "role": standing.problem is GroupProblem.ELIGIBLE_ONLY or facts.role_lost_at is not None,
    }
    steps = []
    is_first = True
    for key, is_done in done.items():
        if is_done:
            steps.append((key, "done"))
        elif is_first and not is_out:
            steps.append((key, "bad" if broken.get(key) else "now"))
            is_first = False
        else:
            steps.append((key, "later"))
    return steps
