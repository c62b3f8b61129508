"""Codes that a provider sends and checks for us: finding the provider, and cancelling what nobody should use any more.

A code lives longer at the provider than here, and while it does the provider sends the same one again. So whatever
ended here without being used up is cancelled there: at once when another attempt begins, else by the sweep.
"""

import datetime as dt
import logging
import uuid
from typing import Final

from django.conf import settings
from django.db.models import QuerySet

from tenantry.audit.models import Result
from tenantry.kit import clock
from tenantry.kit.actor import system
from tenantry.kit.sealed import CannotUnseal, Secret, unseal
from tenantry.verification import queries
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import State, TextSender, Verification
from tenantry.verification.providers import Check, NoAnswer, NotSent, TextProvider
from tenantry.verification.providers.twilio import TwilioVerify
from tenantry.verification.records import note

log = logging.getLogger(__name__)

TABLE: Final = "verification_textsender"
FORGOTTEN_AFTER: Final = dt.timedelta(minutes=15)
"""Longer than a code lives at the provider (Twilio: ten minutes): then there is nothing to cancel."""
_AT_ONCE: Final = 50


class _Nobody:
    """There is no provider, or its secret does not open."""

    def __init__(self, words: str) -> None:
        self._words = words

    def test(self) -> str:
        raise NotSent(self._words)

    def send(self, *, number: str) -> str:  # noqa: ARG002  of the interface
        raise NotSent(self._words)

    def check(self, *, reference: str, code: str) -> Check:  # noqa: ARG002  of the interface
        raise NoAnswer(self._words)

    def cancel(self, *, reference: str) -> None:  # noqa: ARG002  of the interface
        raise NoAnswer(self._words)


def provider() -> TextProvider:
    """The provider that is set. Without one, every call is refused with the reason."""
    row = queries.text_sender()
    if row is None:
        return _Nobody("Nobody sends text messages: no provider is set.")
    try:
        secret = unseal(bytes(row.secret_sealed), table=TABLE, row=row.pk, column="secret_sealed")
    except CannotUnseal:
        return _Nobody("The provider's secret cannot be opened with the console's present keyset. Enter it again.")
    return provider_with(row, secret)


def provider_with(row: TextSender, secret: Secret) -> TextProvider:
    """The provider that a row describes."""
    return TwilioVerify(settings.TWILIO_URL, row.key or row.account, secret, row.service)


def close_codes(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> None:
    """Cancel what the provider would still take of a user's earlier attempts, before another code goes out."""
    _close(_open().filter(tenant_id=tenant_id, object_id=object_id))


def close_ended_codes() -> int:
    """Cancel the codes of attempts that ended otherwise; how many."""
    return _close(_open().exclude(state=State.WAITING))


def _open() -> QuerySet[Verification]:
    return Verification.objects.filter(is_open_there=True).order_by("started_at")


def _close(rows: QuerySet[Verification]) -> int:
    count = 0
    for row in rows[:_AT_ONCE]:
        try:
            provider().cancel(reference=row.provider_reference)
        except NoAnswer as error:
            if row.started_at > clock.now() - FORGOTTEN_AFTER:
                log.info("A code could not be cancelled yet: %s", error.words)
                continue
        else:
            count += 1
            note(
                row,
                VerificationEvent.CANCELLED_THERE,
                actor=system("caller verification"),
                result=Result.DONE,
                summary="The provider takes this code no longer.",
            )
        Verification.objects.filter(pk=row.pk).update(is_open_there=False)
    return count
