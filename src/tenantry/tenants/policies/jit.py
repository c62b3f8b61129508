"""Whether a just-in-time grant may be activated at a customer (AC-2.6). Asked before any account is created."""

import datetime as dt

from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.reach import permissions
from tenantry.tenants.models import ConnectionState
from tenantry.tenants.policies.standing import CONSENT_GIVER, ROLE_GIVER, Facts, next_state


def may_activate_jit(facts: Facts | None, now: dt.datetime, *, is_wanted: bool) -> Decision:
    """Decide by the elevation app alone: the help-desk app's functions neither help nor suffer.

    Args:
        facts: what is known of the elevation app's connection; None when the customer has not accepted it.
        now: the time.
        is_wanted: just-in-time grants are switched on at the customer.
    """
    if not is_wanted:
        return Denied(
            "jit_off", "Just-in-time grants are switched off at this customer.", "Switch them on under Features.", "you"
        )
    if facts is None:
        return Denied(
            "elevation_not_consented",
            "The customer has not accepted the elevation app, which gives just-in-time rights.",
            "Connect the elevation app and let an administrator of the customer accept.",
            CONSENT_GIVER,
        )
    if not facts.covering and facts.trouble is None and facts.roles_are_read:
        standing = next_state(facts, now)
        lacking = permissions.missing(facts.granted, required=facts.required)
        if not lacking:
            return Denied(
                "role_missing",
                f"{facts.wanted_role} is missing on the elevation app. {standing.cause}",
                standing.fix,
                ROLE_GIVER,
            )
    standing = next_state(facts, now)
    if standing.state == ConnectionState.READY:
        return Allowed()
    if standing.state == ConnectionState.PROPAGATING:
        return Allowed("The role is new: Microsoft may refuse for a few minutes yet.")
    return Denied(
        standing.code or "not_looked",
        standing.cause or "We have not looked yet whether the elevation app has its role.",
        standing.fix or "Test again.",
        standing.who or "you",
    )
