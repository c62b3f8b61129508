"""One attempt to hand a message over: claimed by exactly one worker, recorded whatever comes of it.

At least once: a worker that dies between sending and recording leaves a lease that runs out, and the message goes
again under the same id.
"""

import datetime as dt
import logging
import uuid
from typing import Final

import orjson
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tenantry.audit.actions import About, record
from tenantry.audit.models import Result
from tenantry.kit import clock, jobs
from tenantry.kit.actor import system
from tenantry.kit.sealed import CannotUnseal, Secret, unseal
from tenantry.notifications.events import NotificationEvent
from tenantry.notifications.messages import subject_of, text_of
from tenantry.notifications.models import AlertChannel, ChannelKind, Delivery, DeliveryState
from tenantry.notifications.policies import GIVE_UP_AFTER, next_try_at
from tenantry.notifications.sending import NotDelivered, mail, webhook

DELIVER_JOB: Final = "notifications.deliver"
LEASE: Final = dt.timedelta(minutes=5)
"""Longer than any attempt can take, many addresses on a slow mail server included."""
_TABLE: Final = "notifications_alertchannel"
_SENDER: Final = system("alerts")
_log = logging.getLogger(__name__)


def enqueue_delivery(delivery_id: uuid.UUID) -> None:
    """Put an attempt in; while one waits, further ones are dropped."""
    jobs.enqueue(DELIVER_JOB, once=f"{DELIVER_JOB}:{delivery_id}", delivery_id=str(delivery_id))


def due(now: dt.datetime) -> QuerySet[Delivery]:
    """Messages that may go now: their time has come, nobody has them in hand, and no earlier one is still on its way.

    Through one channel the changes of one alert go in order: nobody hears that it is over before that it began.
    """
    earlier = Delivery.objects.filter(
        channel=OuterRef("channel"),
        alert=OuterRef("alert"),
        number__lt=OuterRef("number"),
        state__in=[DeliveryState.WAITING, DeliveryState.SENDING],
    )
    return Delivery.objects.filter(
        Q(state=DeliveryState.WAITING, next_try_at__lte=now) | Q(state=DeliveryState.SENDING, leased_until__lte=now),
        ~Exists(earlier),
    )


def deliver(*, delivery_id: uuid.UUID) -> None:
    """Try once. Does nothing when it is not due, in other hands, or gone with its channel."""
    now = clock.now()
    claimed = due(now).filter(pk=delivery_id)
    if not claimed.update(state=DeliveryState.SENDING, leased_until=now + LEASE, attempts=F("attempts") + 1):
        return
    delivery = Delivery.objects.select_related("channel").filter(pk=delivery_id).first()
    if delivery is not None:
        attempt(delivery, is_last=False)


def attempt(delivery: Delivery, *, is_last: bool) -> bool:
    """Send a claimed message and write down what came of it; returns whether it was taken.

    Args:
        delivery: claimed by the caller, with its channel.
        is_last: a failure is final (a test while somebody waits).
    """
    try:
        outcome = _send(delivery)
    except NotDelivered as error:
        _note_failure(delivery, error.words[:300], is_last=is_last)
        return False
    now = clock.now()
    with transaction.atomic():
        _end(delivery, DeliveryState.DELIVERED, outcome, now)
        AlertChannel.objects.filter(pk=delivery.channel_id).update(
            delivered_at=now, failing_since=None, last_outcome=outcome[:300]
        )
    return True


def _send(delivery: Delivery) -> str:
    channel = delivery.channel
    if channel.kind == ChannelKind.MAIL:
        return mail.send(
            delivery_id=str(delivery.pk),
            subject=subject_of(delivery.message),
            text=text_of(delivery.message),
            addresses=[address for address in channel.addresses if address not in delivery.reached],
            on_sent=lambda address: _note_reached(delivery, address),
        )
    body = orjson.dumps(
        {
            "type": f"alert.{delivery.event}",
            "timestamp": delivery.message["at"],
            "data": {"delivery": str(delivery.pk), **delivery.message},
        }
    )
    return webhook.post(
        url=_opened(channel, "url_sealed"),
        secret=_opened(channel, "secret_sealed"),
        delivery_id=str(delivery.pk),
        body=body,
    )


def _opened(channel: AlertChannel, column: str) -> Secret:
    """One of a webhook's two secrets."""
    try:
        return unseal(bytes(getattr(channel, column) or b""), table=_TABLE, row=channel.pk, column=column)
    except CannotUnseal as error:
        raise NotDelivered("The address and secret cannot be opened with the console's present keyset.") from error


def _note_reached(delivery: Delivery, address: str) -> None:
    delivery.reached = [*delivery.reached, address]
    delivery.save(update_fields=["reached"])


def _still_ours(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, unless the lease ran out and somebody else has it now: `attempts` tells."""
    return Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, attempts=delivery.attempts)


def _end(delivery: Delivery, state: DeliveryState, outcome: str, now: dt.datetime) -> None:
    _still_ours(delivery).update(state=state, outcome=outcome[:300], ended_at=now, leased_until=None)


def _note_failure(delivery: Delivery, words: str, *, is_last: bool) -> None:
    now = clock.now()
    channel = delivery.channel
    # The target is shown without path or token; neither it nor the words hold a secret.
    _log.warning("Alert %s not delivered through %s %s: %s", delivery.pk, channel.kind, channel.target, words)
    with transaction.atomic():
        AlertChannel.objects.filter(pk=channel.pk, failing_since=None).update(failing_since=now)
        AlertChannel.objects.filter(pk=channel.pk).update(last_outcome=words)
        is_given_up = now >= delivery.created_at + GIVE_UP_AFTER
        if not is_last and not is_given_up:
            _still_ours(delivery).update(
                state=DeliveryState.WAITING,
                outcome=words,
                leased_until=None,
                next_try_at=next_try_at(attempts=delivery.attempts, now=now),
            )
            return
        _end(delivery, DeliveryState.FAILED, words, now)
        if is_given_up:
            record(
                actor=_SENDER,
                action=NotificationEvent.DELIVERY_GIVEN_UP,
                about=About(target_kind="channel", target_id=str(channel.pk), target_name=channel.target[:200]),
                result=Result.FAILED,
                summary=f"{delivery.message['alert']['title']}: {words} Tried {delivery.attempts} times in a day.",
            )
