"""One step of an operation: from wherever its row says it stands, as far towards the proof as it goes now.

    nothing sent that may count   read before, record, send, read back
    sent, no proof yet            read; if no effect shows for long enough, send the same again

A write that Microsoft surely did not carry out (429, 403, 404, refused content) leaves nothing behind; one without an
answer is never taken for failed or done: reads decide.
"""

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from typing import Any, Final, TypeVar

from django.db import DatabaseError, transaction

from tenantry.audit import actions as audit
from tenantry.directory import actions as directory_actions
from tenantry.directory import queries as directory
from tenantry.graph import errors, tokens
from tenantry.graph.calls import access_passes, sign_in
from tenantry.graph.calls.sign_in import SignInFacts
from tenantry.helpdesk import passwords
from tenantry.helpdesk.kinds import BY_KIND
from tenantry.helpdesk.models import Operation, OperationKind, OperationState
from tenantry.helpdesk.record import about, actor_of
from tenantry.helpdesk.runner import refusals, rows, words
from tenantry.helpdesk.runner.by_now import denied_by_now
from tenantry.helpdesk.runner.effects import EFFECTS
from tenantry.helpdesk.runner.words import Words
from tenantry.kit import clock
from tenantry.kit.decision import Denied
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import CannotUnseal
from tenantry.panic import queries as panic
from tenantry.reach import Reacher, Target, decide
from tenantry.tenants import actions as tenants_actions

log = logging.getLogger(__name__)
T = TypeVar("T")

_QUICK_READS: Final = (0.0, 0.5, 1.5)
"""Seconds before each read right after sending; most proofs come within them."""
_PROOF_WITHIN: Final = dt.timedelta(minutes=5)
_GIVE_UP_AFTER: Final = dt.timedelta(minutes=10)
_RESEND_AFTER: Final = dt.timedelta(seconds=30)
_READS_BEFORE_RESEND: Final = 4
_MOST_SENDINGS: Final = 8
_LEAST_PAUSE: Final = 3.0
_LONGEST_PAUSE: Final = 15 * 60.0
_RECORD_TRIES: Final = 5
_RECORD_PAUSE: Final = 10.0
_STOP_PAUSE: Final = 30.0


def run(*, operation_id: uuid.UUID) -> None:
    """Take the operation on if it is due and nobody else has it."""
    operation = rows.take(operation_id)
    if operation is None:
        return
    try:
        if operation.sent_at is None:
            _start(operation)
        else:
            if operation.state == OperationState.RUNNING:
                rows.unknown(operation, words=words.interrupted())
            _read_back(operation)
    except rows.LeaseLost:
        log.info("operation %s was taken over by another worker", operation_id)


def _start(operation: Operation) -> None:
    """Nothing that may count was sent: look, record, send."""
    if not _may_start(operation):
        return
    try:
        facts = _read(operation)
    except errors.GraphError as error:
        refusals.nothing_changed(operation, error)
        return
    kind = BY_KIND[operation.kind]
    if EFFECTS[operation.kind].is_wanted(facts) and _mirror_agrees(operation, facts):
        _apply(operation, facts)
        rows.finish(operation, state=OperationState.DONE, words=Words(kind.already), proof=facts.as_json())
        return
    denied = _ruled_out(operation, facts)
    if denied is not None:
        _refuse(operation, denied)
        return
    if operation.kind == OperationKind.RESET_PASSWORD:
        try:
            passwords.opened(operation)
        except CannotUnseal:
            log.exception("the password of operation %s does not open", operation.pk)
            rows.finish(operation, state=OperationState.FAILED, words=words.cannot_unseal())
            return
    intent_id = operation.intent_id or _record(operation)
    if intent_id is not None:
        _send(operation, intent_id=intent_id, before=facts.as_json())


def _may_start(operation: Operation) -> bool:
    """Whether it goes on now; what does not is ended, or waits."""
    if not operation.is_connected:
        rows.finish(operation, state=OperationState.FAILED, words=words.not_connected())
        return False
    if refusals.hold_up(operation):
        return False
    denied = denied_by_now(operation)
    if denied is not None:
        _refuse(operation, denied)
    return denied is None


def _refuse(operation: Operation, denied: Denied) -> None:
    said = Words(denied.reason, words.NOTHING_CHANGED, denied.remedy, denied.who, denied.code)
    rows.finish(operation, state=OperationState.REFUSED, words=said)


def _mirror_agrees(operation: Operation, facts: SignInFacts) -> bool:
    """Whether our mirror, written by the last read-back, says the same; a single read may be stale."""
    user = directory.find_user(tenant_id=operation.tenant_id, object_id=operation.object_id)
    return user is None or user.account_enabled is facts.account_enabled


def _ruled_out(operation: Operation, facts: SignInFacts) -> Denied | None:
    """What the account itself rules out by now: it became a guest or synced after the technician asked."""
    target = Target(display_name=operation.user_display_name, is_guest=facts.is_guest, is_synced=facts.is_synced)
    decision = decide(action=BY_KIND[operation.kind].action, reacher=Reacher(), target=target)
    # An empty connection is denied everything; only what concerns the account counts here.
    if isinstance(decision, Denied) and decision.code in {"guest_account", "synced_account"}:
        return decision
    return None


def _record(operation: Operation) -> int | None:
    """Commit the record of what is about to be sent; None when it cannot be written, and then nothing is sent."""
    kind = BY_KIND[operation.kind]
    details: dict[str, Any] = {"operation_id": str(operation.pk)}
    if operation.kind == OperationKind.RESET_PASSWORD:
        details["must_change"] = operation.must_change
    if operation.kind == OperationKind.ACCESS_PASS:
        details |= {"minutes": operation.pass_minutes, "one_time": operation.pass_is_once}
    if operation.grounds:
        details["grounds"] = operation.grounds
    if operation.bulk_run_id is not None:
        details["bulk_run_id"] = str(operation.bulk_run_id)
    try:
        intent = audit.begin(
            actor=actor_of(operation),
            action=kind.event,
            about=about(operation),
            justification=operation.justification,
            ticket=operation.ticket,
            summary=f"{kind.label}: {operation.user_principal_name}",
            details=details,
        )
    except panic.Stopped:
        rows.later(operation, state=OperationState.WAITING, pause=_STOP_PAUSE, words=words.stopped())
        return None
    except DatabaseError:
        log.exception("the record of operation %s cannot be written; nothing is sent", operation.pk)
        is_final = operation.tries >= _RECORD_TRIES
        if is_final:
            _end_unrecorded(operation)
        else:
            rows.later(
                operation,
                state=OperationState.WAITING,
                pause=_RECORD_PAUSE * operation.tries,
                words=words.unrecorded(is_final=False),
            )
        return None
    return intent.event_id


def _end_unrecorded(operation: Operation) -> None:
    """End without an entry in the record: nothing was sent, and no entry can be written."""
    rows.save(
        operation,
        state=OperationState.FAILED,
        finished_at=clock.now(),
        next_at=None,
        lease_until=None,
        password_sealed=None,
        password_discarded_at=clock.now() if operation.password_sealed is not None else None,
        **words.unrecorded(is_final=True).columns(),
    )


def _send(operation: Operation, *, intent_id: int, before: dict[str, Any] | None = None) -> None:
    """Send (again). `before` is the read just made; None keeps the one from before the first sending."""
    if panic.is_on():
        rows.later(operation, state=OperationState(operation.state), pause=_STOP_PAUSE, words=words.stopped())
        return
    intent = Intent(event_id=intent_id, tenant_id=operation.tenant_id)
    was_out = operation.sent_at is not None
    now = clock.now()
    rows.save(
        operation,
        **({"before": before} if before is not None else {}),
        intent_id=intent_id,
        attempts=operation.attempts + 1,
        reads=0,
        sent_at=now,
        first_sent_at=operation.first_sent_at if was_out else now,
        accepted_at=operation.accepted_at if was_out else None,
        **rows.renewed(),
    )
    effect = EFFECTS[operation.kind]
    try:
        told = _with_fresh_token(operation, lambda: effect.send(operation, intent))
    except errors.UnknownOutcome as error:
        rows.save(operation, **_exchanges(operation, intent))
        rows.unknown(operation, words=words.lost(error))
        _read_back(operation)
    except errors.GraphError as error:
        if was_out:
            rows.save(operation, **_exchanges(operation, intent))
            _again_in_vain(operation, error)
        else:
            rows.save(operation, sent_at=None, **_exchanges(operation, intent))
            refusals.nothing_changed(operation, error)
    else:
        rows.save(
            operation,
            state=OperationState.CONFIRMING,
            accepted_at=clock.now(),
            **told,
            **_exchanges(operation, intent),
            **words.reading_back().columns(),
        )
        _read_back(operation)


def _exchanges(operation: Operation, intent: Intent) -> dict[str, list[dict[str, Any]]]:
    """The column with Graph's request ids, those of this sending added."""
    return {"exchanges": [*operation.exchanges, *(dataclasses.asdict(each) for each in intent.exchanges)]}


def _with_fresh_token(operation: Operation, call: Callable[[], T]) -> T:
    """Call; after a 403 once more with a new token, since an old one does not know a role given after it was made."""
    if operation.refusals:
        tokens.token_for(operation.tenant_id, fresh=True)
        return call()
    try:
        return call()
    except errors.Refused as error:
        if error.is_restricted_unit:
            raise
        tokens.token_for(operation.tenant_id, fresh=True)
        return call()


def _read(operation: Operation) -> SignInFacts:
    tenant_id, object_id = operation.tenant_id, operation.object_id

    def read() -> SignInFacts:
        facts = sign_in.read_sign_in_facts(tenant_id=tenant_id, object_id=object_id)
        if operation.kind != OperationKind.ACCESS_PASS or operation.sent_at is None:
            return facts
        found = access_passes.ids_of_passes(tenant_id=tenant_id, object_id=object_id)
        return dataclasses.replace(facts, pass_ids=found)

    return _with_fresh_token(operation, read)


def _read_back(operation: Operation) -> None:
    """Read until the effect shows; if it does not now, come back later."""
    effect = EFFECTS[operation.kind]
    for pause in _QUICK_READS:
        clock.sleep(pause)
        try:
            facts = _read(operation)
        except errors.GraphError as error:
            _unreadable(operation, error)
            return
        if effect.is_proven(operation, facts):
            kind = BY_KIND[operation.kind]
            proof = f"{kind.label} was read back for {operation.user_principal_name}"
            with transaction.atomic():  # one commit: either all of it is known, or the next worker reads again
                _apply(operation, facts)
                tenants_actions.note_worked(tenant_id=operation.tenant_id, proof=proof)
                rows.finish(operation, state=OperationState.DONE, words=Words(kind.done), proof=facts.as_json())
            return
        rows.save(operation, reads=operation.reads + 1, **rows.renewed())
    _not_seen(operation)


def _apply(operation: Operation, facts: SignInFacts) -> None:
    directory_actions.apply_user_facts(
        tenant_id=operation.tenant_id, object_id=operation.object_id, facts=facts.mirrored
    )


def _not_seen(operation: Operation) -> None:
    """The reads worked and show no effect: send again when it is time, else read again later."""
    if operation.intent_id is not None and _is_resend_due(operation) and denied_by_now(operation) is None:
        _send(operation, intent_id=operation.intent_id)
        return
    if operation.accepted_at is not None:
        said = words.reading_back()
        if operation.state == OperationState.UNKNOWN or _age(operation) > _PROOF_WITHIN:
            said = words.never_seen()
            rows.unknown(operation, words=said)
        rows.later(operation, state=OperationState(operation.state), pause=_pause(operation), words=said)
        return
    rows.later(operation, state=OperationState.UNKNOWN, pause=_pause(operation), words=_kept(operation))


def _is_resend_due(operation: Operation) -> bool:
    """Whether enough reads over enough time saw nothing. Each further sending waits longer than the one before."""
    if operation.sent_at is None or operation.attempts >= _MOST_SENDINGS or operation.reads < _READS_BEFORE_RESEND:
        return False
    since = clock.now() - operation.sent_at
    least = _RESEND_AFTER if operation.accepted_at is None else _GIVE_UP_AFTER
    return since >= max(least, _age(operation) / 2)


def _unreadable(operation: Operation, error: errors.GraphError) -> None:
    """It was sent and cannot be read now. That is neither success nor failure: read again later."""
    refusals.note_trouble(operation, error)
    if isinstance(error, errors.NotFound) and _age(operation) > _GIVE_UP_AFTER:
        rows.finish(operation, state=OperationState.FAILED, words=words.user_gone(error))
        return
    said = words.unreadable(error)
    is_late = operation.accepted_at is None or _age(operation) > _PROOF_WITHIN
    if is_late or isinstance(error, (errors.NotConsented, errors.OurCredential, errors.TenantGone)):
        rows.unknown(operation, words=said)
    pause = error.retry_after if isinstance(error, errors.Throttled) else _pause(operation)
    rows.later(operation, state=OperationState(operation.state), pause=pause, words=said)


def _again_in_vain(operation: Operation, error: errors.GraphError) -> None:
    """A repetition was surely not carried out; what became of the first sending only time and reads tell."""
    refusals.note_trouble(operation, error)
    if _age(operation) > _GIVE_UP_AFTER and not isinstance(error, (errors.Throttled, errors.TenantUnreachable)):
        said = words.of_error(error, operation)
        state = OperationState.REFUSED if isinstance(error, errors.Refused) else OperationState.FAILED
        rows.finish(operation, state=state, words=said)
        return
    pause = error.retry_after if isinstance(error, errors.Throttled) else _pause(operation)
    rows.later(operation, state=OperationState(operation.state), pause=pause, words=_kept(operation))


def _age(operation: Operation) -> dt.timedelta:
    """How long ago the first sending was."""
    return clock.now() - (operation.first_sent_at or operation.created_at)


def _pause(operation: Operation) -> float:
    """Seconds until the next read: a quarter of the age, so soon at first and seldom in the end."""
    return min(max(_age(operation).total_seconds() / 4, _LEAST_PAUSE), _LONGEST_PAUSE)


def _kept(operation: Operation) -> Words:
    """The words that stand on the row."""
    return Words(
        operation.message,
        operation.reason,
        operation.fix,
        operation.who,
        operation.error_code,
        operation.request_id,
    )
