"""Setting up who sends text messages."""

import dataclasses
import re
import uuid

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.audit.models import Result
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.sealed import Secret, seal
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.verification import queries
from tenantry.verification.actions import texting
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import TextSender
from tenantry.verification.providers import NotSent, twilio

_SHORTEST_SECRET, _LONGEST_SECRET = 16, 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a provider's console shows.

    Attributes:
        account: Twilio's account SID.
        key: SID of an API key; empty when `secret` is the account's auth token.
        secret: the key's secret, or the auth token.
        service: SID of the Verify service.
    """

    account: str
    key: str
    secret: Secret
    service: str


def set_sender(*, actor: Actor, technician: Technician, given: Credentials) -> TextSender:
    """Try the credentials at Twilio, and keep them if they work, in place of those before.

    Raises:
        NotAllowed: the role does not include it.
        Invalid: something cannot be what it is called, or Twilio refuses it.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    _check(given)
    now = clock.now()
    row = TextSender(
        id=uuid.uuid4(),
        kind="twilio",
        account=given.account,
        key=given.key,
        service=given.service,
        set_at=now,
        set_by=actor.name[:200],
        tested_at=now,
        is_working=True,
    )
    try:
        row.last_outcome = texting.provider_with(row, given.secret).test()[:300]
    except NotSent as error:
        raise Invalid(f"Nothing was changed. {error.words}") from error
    row.secret_sealed = seal(given.secret, table=texting.TABLE, row=row.pk, column="secret_sealed")
    with transaction.atomic():
        TextSender.objects.select_for_update().all().delete()
        row.save(force_insert=True)
        audit.record(
            actor=actor,
            action=VerificationEvent.SENDER_SET,
            about=_about(row),
            summary="Codes by text message go through Twilio Verify from now on.",
            details={"account": row.account, "key": row.key, "service": row.service},
        )
    return row


def test_sender(*, actor: Actor, technician: Technician) -> TextSender:
    """Ask the provider whether the credentials still work; no message goes out.

    Raises:
        NotAllowed: the role does not include it.
        NotHere: none is set.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    row = _present()
    try:
        row.last_outcome, row.is_working = texting.provider().test()[:300], True
    except NotSent as error:
        row.last_outcome, row.is_working = error.words[:300], False
    row.tested_at = clock.now()
    with transaction.atomic():
        TextSender.objects.filter(pk=row.pk).update(
            last_outcome=row.last_outcome, is_working=row.is_working, tested_at=row.tested_at
        )
        audit.record(
            actor=actor,
            action=VerificationEvent.SENDER_TESTED,
            about=_about(row),
            result=Result.DONE if row.is_working else Result.FAILED,
            summary=row.last_outcome,
        )
    return row


def remove_sender(*, actor: Actor, technician: Technician) -> None:
    """Send no text messages any more.

    Raises:
        NotAllowed: the role does not include it.
        NotHere: none is set.
    """
    require_permission(technician, Permission.SETTINGS_VERIFICATION)
    with transaction.atomic():
        row = _present()
        TextSender.objects.filter(pk=row.pk).delete()
        audit.record(actor=actor, action=VerificationEvent.SENDER_REMOVED, about=_about(row))


def _present() -> TextSender:
    row = queries.text_sender()
    if row is None:
        raise NotHere("No provider of text messages is set.")
    return row


def _check(given: Credentials) -> None:
    shapes: tuple[tuple[str, str, re.Pattern[str], str], ...] = (
        ("account", given.account, twilio.ACCOUNT, "An account SID is AC and 32 characters of 0 to 9 and a to f."),
        ("key", given.key, twilio.KEY, "The SID of an API key is SK and 32 characters of 0 to 9 and a to f."),
        ("service", given.service, twilio.SERVICE, "The SID of a Verify service is VA and 32 characters."),
    )
    for field, value, shape, words in shapes:
        if (value or field != "key") and not shape.fullmatch(value):
            raise Invalid(words, field=field)
    if not _SHORTEST_SECRET <= len(given.secret.reveal()) <= _LONGEST_SECRET or not given.secret.reveal().isascii():
        raise Invalid("This is neither an auth token nor the secret of an API key.", field="secret")


def _about(row: TextSender) -> About:
    return About(target_kind="text_sender", target_id=str(row.pk), target_name="Twilio Verify")
