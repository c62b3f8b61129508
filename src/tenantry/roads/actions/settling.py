"""What became of work that nobody ended: a process died, an administrator never came back, Microsoft took its time.

The rows are the truth, so a sweep finds them, and the pages do when they are opened before it.
"""

import datetime as dt
from typing import Final

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.kit import clock
from tenantry.kit.actor import system
from tenantry.roads.actions.carrying import call_done
from tenantry.roads.actions.planning import LOAN_MAY_REMAIN, about, plan_of
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState
from tenantry.tenants.actions import enqueue_check
from tenantry.tenants.policies import AppKind
from tenantry.tenants.queries import connection_to

_MOST: Final = 200  # in one sweep; more are taken by the next, a minute later
_KEEP_LOOKING: Final = dt.timedelta(hours=1)
_ACTOR: Final = system("roads")


def settle() -> None:
    """End what can be said to have ended."""
    now = clock.now()
    for work in Work.objects.filter(state=WorkState.WORKING, leased_until__lte=now).order_by("leased_until")[:_MOST]:
        _broke_off(work)
    Work.objects.filter(state=WorkState.AWAY, expires_at__lte=now).update(
        state=WorkState.STOPPED,
        state_digest=None,
        session_digest=None,
        flow=None,
        finished_at=now,
        error_code="expired",
        message="Nobody came back from Microsoft.",
        remedy="Sign in when the administrator is ready.",
    )
    for work in Work.objects.filter(state=WorkState.WAITING).order_by("-created_at")[:_MOST]:
        _look_again(work)


def _broke_off(work: Work) -> None:
    """A process died between two steps: what it sent last has an unknown outcome, and the loan may be left."""
    lease = work.leased_until
    for step in work.steps:
        if step["state"] == "sent":
            step["state"], step["note"] = "unknown", "The work broke off here; a look decides."
    moved = Work.objects.filter(pk=work.pk, state=WorkState.WORKING, leased_until=lease).update(
        state=WorkState.STOPPED,
        leased_until=None,
        steps=work.steps,
        finished_at=clock.now(),
        error_code="broke_off",
        message="The work broke off before its end.",
        remedy="Look at the plan, which says what is left, and sign in again: nothing is made twice.",
        remains=[LOAN_MAY_REMAIN],
    )
    if not moved:
        return
    for step in work.steps:
        if step["state"] == "unknown" and step.get("event_id"):
            audit.close_event(step["event_id"], result=Result.UNKNOWN, summary="The work broke off; a look decides.")
    work.refresh_from_db()
    _record_end(work)


def _look_again(work: Work) -> None:
    connection = connection_to(work.tenant_id, app=AppKind(work.app))
    if connection is None:
        return
    checked_at, ended_at = connection.checked_at, work.finished_at
    if checked_at is not None and ended_at is not None and checked_at > ended_at and not plan_of(connection).changes:
        call_done(work)
        moved = Work.objects.filter(pk=work.pk, state=WorkState.WAITING).update(
            state=work.state, steps=work.steps, message=work.message, remedy=work.remedy, finished_at=clock.now()
        )
        if moved:
            _record_end(work)
    elif ended_at is not None and clock.now() - ended_at < _KEEP_LOOKING:
        enqueue_check(work.tenant_id)


def _record_end(work: Work) -> None:
    audit.record(
        actor=_ACTOR,
        action=RoadEvent.WORK_ENDED,
        about=about(work, work.customer),
        justification=work.justification,
        ticket=work.ticket,
        result=Result.DONE if work.state == WorkState.DONE else Result.NONE,
        summary=f"{WorkState(work.state).label}. {work.message}".strip(),
        details={"work_id": str(work.pk), "steps": work.steps, "remains": work.remains},
    )
