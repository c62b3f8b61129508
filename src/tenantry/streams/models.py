"""Where the record is sent to, and how far each receiver is."""

import uuid

from django.db import models


class StreamKind(models.TextChoices):
    """How a receiver is spoken to."""

    WEBHOOK = "webhook", "Webhook"
    SYSLOG_TLS = "syslog_tls", "Syslog over TLS"
    SYSLOG_TCP = "syslog_tcp", "Syslog over TCP"
    SYSLOG_UDP = "syslog_udp", "Syslog over UDP"


class Stream(models.Model):
    """One receiver. `cursor` is the place in the chain up to which everything was handed over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=StreamKind)
    target = models.CharField(max_length=300)  # what screens show: host and port
    host = models.CharField(max_length=253, blank=True)  # syslog
    port = models.PositiveIntegerField(default=0)  # syslog
    url_sealed = models.BinaryField(null=True)  # webhook: its address may hold a token
    secret_sealed = models.BinaryField(null=True)  # webhook
    cursor = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)  # failed ones, one after the other
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    delivered_at = models.DateTimeField(null=True)  # last success
    failing_since = models.DateTimeField(null=True)  # None: the last attempt worked, or there was none
    last_outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.target}"


class Attempt(models.Model):
    """One message to a receiver, or one connection, and what came of it. Kept for the newest few hundred."""

    id = models.BigAutoField(primary_key=True)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE)
    attempted_at = models.DateTimeField()
    first = models.BigIntegerField()  # places in the chain
    last = models.BigIntegerField()
    events = models.PositiveIntegerField()
    is_taken = models.BooleanField()
    outcome = models.CharField(max_length=300)
    delivery_id = models.UUIDField(null=True)  # of a webhook: its header `webhook-id`

    class Meta:
        indexes = [models.Index(fields=["stream", "-id"], name="streams_attempts")]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}: {self.outcome}"
