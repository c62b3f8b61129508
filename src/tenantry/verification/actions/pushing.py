"""Duo: setting it up for a customer, sending a push, and learning what became of it.

The worker asks Duo every few seconds while an attempt waits. Every move is conditional, so an answer counts once.
"""

import logging
import uuid
from typing import Final

from django.conf import settings
from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.audit.models import Result
from tenantry.customers.queries import Customer, get_customer
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.safeguards.policies import Strength
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.verification import queries
from tenantry.verification.actions.answering import decline, passed
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import DuoAccount, State, Verification
from tenantry.verification.policies import Method
from tenantry.verification.providers import NoAnswer, NotSent
from tenantry.verification.providers.duo import HOST, KEY, Answer, Duo

log = logging.getLogger(__name__)

_TABLE: Final = "verification_duoaccount"
_AT_ONCE: Final = 20
_SHORTEST_SECRET, _LONGEST_SECRET = 32, 64


def duo_for(customer_id: uuid.UUID) -> Duo:
    """The customer's Duo, ready to be asked.

    Raises:
        NotSent: none is set, or its secret does not open.
    """
    row = queries.duo_of(customer_id)
    if row is None:
        raise NotSent("No Duo is set up for this customer.")
    try:
        secret = unseal(bytes(row.secret_sealed), table=_TABLE, row=row.pk, column="secret_sealed")
    except CannotUnseal as error:
        raise NotSent("Duo's secret key cannot be opened with the console's present keyset. Enter it again.") from error
    return _duo(row, secret)


def _duo(row: DuoAccount, secret: Secret) -> Duo:
    return Duo(row.host, row.key, secret, settings.DUO_URL or f"https://{row.host}")


def set_duo(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, host: str, key: str, secret: Secret
) -> DuoAccount:
    """Try the credentials at Duo, and keep them for the customer if they work.

    Raises:
        NotHere: no such customer.
        NotAllowed: the role does not include it.
        Invalid: something cannot be what it is called, or Duo refuses it.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    customer = get_customer(technician=technician, customer_id=customer_id)
    host = host.strip().lower()
    if not HOST.fullmatch(host):
        raise Invalid("An API hostname looks like api-1a2b3c4d.duosecurity.com.", field="host")
    if not KEY.fullmatch(key):
        raise Invalid("An integration key is DI and 18 capital letters and digits.", field="key")
    if not _SHORTEST_SECRET <= len(secret.reveal()) <= _LONGEST_SECRET or not secret.reveal().isalnum():
        raise Invalid("A secret key is about 40 letters and digits.", field="secret")
    now = clock.now()
    row = DuoAccount(
        id=uuid.uuid4(), customer_id=customer.pk, host=host, key=key, set_at=now, set_by=actor.name[:200], tested_at=now
    )
    try:
        row.last_outcome = _duo(row, secret).test()[:300]
    except NotSent as error:
        raise Invalid(f"Nothing was changed. {error.words}") from error
    row.secret_sealed = seal(secret, table=_TABLE, row=row.pk, column="secret_sealed")
    with transaction.atomic():
        DuoAccount.objects.filter(customer_id=customer.pk).delete()
        row.save(force_insert=True)
        audit.record(
            actor=actor,
            action=VerificationEvent.DUO_SET,
            about=_about(customer, row),
            summary="Callers can be verified by a push of the customer's Duo from now on.",
            details={"host": host, "key": key},
        )
    return row


def test_duo(*, actor: Actor, technician: Technician, customer_id: uuid.UUID) -> DuoAccount:
    """Ask Duo whether the credentials still work; nobody gets a push.

    Raises:
        NotHere: no such customer, or none is set.
        NotAllowed: the role does not include it.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    customer = get_customer(technician=technician, customer_id=customer_id)
    row = _present(customer)
    try:
        row.last_outcome, row.is_working = duo_for(customer.pk).test()[:300], True
    except NotSent as error:
        row.last_outcome, row.is_working = error.words[:300], False
    row.tested_at = clock.now()
    with transaction.atomic():
        DuoAccount.objects.filter(pk=row.pk).update(
            last_outcome=row.last_outcome, is_working=row.is_working, tested_at=row.tested_at
        )
        audit.record(
            actor=actor,
            action=VerificationEvent.DUO_TESTED,
            about=_about(customer, row),
            result=Result.DONE if row.is_working else Result.FAILED,
            summary=row.last_outcome,
        )
    return row


def remove_duo(*, actor: Actor, technician: Technician, customer_id: uuid.UUID) -> None:
    """Forget the customer's Duo.

    Raises:
        NotHere: no such customer, or none is set.
        NotAllowed: the role does not include it.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    customer = get_customer(technician=technician, customer_id=customer_id)
    with transaction.atomic():
        row = _present(customer)
        DuoAccount.objects.filter(pk=row.pk).delete()
        audit.record(actor=actor, action=VerificationEvent.DUO_REMOVED, about=_about(customer, row))


def ask(row: Verification) -> None:
    """Learn what became of a push."""
    actor = system("Duo")
    try:
        told = duo_for(row.customer_id).answer(reference=row.provider_reference)
    except (NoAnswer, NotSent) as error:
        log.info("Duo does not tell about a push: %s", error.words)
        return
    match told:
        case Answer.WAITING:
            pass
        case Answer.APPROVED:
            passed(row, actor=actor, strength=Strength.STRONG, proof={"duo_push": row.provider_reference})
        case Answer.DENIED:
            decline(actor=actor, row=row, said="The owner of the Duo device denied the push")
        case Answer.FRAUD:
            decline(actor=actor, row=row, said="The owner of the Duo device reported the push as fraud")
        case Answer.GONE:
            Verification.objects.filter(pk=row.pk, state=State.WAITING).update(answer_until=clock.now())


def ask_about_pushes() -> None:
    """Ask about every push that waits."""
    waiting = Verification.objects.filter(
        method=Method.DUO_PUSH, state=State.WAITING, answer_until__gt=clock.now()
    ).exclude(provider_reference="")
    for row in waiting[:_AT_ONCE]:
        ask(row)


def _present(customer: Customer) -> DuoAccount:
    row = queries.duo_of(customer.pk)
    if row is None:
        raise NotHere("No Duo is set up for this customer.")
    return row


def _about(customer: Customer, row: DuoAccount) -> About:
    return About(
        customer_id=customer.pk,
        customer_name=customer.name,
        target_kind="duo",
        target_id=str(row.pk),
        target_name=row.host,
    )
