"""What an action may refuse with, in words for people.

Refusal                 the root; carries code, reason, remedy, who
├── NotAllowed          a rule denies it (made from a `Denied`)
├── Conflict            somebody or something was faster; read again
├── Invalid             the input cannot be accepted; names the field
└── NotHere             no such object for this actor (screens answer 404)
"""

from tenantry.kit.decision import Decision, Denied


class Refusal(Exception):
    """An action was not done, and nothing was changed.

    Attributes:
        code: stable name of the reason.
        reason: what happened and why, one or two sentences.
        remedy: what to do about it.
        who: who must act.
    """

    code = "refused"

    def __init__(self, reason: str, *, remedy: str = "", who: str = "you", code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.who = who
        if code is not None:
            self.code = code


class NotAllowed(Refusal):
    """A rule says no."""

    code = "not_allowed"


class Conflict(Refusal):
    """The state is no longer what the actor saw."""

    code = "conflict"


class Invalid(Refusal):
    """The input cannot be accepted; `field` names the form field, empty for the whole form."""

    code = "invalid"

    def __init__(self, reason: str, *, field: str = "", remedy: str = "", code: str | None = None) -> None:
        super().__init__(reason, remedy=remedy, code=code)
        self.field = field


class NotHere(Refusal):
    """There is no such object, or not for this actor; the two are never told apart."""

    code = "not_here"


def require(decision: Decision) -> None:
    """Raise `NotAllowed` with the reason when `decision` is a `Denied`."""
    if isinstance(decision, Denied):
        raise NotAllowed(decision.reason, remedy=decision.remedy, who=decision.who, code=decision.code)
