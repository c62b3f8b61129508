"""Each kind's effect: how it is sent, and which read proves it. One row per kind."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from tenantry.graph.calls import access_passes, sign_in
from tenantry.graph.calls.sign_in import SignInFacts
from tenantry.helpdesk import passwords
from tenantry.helpdesk.models import Operation, OperationKind
from tenantry.kit.intent import Intent

SKEW: Final = dt.timedelta(seconds=5)
"""How far Microsoft's clock may be behind ours before a change after a lost answer is not believed to be ours."""


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """One kind of effect.

    Attributes:
        send: sends it, and returns columns of the row to save with Microsoft's yes; repeating it does no further harm.
        is_wanted: whether the account is already as wanted (never, where each time counts).
        is_proven: whether this read, compared with the one before, shows the effect.
    """

    send: Callable[[Operation, Intent], Mapping[str, Any]]
    is_wanted: Callable[[SignInFacts], bool]
    is_proven: Callable[[Operation, SignInFacts], bool]


def _moved(name: str) -> Callable[[Operation, SignInFacts], bool]:
    """The effect is proven by a time that moved on.

    Without Microsoft's yes the time must also lie after our first sending: the read before may have been stale, and
    then somebody else's earlier change would look like ours.
    """

    def is_proven(operation: Operation, facts: SignInFacts) -> bool:
        before, after = (operation.before or {}).get(name), facts.as_json()[name]
        if after is None:
            return False
        moved_to = dt.datetime.fromisoformat(after)
        if before is not None and moved_to <= dt.datetime.fromisoformat(before):
            return False
        if operation.accepted_at is not None:
            return True
        return operation.first_sent_at is not None and moved_to >= operation.first_sent_at - SKEW

    return is_proven


def _enabled(*, wanted: bool) -> Effect:
    def send(operation: Operation, intent: Intent) -> Mapping[str, Any]:
        sign_in.set_account_enabled(intent=intent, object_id=operation.object_id, enabled=wanted)
        return {}

    def is_proven(operation: Operation, facts: SignInFacts) -> bool:
        # When the read before said the same, a read after proves nothing without Microsoft's yes.
        had_changed = (operation.before or {}).get("accountEnabled") is not wanted
        return facts.account_enabled is wanted and (had_changed or operation.accepted_at is not None)

    return Effect(send=send, is_wanted=lambda facts: facts.account_enabled is wanted, is_proven=is_proven)


def _reset(operation: Operation, intent: Intent) -> Mapping[str, Any]:
    sign_in.set_password(
        intent=intent,
        object_id=operation.object_id,
        password=passwords.opened(operation),
        must_change=operation.must_change,
    )
    return {}


def _revoke(operation: Operation, intent: Intent) -> Mapping[str, Any]:
    sign_in.revoke_sessions(intent=intent, object_id=operation.object_id)
    return {}


def _create_pass(operation: Operation, intent: Intent) -> Mapping[str, Any]:
    """Its code comes once: it is sealed on the row in the same statement as Microsoft's yes.

    After an answer that was lost nobody knows the code. Sending again deletes that pass and creates another.
    """
    made = access_passes.create_pass(
        intent=intent,
        object_id=operation.object_id,
        minutes=operation.pass_minutes or 0,
        is_once=operation.pass_is_once,
    )
    sealed = passwords.sealed_for(operation.pk, made.code)
    return {"pass_id": made.id[:64], "pass_until": made.until, "password_sealed": sealed}


def _has_our_pass(operation: Operation, facts: SignInFacts) -> bool:
    return bool(operation.pass_id) and operation.pass_id in (facts.pass_ids or ())


def _never(facts: SignInFacts) -> bool:
    del facts
    return False


EFFECTS: Final = {
    OperationKind.RESET_PASSWORD.value: Effect(_reset, _never, _moved("lastPasswordChangeDateTime")),
    OperationKind.BLOCK_SIGN_IN.value: _enabled(wanted=False),
    OperationKind.UNBLOCK_SIGN_IN.value: _enabled(wanted=True),
    OperationKind.REVOKE_SESSIONS.value: Effect(_revoke, _never, _moved("signInSessionsValidFromDateTime")),
    OperationKind.ACCESS_PASS.value: Effect(_create_pass, _never, _has_our_pass),
}
