"""What becomes of an attempt: a code, a denial, a technician who stops it, time.

Every move is a conditional update on the state, and an answer spends one of its tries before it is looked at: two
answers at once are two tries, and only one of them can pass.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare

from tenantry.audit.models import Result
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Conflict, NotHere
from tenantry.safeguards.policies import Strength
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.verification import queries
from tenantry.verification.actions import texting
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import (
    CODES,
    DENIED_LATE,
    METHODS,
    PASS_LIFETIME,
    STOPPED_WORDS,
    WRONG_WORDS,
    Method,
    Stopped,
    Wrong,
    code_of,
)
from tenantry.verification.providers import Check, NoAnswer
from tenantry.verification.records import note, words_of

_AT_ONCE: Final = 200
_ERASED: Final[Mapping[str, None]] = {"code_digest": None, "token_sealed": None, "flow_sealed": None}
"""Nothing of a finished attempt can be answered any more. The digest of the link stays: its page tells the outcome."""


def answer_code(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, verification_id: uuid.UUID, code: str
) -> Verification:
    """Take the code that the caller read out; the row tells what became of it.

    Raises:
        NotHere: no such attempt, or not one with a code.
        Conflict: it ended before.
    """
    require_permission(technician, Permission.VERIFICATION_START)
    row = queries.get_verification(technician=technician, customer_id=customer_id, verification_id=verification_id)
    if row.method not in CODES:  # before a try is spent: nobody's guess ends a sign-in that is under way
        raise NotHere("This verification is not answered with a code.")
    digest = row.code_digest
    if not spend_try(row):
        return _ended(row, actor)
    if row.method == Method.TEXT_CODE:
        _ask_provider(row, code_of(code), actor)
        return row
    typed = queries.code_digest(row.pk, code_of(code))
    if digest is not None and constant_time_compare(typed.hex(), bytes(digest).hex()):
        passed(row, actor=actor, strength=METHODS[Method(row.method)].least, proof={})
    else:
        wrong(row, Wrong.CODE, actor=actor)
    return row


def _ask_provider(row: Verification, code: str, actor: Actor) -> None:
    """Let the provider look at the code; the try was spent. Each answer has an outcome of its own."""
    try:
        told = texting.provider().check(reference=row.provider_reference, code=code)
    except NoAnswer as error:
        wrong(row, Wrong.NO_ANSWER, actor=actor, details={"provider": error.words})
        return
    if told in {Check.RIGHT, Check.GONE, Check.TOO_MANY}:
        Verification.objects.filter(pk=row.pk).update(is_open_there=False)
    match told:
        case Check.RIGHT:
            passed(row, actor=actor, strength=METHODS[Method.TEXT_CODE].least, proof={})
        case Check.WRONG:
            wrong(row, Wrong.CODE, actor=actor)
        case Check.GONE:
            wrong(row, Wrong.CODE_GONE, actor=actor, is_last=True)
        case Check.TOO_MANY:
            wrong(row, Wrong.CODE_TRIES, actor=actor, is_last=True)


def spend_try(row: Verification) -> bool:
    """Spend one try; False when it does not wait any more, or no try or time is left."""
    changed = Verification.objects.filter(
        pk=row.pk, state=State.WAITING, tries_left__gt=0, answer_until__gt=clock.now()
    ).update(tries_left=F("tries_left") - 1)
    row.refresh_from_db()
    return changed == 1


def passed(row: Verification, *, actor: Actor, strength: Strength, proof: Mapping[str, Any]) -> None:
    """Make the attempt a pass; its try was spent. What ended in between stays as it is."""
    now = clock.now()
    with transaction.atomic():
        if Verification.objects.filter(pk=row.pk, state=State.WAITING, answer_until__gt=now).update(
            state=State.PASSED,
            strength=strength,
            proof=dict(proof),
            decided_at=now,
            pass_until=now + PASS_LIFETIME,
            **_ERASED,
        ):
            note(
                row,
                VerificationEvent.PASSED,
                actor=actor,
                result=Result.DONE,
                summary=f"The caller is verified for “{words_of(row)}” (strength: {strength.name.lower()})."
                + (f" {row.voucher_name} vouched." if row.voucher_id else ""),
                details={"strength": int(strength), "verified_by": row.technician_name, **proof},
            )
    row.refresh_from_db()


def wrong(
    row: Verification, why: Wrong, *, actor: Actor, details: Mapping[str, Any] | None = None, is_last: bool = False
) -> None:
    """Note an answer that did not count; the last one ends the attempt.

    Args:
        row: the attempt.
        why: what was wrong.
        actor: who answered.
        details: further, for the record.
        is_last: no other try can succeed, however many are left.
    """
    now = clock.now()
    with transaction.atomic():
        waiting = Verification.objects.filter(pk=row.pk, state=State.WAITING)
        ended = (waiting if is_last else waiting.filter(tries_left=0)).update(
            state=State.FAILED, decided_at=now, last_wrong=why, **_ERASED
        )
        if not ended:
            waiting.update(last_wrong=why)
        note(
            row,
            VerificationEvent.FAILED if ended else VerificationEvent.WRONG_ANSWER,
            actor=actor,
            result=Result.REFUSED,
            summary=WRONG_WORDS[why] + (" That was the last try." if ended and not is_last else ""),
            details={"why": str(why), **(details or {})},
        )
    row.refresh_from_db()


def decline(
    *, actor: Actor, row: Verification, said: str = "Whoever opened the link says that they did not call"
) -> None:
    """The person behind the account says that they did not call. An unused pass is taken back.

    A used one says so from then on: what was asked for on its strength and is not done yet is not done (`was_denied`).
    """
    with transaction.atomic():
        changed = (
            Verification.objects.filter(pk=row.pk)
            .exclude(state__in=[State.DENIED, State.STOPPED, State.USED])
            .update(state=State.DENIED, decided_at=clock.now(), **_ERASED)
        )
        row.refresh_from_db()
        if row.state == State.USED:
            row.proof = {**row.proof, DENIED_LATE: clock.now().isoformat()}
            row.save(update_fields=["proof"])
        if changed or row.state == State.USED:
            late = f" It was used already, for {row.used_for}." if row.state == State.USED else ""
            note(
                row,
                VerificationEvent.DENIED,
                actor=actor,
                result=Result.REFUSED,
                summary=f"{said}: somebody may pretend to be them.{late}",
            )


def was_denied(verification_id: str) -> bool:
    """Whether the person behind the account said, after a pass was used, that they did not call.

    Args:
        verification_id: as in the grounds of what it was used for (`CallerPass.grounds`); empty: there was no pass.
    """
    if not verification_id:
        return False
    return Verification.objects.filter(pk=verification_id, proof__has_key=DENIED_LATE).exists()


def stop(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, verification_id: uuid.UUID, why: Stopped
) -> Verification:
    """Stop an attempt, or take back a pass that was not used.

    Args:
        actor: the technician as the actor.
        technician: anybody who may begin one.
        customer_id: the customer's.
        verification_id: of the attempt.
        why: DENIED when the owner of the address or telephone says that they did not call; it is noted whatever
            became of the attempt.

    Raises:
        NotHere: no such attempt.
        Conflict: it ended before, and there is no denial to note.
    """
    require_permission(technician, Permission.VERIFICATION_START)
    row = queries.get_verification(technician=technician, customer_id=customer_id, verification_id=verification_id)
    if why is Stopped.DENIED:
        decline(actor=actor, row=row, said="The owner of the account says that they did not call")
        return row
    with transaction.atomic():
        if not Verification.objects.filter(pk=row.pk, state__in=[State.WAITING, State.PASSED]).update(
            state=State.STOPPED, decided_at=clock.now(), **_ERASED
        ):
            raise _over()
        note(row, VerificationEvent.STOPPED, actor=actor, summary=STOPPED_WORDS[why])
    row.refresh_from_db()
    return row


def expire_due() -> int:
    """End attempts that nobody answered in time, and passes that nobody used; how many."""
    now = clock.now()
    actor = system("caller verification")
    waiting = Verification.objects.filter(state=State.WAITING, answer_until__lte=now)[:_AT_ONCE]
    unused = Verification.objects.filter(state=State.PASSED, pass_until__lte=now)[:_AT_ONCE]
    return sum(_time_out(row, now, actor) for row in waiting) + sum(_lapse(row, now, actor) for row in unused)


def _ended(row: Verification, actor: Actor) -> Verification:
    now = clock.now()
    if row.state == State.WAITING and row.answer_until <= now:
        _time_out(row, now, actor)
    if row.state != State.TIMED_OUT:
        raise _over()
    return row


def _time_out(row: Verification, now: dt.datetime, actor: Actor) -> bool:
    with transaction.atomic():
        changed = Verification.objects.filter(pk=row.pk, state=State.WAITING, answer_until__lte=now).update(
            state=State.TIMED_OUT, decided_at=now, **_ERASED
        )
        if changed:
            note(
                row,
                VerificationEvent.TIMED_OUT,
                actor=actor,
                result=Result.REFUSED,
                summary="No right answer came in time.",
            )
    row.refresh_from_db()
    return changed == 1


def _lapse(row: Verification, now: dt.datetime, actor: Actor) -> bool:
    with transaction.atomic():
        changed = Verification.objects.filter(pk=row.pk, state=State.PASSED, pass_until__lte=now).update(
            state=State.LAPSED
        )
        if changed:
            note(row, VerificationEvent.LAPSED, actor=actor, summary="The pass was not used in time.")
    return changed == 1


def _over() -> Conflict:
    return Conflict(
        "This attempt has ended already.", remedy="Look at how it ended; begin another if needed.", code="ended"
    )
