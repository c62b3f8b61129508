"""Each refusal in plain words for a technician: what stands in the way, what would remove it, who can."""

from collections.abc import Iterable

from tenantry.kit.decision import Denied
from tenantry.reach.facts import Action, Target
from tenantry.reach.matrices import Row
from tenantry.reach.permissions import Permission

ROLE_GIVER = "a Global Administrator or Privileged Role Administrator of the tenant"
CONSENT_GIVER = "a Global Administrator of the tenant"
UNIT_ADMINISTRATOR = "an administrator whose role is scoped to that unit"

_PHRASES = {
    Action.RESET_PASSWORD: "reset the password of",
    Action.BLOCK_SIGN_IN: "block the sign-in of",
    Action.UNBLOCK_SIGN_IN: "unblock the sign-in of",
    Action.REVOKE_SESSIONS: "revoke the sessions of",
    Action.ACCESS_PASS: "create a Temporary Access Pass for",
}


def listed(items: Iterable[str], *, last: str = "and") -> str:
    """Join for a sentence: "a", "a and b", "a, b and c"."""
    *head, tail = items
    return f"{', '.join(head)} {last} {tail}" if head else tail


def doing(action: Action, target: Target) -> str:
    """Return the action as a phrase: "reset the password of Dana Doe"."""
    return f"{_PHRASES[action]} {target.display_name}"


def _protection(target: Target, rows: Iterable[str]) -> str:
    """Tell what the user holds that puts it out of reach."""
    blocking = frozenset(rows)
    parts = []
    if names := target.roles_in(blocking):
        parts.append(f"holds {listed(names)}")
    if Row.ROLE_ASSIGNABLE_GROUP in blocking:
        parts.append("is a member or owner of a role-assignable group")
    if Row.ROLE_SCOPED_TO_RESTRICTED_UNIT in blocking:
        parts.append("holds a role scoped to a restricted management administrative unit")
    return listed(parts) if parts else "holds no role"


def guest_account(action: Action, target: Target) -> Denied:
    """A guest's password and sessions live in another tenant."""
    if action is Action.RESET_PASSWORD:
        kept, instead = "this tenant keeps no password", ""
    elif action is Action.ACCESS_PASS:
        kept, instead = "a pass of this tenant lets nobody in there", ""
    else:
        kept, instead = (
            "the sessions are not kept in this tenant",
            " To keep the guest out now, block the sign-in here.",
        )
    return Denied(
        code="guest_account",
        reason=f"We cannot {doing(action, target)}: a guest signs in at home, so {kept}.",
        remedy=f"Ask the guest's home organisation to do it.{instead}",
        who="the guest's home organisation",
    )


def synced_account(action: Action, target: Target) -> Denied:
    """The password is mastered on-premises; an app's reset is refused or never written back."""
    return Denied(
        code="synced_account",
        reason=f"We cannot {doing(action, target)}: the account is synced from an on-premises Active Directory, and a "
        "password set here would not reach it.",
        remedy="Reset the password in the on-premises Active Directory; the next sync brings it here.",
        who="an administrator of the on-premises Active Directory",
    )


def federated_domain(action: Action, target: Target) -> Denied:
    """Microsoft does not check the password of this domain."""
    return Denied(
        code="federated_domain",
        reason=f"We cannot {doing(action, target)}: the domain is federated, so another identity provider checks the "
        "password.",
        remedy="Reset the password at the identity provider of the domain.",
        who="an administrator of that identity provider",
    )


def permission_missing(action: Action, target: Target, lacking: tuple[Permission, ...]) -> Denied:
    """The tenant has not granted what the action needs."""
    names = listed(permission.name for permission in lacking)
    return Denied(
        code="permission_missing",
        reason=f"The connection cannot {doing(action, target)}: the tenant has not granted {names}.",
        remedy=f"Consent again, so that {names} {'is' if len(lacking) == 1 else 'are'} granted.",
        who=CONSENT_GIVER,
    )


def restricted_unit(action: Action, target: Target, *, least: str) -> Denied:
    """Tenant-wide roles and application permissions do not count inside the unit."""
    scoped_role = f" This connection would need {least} scoped to that unit." if least else ""
    return Denied(
        code="restricted_unit",
        reason=f"The connection cannot {doing(action, target)}: the account is in a restricted management "
        "administrative unit, where only roles scoped to that unit count, not even Global Administrator.",
        remedy="Ask an administrator of the unit, or have the account taken out of the unit first. The protection is "
        f"usually deliberate.{scoped_role}",
        who=UNIT_ADMINISTRATOR,
    )


def restricted_global_administrator(action: Action, target: Target) -> Denied:
    """Microsoft's page: a Global Administrator in such a unit is reset by nobody."""
    return Denied(
        code="restricted_unit",
        reason=f"Nobody can {doing(action, target)}: the account holds Global Administrator inside a restricted "
        "management administrative unit, and no role scoped to a unit reaches a Global Administrator.",
        remedy="Take the account out of the unit first.",
        who=ROLE_GIVER,
    )


def role_eligible_only(action: Action, target: Target, *, eligible: str, least: str) -> Denied:
    """The role would do, were it active."""
    return Denied(
        code="role_eligible_only",
        reason=f"The connection cannot {doing(action, target)}: it holds {eligible} only as eligible, and an "
        "app cannot activate a role itself.",
        remedy=f"Assign {least} to the enterprise app as Active.",
        who=ROLE_GIVER,
    )


def role_scoped_to_unit(action: Action, target: Target, *, held: str, least: str) -> Denied:
    """The role would count, were it tenant-wide (AC-2.4)."""
    return Denied(
        code="role_scoped_to_unit",
        reason=f"The connection cannot {doing(action, target)}: its role {held} is limited to an administrative unit.",
        remedy=f"Assign {least} to the enterprise app for the whole tenant.",
        who=ROLE_GIVER,
    )


def role_missing(action: Action, target: Target, *, least: str) -> Denied:
    """No role of the enterprise app has anything to do with this action."""
    return Denied(
        code="role_missing",
        reason=f"The connection cannot {doing(action, target)}: its enterprise app holds no directory role that may.",
        remedy=f"Assign {least} to the enterprise app, active and for the whole tenant.",
        who=ROLE_GIVER,
    )


def role_cannot_do_this(action: Action, target: Target, *, held: str, least: str) -> Denied:
    """Helpdesk and Password Administrator reset, and have no column in the table of sensitive actions."""
    return Denied(
        code="role_insufficient",
        reason=f"The connection cannot {doing(action, target)}: its role {held} may reset passwords, but not block or "
        "unblock sign-in.",
        remedy=f"Assign {least} to the enterprise app.",
        who=ROLE_GIVER,
    )


def role_insufficient(
    action: Action, target: Target, *, held: str, blocking: Iterable[str], least: str, unit: bool = False
) -> Denied:
    """The role does this, but not to somebody who holds what this user holds."""
    scope = ", scoped to that unit" if unit else ""
    return Denied(
        code="role_insufficient",
        reason=f"The connection cannot {doing(action, target)}, who {_protection(target, blocking)}: its role {held} "
        "is not enough for that.",
        remedy=f"Assign {least} to the enterprise app{scope}; it is the least role that may.",
        who=ROLE_GIVER,
    )
