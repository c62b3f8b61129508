"""Asking for one operation: checked, written down as a row, handed to the worker. Nothing is sent here."""

import uuid
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction

from tenantry.customers.queries import get_customer
from tenantry.helpdesk import confirmation as confirmations
from tenantry.helpdesk import passwords, queries
from tenantry.helpdesk.confirmation import Confirmation
from tenantry.helpdesk.kinds import Kind
from tenantry.helpdesk.models import OPEN_STATES, BulkRun, Operation, OperationKind
from tenantry.kit import clock, jobs
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, require
from tenantry.kit.sealed import Secret
from tenantry.technicians.models import Technician

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser

JUSTIFICATION: Final = (3, 500)  # characters
TICKET_LENGTH: Final = 64
RUN_TASK: Final = "helpdesk.run"


class Expired(Invalid):
    """The confirmation is too old; ask again with what was typed."""

    code = "confirmation_expired"


class AlreadyThere(Conflict):
    """Another operation on this user came in between; `operation` is the one to look at."""

    code = "operation_in_between"

    def __init__(self, operation: Operation) -> None:
        super().__init__(
            "Something else was done to this user after you opened the page. Nothing was sent.",
            remedy="Look at it first; then decide whether this is still wanted.",
        )
        self.operation = operation


def confirm(*, technician: Technician, customer_id: uuid.UUID, user: "DirectoryUser", kind: Kind) -> Confirmation:
    """A confirmation for the page that asks: it remembers what the technician could see."""
    newest = queries.newest_mark(tenant_id=user.tenant_id, object_id=user.object_id)
    return confirmations.mint(
        kind=kind.kind.value,
        technician_id=technician.pk,
        customer_id=customer_id,
        tenant_id=user.tenant_id,
        object_ids=(user.object_id,),
        newest=newest[0] if newest is not None else None,
    )


def request_operation(
    *,
    actor: Actor,
    technician: Technician,
    customer_id: uuid.UUID,
    object_id: uuid.UUID,
    kind: Kind,
    confirmation: Confirmation,
    justification: str,
    ticket: str = "",
    password: Secret | None = None,
    must_change: bool = True,
) -> Operation:
    """Ask for one operation. The same confirmation again returns the operation it made the first time.

    Raises:
        NotHere: the user is not of this customer.
        NotGenuine: the confirmation belongs to something or somebody else.
        Expired: the confirmation is older than ten minutes.
        AlreadyThere: another operation on the user came in between.
        NotAllowed: Microsoft's rules or the connection deny it.
        Invalid: no justification, or no password for a reset.
    """
    get_customer(technician=technician, customer_id=customer_id)
    connection, user = queries.find_user(customer_id=customer_id, object_id=object_id)
    if (
        confirmation.kind != kind.kind.value
        or confirmation.technician_id != technician.pk
        or confirmation.customer_id != customer_id
        or confirmation.tenant_id != user.tenant_id
        or confirmation.object_ids != (object_id,)
    ):
        raise confirmations.not_genuine()
    newest = queries.newest_mark(tenant_id=user.tenant_id, object_id=object_id)
    is_news = newest is not None and newest[0] != confirmation.newest
    # Only when something was done since the page was rendered can it have been by this very confirmation.
    earlier = _made_by(confirmation, object_id) if is_news else None
    if earlier is not None:
        return earlier
    if confirmation.is_expired:
        raise Expired(
            "This page was open for more than ten minutes, so nothing was sent.",
            remedy="Check that everything is still right, then confirm again.",
        )
    if newest is not None and (is_news or newest[1] in OPEN_STATES):
        raise AlreadyThere(Operation.objects.get(pk=newest[0]))
    require(queries.decision_for(kind=kind, connection=connection, user=user))
    check_words(justification=justification, ticket=ticket)
    if (kind.kind == OperationKind.RESET_PASSWORD) != (password is not None):
        raise Invalid("A reset takes a new password, and nothing else does.", field="password")
    try:
        with transaction.atomic():
            return create_operation(
                actor=actor,
                user=user,
                kind=kind,
                confirmation_id=confirmation.id,
                justification=justification,
                ticket=ticket,
                password=password,
                must_change=must_change,
            )
    except IntegrityError:
        # Another request won the race for this confirmation or this user; the database decided which.
        earlier = _made_by(confirmation, object_id)
        if earlier is not None:
            return earlier
        running = queries.newest_operation(tenant_id=user.tenant_id, object_id=object_id)
        if running is None:
            raise
        raise AlreadyThere(running) from None


def check_words(*, justification: str, ticket: str) -> None:
    """Refuse a justification or ticket that does not fit.

    Raises:
        Invalid: naming the field.
    """
    shortest, longest = JUSTIFICATION
    if not shortest <= len(justification.strip()) <= longest:
        raise Invalid(f"Say why in {shortest} to {longest} characters.", field="justification")
    if len(ticket) > TICKET_LENGTH:
        raise Invalid(f"A ticket has at most {TICKET_LENGTH} characters.", field="ticket")


def create_operation(
    *,
    actor: Actor,
    user: "DirectoryUser",
    kind: Kind,
    confirmation_id: uuid.UUID,
    justification: str,
    ticket: str,
    password: Secret | None = None,
    must_change: bool = True,
    bulk_run: BulkRun | None = None,
) -> Operation:
    """Write the row and put the job in, in the transaction at hand; everything was checked before.

    Raises:
        IntegrityError: the confirmation was used, or another operation on the user is open.
    """
    if actor.id is None:
        raise ValueError("an operation is asked for by a technician")
    now = clock.now()
    row_id = uuid.uuid4()
    operation = Operation.objects.create(
        id=row_id,
        confirmation_id=confirmation_id,
        bulk_run=bulk_run,
        tenant_id=user.tenant_id,
        object_id=user.object_id,
        user_principal_name=user.user_principal_name,
        user_display_name=user.display_name,
        kind=kind.kind,
        technician_id=actor.id,
        technician_name=actor.name,
        technician_address=actor.address,
        justification=justification.strip(),
        ticket=ticket.strip(),
        must_change=must_change,
        password_sealed=passwords.sealed_for(row_id, password) if password is not None else None,
        created_at=now,
        next_at=now,
        message="It is about to start.",
    )
    enqueue_run(operation.pk)
    return operation


def enqueue_run(operation_id: uuid.UUID) -> None:
    """Put in the job that takes the operation on; while one waits, another is not needed."""
    jobs.enqueue(RUN_TASK, once=f"{RUN_TASK}:{operation_id}", operation_id=str(operation_id))


def _made_by(confirmation: Confirmation, object_id: uuid.UUID) -> Operation | None:
    return Operation.objects.filter(confirmation_id=confirmation.id, object_id=object_id).first()
