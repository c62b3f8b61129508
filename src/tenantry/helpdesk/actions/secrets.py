"""The new password, or the code of a pass: shown once to whoever asked for it, or thrown away."""

import datetime as dt
import uuid
from typing import Final

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.helpdesk import passwords, queries
from tenantry.helpdesk.events import HelpdeskEvent
from tenantry.helpdesk.models import LinkState, Operation, OperationState, SecretLink
from tenantry.helpdesk.record import about
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, NotAllowed
from tenantry.kit.sealed import CannotUnseal, Secret
from tenantry.technicians.models import Technician

KEPT_FOR: Final = dt.timedelta(minutes=15)
"""How long a password waits to be shown after the reset was proven."""


def reveal_password(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID
) -> tuple[Operation, Secret]:
    """Give out the new password, once, to the technician who asked for the reset; the sealed copy is gone after.

    Raises:
        NotHere: no such operation.
        NotAllowed: somebody else asked for the reset, the customer's passwords are never shown to technicians, or the
            keyset has changed.
        Conflict: not proven yet, already shown, or thrown away.
    """
    with transaction.atomic():
        operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
        require_own(operation, technician)
        if operation.tenant.customer.hides_passwords:
            raise NotAllowed(
                "For this customer technicians never see passwords.",
                remedy="Hand it over by a one-time link that the user opens.",
                code="passwords_hidden",
            )
        if not is_readable(operation):
            raise not_there()
        try:
            password = passwords.opened(operation)
        except CannotUnseal as error:
            raise NotAllowed(
                "This password cannot be opened: the console's keyset is another one than when it was sealed.",
                remedy="Reset the password again.",
            ) from error
        now = clock.now()
        changed = Operation.objects.filter(
            pk=operation.pk,
            state=OperationState.DONE,
            technician_id=technician.pk,
            password_shown_at=None,
            password_sealed__isnull=False,
        ).update(password_shown_at=now, password_sealed=None)
        if changed != 1:
            raise not_there()
        audit.record(
            actor=actor,
            action=HelpdeskEvent.PASSWORD_SHOWN,
            about=about(operation),
            summary=f"The {operation.secret_words} was shown once.",
        )
    operation.password_shown_at, operation.password_sealed = now, None
    return operation, password


def discard_password(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID
) -> Operation:
    """Throw the new password away without showing it. Doing it again changes nothing.

    Raises:
        NotHere, NotAllowed, Conflict: as `reveal_password`.
    """
    with transaction.atomic():
        operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
        require_own(operation, technician)
        if operation.is_open:
            raise Conflict(
                f"It has not ended, so its {operation.secret_words} is still needed.", remedy="Wait until it has."
            )
        now = clock.now()
        if _discard(operation, now):
            audit.record(
                actor=actor,
                action=HelpdeskEvent.PASSWORD_DISCARDED,
                about=about(operation),
                summary=f"The {operation.secret_words} was thrown away unseen.",
            )
            operation.password_sealed, operation.password_discarded_at = None, now
    return operation


def is_readable(operation: Operation) -> bool:
    """Whether a secret waits, and its time is not over, though nobody threw it away yet; a link that lives keeps it."""
    if operation.password_sealed is None or operation.state != OperationState.DONE:
        return False
    now = clock.now()
    if operation.finished_at is None or now < operation.finished_at + KEPT_FOR:
        return True
    return operation.secret_links.filter(opened_at=None, closed_at=None, expires_at__gt=now).exists()


def discard_stale_passwords(*, actor: Actor) -> int:
    """Throw away passwords that nobody asked to see in time; returns how many."""
    now = clock.now()
    stale = Operation.objects.filter(
        password_sealed__isnull=False, state=OperationState.DONE, finished_at__lte=now - KEPT_FOR
    ).exclude(secret_links__in=SecretLink.objects.filter(opened_at=None, closed_at=None, expires_at__gt=now))
    count = 0
    for operation in stale[:500]:
        with transaction.atomic():
            count += _throw_away(actor, operation, "nobody asked to see it in time")
    return count


def discard_secrets_of(*, actor: Actor, technician: Technician) -> int:
    """Throw away what somebody who is switched off could still read, and end the links to it; returns how many.

    They made the links and know the codes. Call it inside the transaction of the change.
    """
    theirs = Operation.objects.select_for_update().filter(
        technician_id=technician.pk, password_sealed__isnull=False, state=OperationState.DONE
    )
    count = 0
    for operation in theirs.order_by("pk"):
        live = SecretLink.objects.filter(operation=operation, opened_at=None, closed_at=None)
        live.update(closed_at=clock.now(), closed_why=LinkState.SWITCHED_OFF)
        count += _throw_away(actor, operation, f"{technician.display_name} was switched off")
    return count


def _throw_away(actor: Actor, operation: Operation, why: str) -> bool:
    """Throw the secret away and record it; whether there was one."""
    if not _discard(operation, clock.now()):
        return False
    audit.record(
        actor=actor,
        action=HelpdeskEvent.PASSWORD_DISCARDED,
        about=about(operation),
        summary=f"The {operation.secret_words} was thrown away: {why}.",
    )
    return True


def _discard(operation: Operation, now: dt.datetime) -> bool:
    rows = Operation.objects.filter(pk=operation.pk, password_sealed__isnull=False)
    return rows.update(password_sealed=None, password_discarded_at=now) == 1


def require_own(operation: Operation, technician: Technician) -> None:
    """Go on only if `technician` asked for the reset.

    Raises:
        NotAllowed: somebody else did.
    """
    if operation.technician_id != technician.pk:
        raise NotAllowed(
            f"Only {operation.technician_name}, who asked for it, can see this {operation.secret_words}.",
            remedy="Ask them, or do it again yourself.",
        )


def not_there() -> Conflict:
    """The refusal for a password that cannot be shown (any more)."""
    return Conflict(
        "This cannot be shown: it was shown before, was thrown away, has ended, or is not proven.",
        remedy="Look at the operation; if it is still needed, do it again.",
        code="nothing_to_show",
    )
