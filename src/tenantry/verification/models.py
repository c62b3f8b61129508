"""One attempt to verify a caller, the pass that comes of it, and who sends text messages for us."""

import uuid

from django.db import models


class State(models.TextChoices):
    """How far it is. Only PASSED is a pass; it is used once, or lapses."""

    WAITING = "waiting", "Waiting for the caller"
    PASSED = "passed", "Caller verified"
    USED = "used", "Pass used"
    LAPSED = "lapsed", "Pass not used in time"
    FAILED = "failed", "Not verified"
    DENIED = "denied", "Denied by the caller"
    TIMED_OUT = "timed_out", "No answer in time"
    NOT_SENT = "not_sent", "Could not be sent"
    STOPPED = "stopped", "Stopped"


class Verification(models.Model):
    """An attempt, bound to tenant, user, deed and ticket. No code and no link is kept in clear."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    method = models.CharField(max_length=20)
    technician = models.ForeignKey("technicians.Technician", on_delete=models.PROTECT, related_name="+")
    technician_name = models.CharField(max_length=200)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(max_length=200)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="+")
    object_id = models.UUIDField()
    target_name = models.CharField(max_length=320)  # user principal name
    person = models.CharField(max_length=256, blank=True)  # the user's display name
    voucher_id = models.UUIDField(null=True)  # object id of the manager who is asked to vouch
    voucher_name = models.CharField(max_length=256, blank=True)
    voucher_login = models.CharField(max_length=320, blank=True)  # user principal name
    deed = models.CharField(max_length=24)
    ticket = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=12, blank=True)  # shown to both sides; proves nothing by itself
    sent_to = models.CharField(max_length=320, blank=True)  # masked
    code_digest = models.BinaryField(null=True)
    token_digest = models.BinaryField(null=True, unique=True)  # of the caller's link
    token_sealed = models.BinaryField(null=True)  # for the technician's page, while it waits
    state_digest = models.BinaryField(null=True, unique=True)  # of the sign-in under way
    browser_digest = models.BinaryField(null=True)
    flow_sealed = models.BinaryField(null=True)
    provider_reference = models.CharField(max_length=64, blank=True)  # of a code that somebody else sends and checks
    is_open_there = models.BooleanField(default=False)  # the provider would still take that code
    tries_left = models.PositiveSmallIntegerField(default=0)
    last_wrong = models.CharField(max_length=20, blank=True)  # a value of `policies.Wrong`
    strength = models.PositiveSmallIntegerField(default=0)  # what was proven; 0 until then
    proof = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    answer_until = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    pass_until = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_for = models.CharField(max_length=80, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "object_id", "-started_at"], name="verification_of_user"),
            models.Index(fields=["answer_until"], name="verification_waits", condition=models.Q(state="waiting")),
            models.Index(fields=["pass_until"], name="verification_passes", condition=models.Q(state="passed")),
            models.Index(fields=["started_at"], name="verification_open", condition=models.Q(is_open_there=True)),
        ]

    def __str__(self) -> str:
        return f"{self.method} of {self.target_name}"


class TextSender(models.Model):
    """The provider of codes by text message. There is one at most, for the whole deployment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    is_the_one = models.BooleanField(default=True, unique=True)
    kind = models.CharField(max_length=20)
    account = models.CharField(max_length=64)  # not secret: whose account it is
    key = models.CharField(max_length=64, blank=True)  # not secret: id of an API key; empty: the account's own token
    secret_sealed = models.BinaryField()
    service = models.CharField(max_length=64)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=200)
    tested_at = models.DateTimeField(null=True)
    is_working = models.BooleanField(default=False)  # at the last test
    last_outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.kind


class DuoAccount(models.Model):
    """The Duo of one customer: an Admin API application in their account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.OneToOneField("customers.Customer", on_delete=models.CASCADE, related_name="+")
    host = models.CharField(max_length=64)
    key = models.CharField(max_length=32)  # the integration key; not secret
    secret_sealed = models.BinaryField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=200)
    tested_at = models.DateTimeField()
    is_working = models.BooleanField(default=True)  # at the last test
    last_outcome = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.host
