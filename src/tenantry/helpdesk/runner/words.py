"""What is said about an operation: what happened, why, what to do, who must act."""

import dataclasses
from typing import Final

from tenantry.graph import errors
from tenantry.graph.explained import Who, explain
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.helpdesk.models import Operation
from tenantry.reach import Target, least_roles
from tenantry.reach.permissions import REQUIRED_BY_FEATURE, wanted

ROLE_GIVER: Final = str(Who.ROLE_ADMIN)
CONSENT_GIVER: Final = str(Who.GLOBAL_ADMIN)
OURSELVES: Final = str(Who.OPERATOR)
NOTHING_CHANGED: Final = "Nothing was changed."


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """A message in its four parts, and Microsoft's code and request id where there are any."""

    message: str
    reason: str = ""
    fix: str = ""
    who: str = ""
    code: str = ""
    request_id: str = ""

    def columns(self) -> dict[str, str]:
        """The columns of the row that carry it."""
        return {
            "message": self.message,
            "reason": self.reason,
            "fix": self.fix,
            "who": self.who,
            "error_code": self.code[:80],
            "request_id": self.request_id[:64],
        }

    @property
    def sentence(self) -> str:
        """What happened and why, for the record."""
        return f"{self.message} {self.reason}".strip()


def _words(error: errors.GraphError, message: str, reason: str, fix: str, who: str) -> Words:
    return Words(message, reason, fix, who, error.code, error.request_id)


def needed(operation: Operation, target: Target | None) -> str:
    """The role and permission that the operation needs, as a phrase."""
    action = BY_KIND[operation.kind].action
    roles = least_roles(action, target or Target(display_name=operation.user_display_name))
    permissions = " and ".join(each.name for each in wanted(REQUIRED_BY_FEATURE[action.feature]))
    role = f"the role {roles[0].name}" if roles else "a role that reaches this user"
    return f"{role} and the permission {permissions}"


_ENDS: Final[dict[type[errors.GraphError], tuple[str, str, str, str]]] = {
    errors.NotFound: (
        "Microsoft does not know this user.",
        "The account was deleted, or is so new that it is not known everywhere yet.",
        "Read the users again. If the user is listed then, try again.",
        "you",
    ),
    errors.Throttled: (
        "Microsoft was too busy with this tenant for a long time.",
        "It asked us to wait again and again.",
        "Try again later.",
        "nobody",
    ),
    errors.TenantUnreachable: (
        "Microsoft could not be reached for a long time.",
        "{said}",
        "Try again later; look at Microsoft's service health if it lasts.",
        "nobody",
    ),
}
"""Message, reason, fix and who, where an operation knows more than the catalogue: about whom, and how long it tried."""


def of_error(error: errors.GraphError, operation: Operation, target: Target | None = None) -> Words:
    """The words for an error after which it is certain that nothing was changed."""
    told = explain(error)
    parts = _ENDS.get(type(error), (told.what, told.why, told.fix, str(told.who)))
    if isinstance(error, errors.Refused) and not error.is_restricted_unit:
        parts = _mismatch(operation, target)
    message, reason, fix, who = parts
    # Not str.format: Microsoft's words may hold braces.
    return _words(error, message, f"{reason.replace('{said}', error.message)} {NOTHING_CHANGED}", fix, who)


def _mismatch(operation: Operation, target: Target | None) -> tuple[str, str, str, str]:
    """AC-5.3: refused although predicted possible; name what to add."""
    return (
        "Microsoft refused, although its tables say it should be possible.",
        "Microsoft says: {said}",
        f"See that our enterprise app holds {needed(operation, target)}; then try again.",
        ROLE_GIVER,
    )


_BY_ITSELF: Final = "Nothing to do: it is tried again by itself."
_WAITS: Final[dict[type[errors.GraphError], tuple[str, str, str]]] = {
    errors.Throttled: (
        "Microsoft asks us to wait.",
        "There were too many requests to this tenant. Nothing was changed yet.",
        "Nothing to do: it is sent again when the time is over.",
    ),
    errors.Refused: (
        "Permissions still propagating.",
        "The role was given a short time ago, and Microsoft needs up to 15 minutes until it counts everywhere.",
        _BY_ITSELF,
    ),
    errors.NotFound: (
        "Microsoft does not know this user yet.",
        "A new account is not known everywhere at once.",
        _BY_ITSELF,
    ),
}


def waiting(error: errors.GraphError) -> Words:
    """The words while it will be tried again by itself and nothing was changed so far."""
    unreachable = ("Microsoft does not answer at the moment.", f"{error.message} Nothing was changed yet.", _BY_ITSELF)
    message, reason, fix = _WAITS.get(type(error), unreachable)
    return _words(error, message, reason, fix, "nobody")


def reading_back() -> Words:
    """The words between Microsoft's yes and the read that proves it."""
    return Words(
        "Microsoft accepted it. We are reading it back.",
        "Reads may lag behind a change for a short time; it counts as done when a read shows it.",
        "",
        "nobody",
    )


def lost(error: errors.GraphError) -> Words:
    """The words when a write was sent and no answer came."""
    return _words(
        error,
        "Unknown outcome: it was sent, and no answer came.",
        "It may or may not have taken effect. We are reading the account to find out.",
        "Nothing to do: if no effect shows, the same is sent again.",
        "nobody",
    )


def interrupted() -> Words:
    """The words when we ourselves were stopped between sending and the answer."""
    return Words(
        "Unknown outcome: the console was interrupted while it was being sent.",
        "It may or may not have taken effect. We are reading the account to find out.",
        "Nothing to do: if no effect shows, the same is sent again.",
        "nobody",
    )


def never_seen() -> Words:
    """The words when Microsoft said yes and no read shows it."""
    return Words(
        "Unknown outcome: Microsoft accepted it, but no read shows it.",
        "Reads have been lagging for more than five minutes, or something undid it.",
        "It is read again by itself. To be sure now, look at the user in the Entra admin center.",
        "nobody",
    )


def unreadable(error: errors.GraphError) -> Words:
    """The words when it was sent and the account cannot be read at the moment."""
    inner = {
        errors.NotConsented: "The tenant does not let us in any more, so the result cannot be read.",
        errors.OurCredential: "Microsoft does not accept our own credential, so the result cannot be read.",
        errors.NotFound: "Microsoft does not know this user at the moment, so the result cannot be read.",
    }.get(type(error), f"The account cannot be read at the moment: {error.message}")
    fixes = {
        errors.NotConsented: ("Connect the tenant again from the customer's page.", CONSENT_GIVER),
        errors.OurCredential: ("Renew the credential of the app registration.", OURSELVES),
    }
    fix, who = fixes.get(type(error), ("Nothing to do: it is read again by itself.", "nobody"))
    return _words(error, "Unknown outcome: it was sent and is not read back yet.", inner, fix, who)


def not_connected() -> Words:
    """The connection was removed between asking and sending."""
    return Words(
        "The tenant is not connected any more.",
        f"The connection was removed before this was sent. {NOTHING_CHANGED}",
        "Connect the tenant again from the customer's page, then try again.",
        CONSENT_GIVER,
        "not_connected",
    )


def held_up(cause: str, fix: str, who: str) -> Words:
    """An operation of a bulk run waits, because the connection as a whole cannot do it at the moment."""
    return Words(
        "Waiting for the connection.",
        f"{cause} {NOTHING_CHANGED}",
        f"{fix} Then this goes on by itself; stop the run if it should not.",
        who,
        "connection_waits",
    )


def cannot_unseal() -> Words:
    """The sealed password does not open."""
    return Words(
        "The new password cannot be opened, so nothing was sent.",
        "It was sealed with another keyset than the console uses now.",
        "Reset again. If it stays, have the console's keyset looked at.",
        OURSELVES,
        "cannot_unseal",
    )


def unrecorded(*, is_final: bool) -> Words:
    """The record could not be written, so the effect was not sent."""
    return Words(
        "The record cannot be written, so nothing was sent.",
        "Every effect is recorded before it is sent; the database refused the entry.",
        "Have the console's database looked at, then try again." if is_final else "It is tried again by itself.",
        OURSELVES,
        "not_recorded",
    )


def stopped() -> Words:
    """The words while the emergency stop is on."""
    return Words(
        "It waits: the emergency stop is on.",
        "Nothing is sent to any tenant until two owners lift the stop.",
        "It goes on by itself then.",
        "two owners",
        "emergency_stop",
    )


def user_gone(error: errors.GraphError) -> Words:
    """It was sent, and the user has vanished since."""
    return _words(
        error,
        "The user does not exist any more.",
        "It was sent, and the account has vanished since, so nothing can be read back.",
        "Read the users again.",
        "you",
    )
