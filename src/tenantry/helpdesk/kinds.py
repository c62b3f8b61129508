"""The operations in words: how each is addressed, labelled, recorded and explained."""

import dataclasses
from typing import Final

from tenantry.helpdesk.events import HelpdeskEvent
from tenantry.helpdesk.models import OperationKind
from tenantry.reach import Action


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One kind of operation.

    Attributes:
        kind: as stored; equals the value of `action`.
        slug: as in addresses.
        label: on buttons.
        icon: a Lucide icon.
        question: heading of the confirmation; takes `user`.
        effect: what it does to the user, for the confirmation.
        done: what is said once it is proven.
        already: what is said when there was nothing to do; empty when that cannot be.
        is_danger: whether the user is kept from working by it.
        is_bulk: whether it is offered for several users at once.
        suggestions: justifications offered while typing.
    """

    kind: OperationKind
    slug: str
    label: str
    icon: str
    question: str
    effect: str
    done: str
    already: str
    is_danger: bool
    is_bulk: bool
    suggestions: tuple[str, ...]

    @property
    def action(self) -> Action:
        """The same in the words of `reach`."""
        return Action(self.kind.value)

    @property
    def event(self) -> HelpdeskEvent:
        """Its tag in the record."""
        return HelpdeskEvent(f"helpdesk.{self.kind.value}")


KINDS: Final = (
    Kind(
        kind=OperationKind.RESET_PASSWORD,
        slug="reset-password",
        label="Reset password",
        icon="key-round",
        question="Reset the password of {user}?",
        effect="The present password stops working. Sessions that are open now may go on until they end.",
        done="The password was reset, and Microsoft's time of the last password change proves it.",
        already="",
        is_danger=False,
        is_bulk=False,
        suggestions=("Forgotten password", "Locked out", "Password may be known to others", "First sign-in"),
    ),
    Kind(
        kind=OperationKind.BLOCK_SIGN_IN,
        slug="block",
        label="Block sign-in",
        icon="ban",
        question="Block the sign-in of {user}?",
        effect="New sign-ins are refused from now on. To end sessions that are open now, revoke them as well.",
        done="Sign-in is blocked, and a read of the account proves it.",
        already="Sign-in was already blocked. Nothing was sent.",
        is_danger=True,
        is_bulk=True,
        suggestions=("Left the organisation", "Account may be compromised", "Asked for by the manager", "Lost device"),
    ),
    Kind(
        kind=OperationKind.UNBLOCK_SIGN_IN,
        slug="unblock",
        label="Unblock sign-in",
        icon="circle-check",
        question="Unblock the sign-in of {user}?",
        effect="The user can sign in again with the present password.",
        done="Sign-in is possible again, and a read of the account proves it.",
        already="Sign-in was not blocked. Nothing was sent.",
        is_danger=False,
        is_bulk=False,
        suggestions=("Back from leave", "Incident closed", "Blocked by mistake"),
    ),
    Kind(
        kind=OperationKind.REVOKE_SESSIONS,
        slug="revoke-sessions",
        label="Revoke sessions",
        icon="log-out",
        question="Revoke the sessions of {user}?",
        effect=(
            "The user must sign in again everywhere. Access that was handed out before may go on for up to an hour "
            "in apps that do not check continuously."
        ),
        done="The sessions were revoked, and the time from which sessions count proves it.",
        already="",
        is_danger=True,
        is_bulk=True,
        suggestions=("Lost device", "Account may be compromised", "Left the organisation"),
    ),
    Kind(
        kind=OperationKind.ACCESS_PASS,
        slug="access-pass",
        label="Temporary Access Pass",
        icon="ticket-check",
        question="Create a Temporary Access Pass for {user}?",
        effect=(
            "A code with which the user signs in for a limited time, without password and second factor, and registers "
            "new methods. A pass that the user has now stops working. The password stays as it is."
        ),
        done="The pass was created, and a read of the user's sign-in methods proves it.",
        already="",
        is_danger=False,
        is_bulk=False,
        suggestions=("New telephone", "Lost authenticator", "First sign-in", "Registers a passkey"),
    ),
)

BY_KIND: Final = {kind.kind.value: kind for kind in KINDS}
BY_SLUG: Final = {kind.slug: kind for kind in KINDS}
