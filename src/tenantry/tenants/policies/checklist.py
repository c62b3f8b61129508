"""The numbered steps of the direct role path in a tenant without PIM (J2)."""

import dataclasses
import datetime as dt

from tenantry.tenants.models import ConnectionState
from tenantry.tenants.policies.standing import Facts, Trouble, covering_roles, next_state


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One step; its words stand in the template.

    Attributes:
        number: 1 and up.
        key: consent, assign, proven, wait or users.
        kind: done, now, wait, bad or later, as the components name steps.
    """

    number: int
    key: str
    kind: str

    @property
    def is_done(self) -> bool:
        """Whether a read has proven it."""
        return self.kind == "done"


def checklist(facts: Facts, now: dt.datetime) -> tuple[Step, ...]:
    """The steps as they stand at `now`."""
    standing = next_state(facts, now)
    state = next_state(dataclasses.replace(facts, required=frozenset(), trouble=None, app_is_enabled=True), now).state
    has_role = facts.role_seen_at is not None and bool(covering_roles(facts.role_ids, facts.wanted_role_id))
    is_withdrawn = facts.trouble is Trouble.WITHDRAWN
    is_short = standing.state == ConnectionState.RECONSENT_NEEDED
    is_out = standing.state == ConnectionState.OFFLINE
    if has_role:
        proven = "done"
    elif is_out or not facts.roles_are_read:
        proven = "later"
    else:
        proven = "bad" if facts.role_lost_at else "wait"
    waiting = {
        ConnectionState.READY: "done",
        ConnectionState.PROPAGATING: "wait",
        ConnectionState.NEEDS_ATTENTION: "bad",
    }.get(state, "later")
    return (
        Step(1, "consent", "bad" if is_withdrawn else "wait" if is_short else "done"),
        Step(2, "assign", "done" if has_role else "later" if is_out else "now"),
        Step(3, "proven", proven),
        Step(4, "wait", waiting),
        Step(5, "users", "now" if waiting == "done" else "later"),
    )
