"""Beginning to verify a caller."""

import dataclasses
import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from tenantry.customers.queries import Customer, get_customer
from tenantry.directory import phones
from tenantry.helpdesk.queries import find_user
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tenantry.kit.limits import Limit
from tenantry.kit.sealed import Secret, seal
from tenantry.notifications.sending import mail
from tenantry.notifications.sending.outcome import NotDelivered
from tenantry.safeguards.policies import DEED_WORDS, Deed, Strength
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.verification import queries
from tenantry.verification.actions import pushing, texting, vouching
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import (
    CODE_DIGITS,
    LINK_LIFETIME,
    METHODS,
    NUMBER_DIGITS,
    TRIES,
    VOUCH_LIFETIME,
    Method,
    masked,
)
from tenantry.verification.providers import NotSent
from tenantry.verification.records import note

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.graph.calls.users import Manager

TICKET_LENGTH: Final = 64  # as long as an operation keeps it
_TOKEN_BYTES: Final = 32
STARTS: Final = Limit(name="verification-start", most=10, seconds=600)
"""For one user: nobody's mailbox is filled from here."""
SENDINGS: Final = Limit(name="verification-sent-by", most=100, seconds=600)
"""For one account here: a stolen token must not write to a whole company. Nobody talks to so many callers."""


def start(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, object_id: uuid.UUID, deed: Deed, ticket: str,
    method: Method, attempt_id: uuid.UUID | None = None,
) -> Verification:  # fmt: skip
    """Begin; whatever still waited for the same user, deed and ticket is stopped.

    The row and its record are committed before anything is sent. A code that cannot be sent ends the attempt.

    Args:
        actor: the technician as the actor.
        technician: who has the caller on the telephone.
        customer_id: the user's customer.
        object_id: whom the caller claims to be.
        deed: what the pass will be good for.
        ticket: the ticket it will be good for; empty is a ticket of its own.
        method: how.
        attempt_id: the id that it gets; None for a new one.

    Raises:
        NotHere: the user is not of this customer.
        NotAllowed: the role does not include it, or the method cannot be used for this user.
        Invalid: the ticket is too long, or there is no manager who can vouch.
        Conflict: too many attempts for this user, or by this technician, in a short time.
    """
    require_permission(technician, Permission.VERIFICATION_START)
    customer = get_customer(technician=technician, customer_id=customer_id)
    _, user = find_user(customer_id=customer_id, object_id=object_id)
    ticket = ticket.strip()
    if len(ticket) > TICKET_LENGTH:
        raise Invalid(f"A ticket has at most {TICKET_LENGTH} characters.", field="ticket")
    offer = next(each for each in queries.offers_for(user=user, wanted=Strength.NONE) if each.method == method)
    if offer.obstacle:
        raise NotAllowed(offer.obstacle, remedy="Choose another method.", code="method_not_usable")
    if not STARTS.count(f"{user.tenant_id} {user.object_id}"):
        raise Conflict(
            "There were many attempts to verify this user in the last minutes.",
            remedy="Wait ten minutes. If they were not yours, look at the activity log.",
            code="too_many_attempts",
        )
    if method is not Method.OWN_SIGN_IN and not SENDINGS.count(str(technician.pk)):
        raise Conflict(
            f"{technician.display_name} began very many verifications in the last minutes.",
            remedy="Wait ten minutes. If it was somebody else with your token, revoke it.",
            code="too_many_attempts",
        )
    wish = _Wish(attempt_id or uuid.uuid4(), actor, technician, customer, user, deed, ticket)
    wish = dataclasses.replace(wish, manager=vouching.manager_for(user)) if method is Method.MANAGER else wish
    match method:
        case Method.MAIL_CODE:
            return _by_mail(wish)
        case Method.TEXT_CODE:
            return _by_text(wish)
        case Method.OWN_SIGN_IN:
            return _by_link(wish)
        case Method.MANAGER:
            return _by_manager(wish)
        case Method.DUO_PUSH:
            return _by_push(wish)


@dataclasses.dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be begun, checked; `id` will be the attempt's."""

    id: uuid.UUID
    actor: Actor
    technician: Technician
    customer: Customer
    user: "DirectoryUser"
    deed: Deed
    ticket: str
    manager: "Manager | None" = None


def _by_link(wish: _Wish) -> Verification:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    return _create(
        wish,
        Method.OWN_SIGN_IN,
        lifetime=LINK_LIFETIME,
        summary="A one-time link for the caller was made.",
        number=f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}d}",
        token_digest=queries.digest(token),
        token_sealed=seal(Secret(token), **queries.place_of(wish.id, "token_sealed")),
    )


def _by_manager(wish: _Wish) -> Verification:
    manager = wish.manager
    if manager is None:
        raise RuntimeError("the manager is looked up first")
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    row = _create(
        wish,
        Method.MANAGER,
        lifetime=VOUCH_LIFETIME,
        summary=f"{manager.display_name}, the manager in the directory, is asked to vouch.",
        details={"manager": str(manager.object_id), "manager_name": manager.user_principal_name},
        number=f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}d}",
        token_digest=queries.digest(token.reveal()),
        token_sealed=seal(token, **queries.place_of(wish.id, "token_sealed")),
        voucher_id=manager.object_id,
        voucher_name=manager.display_name,
        voucher_login=manager.user_principal_name,
    )
    if manager.mail and mail.is_set_up():
        try:
            mail.send(
                delivery_id=str(wish.id),
                subject=f"Do you vouch for {wish.user.display_name}?",
                text=_manager_text(wish, queries.link_to(token)),
                addresses=[manager.mail],
                on_sent=lambda sent_to: None,  # noqa: ARG005  one address: sent, or refused below
            )
        except NotDelivered as error:  # the technician has the link, and can send it otherwise
            with transaction.atomic():
                note(row, VerificationEvent.NOT_SENT, actor=wish.actor, summary=f"No mail to the manager: {error}")
        else:
            Verification.objects.filter(pk=row.pk).update(sent_to=masked(manager.mail))
            row.refresh_from_db()
    return row


def _manager_text(wish: _Wish, link: Secret) -> str:
    return (
        f"{wish.technician.display_name} of your IT help desk has somebody on the telephone who says that they are "
        f"{wish.user.display_name}, and asks you to vouch for them.\n\n"
        f"It is for: {DEED_WORDS[wish.deed]}.\n\n"
        "Speak with them yourself first, in person or on a number that you know. They tell you a number of two digits. "
        f"Then open this page: {link.reveal()}\n\n"
        "If you cannot reach them, or they did not call the help desk, open the page and say so: somebody may be "
        "pretending to be them. The page lives for thirty minutes.\n"
    )


def _by_mail(wish: _Wish) -> Verification:
    address = wish.user.mail
    token = Secret(secrets.token_urlsafe(_TOKEN_BYTES))
    code = Secret(f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}")
    lifetime = code_lifetime()
    row = _create(
        wish,
        Method.MAIL_CODE,
        lifetime=lifetime,
        summary=f"A code goes to {masked(address)}, the address in the directory.",
        sent_to=masked(address),
        code_digest=queries.code_digest(wish.id, code.reveal()),
        token_digest=queries.digest(token.reveal()),
    )
    try:
        mail.send(
            delivery_id=str(wish.id),
            subject=f"Your code for the help desk of {wish.customer.name}",
            text=_mail_text(wish, code, queries.link_to(token), int(lifetime.total_seconds())),
            addresses=[address],
            on_sent=lambda sent_to: None,  # noqa: ARG005  one address: sent, or refused below
        )
    except NotDelivered as error:
        _not_sent(row, wish.actor, error.words)
    return row


def _by_text(wish: _Wish) -> Verification:
    number = queries.number_of(wish.user).e164
    masked_number, lifetime = phones.masked_number(number), code_lifetime()
    changed_at = wish.user.mobile_phone_changed_at
    is_new = phones.is_changed_lately(now=clock.now(), changed_at=changed_at)
    texting.close_codes(tenant_id=wish.user.tenant_id, object_id=wish.user.object_id)
    row = _create(
        wish,
        Method.TEXT_CODE,
        lifetime=lifetime,
        summary=f"A code goes to {masked_number}, the mobile number in the directory."
        + (" The number was changed lately." if is_new else ""),
        details={"number_changed_at": changed_at.isoformat()} if is_new and changed_at else {},
        sent_to=masked_number,
    )
    try:
        reference = texting.provider().send(number=number)
    except NotSent as error:
        _not_sent(row, wish.actor, error.words)
        return row
    # The caller's minute begins when the code left, not when we began to ask for it.
    Verification.objects.filter(pk=row.pk, state=State.WAITING).update(answer_until=clock.now() + lifetime)
    Verification.objects.filter(pk=row.pk).update(provider_reference=reference, is_open_there=True)
    row.refresh_from_db()
    return row


def _by_push(wish: _Wish) -> Verification:
    lifetime = code_lifetime()
    row = _create(
        wish,
        Method.DUO_PUSH,
        lifetime=lifetime,
        summary="A push goes to a device that is enrolled with the customer's Duo.",
    )
    try:
        push = pushing.duo_for(wish.customer.pk).push(name=wish.user.user_principal_name, mail=wish.user.mail)
    except NotSent as error:
        _not_sent(row, wish.actor, error.words)
        return row
    Verification.objects.filter(pk=row.pk, state=State.WAITING).update(answer_until=clock.now() + lifetime)
    Verification.objects.filter(pk=row.pk).update(
        provider_reference=push.reference[:64], number=push.code, sent_to=push.device
    )
    row.refresh_from_db()
    return row


def code_lifetime() -> dt.timedelta:
    """How long a code is good."""
    return dt.timedelta(seconds=int(settings.VERIFICATION_CODE_SECONDS))


def _not_sent(row: Verification, actor: Actor, words: str) -> None:
    with transaction.atomic():
        if Verification.objects.filter(pk=row.pk, state=State.WAITING).update(
            state=State.NOT_SENT, decided_at=clock.now(), code_digest=None
        ):
            note(row, VerificationEvent.NOT_SENT, actor=actor, summary=f"The code was not sent: {words}")
    row.refresh_from_db()


def _mail_text(wish: _Wish, code: Secret, link: Secret, seconds: int) -> str:
    lifetime = f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"  # noqa: PLR2004  two minutes
    return (
        f"{wish.technician.display_name} of your IT help desk asks whether it is you on the telephone.\n\n"
        f"Read this code to them: {code.reveal()}\n\n"
        f"It is for: {DEED_WORDS[wish.deed]}. It is good for {lifetime}.\n"
        "If you are not talking to the help desk now, tell nobody this code: somebody may be pretending to be you. "
        f"Then open this page and say so: {link.reveal()}\n"
    )


def _create(
    wish: _Wish,
    method: Method,
    *,
    lifetime: dt.timedelta,
    summary: str,
    details: Mapping[str, str] | None = None,
    **given: str | bytes | uuid.UUID,
) -> Verification:
    now = clock.now()
    with transaction.atomic():
        same = Verification.objects.filter(
            tenant_id=wish.user.tenant_id,
            object_id=wish.user.object_id,
            deed=wish.deed,
            ticket=wish.ticket,
            state=State.WAITING,
        )
        for earlier in same.select_for_update():
            Verification.objects.filter(pk=earlier.pk).update(
                state=State.STOPPED, decided_at=now, token_sealed=None, code_digest=None, flow_sealed=None
            )
            note(
                earlier, VerificationEvent.STOPPED, actor=wish.actor, summary="Another attempt was begun in its place."
            )
        row = Verification.objects.create(
            id=wish.id,
            method=method,
            technician=wish.technician,
            technician_name=wish.technician.display_name,
            customer_id=wish.customer.pk,
            customer_name=wish.customer.name,
            tenant_id=wish.user.tenant_id,
            object_id=wish.user.object_id,
            target_name=wish.user.user_principal_name,
            person=wish.user.display_name,
            deed=wish.deed,
            ticket=wish.ticket,
            tries_left=TRIES,
            started_at=now,
            answer_until=now + lifetime,
            **given,
        )
        note(
            row,
            VerificationEvent.STARTED,
            actor=wish.actor,
            summary=f"{METHODS[method].label}, for “{DEED_WORDS[wish.deed]}”. {summary}",
            details=details,
        )
    return row
