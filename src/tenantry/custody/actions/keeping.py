"""Anchors are taken, and handed to everybody whom a setting names: files, syslog servers, mailboxes.

At least once: the cursor moves after a batch was taken. A worker that dies before leaves a lease that runs out, and the
batch goes again. What is not taken is tried again without end, and an alert tells when that has lasted for an hour.
"""

import datetime as dt
import os
import uuid
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from tenantry.audit.actions import About, record
from tenantry.audit.chain.anchors import append, line_of, mark_of, take
from tenantry.audit.models import Anchor
from tenantry.custody.events import CustodyEvent
from tenantry.custody.models import Keeper, KeeperKind
from tenantry.kit import clock
from tenantry.kit.actor import system
from tenantry.kit.syslog_servers import syslog_servers_of
from tenantry.notifications.actions import raise_alert, resolve_alert
from tenantry.notifications.models import AlertKind, Severity
from tenantry.notifications.policies import next_try_at
from tenantry.notifications.sending import NotDelivered, mail
from tenantry.streams import syslog
from tenantry.streams.models import StreamKind

BATCH: Final = 500
"""Anchors of one message."""
BATCHES: Final = 50
"""Of one run; the next goes on."""
LEASE: Final = dt.timedelta(minutes=5)
"""Longer than one batch can take; it is renewed with each."""
ALERT_AFTER: Final = dt.timedelta(hours=1)
"""A receiver that has not been reached for so long is told."""
MAIL_EVERY: Final = dt.timedelta(days=1)
"""A mail an hour is read by nobody."""
_ACTOR: Final = system("anchors")
_KINDS: Final = {"tls": StreamKind.SYSLOG_TLS, "tcp": StreamKind.SYSLOG_TCP, "udp": StreamKind.SYSLOG_UDP}


def wanted() -> list[tuple[KeeperKind, str]]:
    """Who is to be given anchors, by the settings."""
    return [
        (KeeperKind.FILE, settings.AUDIT_ANCHOR_FILE),
        *((KeeperKind.SYSLOG, str(server)) for server in settings.AUDIT_ANCHOR_SYSLOG),
        *((KeeperKind.MAIL, address) for address in settings.AUDIT_ANCHOR_MAIL),
    ]


def keepers() -> list[Keeper]:
    """Who is given anchors, after the settings were looked at: a change of them stands in the record.

    Somebody new gets the newest anchors at once, and every one from then on.
    """
    names = wanted()
    with transaction.atomic():
        known = {(keeper.kind, keeper.target): keeper for keeper in Keeper.objects.select_for_update()}
        for (kind, target), keeper in known.items():
            if (kind, target) not in names:
                record(actor=_ACTOR, action=CustodyEvent.KEEPER_REMOVED, about=_about(keeper))
                resolve_alert(
                    tenant_id=None, kind=AlertKind.RECORD, key=_key(keeper), is_final=True,
                    resolution="No setting names this receiver of anchors any more.",
                )  # fmt: skip
                keeper.delete()
        for kind, target in names:
            if (kind, target) in known:
                continue
            keeper = Keeper(kind=kind, target=target, cursor=_before_the_newest())
            keeper.added_at = keeper.next_try_at = clock.now()
            keeper.save(force_insert=True)
            record(actor=_ACTOR, action=CustodyEvent.KEEPER_ADDED, about=_about(keeper))
    return list(Keeper.objects.order_by("kind", "target"))


def take_and_hand_over(*, is_asked_for: bool = False) -> int:
    """Take an anchor, and hand over what waits; returns how many chains have a new anchor.

    Args:
        is_asked_for: somebody wants it now: neither a pause after a failure nor the rhythm of mail is waited for.
    """
    count = len(take())
    for keeper in keepers():
        if is_asked_for:
            Keeper.objects.filter(pk=keeper.pk).update(next_try_at=clock.now())
        hand_over(keeper.pk)
    return count


def hand_over(keeper_id: uuid.UUID) -> int:
    """Give one receiver what it has not had; returns how many anchors it took. Nothing when another worker does it."""
    now, lease = clock.now(), uuid.uuid4()
    free = Keeper.objects.filter(Q(leased_until=None) | Q(leased_until__lte=now), pk=keeper_id, next_try_at__lte=now)
    if not free.update(lease=lease, leased_until=now + LEASE):
        return 0
    keeper = Keeper.objects.get(pk=keeper_id)
    ours = Keeper.objects.filter(pk=keeper_id, lease=lease)
    count = 0
    for _ in range(BATCHES):
        anchors = list(Anchor.objects.filter(pk__gt=keeper.cursor).order_by("pk")[:BATCH])
        if not anchors:
            break
        try:
            outcome = _send(keeper, anchors)
        except NotDelivered as error:
            _note_failure(keeper, ours, error.words)
            break
        keeper.cursor = anchors[-1].pk
        now = clock.now()
        is_still_ours = ours.update(
            cursor=keeper.cursor,
            attempts=0,
            failing_since=None,
            delivered_at=now,
            last_outcome=outcome[:300],
            leased_until=now + LEASE,
            next_try_at=now + MAIL_EVERY if keeper.kind == KeeperKind.MAIL else now,
        )
        if not is_still_ours:
            return count
        count += len(anchors)
    if count:
        resolve_alert(
            tenant_id=None, kind=AlertKind.RECORD, key=_key(keeper), resolution=f"{keeper.target} takes anchors again."
        )
    ours.update(leased_until=None, lease=None)
    return count


def _note_failure(keeper: Keeper, ours: QuerySet[Keeper], words: str) -> None:
    now = clock.now()
    since = keeper.failing_since or now
    with transaction.atomic():
        ours.update(
            attempts=keeper.attempts + 1,
            next_try_at=next_try_at(attempts=keeper.attempts + 1, now=now),
            failing_since=since,
            last_outcome=words[:300],
        )
        if now - since >= ALERT_AFTER:
            raise_alert(
                customer_id=None,
                tenant_id=None,
                kind=AlertKind.RECORD,
                key=_key(keeper),
                code="anchors_not_taken",
                severity=Severity.WARNING,
                title=f"Anchors of the record do not reach {keeper.target}"[:200],
                cause=f"Since {since:%Y-%m-%d %H:%M} UTC they are not taken there. {words}",
                fix="See that it can be reached, or name another in the settings. Nothing is lost: every anchor waits.",
                who="you, who run this console",
                link="/settings/record/",
            )


def _send(keeper: Keeper, anchors: list[Anchor]) -> str:
    marks = [mark_of(row) for row in anchors]
    if keeper.kind == KeeperKind.FILE:
        try:
            append(Path(keeper.target), marks)
        except OSError as error:
            raise NotDelivered(f"The file cannot be written: {os.strerror(error.errno or 0)}.") from error
        return "Written"
    if keeper.kind == KeeperKind.MAIL:
        return mail.send(
            # The same anchors have the same id whenever they are sent.
            delivery_id=str(uuid.uuid5(keeper.pk, f"{anchors[0].pk}-{anchors[-1].pk}")),
            subject=f"[Tenantry] Anchor of the record at {max(mark.sequence for mark in marks)}",
            text=_mail_of(b"".join(map(line_of, marks)).decode()),
            addresses=[keeper.target],
            on_sent=lambda _: None,
        )
    (server,) = syslog_servers_of(keeper.target, name="TENANTRY_AUDIT_ANCHOR_SYSLOG")
    hostname = urlsplit(settings.PUBLIC_URL).hostname or ""
    messages = [
        syslog.plain_message(line_of(mark).rstrip(), at=row.at, hostname=hostname, name="audit.anchor")
        for mark, row in zip(marks, anchors, strict=True)
    ]
    # Whoever sets this up runs the machine: its own syslog daemon is a common choice.
    return syslog.send(
        kind=_KINDS[server.transport], host=server.host, port=server.port, messages=messages, may_be_loopback=True
    )


def _mail_of(lines: str) -> str:
    return (
        f"These are heads of the chain over the record of {settings.PUBLIC_URL}.\n\n"
        "Keep this mail where those who run that console cannot change it. Saved to a file, it\n"
        "proves later that nothing up to here was changed or removed:\n\n    tenantry audit verify --anchors FILE\n\n"
        f"{lines}"
    )


def _before_the_newest() -> int:
    """The anchor before those that were taken together last."""
    newest = Anchor.objects.order_by("-pk").first()
    first = Anchor.objects.filter(at=newest.at).order_by("pk").first() if newest else None
    return first.pk - 1 if first else 0


def _key(keeper: Keeper) -> str:
    return f"anchors:{keeper.pk}"


def _about(keeper: Keeper) -> About:
    return About(target_kind="anchor receiver", target_id=str(keeper.pk), target_name=str(keeper)[:320])
