"""Who carries out what was approved: each domain says so once, when the apps are ready."""

from typing import Final, Protocol

from tenantry.kit.actor import Actor
from tenantry.kit.sealed import Secret
from tenantry.safeguards.models import ApprovalRequest
from tenantry.technicians.models import Technician


class Handler(Protocol):
    """One kind of request."""

    def carry_out(
        self, request: ApprovalRequest, *, requester: Technician, approver: Actor, secret: Secret | None
    ) -> str:
        """Do it, in the transaction of the approval, in the requester's name; returns the address of the result.

        Everything is checked again: what was asked for may not be possible any more.

        Raises:
            Refusal: it cannot be done now; the request stays as it is.
        """
        ...


_HANDLERS: Final[dict[str, Handler]] = {}


def register(kind: str, handler: Handler) -> None:
    """Name the handler of a kind; a later one takes its place (the apps may be made ready twice)."""
    _HANDLERS[kind] = handler


def handler_of(kind: str) -> Handler:
    """The handler of `kind`.

    Raises:
        LookupError: no domain speaks for it.
    """
    return _HANDLERS[kind]
