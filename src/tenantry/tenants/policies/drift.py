"""Drift: what a tenant no longer is as it was meant to be, or soon will not be (AC-5.4).

A drift is a condition with a name. A look, or a call that fails, tells which hold; what is new is told once, and what
no longer holds is told to be over. Set-up that was never finished is no drift.
"""

import dataclasses
import datetime as dt
import enum
from typing import Final

from tenantry.tenants.models import AppKind, ConnectionState, PimStatus, Premium, RolePath
from tenantry.tenants.policies.holdings import GroupProblem, RoleState
from tenantry.tenants.policies.standing import CONSENT_GIVER, ROLE_GIVER, Facts, Trouble, next_state


class Drift(enum.StrEnum):
    """The conditions that are watched for."""

    CONSENT_WITHDRAWN = "consent_withdrawn"
    APP_DISABLED = "app_disabled"
    TENANT_GONE = "tenant_gone"
    OUR_CREDENTIAL = "our_credential"
    READS_REFUSED = "reads_refused"
    UNREACHABLE = "unreachable"
    RECONSENT = "reconsent"
    ROLE_REMOVED = "role_removed"
    ROLE_ELIGIBLE = "role_eligible"
    LEFT_GROUP = "left_group"
    ROLE_ENDS_IN_14_DAYS = "role_ends_in_14_days"
    ROLE_ENDS_IN_3_DAYS = "role_ends_in_3_days"
    LICENCE_LOST = "licence_lost"
    REFUSED = "refused"
    APP_RENAMED = "app_renamed"


DRIFT_TITLES: Final[dict[Drift, str]] = {
    Drift.CONSENT_WITHDRAWN: "Consent withdrawn, or the enterprise app deleted",
    Drift.APP_DISABLED: "Enterprise app disabled",
    Drift.TENANT_GONE: "Tenant gone",
    Drift.OUR_CREDENTIAL: "Our credential is refused",
    Drift.READS_REFUSED: "Reading refused",
    Drift.UNREACHABLE: "Microsoft gives no answer",
    Drift.RECONSENT: "Re-consent needed",
    Drift.ROLE_REMOVED: "Role removed",
    Drift.ROLE_ELIGIBLE: "Role made eligible",
    Drift.LEFT_GROUP: "No longer in the group",
    Drift.ROLE_ENDS_IN_14_DAYS: "Role ends within 14 days",
    Drift.ROLE_ENDS_IN_3_DAYS: "Role ends within 3 days",
    Drift.LICENCE_LOST: "Licence lost",
    Drift.REFUSED: "Microsoft refuses what it should allow",
    Drift.APP_RENAMED: "Enterprise app renamed",
}
_OF_TROUBLE: Final[dict[Trouble, Drift]] = {
    Trouble.WITHDRAWN: Drift.CONSENT_WITHDRAWN,
    Trouble.APP_DISABLED: Drift.APP_DISABLED,
    Trouble.TENANT_GONE: Drift.TENANT_GONE,
    Trouble.OUR_CREDENTIAL: Drift.OUR_CREDENTIAL,
    Trouble.READS_REFUSED: Drift.READS_REFUSED,
    Trouble.UNREACHABLE: Drift.UNREACHABLE,
}
_FIRST_WARNING: Final = dt.timedelta(days=14)
_LAST_WARNING: Final = dt.timedelta(days=3)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A drift that holds now.

    Attributes:
        drift: which.
        cause: what happened and why.
        fix: what to do.
        who: who must act.
        is_urgent: something does not work because of it; otherwise it will, or may.
    """

    drift: Drift
    cause: str
    fix: str
    who: str
    is_urgent: bool = True

    @property
    def title(self) -> str:
        """Its name for people."""
        return DRIFT_TITLES[self.drift]


def drifts(
    facts: Facts,
    now: dt.datetime,
    *,
    premium: Premium = Premium.UNKNOWN,
    pim: PimStatus = PimStatus.UNKNOWN,
) -> tuple[Found, ...]:
    """Every drift of a connection that holds at `now`.

    Args:
        facts: the connection.
        now: the time.
        premium: whether role-assignable groups are licensed in the tenant.
        pim: whether PIM is on there, as last known.
    """
    standing = next_state(facts, now)
    trouble = facts.trouble or (None if facts.app_is_enabled else Trouble.APP_DISABLED)
    if trouble is not None:  # whatever else was known is old: nothing further can be told
        return (Found(_OF_TROUBLE[trouble], standing.cause, standing.fix, standing.who),)
    found = []
    if standing.state == ConnectionState.RECONSENT_NEEDED:
        found.append(Found(Drift.RECONSENT, standing.cause, standing.fix, standing.who))
    by_role = next_state(dataclasses.replace(facts, required=frozenset()), now)
    if by_role.state == ConnectionState.DEGRADED:
        found.append(Found(_why_lost(facts), by_role.cause, by_role.fix, by_role.who))
    if by_role.state == ConnectionState.NEEDS_ATTENTION:
        found.append(Found(Drift.REFUSED, by_role.cause, by_role.fix, by_role.who))
    if (ending := _ending(facts, now)) is not None:
        found.append(ending)
    if (unlicensed := _unlicensed(facts, premium, pim)) is not None:
        found.append(unlicensed)
    return tuple(found)


def _why_lost(facts: Facts) -> Drift:
    if facts.role.state is RoleState.ELIGIBLE_ONLY:
        return Drift.ROLE_ELIGIBLE
    if facts.path is RolePath.GROUP and facts.group.problem is GroupProblem.NOT_MEMBER:
        return Drift.LEFT_GROUP
    return Drift.ROLE_REMOVED


def _ending(facts: Facts, now: dt.datetime) -> Found | None:
    role = facts.role
    ends_at = role.best.ends_at if role.best is not None and role.state is RoleState.ACTIVE_UNTIL else None
    if ends_at is None or not now < ends_at <= now + _FIRST_WARNING:
        return None
    is_last = ends_at <= now + _LAST_WARNING
    longest = facts.rules.maximum_days if facts.rules is not None and not facts.rules.allows_permanent else 0
    again = (
        f"assign it anew for up to {longest:.0f} days, or have the role's settings allow permanent active assignments."
        if longest
        else "make it permanent: Update, Permanently assigned."
    )
    return Found(
        Drift.ROLE_ENDS_IN_3_DAYS if is_last else Drift.ROLE_ENDS_IN_14_DAYS,
        f"{facts.wanted_role} of {facts.app_name or 'our enterprise app'} ends by itself on {ends_at.day} "
        f"{ends_at:%b %Y, %H:%M} UTC.",
        f"In Roles and administrators open {facts.wanted_role} and {again}",
        ROLE_GIVER,
        is_urgent=False,
    )


def _unlicensed(facts: Facts, premium: Premium, pim: PimStatus) -> Found | None:
    """A licence that the road stands on is gone: P1 for a group, P2 for an assignment with an end or eligible."""
    if not facts.covering:
        return None
    if facts.path is RolePath.GROUP and premium is Premium.NOT_OWNED:
        return Found(
            Drift.LICENCE_LOST,
            "The tenant no longer owns a licence with Entra ID P1 or P2, which role-assignable groups need. The role "
            "still comes through the group; what Microsoft does with it later is not promised.",
            "Have one licence with Entra ID P1 renewed, or take the direct road, which needs none.",
            CONSENT_GIVER,
            is_urgent=False,
        )
    has_timed = any(holding.ends_at is not None or not holding.is_active for holding in facts.holdings)
    if pim is PimStatus.NOT_AVAILABLE and has_timed:
        return Found(
            Drift.LICENCE_LOST,
            "PIM is no longer available in the tenant, and our role was given through it with an end. Microsoft "
            "removes eligible assignments then, and one with an end cannot be renewed in PIM.",
            "Assign the role directly, for good; that needs no licence.",
            ROLE_GIVER,
            is_urgent=False,
        )
    return None


def drift_app(app: AppKind) -> str:
    """Which of our apps, for a sentence."""
    return "elevation app" if app == AppKind.ELEVATION else "help-desk app"
