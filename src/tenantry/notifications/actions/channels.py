"""Where alerts go. Owners only: whoever adds a channel reads what happens to every customer."""

import hashlib
import hmac
import json
import uuid
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from tenantry.audit.actions import About, record
from tenantry.audit.models import Result
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotAllowed, NotHere
from tenantry.kit.sealed import Secret, seal
from tenantry.notifications.actions.delivering import LEASE, attempt
from tenantry.notifications.events import NotificationEvent
from tenantry.notifications.messages import test_message
from tenantry.notifications.models import AlertChannel, ChannelKind, Delivery, DeliveryState, MessageEvent
from tenantry.notifications.policies import webhook_host
from tenantry.notifications.sending import mail, webhook
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

MOST_ADDRESSES: Final = 20
_LONGEST_TARGET: Final = 500
_TABLE: Final = "notifications_alertchannel"


def add_mail(*, actor: Actor, technician: Technician, addresses: list[str]) -> AlertChannel:
    """Send alerts to these addresses from now on.

    Raises:
        NotAllowed: not an owner, or no mail server is set.
        Invalid: no address, too many, or one that cannot be; or there is such a channel.
    """
    require_permission(technician, Permission.SETTINGS_CHANNELS)
    if not mail.is_set_up():
        raise NotAllowed(
            "This console has no mail server.",
            remedy="Set TENANTRY_MAIL_URL and TENANTRY_MAIL_FROM, and start it anew.",
            who="you, who run this console",
            code="no_mail_server",
        )
    wanted = list(dict.fromkeys(address.strip() for address in addresses if address.strip()))
    if not wanted:
        raise Invalid("Enter an address.", field="addresses")
    if len(wanted) > MOST_ADDRESSES:
        raise Invalid(f"At most {MOST_ADDRESSES} addresses in one channel; use a mailing list.", field="addresses")
    for address in wanted:
        try:
            validate_email(address)
        except ValidationError as error:
            raise Invalid(f"“{address[:80]}” is no mail address.", field="addresses") from error
    shown = ", ".join(wanted)
    channel = AlertChannel(
        kind=ChannelKind.MAIL,
        addresses=wanted,
        target=shown if len(shown) <= _LONGEST_TARGET else f"{wanted[0]} and {len(wanted) - 1} more",
        target_digest=_digest(ChannelKind.MAIL, json.dumps(sorted(address.lower() for address in wanted))),
    )
    _add(channel, actor, field="addresses")
    return channel


def add_webhook(*, actor: Actor, technician: Technician, url: str) -> tuple[AlertChannel, Secret]:
    """Post alerts to this address from now on; returns the signing secret, to be shown once.

    Raises:
        NotAllowed: not an owner.
        Invalid: the address cannot be used, or there is such a channel.
    """
    require_permission(technician, Permission.SETTINGS_CHANNELS)
    host = webhook_host(url.strip(), may_be_loopback=settings.IS_DEMO)
    secret = webhook.new_secret()
    channel = AlertChannel(
        kind=ChannelKind.WEBHOOK, target=host, target_digest=_digest(ChannelKind.WEBHOOK, url.strip())
    )
    channel.url_sealed = seal(Secret(url.strip()), table=_TABLE, row=channel.pk, column="url_sealed")
    channel.secret_sealed = seal(secret, table=_TABLE, row=channel.pk, column="secret_sealed")
    _add(channel, actor, field="url")
    return channel, secret


def renew_secret(*, actor: Actor, technician: Technician, channel_id: uuid.UUID) -> tuple[AlertChannel, Secret]:
    """Sign with a new secret from now on; returns it, to be shown once. The old one is gone.

    Raises:
        NotAllowed: not an owner.
        NotHere: no such webhook.
    """
    require_permission(technician, Permission.SETTINGS_CHANNELS)
    secret = webhook.new_secret()
    with transaction.atomic():
        channel = _locked(channel_id)
        if channel.kind != ChannelKind.WEBHOOK:
            raise NotHere("There is no such webhook.")
        channel.secret_sealed = seal(secret, table=_TABLE, row=channel.pk, column="secret_sealed")
        channel.save(update_fields=["secret_sealed"])
        record(actor=actor, action=NotificationEvent.SECRET_RENEWED, about=_about(channel))
    return channel, secret


def remove_channel(*, actor: Actor, technician: Technician, channel_id: uuid.UUID) -> None:
    """Send nothing more through it; messages on their way are dropped.

    Raises:
        NotAllowed: not an owner.
        NotHere: no such channel.
    """
    require_permission(technician, Permission.SETTINGS_CHANNELS)
    with transaction.atomic():
        channel = _locked(channel_id)
        record(actor=actor, action=NotificationEvent.CHANNEL_REMOVED, about=_about(channel))
        channel.delete()


def send_test(*, actor: Actor, technician: Technician, channel_id: uuid.UUID) -> Delivery:
    """Send a real message now and tell how it went; it is not tried again.

    Raises:
        NotAllowed: not an owner.
        NotHere: no such channel.
    """
    require_permission(technician, Permission.SETTINGS_CHANNELS)
    now = clock.now()
    with transaction.atomic():
        channel = _locked(channel_id)
        delivery = Delivery.objects.create(
            channel=channel,
            event=MessageEvent.TEST,
            message=test_message(at=now, by=actor.name),
            state=DeliveryState.SENDING,
            attempts=1,
            next_try_at=now,
            leased_until=now + LEASE,
            created_at=now,
        )
    is_taken = attempt(delivery, is_last=True)
    delivery.refresh_from_db()
    record(
        actor=actor,
        action=NotificationEvent.CHANNEL_TESTED,
        about=_about(channel),
        result=Result.DONE if is_taken else Result.FAILED,
        summary=delivery.outcome,
    )
    return delivery


def _add(channel: AlertChannel, actor: Actor, *, field: str) -> None:
    channel.created_at = clock.now()
    channel.created_by = actor.name[:200]
    try:
        with transaction.atomic():
            channel.save(force_insert=True)
            record(actor=actor, action=NotificationEvent.CHANNEL_ADDED, about=_about(channel))
    except IntegrityError as error:
        raise Invalid("Alerts go there already.", field=field) from error


def _digest(kind: str, target: str) -> bytes:
    """Tells the same target again without keeping it: an address may hold a token, so the digest has a key."""
    return hmac.new(settings.SECRET_KEY.encode(), f"tenantry.channel {kind} {target}".encode(), hashlib.sha256).digest()


def _locked(channel_id: uuid.UUID) -> AlertChannel:
    channel = AlertChannel.objects.select_for_update().filter(pk=channel_id).first()
    if channel is None:
        raise NotHere("There is no such channel.")
    return channel


def _about(channel: AlertChannel) -> About:
    return About(target_kind="channel", target_id=str(channel.pk), target_name=str(channel)[:200])
