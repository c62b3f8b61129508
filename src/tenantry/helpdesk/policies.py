"""What our own rules say about an operation before anything is asked of Microsoft. Pure."""

import datetime as dt
from typing import TYPE_CHECKING, Final

from tenantry.helpdesk.kinds import Kind
from tenantry.helpdesk.models import Operation, OperationState
from tenantry.kit.decision import Decision, Denied
from tenantry.reach import Reacher, Target, decide

if TYPE_CHECKING:
    from tenantry.tenants.models import Connection

_NO_CONNECTION = frozenset({"not_connected", "offline"})
STOP_AFTER: Final = dt.timedelta(minutes=10)
"""So long an outcome must have been unknown before a technician may stop waiting: most clear up by themselves."""


def may_stop(operation: Operation, now: dt.datetime) -> bool:
    """Whether waiting for the outcome can be given up."""
    since = operation.unknown_at
    return operation.state == OperationState.UNKNOWN and since is not None and now >= since + STOP_AFTER


def not_connected() -> Denied:
    """There is no tenant to act in."""
    return Denied(
        code="not_connected",
        reason="This customer's tenant is not connected, so nothing can be done in it.",
        remedy="Connect the tenant from the customer's page.",
        who="you, with a Global Administrator of the customer",
    )


def not_wanted() -> Denied:
    """The feature is not switched on for the customer."""
    return Denied(
        code="not_wanted",
        reason="Temporary Access Passes are not switched on for this customer.",
        remedy="Choose them under Features on the customer's page; one more permission is asked for then.",
        who="you, with a Global Administrator of the customer",
    )


def in_progress(what: str) -> Denied:
    """One operation on a user at a time: two at once could not be told apart when they are read back."""
    return Denied(
        code="operation_open",
        reason=f"“{what}” is still going on for this user.",
        remedy="Look at it, and come back when it has ended.",
        who="you",
    )


def removed() -> Denied:
    """The account is in the tenant's bin."""
    return Denied(
        code="user_removed",
        reason="The account was deleted in the tenant.",
        remedy="Restore it in the Entra admin center first; it stays there for 30 days.",
        who="an administrator of the customer",
    )


def may_operate(
    *,
    kind: Kind,
    connection: "Connection | None",
    reacher: Reacher | None,
    target: Target,
    is_removed: bool,
    is_wanted: bool = True,
) -> Decision:
    """Whether the operation can be asked for: the connection first, then the account, then Microsoft's tables."""
    if connection is None or reacher is None:
        return not_connected()
    if connection.state in _NO_CONNECTION:
        return Denied(
            code="connection_offline",
            reason=connection.cause or "The connection to this tenant does not work at the moment.",
            remedy=connection.fix or "Open the customer's page and test the connection again.",
            who=connection.who or "you",
        )
    if is_removed:
        return removed()
    if not is_wanted:
        return not_wanted()
    return decide(action=kind.action, reacher=reacher, target=target)
