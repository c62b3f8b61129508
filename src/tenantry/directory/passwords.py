"""What can be said about a user's password without knowing it: age, expiry, who keeps it."""

import dataclasses
import datetime as dt
from typing import Final

from tenantry.directory.models import DirectoryUser, TenantDomain
from tenantry.kit import clock

NEVER_EXPIRES_DAYS: Final = 2_147_483_647
UNCONFIRMED_DAYS: Final = 90
"""What Microsoft's reference says applies where a domain was never set; tenants made since 2021 may differ."""


@dataclasses.dataclass(frozen=True, slots=True)
class PasswordFacts:
    """About a user's password.

    Attributes:
        kept: where the password lives, in a sentence; empty for an ordinary account of this tenant.
        changed_at: last change, or creation.
        age: how long ago that was, in words.
        expiry: whether and when it expires, in words; empty when `kept` says it all.
        expires_at: the moment, when there is one.
        policies: what is special about it, in words.
    """

    kept: str
    changed_at: dt.datetime | None
    age: str
    expiry: str
    expires_at: dt.datetime | None
    policies: tuple[str, ...]


_POLICIES: Final = {
    "DisablePasswordExpiration": "does not expire",
    "DisableStrongPassword": "need not be strong",
}


def facts(user: DirectoryUser, domain: TenantDomain | None) -> PasswordFacts:
    """What the mirror knows about the password of `user`, whose sign-in domain is `domain`."""
    named = [policy.strip() for policy in user.password_policies.split(",")]
    policies = tuple(_POLICIES[policy] for policy in named if policy in _POLICIES)
    kept = _kept(user, domain)
    expiry, expires_at = ("", None) if kept else _expiry(user, domain, is_exempt="DisablePasswordExpiration" in named)
    return PasswordFacts(
        kept, user.last_password_change_at, _age(user.last_password_change_at), expiry, expires_at, policies
    )


def _age(changed_at: dt.datetime | None) -> str:
    if changed_at is None:
        return ""
    days = max(0, (clock.now() - changed_at).days)
    return "today" if days == 0 else "1 day ago" if days == 1 else f"{days} days ago"


def _kept(user: DirectoryUser, domain: TenantDomain | None) -> str:
    if user.is_guest:
        return "In the guest's home tenant"
    if domain is not None and domain.is_federated:
        return f"With the identity provider of {domain.name}"
    return "In the on-premises directory" if user.is_synced else ""


def _expiry(user: DirectoryUser, domain: TenantDomain | None, *, is_exempt: bool) -> tuple[str, dt.datetime | None]:
    if is_exempt:
        return "Never, by the account's policy", None
    days = domain.password_validity_days if domain is not None else None
    if days == NEVER_EXPIRES_DAYS:
        return "Never, by the domain's policy", None
    changed_at = user.last_password_change_at
    if days is None:
        return f"After {UNCONFIRMED_DAYS} days, unconfirmed: the domain's policy was never set", None
    return f"After {days} days", changed_at + dt.timedelta(days=days) if changed_at else None
