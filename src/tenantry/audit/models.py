"""Events. The database refuses to change or delete one (see migration 0002)."""

from django.db import models


class Kind(models.TextChoices):
    """What an event says."""

    INTENT = "intent", "Intent"  # something is about to be done to a tenant
    OUTCOME = "outcome", "Outcome"  # what became of an intent; the newest one counts
    FACT = "fact", "Fact"  # something that happened on our side only


class Result(models.TextChoices):
    """How an intent ended, as far as is known."""

    DONE = "done", "Done, read back"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown outcome"
    NONE = "", "Not ended"


class Event(models.Model):
    """One line of the record. Names are copies, so that the record stays readable after a rename or removal."""

    id = models.BigAutoField(primary_key=True)
    recorded_at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind)
    intent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="outcomes")
    action = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=200)
    actor_address = models.CharField(max_length=64, blank=True)
    customer_id = models.UUIDField(null=True)
    customer_name = models.CharField(max_length=200, blank=True)
    tenant_id = models.UUIDField(null=True)
    target_kind = models.CharField(max_length=32, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=320, blank=True)
    justification = models.TextField(blank=True)
    ticket = models.CharField(max_length=64, blank=True)
    result = models.CharField(max_length=8, choices=Result, blank=True)
    summary = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    exchanges = models.JSONField(default=list)  # request ids of Graph: [{client_request_id, request_id, status}]

    class Meta:
        indexes = [
            models.Index(fields=["-id"], name="audit_newest", condition=~models.Q(kind="outcome")),
            models.Index(fields=["customer_id", "-id"], name="audit_customer", condition=~models.Q(kind="outcome")),
            models.Index(fields=["intent", "-id"], name="audit_outcome", condition=models.Q(kind="outcome")),
            models.Index(fields=["target_id", "-id"], name="audit_target", condition=~models.Q(kind="outcome")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="outcome", intent__isnull=False)
                | (~models.Q(kind="outcome") & models.Q(intent__isnull=True)),
                name="audit_outcomes_belong_to_an_intent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_name}".strip()
