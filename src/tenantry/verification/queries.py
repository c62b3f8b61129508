"""Reading verifications, and the methods that are there for a user."""

import hashlib
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from tenantry.customers.queries import get_customer
from tenantry.directory import phones
from tenantry.directory import queries as directory
from tenantry.graph.apps import App, registration
from tenantry.kit import clock
from tenantry.kit.errors import NotHere
from tenantry.kit.sealed import Secret, unseal
from tenantry.notifications.sending import mail
from tenantry.safeguards import queries as safeguards
from tenantry.safeguards.policies import Deed, Strength
from tenantry.technicians.models import Technician
from tenantry.verification import policies
from tenantry.verification.models import DuoAccount, State, TextSender, Verification

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser


def digest(token: str) -> bytes:
    """What is stored of a link's token."""
    return hashlib.sha256(token.encode()).digest()


def code_digest(row_id: uuid.UUID, code: str) -> bytes:
    """What is stored of a code: keyed, because a million codes are tried in a moment by who has the table only."""
    return salted_hmac(f"tenantry.verification.{row_id}", code, algorithm="sha256").digest()


def place_of(row_id: uuid.UUID, column: str) -> dict[str, str]:
    """Where a secret of a verification is sealed for."""
    return {"table": "verification_verification", "row": str(row_id), "column": column}


def get_verification(*, technician: Technician, customer_id: uuid.UUID, verification_id: uuid.UUID) -> Verification:
    """One attempt of a customer the technician sees.

    Raises:
        NotHere: there is none.
    """
    get_customer(technician=technician, customer_id=customer_id)
    row = Verification.objects.filter(pk=verification_id, customer_id=customer_id).first()
    if row is None:
        raise NotHere("There is no such attempt.")
    return row


def state_now(row: Verification) -> State:
    """How far an attempt is by the clock, whether or not the sweep came by."""
    now, state = clock.now(), State(row.state)
    if state is State.WAITING and row.answer_until <= now:
        return State.TIMED_OUT
    if state is State.PASSED and row.pass_until is not None and row.pass_until <= now:
        return State.LAPSED
    return state


def live_link(token: str) -> Verification:
    """The attempt that a link belongs to, until the link's time is over; it may have ended before.

    Raises:
        NotHere: unknown or over; nobody is told which.
    """
    row = Verification.objects.filter(token_digest=digest(token)).first()
    if (
        row is None
        or row.state == State.STOPPED
        or row.started_at <= clock.now() - policies.lifetime_of_link(row.method)
    ):
        raise NotHere("There is no such page.")
    return row


def link_to(token: Secret) -> Secret:
    """The address of the page that a token opens."""
    return Secret(f"{settings.PUBLIC_URL}{reverse('verification:page', args=[token.reveal()])}")


def link_of(row: Verification) -> str:
    """The caller's link while it waits; empty otherwise."""
    if row.state != State.WAITING or row.token_sealed is None or row.answer_until <= clock.now():
        return ""
    return link_to(unseal(row.token_sealed, **place_of(row.pk, "token_sealed"))).reveal()


def offers_for(*, user: "DirectoryUser", wanted: Strength) -> tuple[policies.Offer, ...]:
    """The methods for a user, each with the reason when it cannot be used."""
    return policies.offers(
        wanted=wanted,
        facts=policies.Facts(
            mail=user.mail,
            is_enabled=user.account_enabled,
            has_mail_server=mail.is_set_up(),
            has_app=registration(App.HELPDESK).is_set_up,
            number=number_of(user),
            number_warning=number_warning(user),
            number_since=phones.known_since(now=clock.now(), since=user.mobile_phone_since),
            has_text_sender=TextSender.objects.exists(),
            has_duo=duo_of(user.tenant.customer_id) is not None,
        ),
    )


def offers_to(
    *, technician: Technician, user: "DirectoryUser", deed: Deed
) -> tuple[Strength, tuple[policies.Offer, ...]]:
    """The strength that the rules ask of `technician` for `deed` on a user, and the methods with that in mind."""
    wanted = safeguards.verdict_of(technician=technician, user=user, deed=deed).rule.strength
    return wanted, offers_for(user=user, wanted=wanted)


def number_of(user: "DirectoryUser") -> phones.Number:
    """The mobile number that the directory holds for a user."""
    return phones.number_of(user.mobile_phone, country=user.usage_location)


def number_warning(user: "DirectoryUser") -> str:
    """What speaks against that number."""
    return phones.warning(now=clock.now(), changed_at=user.mobile_phone_changed_at, created_at=user.created_at)


def warning_of(row: Verification) -> str:
    """What speaks against the number that a code went to; empty for nothing, and for other methods."""
    if row.method != policies.Method.TEXT_CODE:
        return ""
    user = directory.find_user(tenant_id=row.tenant_id, object_id=row.object_id)
    return number_warning(user) if user is not None else ""


def duo_of(customer_id: uuid.UUID) -> DuoAccount | None:
    """The customer's Duo."""
    return DuoAccount.objects.filter(customer_id=customer_id).first()


def text_sender() -> TextSender | None:
    """Who sends text messages for us."""
    return TextSender.objects.first()


def standings() -> tuple[policies.Standing, ...]:
    """Each method, with what the deployment lacks for it."""
    return policies.standings(
        has_mail_server=mail.is_set_up(),
        has_app=registration(App.HELPDESK).is_set_up,
        has_text_sender=TextSender.objects.exists(),
    )


def recent(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> list[Verification]:
    """The latest attempts about a user."""
    rows = Verification.objects.filter(tenant_id=tenant_id, object_id=object_id)
    return list(rows.order_by("-started_at", "-id")[:5])
