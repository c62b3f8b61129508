"""Events and the chain over them. The database refuses to change or delete either (see migrations 0002 and 0003)."""

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


class Link(models.Model):
    """An event's place in the chain over everything, and in its customer's. Its hashes: see `chain.canonical`."""

    sequence = models.BigIntegerField(primary_key=True)  # 1, 2, 3 ... without a gap
    event_id = models.BigIntegerField(unique=True)
    customer_id = models.UUIDField(null=True)
    customer_sequence = models.BigIntegerField(null=True)  # 1, 2, 3 ... of the customer, without a gap
    sealed_at = models.DateTimeField()
    form = models.SmallIntegerField()  # of the canonical bytes
    digest = models.BinaryField(max_length=32)
    customer_hash = models.BinaryField(max_length=32, null=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer_id", "customer_sequence"], name="audit_link_of_customer"),
            models.CheckConstraint(
                condition=models.Q(customer_id__isnull=True, customer_sequence__isnull=True, customer_hash__isnull=True)
                | models.Q(customer_id__isnull=False, customer_sequence__isnull=False, customer_hash__isnull=False),
                name="audit_link_of_a_customer_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence}: event {self.event_id}"


class Unsealed(models.Model):
    """Events that wait for their link. The database itself writes this list; only sealing shortens it."""

    event_id = models.BigIntegerField(primary_key=True)

    class Meta:
        verbose_name_plural = "unsealed"

    def __str__(self) -> str:
        return f"event {self.event_id}"


class Checkpoint(models.Model):
    """Where the chain goes on after a pruning: the last link that was removed."""

    sequence = models.BigIntegerField(primary_key=True)
    hash = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()
    events = models.BigIntegerField()  # how many were removed

    def __str__(self) -> str:
        return f"pruned up to {self.sequence}"


class CustomerCheckpoint(models.Model):
    """The same for a customer's chain."""

    id = models.BigAutoField(primary_key=True)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT)
    customer_id = models.UUIDField()
    customer_sequence = models.BigIntegerField()
    customer_hash = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["customer_id", "-customer_sequence"], name="audit_customer_checkpoint")]

    def __str__(self) -> str:
        return f"customer {self.customer_id} up to {self.customer_sequence}"


class Anchor(models.Model):
    """A copy of a head of the chain. The copies that count are kept elsewhere; this one tells when they were made."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.UUIDField(null=True)  # None: the chain over everything
    sequence = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer_id", "-sequence"], name="audit_anchor_newest")]

    def __str__(self) -> str:
        return f"{self.sequence} at {self.at}"
