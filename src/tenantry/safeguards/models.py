"""Rules that were changed, accounts marked for emergencies, and requests that wait for a second technician."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class StoredRule(models.Model):
    """A rule that differs from the default (`policies.DEFAULTS`)."""

    target_class = models.CharField(max_length=24)
    deed = models.CharField(max_length=24)
    roles = ArrayField(models.CharField(max_length=16))
    step_up = models.BooleanField()
    strength = models.PositiveSmallIntegerField()
    needs_approval = models.BooleanField()
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target_class", "deed"], name="safeguards_one_rule_each")]

    def __str__(self) -> str:
        return f"{self.deed} on {self.target_class}"


class EmergencyAccount(models.Model):
    """An account of a tenant that is kept for emergencies (break-glass)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE)
    object_id = models.UUIDField()
    justification = models.TextField()
    marked_at = models.DateTimeField()
    marked_by = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "object_id"], name="safeguards_marked_once")]

    def __str__(self) -> str:
        return str(self.object_id)


class ApprovalState(models.TextChoices):
    """How far a request is. Each but the first is final."""

    PENDING = "pending", "Waiting for approval"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Denied"
    WITHDRAWN = "withdrawn", "Withdrawn"
    EXPIRED = "expired", "Expired"


class ApprovalRequest(models.Model):
    """Something a technician asked for that a second one must agree to. It is done in the moment of the approval."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    confirmation_id = models.UUIDField(unique=True)  # the page that asked: the same one posted twice is one request
    kind = models.CharField(max_length=40)  # who carries it out: a name in `registry`
    state = models.CharField(max_length=12, choices=ApprovalState, default=ApprovalState.PENDING)
    requester = models.ForeignKey("technicians.Technician", on_delete=models.PROTECT, related_name="+")
    requester_name = models.CharField(max_length=200)
    requester_address = models.CharField(max_length=64, blank=True)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(max_length=200)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    object_id = models.UUIDField()
    target_name = models.CharField(max_length=320)
    target_class = models.CharField(max_length=24)
    deed = models.CharField(max_length=24)
    # What the approver sees, and all that will be done: [[label, text], ...]
    lines = models.JSONField()
    payload = models.JSONField()
    secret_sealed = models.BinaryField(null=True)  # erased with the decision
    justification = models.TextField()
    ticket = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("technicians.Technician", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    result_url = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="safeguards_pending", condition=models.Q(state="pending")),
            models.Index(fields=["customer", "-requested_at"], name="safeguards_of_customer"),
            models.Index(fields=["tenant", "object_id"], name="safeguards_of_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | ~models.Q(decided_by=models.F("requester"))
                | ~models.Q(state="approved"),
                name="safeguards_never_ones_own",
            )
        ]

    def __str__(self) -> str:
        return f"{self.deed}: {self.target_name}"
