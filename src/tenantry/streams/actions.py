"""Adding and removing receivers, and handing the record over to them.

At least once: the cursor moves after a batch was taken. A worker that dies before leaves a lease that runs out, and the
batch goes again. Events are in order; each carries its `sequence`, by which a receiver drops what it has already.
"""

import contextlib
import datetime as dt
import uuid
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from tenantry.audit.actions import About, record
from tenantry.audit.chain.exporting import lines_after
from tenantry.audit.models import Link
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.notifications.policies import next_try_at, webhook_host
from tenantry.notifications.sending import NotDelivered, webhook
from tenantry.streams import syslog
from tenantry.streams.events import StreamEvent
from tenantry.streams.models import Attempt, Stream, StreamKind
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

BATCH: Final = 100
"""Events of one message to a webhook, and of one connection to a syslog server."""
BATCHES: Final = 50
"""Of one run; the next sweep goes on."""
LEASE: Final = dt.timedelta(minutes=5)
"""Longer than one batch can take; it is renewed with each."""
KEPT_ATTEMPTS: Final = 500
"""Of each receiver."""
_TABLE: Final = "streams_stream"
_LAST_PORT: Final = 65_535


def add_webhook(*, actor: Actor, technician: Technician, url: str, whole: bool) -> tuple[Stream, Secret]:
    """Post the record there from now on; returns the signing secret, to be shown once.

    Args:
        actor: who does it.
        technician: the same, for the permission.
        url: the receiver.
        whole: send what is recorded already, too.

    Raises:
        NotAllowed: the technician may not.
        Invalid: the address cannot be used.
    """
    require_permission(technician, Permission.SETTINGS_AUDIT)
    host = webhook_host(url.strip(), may_be_loopback=settings.IS_DEMO)
    secret = webhook.new_secret()
    stream = Stream(kind=StreamKind.WEBHOOK, target=host[:300])
    stream.url_sealed = seal(Secret(url.strip()), table=_TABLE, row=stream.pk, column="url_sealed")
    stream.secret_sealed = seal(secret, table=_TABLE, row=stream.pk, column="secret_sealed")
    _add(stream, actor, whole=whole)
    return stream, secret


def add_syslog(*, actor: Actor, technician: Technician, kind: StreamKind, host: str, port: int, whole: bool) -> Stream:
    """Send the record to a syslog server from now on. Arguments and refusals as with `add_webhook`."""
    require_permission(technician, Permission.SETTINGS_AUDIT)
    wanted = host.strip()
    # The rules of a webhook's host hold here too; its port is checked beside.
    webhook_host(f"https://{f'[{wanted}]' if ':' in wanted else wanted}/", may_be_loopback=settings.IS_DEMO)
    if urlsplit(f"//{wanted}").path or not 0 < port <= _LAST_PORT:
        raise Invalid("Enter the host alone, and a port from 1 to 65535.", field="host")
    if kind == StreamKind.WEBHOOK:
        raise Invalid("Choose how the syslog server is spoken to.", field="kind")
    stream = Stream(kind=kind, target=f"{wanted}:{port}", host=wanted, port=port)
    _add(stream, actor, whole=whole)
    return stream


def remove(*, actor: Actor, technician: Technician, stream_id: uuid.UUID) -> None:
    """Send nothing more there.

    Raises:
        NotAllowed: the technician may not.
        NotHere: no such stream.
    """
    require_permission(technician, Permission.SETTINGS_AUDIT)
    with transaction.atomic():
        stream = Stream.objects.select_for_update().filter(pk=stream_id).first()
        if stream is None:
            raise NotHere("There is no such stream.")
        record(actor=actor, action=StreamEvent.REMOVED, about=_about(stream))
        stream.delete()


def try_now(*, technician: Technician, stream_id: uuid.UUID) -> None:
    """Do not wait for the end of the pause: the worker tries within seconds.

    Raises:
        NotAllowed: the technician may not.
        NotHere: no such stream.
    """
    require_permission(technician, Permission.SETTINGS_AUDIT)
    if not Stream.objects.filter(pk=stream_id).update(next_try_at=clock.now()):
        raise NotHere("There is no such stream.")


def hand_over(stream_id: uuid.UUID) -> int:
    """Send what the receiver has not had; returns how many events were taken. Nothing when another worker does it."""
    now, lease = clock.now(), uuid.uuid4()
    free = Stream.objects.filter(Q(leased_until=None) | Q(leased_until__lte=now), pk=stream_id, next_try_at__lte=now)
    if not free.update(lease=lease, leased_until=now + LEASE):
        return 0
    stream = Stream.objects.get(pk=stream_id)
    ours = Stream.objects.filter(pk=stream_id, lease=lease)
    count = 0
    for _ in range(BATCHES):
        events = lines_after(stream.cursor, most=BATCH)
        if not events:
            break
        try:
            outcome = _send(stream, events)
        except NotDelivered as error:
            _note(stream, events, is_taken=False, outcome=error.words)
            attempts = stream.attempts + 1
            now = clock.now()
            ours.update(
                attempts=attempts,
                next_try_at=next_try_at(attempts=attempts, now=now),
                failing_since=stream.failing_since or now,
                last_outcome=error.words[:300],
            )
            break
        stream.cursor, stream.attempts, stream.failing_since = events[-1][0], 0, None
        now = clock.now()
        is_still_ours = ours.update(
            cursor=stream.cursor,
            attempts=0,
            failing_since=None,
            delivered_at=now,
            last_outcome=outcome[:300],
            leased_until=now + LEASE,
        )
        if not is_still_ours:
            return count
        _note(stream, events, is_taken=True, outcome=outcome)
        count += len(events)
    ours.update(leased_until=None, lease=None)
    return count


def forget_attempts() -> int:
    """Drop all but the newest attempts of each receiver; returns how many."""
    dropped = 0
    for stream in Stream.objects.all():
        rows = Attempt.objects.filter(stream=stream).order_by("-id")
        oldest = rows.values_list("pk", flat=True)[KEPT_ATTEMPTS - 1 : KEPT_ATTEMPTS].first()
        if oldest is not None:
            dropped += rows.filter(pk__lt=oldest).delete()[0]
    return dropped


def _note(stream: Stream, events: list[tuple[int, bytes]], *, is_taken: bool, outcome: str) -> None:
    """Write an attempt down. A stream that was removed meanwhile has no log any more."""
    first, last = events[0][0], events[-1][0]
    with contextlib.suppress(IntegrityError), transaction.atomic():
        Attempt.objects.create(
            stream=stream,
            attempted_at=clock.now(),
            first=first,
            last=last,
            events=len(events),
            is_taken=is_taken,
            outcome=outcome[:300],
            delivery_id=_delivery_id(stream, first, last) if stream.kind == StreamKind.WEBHOOK else None,
        )


def _delivery_id(stream: Stream, first: int, last: int) -> uuid.UUID:
    """The same events have the same id whenever they are sent."""
    return uuid.uuid5(stream.pk, f"{first}-{last}")


def _send(stream: Stream, events: list[tuple[int, bytes]]) -> str:
    lines = [line.rstrip(b"\n") for _, line in events]
    if stream.kind != StreamKind.WEBHOOK:
        hostname = urlsplit(settings.PUBLIC_URL).hostname or ""
        messages = [syslog.message_of(line, hostname=hostname) for line in lines]
        return syslog.send(kind=StreamKind(stream.kind), host=stream.host, port=stream.port, messages=messages)
    first, last = events[0][0], events[-1][0]
    head = f'{{"type":"audit.events","timestamp":"{clock.now().isoformat()}","data":{{"first":{first},"last":{last},'
    body = head.encode() + b'"events":[' + b",".join(lines) + b"]}}"
    return webhook.post(
        url=_opened(stream, "url_sealed"),
        secret=_opened(stream, "secret_sealed"),
        delivery_id=str(_delivery_id(stream, first, last)),
        body=body,
    )


def _opened(stream: Stream, column: str) -> Secret:
    try:
        return unseal(bytes(getattr(stream, column) or b""), table=_TABLE, row=stream.pk, column=column)
    except CannotUnseal as error:
        raise NotDelivered("The address and secret cannot be opened with the console's present keyset.") from error


def _add(stream: Stream, actor: Actor, *, whole: bool) -> None:
    head = Link.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    stream.cursor = 0 if whole else head or 0
    stream.created_at = stream.next_try_at = clock.now()
    stream.created_by = actor.name[:200]
    with transaction.atomic():
        stream.save(force_insert=True)
        record(actor=actor, action=StreamEvent.ADDED, about=_about(stream), details={"from_the_beginning": whole})


def _about(stream: Stream) -> About:
    return About(target_kind="stream", target_id=str(stream.pk), target_name=str(stream)[:200])
