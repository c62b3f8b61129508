"""A new password or pass by a one-time link that the user opens: burnt by being read, useless without its code."""

import dataclasses
import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.helpdesk import passwords, queries
from tenantry.helpdesk.actions.secrets import KEPT_FOR, is_readable, not_there, require_own
from tenantry.helpdesk.events import HelpdeskEvent
from tenantry.helpdesk.models import LinkState, Operation, SecretLink
from tenantry.helpdesk.record import about
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, NotAllowed, NotHere
from tenantry.kit.sealed import CannotUnseal, Secret
from tenantry.technicians.models import Technician

LIFETIME: Final = dt.timedelta(hours=1)
TRIES: Final = 5
_TOKEN_BYTES: Final = 32
_CODE_DIGITS: Final = 6


@dataclasses.dataclass(frozen=True, slots=True)
class MadeLink:
    """A link and the code that belongs to it, known only now.

    Attributes:
        address: for the user, by one channel.
        code: for the user, by another channel: read it out on the telephone.
        expires_at: when both end.
        row: what is stored of them.
    """

    address: str
    code: Secret
    expires_at: dt.datetime
    row: SecretLink


class WrongCode(NotAllowed):
    """The code is not the one that belongs to the link; `left` tries remain."""

    code = "wrong_code"

    def __init__(self, left: int) -> None:
        super().__init__("This is not the code.", remedy=f"Look again; {left} tries are left.", who="you")
        self.left = left


def make_link(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID) -> MadeLink:
    """Make a link for the new password of a proven reset; an earlier one of the same operation ends.

    Raises:
        NotHere: no such operation.
        NotAllowed: somebody else asked for the reset.
        Conflict: not proven yet, already shown, or thrown away.
    """
    with transaction.atomic():
        operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
        require_own(operation, technician)
        locked = Operation.objects.select_for_update().get(pk=operation.pk)
        if not is_readable(locked):
            raise not_there()
        now = clock.now()
        # However often a link is made anew: it is a while in which the user reads it, not a place to keep it.
        ends = [now + LIFETIME, (locked.finished_at or now) + KEPT_FOR + LIFETIME]
        ends += [locked.pass_until] if locked.pass_until else []
        _live(locked).update(closed_at=now, closed_why=LinkState.REPLACED)
        token, code = secrets.token_urlsafe(_TOKEN_BYTES), f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"
        made = SecretLink.objects.create(
            operation=locked,
            token_digest=_digest(token),
            code_digest=_code_digest(token, code),
            made_by=actor.name,
            made_from=actor.address,
            created_at=now,
            expires_at=min(ends),
        )
        audit.record(
            actor=actor,
            action=HelpdeskEvent.SECRET_LINK_MADE,
            about=about(operation),
            summary=f"A one-time link to the {operation.secret_words} was made; it ends after an hour at most.",
            details={"link": str(made.pk)},
        )
    address = f"{settings.PUBLIC_URL}{reverse('helpdesk:secret', args=(token,))}"
    return MadeLink(address, Secret(code), made.expires_at, made)


def find_link(token: str) -> SecretLink:
    """The live link with this token.

    Raises:
        NotHere: there is none; never was, was opened, has ended, was revoked. The four are not told apart.
    """
    found = (
        SecretLink.objects.select_related("operation__tenant__customer")
        .filter(token_digest=_digest(token), opened_at=None, closed_at=None, expires_at__gt=clock.now())
        .first()
    )
    if found is None or found.operation.password_sealed is None:
        raise NotHere("This link opens nothing.")
    return found


def open_link(*, token: str, code: str, address: str) -> tuple[Operation, Secret]:
    """Read the password out, once. The link and the sealed password are gone after.

    Raises:
        NotHere: no such link (any more); also after the fifth wrong code.
        WrongCode: try again.
    """
    somebody = Actor(kind="system", id=None, name="Whoever has the link", address=address)
    is_wrong, left = False, 0
    with transaction.atomic():
        found = find_link(token)
        link = SecretLink.objects.select_for_update().get(pk=found.pk)
        operation = Operation.objects.select_for_update().get(pk=link.operation_id)
        if link.opened_at is not None or link.closed_at is not None or operation.password_sealed is None:
            raise NotHere("This link opens nothing.")
        now = clock.now()
        typed = "".join(code.split())
        if not hmac.compare_digest(bytes(link.code_digest), _code_digest(token, typed)):
            is_wrong, left = True, TRIES - link.tries - 1
            SecretLink.objects.filter(pk=link.pk).update(
                tries=F("tries") + 1,
                **({} if left else {"closed_at": now, "closed_why": LinkState.WRONG_CODES}),
            )
            audit.record(
                actor=somebody,
                action=HelpdeskEvent.SECRET_LINK_REFUSED,
                about=about(operation),
                result=Result.REFUSED,
                summary="A wrong code was given." if left else "Five wrong codes: the link has ended.",
                details={"link": str(link.pk)},
            )
        else:
            try:
                password = passwords.opened(operation)
            except CannotUnseal as error:
                raise NotHere("This link opens nothing.") from error
            SecretLink.objects.filter(pk=link.pk).update(opened_at=now, opened_from=address)
            Operation.objects.filter(pk=operation.pk).update(password_shown_at=now, password_sealed=None)
            audit.record(
                actor=somebody,
                action=HelpdeskEvent.PASSWORD_SHOWN,
                about=about(operation),
                summary=f"The {operation.secret_words} was read through its one-time link.",
                details={"link": str(link.pk)},
            )
            _note_if_near(operation, link, somebody)
    if is_wrong:  # said after the count is committed
        if not left:
            raise NotHere("This link opens nothing.")
        raise WrongCode(left)
    return operation, password


def _note_if_near(operation: Operation, link: SecretLink, somebody: Actor) -> None:
    """Whoever made a link knows its code too. Where technicians never see passwords, the record shows a suspicion."""
    if not operation.tenant.customer.hides_passwords or somebody.address != link.made_from:
        return
    audit.record(
        actor=somebody,
        action=HelpdeskEvent.SECRET_LINK_NEAR,
        about=about(operation),
        summary=f"Technicians never see passwords here, and the link of {link.made_by} was opened from the network "
        "address from which it was made. Ask the user whether it was them.",
        details={"link": str(link.pk)},
    )


def refuse_technician(*, actor: Actor, token: str) -> None:
    """Record that a technician tried to open the link to a password that technicians never see.

    Raises:
        NotHere: no such link (any more).
    """
    link = find_link(token)
    audit.record(
        actor=actor,
        action=HelpdeskEvent.SECRET_LINK_REFUSED,
        about=about(link.operation),
        result=Result.REFUSED,
        summary="A technician opened it in the browser in which they are signed in. Nothing was shown.",
        details={"link": str(link.pk)},
    )


def is_closed_to_technicians(link: SecretLink) -> bool:
    """Whether the customer wants that technicians never see what it shows."""
    return link.operation.tenant.customer.hides_passwords


def revoke_link(*, actor: Actor, technician: Technician, customer_id: uuid.UUID, operation_id: uuid.UUID) -> None:
    """End the link of an operation now; the password waits as before, or is thrown away when its time is over.

    Raises:
        NotHere: no such operation.
        Conflict: there is no live link.
    """
    with transaction.atomic():
        operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
        if not _live(operation).update(closed_at=clock.now(), closed_why=LinkState.REVOKED):
            raise Conflict("There is no link to revoke.", remedy="Look at the operation once more.", code="no_link")
        audit.record(actor=actor, action=HelpdeskEvent.SECRET_LINK_REVOKED, about=about(operation))


def _live(operation: Operation) -> QuerySet[SecretLink]:
    return SecretLink.objects.filter(operation=operation, opened_at=None, closed_at=None)


def _digest(token: str) -> bytes:
    """What is stored of the token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _code_digest(token: str, code: str) -> bytes:
    """What is stored of the code: worthless without the token, which is stored nowhere."""
    return hmac.new(token.encode(), f"tenantry.secret-code {code}".encode(), hashlib.sha256).digest()
