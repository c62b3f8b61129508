"""Alerts, the channels that carry them, and each message on its way.

An alert is open until what it tells is over. Each change of it is numbered; a delivery is one such change on its way
through one channel, with the message as it was when the change happened.
"""

import uuid

from django.db import models
from django.db.models.functions import Coalesce

NO_TENANT = uuid.UUID(int=0)
"""Stands for "the whole deployment" where a unique index needs a value."""


class AlertKind(models.TextChoices):
    """What an alert is about. One (tenant, kind, key) has at most one open alert."""

    CONNECTION = "connection", "Connection"
    OUR_CREDENTIAL = "our_credential", "Our credential"
    TENANT_GONE = "tenant_gone", "Tenant gone"
    ROLE_END_NEAR = "role_end_near", "Role ends soon"
    LICENCE_LOST = "licence_lost", "Licence lost"
    APP_RENAMED = "app_renamed", "Enterprise app renamed"
    CREDENTIAL_EXPIRING = "credential_expiring", "Our credential expires soon"
    EMERGENCY_STOP = "emergency_stop", "Emergency stop"
    RECORD = "record", "The record"
    PIM_BECAME_AVAILABLE = "pim_became_available", "PIM became available"


class Severity(models.TextChoices):
    """How much it matters."""

    CRITICAL = "critical", "Critical"
    WARNING = "warning", "Warning"
    INFO = "info", "Information"


class AlertState(models.TextChoices):
    """Whether it is still so."""

    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved"


class Alert(models.Model):
    """Something that changed and that somebody should know. Names are kept as they were, as in the record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=24, choices=AlertKind)
    key = models.CharField(max_length=120, blank=True)  # what of the tenant: an app, a role assignment, a certificate
    customer_id = models.UUIDField(null=True)  # None: the whole deployment
    customer_name = models.CharField(max_length=200, blank=True)
    tenant_id = models.UUIDField(null=True)
    tenant_name = models.CharField(max_length=256, blank=True)
    severity = models.CharField(max_length=8, choices=Severity)
    state = models.CharField(max_length=8, choices=AlertState, default=AlertState.OPEN)
    code = models.CharField(max_length=80, blank=True)  # stable name of the cause; another one is a change
    title = models.CharField(max_length=200)
    cause = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    who = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=300, blank=True)  # path in this console
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.TextField(blank=True)
    told_at = models.DateTimeField(null=True)  # until then a resolution is held back, and a return reopens this row
    returns = models.PositiveIntegerField(default=0)  # how often it came back within a day
    number = models.PositiveIntegerField(default=0)  # of the last change that was told
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Coalesce("tenant_id", models.Value(NO_TENANT)),
                "kind",
                "key",
                name="notifications_one_open_alert",
                condition=models.Q(state="open"),
            )
        ]
        indexes = [
            models.Index(fields=["state", "-opened_at", "-id"], name="notifications_alert_newest"),
            models.Index(fields=["customer_id", "-opened_at"], name="notifications_alert_customer"),
            models.Index(fields=["kind", "tenant_id", "-resolved_at"], name="notifications_alert_subject"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def tone(self) -> str:
        """The state colour that repeats the words."""
        if self.state == AlertState.RESOLVED:
            return "good"
        return {Severity.CRITICAL: "bad", Severity.WARNING: "wait"}.get(Severity(self.severity), "info")


class ChannelKind(models.TextChoices):
    """How a channel carries messages."""

    MAIL = "mail", "Mail"
    WEBHOOK = "webhook", "Webhook"


class AlertChannel(models.Model):
    """Where alerts go. A webhook's address may hold a token, so it is sealed like its signing secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=ChannelKind)
    addresses = models.JSONField(default=list, blank=True)  # mail
    target = models.CharField(max_length=500)  # what screens show: the addresses, or the webhook's host
    target_digest = models.BinaryField(max_length=32, unique=True)  # the same target is not added twice
    url_sealed = models.BinaryField(null=True)  # webhook
    secret_sealed = models.BinaryField(null=True)  # webhook
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    delivered_at = models.DateTimeField(null=True)  # last success
    failing_since = models.DateTimeField(null=True)  # None: the last attempt worked, or there was none
    last_outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.target}"


class MessageEvent(models.TextChoices):
    """What a message tells."""

    OPENED = "opened", "Opened"
    CHANGED = "changed", "Changed"
    RESOLVED = "resolved", "Resolved"
    TEST = "test", "Test"


class DeliveryState(models.TextChoices):
    """Where a message stands."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
    DROPPED = "dropped", "Not needed any more"


class Delivery(models.Model):
    """One message through one channel. Its id travels with it, so that a receiver can drop a repetition."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE)
    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE)  # None: a test
    event = models.CharField(max_length=8, choices=MessageEvent)
    number = models.PositiveIntegerField(default=0)  # of the alert's change
    message = models.JSONField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    reached = models.JSONField(default=list, blank=True)  # mail: addresses that have it already
    outcome = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["channel", "alert", "number"], name="notifications_one_message_per_change")
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                name="notifications_delivery_due",
                condition=models.Q(state__in=["waiting", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} through {self.channel_id}"
