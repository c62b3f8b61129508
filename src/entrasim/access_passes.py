"""Whether a Temporary Access Pass is good now ("temporaryAccessPassAuthenticationMethod resource type")."""

import datetime as dt

from entrasim.state import AccessPass, AccessPassPolicy, User


def usability(found: AccessPass, policy: AccessPassPolicy, user: User, now: dt.datetime) -> str:
    """The value of `methodUsabilityReason`."""
    if found.is_used and found.is_usable_once:
        return "OneTimeUsed"
    if now < found.start_date_time:
        return "NotYetValid"
    if now >= found.start_date_time + dt.timedelta(minutes=found.lifetime_in_minutes):
        return "Expired"
    return "EnabledByPolicy" if policy.is_enabled and user.id not in policy.excluded else "DisabledByPolicy"
