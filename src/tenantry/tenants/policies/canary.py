"""The canary account: an account of our own, made for minutes, on which every write is proven end to end (AC-6.3)."""

import enum
from typing import Final

from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.reach import permissions
from tenantry.tenants.models import ConnectionState
from tenantry.tenants.policies.standing import Facts
from tenantry.tenants.policies.wishes import Wish, does

_NEEDS: Final = ("User.Create", "User.DeleteRestore.All")


class CanaryStep(enum.StrEnum):
    """What is done to it, in this order. It is made blocked, so that it can sign in for seconds only."""

    CREATED = "created"
    RESET = "reset"
    UNBLOCKED = "unblocked"
    REVOKED = "revoked"
    BLOCKED = "blocked"
    DELETED = "deleted"
    PURGED = "purged"


CANARY_LABELS: Final[dict[CanaryStep, str]] = {
    CanaryStep.CREATED: "Account created",
    CanaryStep.RESET: "Password reset",
    CanaryStep.UNBLOCKED: "Unblocked",
    CanaryStep.REVOKED: "Sessions revoked",
    CanaryStep.BLOCKED: "Blocked",
    CanaryStep.DELETED: "Account deleted",
    CanaryStep.PURGED: "Removed from the recycle bin",
}
CLEANING: Final = frozenset({CanaryStep.DELETED, CanaryStep.PURGED})


def may_run_canary(helpdesk: Facts, state: str, elevation: Facts | None, *, is_running: bool) -> Decision:
    """Whether a run may begin. It needs both apps: one makes and removes the account, the other is what is proven.

    Args:
        helpdesk: the help-desk app's connection.
        state: where that stands.
        elevation: the elevation app's; None when it is not connected.
        is_running: a run has begun and its account is not proven gone.
    """
    if is_running:
        return Denied("running", "A run is under way, or its account is not gone yet.", "Wait for its end.", "nobody")
    if elevation is None:
        return Denied(
            "no_elevation_app",
            "Making and deleting an account takes the elevation app, which is not connected here. The help-desk app "
            "asks for no such permission.",
            "Switch just-in-time grants on under Features and connect it, if you want that anyhow.",
            "an administrator of the customer",
        )
    if (denied := _elevation_rules_out(elevation)) is not None:
        return denied
    if state not in {ConnectionState.READY, ConnectionState.PROPAGATING, ConnectionState.NEEDS_ATTENTION}:
        return Denied("not_ready", "The help-desk app has no role yet that could be proven.", "Assign it first.", "you")
    if permissions.missing(helpdesk.granted, required=helpdesk.required):
        return Denied("permission_missing", "The help-desk app lacks a permission.", "Re-consent it.", "you")
    return Allowed()


def _elevation_rules_out(elevation: Facts) -> Denied | None:
    """An account that could not be deleted again is never made."""
    lacking = [name for name in _NEEDS if name not in elevation.granted]
    if elevation.trouble is not None or not elevation.app_is_enabled or lacking:
        why = f"{', '.join(lacking)} not granted to it." if lacking else "It cannot reach the tenant now."
        return Denied("elevation_cannot", f"The elevation app cannot make the account: {why}", "Re-consent it.", "you")
    if any(does(role_id, (Wish.BLOCK,)) for role_id in elevation.role_ids):
        return None
    return Denied(
        "elevation_cannot_delete",
        "The elevation app could make the account, but not delete it: Microsoft asks for a role of its table “Who can "
        "perform sensitive actions”, and Privileged Role Administrator is none of them.",
        "Assign User Administrator to the elevation app as well, if you want the canary. Nothing else needs it.",
        "a Global Administrator or Privileged Role Administrator of the tenant",
    )
