"""Tokens, and the answers that were given under an idempotency key."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ApiToken(models.Model):
    """A program's token, of a technician or a service account. Only a digest is stored: 256 random bits suffice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    technician = models.ForeignKey("technicians.Technician", on_delete=models.CASCADE, related_name="api_tokens")
    # Who made it for a service account and so held it in their hands; None: the technician themselves
    made_by = models.ForeignKey(
        "technicians.Technician", null=True, on_delete=models.PROTECT, related_name="api_tokens_made"
    )
    name = models.CharField(max_length=60)
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=8)  # its first characters, to tell it from others
    permissions = ArrayField(models.CharField(max_length=64))
    # None: every customer of the technician's. A group that is gone leaves its id here, which then matches nothing.
    customer_group_ids = ArrayField(models.UUIDField(), null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class KeptAnswer(models.Model):
    """What was answered to a write under an idempotency key. Its id is that of the confirmation of what was done."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE)
    key = models.CharField(max_length=128)
    fingerprint = models.BinaryField(max_length=32)  # of method, address and body, keyed
    status = models.PositiveSmallIntegerField(null=True)  # null until there is an answer
    body = models.JSONField(null=True)
    location = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="api_one_answer_per_key")]

    def __str__(self) -> str:
        return self.key
