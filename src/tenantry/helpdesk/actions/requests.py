"""Asking for one operation: checked, written down as a row, handed to the worker. Nothing is sent here."""

import dataclasses
import functools
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction

from tenantry.customers.queries import Customer, get_customer
from tenantry.helpdesk import confirmation as confirmations
from tenantry.helpdesk import guarding, passwords, queries
from tenantry.helpdesk.confirmation import Confirmation
from tenantry.helpdesk.guarding import Shown
from tenantry.helpdesk.kinds import Kind
from tenantry.helpdesk.models import BulkRun, Operation, OperationKind
from tenantry.kit import clock, jobs
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, require
from tenantry.kit.sealed import Secret
from tenantry.safeguards import actions as safeguards
from tenantry.safeguards import queries as safeguards_read
from tenantry.safeguards.policies import Verdict
from tenantry.technicians.models import Technician
from tenantry.verification.actions import CallerPass

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.safeguards.models import ApprovalRequest

JUSTIFICATION: Final = (3, 500)  # characters
TICKET_LENGTH: Final = 64
RUN_TASK: Final = "helpdesk.run"
APPROVAL_KIND: Final = "helpdesk.operation"


PASS_MINUTES: Final = (10, 43_200)
"""What Microsoft takes at all; the tenant's policy is narrower, usually one to eight hours."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PassWish:
    """What a Temporary Access Pass is to be like.

    Attributes:
        minutes: how long it is good.
        is_once: for one sign-in only.
    """

    minutes: int
    is_once: bool = True


class Expired(Invalid):
    """The confirmation is too old; ask again with what was typed."""

    code = "confirmation_expired"


class AlreadyThere(Conflict):
    """Another operation on this user came in between; `operation` is the one to look at.

    `is_repeat` says that it is the same operation, open or done a moment ago, and nobody said to do it once more.
    """

    code = "operation_in_between"

    def __init__(self, operation: Operation, *, is_repeat: bool = False) -> None:
        if is_repeat:
            reason = "The same was asked for a moment ago. Nothing was sent again."
            remedy = "Look at it; if it is really wanted a second time, say so."
        else:
            reason = "Something else was done to this user after you opened the page. Nothing was sent."
            remedy = "Look at it first; then decide whether this is still wanted."
        super().__init__(reason, remedy=remedy)
        self.operation = operation
        self.is_repeat = is_repeat


def confirm(
    *,
    technician: Technician,
    customer_id: uuid.UUID,
    user: "DirectoryUser",
    kind: Kind,
    again: uuid.UUID | None = None,
) -> Confirmation:
    """A confirmation for the page that asks: it remembers what the technician could see.

    Args:
        technician: who is asked.
        customer_id: the user's customer.
        user: to whom it would be done.
        kind: what would be done.
        again: the same operation done a moment ago, which the technician was shown before asking for it once more.
    """
    marks = queries.marks(tenant_id=user.tenant_id, object_id=user.object_id, kind=kind)
    return confirmations.mint(
        kind=kind.kind.value,
        technician_id=technician.pk,
        customer_id=customer_id,
        tenant_id=user.tenant_id,
        object_ids=(user.object_id,),
        newest=marks.newest,
        again=again,
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
    wish: PassWish | None = None,
    shown: Shown = guarding.NOTHING,
) -> Operation:
    """Ask for one operation. The same confirmation again returns the operation it made the first time.

    Args:
        actor: the technician as the actor.
        technician: who asks.
        customer_id: the user's customer.
        object_id: the user.
        kind: what is to be done.
        confirmation: the page that asked.
        justification: why.
        ticket: the reference in the ticket system.
        password: of a reset.
        must_change: of a reset: the user chooses another at the next sign-in.
        wish: of a Temporary Access Pass.
        shown: what the technician shows for the rules.

    Raises:
        NotHere: the user is not of this customer.
        NotGenuine: the confirmation belongs to something or somebody else.
        Expired: the confirmation is older than ten minutes.
        AlreadyThere: another operation on the user came in between, or the same was done a moment ago and the
            confirmation does not say that it is wanted once more.
        NotAllowed: the MSP's rules, Microsoft's or the connection deny it, or something the rules ask for is missing.
        Invalid: no justification, no password for a reset, or no time for a pass.
    """
    checked = _check(
        technician=technician,
        customer_id=customer_id,
        object_id=object_id,
        kind=kind,
        confirmation=confirmation,
        justification=justification,
        ticket=ticket,
        password=password,
        pass_wish=wish,
        shown=shown,
    )
    if isinstance(checked, Operation):
        return checked
    refusal = checked.verdict.refusal()
    if refusal is not None:
        require(refusal)
    settle = functools.partial(
        guarding.settle_proof, actor=actor, customer=checked.customer, user=checked.user, verdict=checked.verdict,
        shown=shown, proven=checked.proven, justification=justification, ticket=ticket,
    )  # fmt: skip
    try:
        with transaction.atomic():
            made = create_operation(
                actor=actor,
                customer=checked.customer,
                user=checked.user,
                kind=kind,
                confirmation_id=confirmation.id,
                justification=justification,
                ticket=ticket,
                password=password,
                must_change=must_change,
                wish=wish,
                grounds=guarding.grounds_of(checked.verdict, shown, checked.proven),
            )
            settle(f"operation {made.pk}")
            return made
    except IntegrityError:
        # Another request won the race for this confirmation or this user; the database decided which.
        earlier = _made_by(confirmation, object_id)
        if earlier is not None:
            return earlier
        running = queries.newest_operation(tenant_id=checked.user.tenant_id, object_id=object_id)
        if running is None:
            raise
        raise AlreadyThere(running) from None


def request_approval(
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
    wish: PassWish | None = None,
    shown: Shown = guarding.NOTHING,
) -> "Operation | ApprovalRequest":
    """Ask a second technician to agree to an operation; everything else must be in order already.

    Args and Raises: as `request_operation`; `Conflict` also when the same waits for a decision already.
    """
    checked = _check(
        technician=technician,
        customer_id=customer_id,
        object_id=object_id,
        kind=kind,
        confirmation=confirmation,
        justification=justification,
        ticket=ticket,
        password=password,
        pass_wish=wish,
        shown=shown,
    )
    if isinstance(checked, Operation):
        return checked
    earlier = safeguards_read.request_made_by(confirmation_id=confirmation.id, technician=technician)
    if earlier is not None:
        return earlier
    verdict = checked.verdict
    refusal = verdict.refusal()
    if refusal is not None and refusal.code != "approval_missing":
        require(refusal)
    if refusal is None:
        raise Invalid("No rule asks for an approval here.", remedy="Do it directly.")
    user = checked.user
    lines = [("What", kind.label), ("Effect", kind.effect)]
    if kind.kind == OperationKind.RESET_PASSWORD:
        lines.append(("Afterwards", "The user must choose another password." if must_change else "It stays as it is."))
        lines.append(("Who sees the new password", _who_sees(user, technician)))
    if wish is not None:
        lines.append(
            ("Good for", f"{wish.minutes} minutes, {'one sign-in' if wish.is_once else 'any number of sign-ins'}")
        )
        lines.append(("Who sees the code", _who_sees(user, technician)))
    lines += [("User", f"{user.display_name} ({user.user_principal_name})"), ("Kind of account", verdict.class_words)]
    if checked.proven is not None:
        how = (
            f"Verified by {checked.proven.verified_by}: {checked.proven.label}, {checked.proven.strength.name.lower()}"
        )
        lines.append(("Caller", how))
    asked = safeguards.Wish(
        kind=APPROVAL_KIND,
        confirmation_id=confirmation.id,
        customer_id=customer_id,
        customer_name=checked.customer.name,
        tenant_id=user.tenant_id,
        object_id=object_id,
        target_name=f"{user.display_name} ({user.user_principal_name})"[:320],
        target_class=verdict.target_class,
        deed=verdict.deed,
        lines=tuple(lines),
        payload={
            "kind": kind.kind.value,
            "must_change": must_change,
            "wish": dataclasses.asdict(wish) if wish is not None else None,
            "shown": dataclasses.asdict(shown),
            "strength": int(checked.proven.strength) if checked.proven else 0,
            "grounds": guarding.grounds_of(verdict, shown, checked.proven),
        },
        secret=password,
        justification=justification,
        ticket=ticket,
    )
    settle = functools.partial(
        guarding.settle_proof, actor=actor, customer=checked.customer, user=user,
        verdict=verdict, shown=shown, proven=checked.proven, justification=justification, ticket=ticket,
    )  # fmt: skip
    return safeguards.ask(
        actor=actor, technician=technician, wish=asked, on_created=lambda made: settle(f"request {made.pk}")
    )


def _who_sees(user: "DirectoryUser", technician: Technician) -> str:
    if user.tenant.customer.hides_passwords:
        return f"The user alone, through a one-time link that {technician.display_name} makes"
    return technician.display_name


@dataclasses.dataclass(frozen=True, slots=True)
class _Checked:
    """A request in order, but for what the verdict still asks for."""

    customer: Customer
    user: "DirectoryUser"
    verdict: Verdict
    proven: CallerPass | None


def _check(
    *,
    technician: Technician,
    customer_id: uuid.UUID,
    object_id: uuid.UUID,
    kind: Kind,
    confirmation: Confirmation,
    justification: str,
    ticket: str,
    password: Secret | None,
    pass_wish: PassWish | None,
    shown: Shown,
) -> "_Checked | Operation":
    """Everything but what the verdict asks for; the operation, if this very confirmation made it already."""
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection, user = queries.find_user(customer_id=customer_id, object_id=object_id)
    if (
        confirmation.kind != kind.kind.value
        or confirmation.technician_id != technician.pk
        or confirmation.customer_id != customer_id
        or confirmation.tenant_id != user.tenant_id
        or confirmation.object_ids != (object_id,)
    ):
        raise confirmations.not_genuine()
    marks = queries.marks(tenant_id=user.tenant_id, object_id=object_id, kind=kind)
    is_news = marks.newest is not None and marks.newest != confirmation.newest
    # Only when something was done since the page was rendered can it have been by this very confirmation.
    earlier = _made_by(confirmation, object_id) if is_news else None
    if earlier is not None:
        return earlier
    # Before the age of the page: a page that is merely asked again would hide what came in between.
    if marks.repeated is not None and marks.repeated != confirmation.again:
        raise AlreadyThere(Operation.objects.get(pk=marks.repeated), is_repeat=True)
    if marks.newest is not None and (is_news or marks.is_open):
        raise AlreadyThere(Operation.objects.get(pk=marks.newest))
    if confirmation.is_expired:
        raise Expired(
            "This page was open for more than ten minutes, so nothing was sent.",
            remedy="Check that everything is still right, then confirm again.",
        )
    proven = guarding.pass_for(user=user, kind=kind, ticket=ticket)
    verdict = guarding.verdict_for(
        technician=technician, user=user, kind=kind, shown=shown, ticket=ticket, found=proven
    )
    require(guarding.combined(queries.decision_for(kind=kind, connection=connection, user=user), verdict))
    check_words(justification=justification, ticket=ticket)
    guarding.check_override(technician=technician, shown=shown)
    if (kind.kind == OperationKind.RESET_PASSWORD) != (password is not None):
        raise Invalid("A reset takes a new password, and nothing else does.", field="password")
    shortest, longest = PASS_MINUTES
    if (kind.kind == OperationKind.ACCESS_PASS) != (pass_wish is not None):
        raise Invalid("A pass takes a time for which it is good, and nothing else does.", field="minutes")
    if pass_wish is not None and not shortest <= pass_wish.minutes <= longest:
        raise Invalid(f"A pass is good for {shortest} to {longest} minutes.", field="minutes")
    return _Checked(customer, user, verdict, proven)


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
    customer: Customer,
    user: "DirectoryUser",
    kind: Kind,
    confirmation_id: uuid.UUID,
    justification: str,
    ticket: str,
    password: Secret | None = None,
    must_change: bool = True,
    wish: PassWish | None = None,
    bulk_run: BulkRun | None = None,
    grounds: Mapping[str, Any] | None = None,
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
        customer_id=customer.pk,
        customer_name=customer.name,
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
        pass_minutes=wish.minutes if wish is not None else None,
        pass_is_once=wish.is_once if wish is not None else True,
        password_sealed=passwords.sealed_for(row_id, password) if password is not None else None,
        created_at=now,
        next_at=now,
        message="It is about to start.",
        grounds=dict(grounds or {}),
    )
    enqueue_run(operation.pk)
    return operation


def enqueue_run(operation_id: uuid.UUID) -> None:
    """Put in the job that takes the operation on; while one waits, another is not needed."""
    jobs.enqueue(RUN_TASK, once=f"{RUN_TASK}:{operation_id}", operation_id=str(operation_id))


def _made_by(confirmation: Confirmation, object_id: uuid.UUID) -> Operation | None:
    return Operation.objects.filter(confirmation_id=confirmation.id, object_id=object_id).first()
