"""The chain is checked every day, and when somebody asks; what was found stays visible and is told once.

Every day what was new since the last check, once a week all of it, and all of it every time while something is wrong:
only a check of the whole can say that it is well again.
"""

import datetime as dt
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from tenantry.audit.actions import About, record
from tenantry.audit.chain import offline, sealing
from tenantry.audit.chain.anchors import known
from tenantry.audit.chain.canonical import NO_CUSTOMER
from tenantry.audit.chain.checking import Mark, Verdict
from tenantry.audit.chain.verifying import verify
from tenantry.audit.models import Result
from tenantry.custody.events import CustodyEvent
from tenantry.custody.models import Check, Extent
from tenantry.kit import clock, jobs
from tenantry.kit.actor import Actor, system
from tenantry.notifications.actions import raise_alert, resolve_alert
from tenantry.notifications.models import AlertKind, Severity
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

CHECK_JOB: Final = "custody.check"
WHOLE_EVERY: Final = dt.timedelta(days=6, hours=12)
"""A daily check is one of the whole when the last such one was longer ago."""


def ask(*, actor: Actor, technician: Technician) -> Check:
    """Have the whole record checked now, by the worker.

    Raises:
        NotAllowed: the technician may not.
    """
    require_permission(technician, Permission.SETTINGS_AUDIT)
    with transaction.atomic():
        check = Check.objects.create(extent=Extent.WHOLE, asked_at=clock.now(), asked_by=actor.name[:200])
        jobs.enqueue(CHECK_JOB, once=CHECK_JOB, check_id=check.pk)
    return check


def check_by_schedule() -> Check:
    """The daily check: of what is new, or of everything when that is due."""
    newest = Check.objects.exclude(ended_at=None).order_by("-pk").first()
    whole = Check.objects.exclude(ended_at=None).filter(extent=Extent.WHOLE).order_by("-pk").first()
    is_new_enough = (
        newest is not None and newest.is_whole and whole is not None and whole.asked_at > clock.now() - WHOLE_EVERY
    )
    check = Check.objects.create(extent=Extent.NEW if is_new_enough else Extent.WHOLE, asked_at=clock.now())
    return run(check.pk)


def run(check_id: int) -> Check:
    """Look, write down what was found, and tell whoever must know."""
    check = Check.objects.get(pk=check_id)
    if check.ended_at is not None:
        return check
    sealing.seal_all()
    verdict = look(after=_place_before(check))
    if not verdict.is_whole:
        check.extent = Extent.WHOLE  # what does not fit is always looked for from the beginning
    check.first, check.last, check.head = verdict.first, verdict.last, verdict.head
    check.events, check.unsealed, check.anchors_met = verdict.links, verdict.unsealed, verdict.anchors_met
    if verdict.last_anchor is not None:
        check.anchored, check.anchored_at = verdict.last_anchor.sequence, verdict.last_anchor.at
    check.problem_count = verdict.problem_count
    check.problems = [problem.words for problem in verdict.problems]
    check.ended_at = clock.now()
    _tell(check)
    # One check answers everybody who asked before it began.
    Check.objects.filter(ended_at=None, pk__lt=check.pk).delete()
    return check


def look(*, after: Mark | None = None) -> Verdict:
    """Check the chain against the anchors of the table and of the file, which may have been written by another."""
    marks = {(mark.customer, mark.sequence, mark.hash): mark for mark in known()}
    path, trouble = Path(settings.AUDIT_ANCHOR_FILE), ""
    try:
        if path.exists():
            marks |= {(mark.customer, mark.sequence, mark.hash): mark for mark in offline.read_anchors([path])}
    except (offline.Unreadable, OSError) as error:
        trouble = f"The file of anchors cannot be used: {error}"
    verdict = verify(anchors=marks.values(), after=after)
    if trouble:
        verdict.add("anchor", trouble)
    return verdict


def _place_before(check: Check) -> Mark | None:
    """Up to where the last check found everything well."""
    if check.extent == Extent.WHOLE:
        return None
    before = Check.objects.exclude(ended_at=None).filter(pk__lt=check.pk).order_by("-pk").first()
    return Mark(NO_CUSTOMER, before.last, bytes(before.head)) if before is not None and before.is_whole else None


def _tell(check: Check) -> None:
    before = Check.objects.exclude(ended_at=None).filter(pk__lt=check.pk).order_by("-pk").first()
    is_news = before is not None and before.is_whole != check.is_whole
    actor = Actor(kind="technician", id=None, name=check.asked_by) if check.asked_by else system("daily check")
    with transaction.atomic():
        check.save()
        if check.asked_by or is_news or not check.is_whole:
            record(
                actor=actor,
                action=CustodyEvent.CHECKED,
                about=About(target_kind="record", target_name=f"{check.events} events up to {check.last}"),
                result=Result.NONE if check.is_whole else Result.FAILED,
                summary="Whole." if check.is_whole else f"NOT whole. {check.problems[0]}",
                details={"extent": check.extent, "last": check.last, "head": bytes(check.head).hex()},
            )
        if check.is_whole:
            resolve_alert(
                tenant_id=None,
                kind=AlertKind.RECORD,
                resolution=f"A check of the whole record found all {check.events} events as they were sealed.",
                is_final=True,
            )
            return
        raise_alert(
            customer_id=None,
            tenant_id=None,
            kind=AlertKind.RECORD,
            code="record_not_whole",
            severity=Severity.CRITICAL,
            title="The record is not whole",
            cause=f"{check.problem_count} finding{'s' if check.problem_count > 1 else ''}. {check.problems[0]}",
            fix="Keep the database as it is and take a copy. Run `tenantry audit verify --anchors FILE` with anchors "
            "from elsewhere, and compare with the newest backup: somebody with rights on the database changed it.",
            who="you, who run this console, and whoever answers for security",
            link="/settings/record/",
        )
