"""Operations: what a technician asked for, and how far it is proven."""

import uuid

from django.db import models


class OperationKind(models.TextChoices):
    """What is done to the user. Values equal `tenantry.reach.Action`."""

    RESET_PASSWORD = "reset_password", "Reset password"
    BLOCK_SIGN_IN = "block_sign_in", "Block sign-in"
    UNBLOCK_SIGN_IN = "unblock_sign_in", "Unblock sign-in"
    REVOKE_SESSIONS = "revoke_sessions", "Revoke sessions"
    ACCESS_PASS = "access_pass", "Temporary Access Pass"


class OperationState(models.TextChoices):
    """Only a read makes DONE. UNKNOWN stays on the screen until a read decides, or somebody stops waiting for it."""

    WAITING = "waiting", "Waiting"  # nothing was sent yet, or it will be sent again (throttled, propagating)
    RUNNING = "running", "Working"  # a worker has it (until lease_until)
    CONFIRMING = "confirming", "Reading back"  # sent and accepted; not yet read back
    UNKNOWN = "unknown", "Unknown outcome"  # sent, and neither the answer nor a read tells
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"  # Microsoft or our rules said no; nothing was changed
    FAILED = "failed", "Failed"  # could not be done; nothing was changed
    GIVEN_UP = "given_up", "Unresolved"  # sent; a technician stopped waiting for a read that tells


OPEN_STATES = (
    OperationState.WAITING,
    OperationState.RUNNING,
    OperationState.CONFIRMING,
    OperationState.UNKNOWN,
)


class BulkRun(models.Model):
    """The same operation on several users of one tenant, asked for at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    confirmation_id = models.UUIDField(unique=True)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT)
    kind = models.CharField(max_length=20, choices=OperationKind)
    technician_id = models.UUIDField()
    technician_name = models.CharField(max_length=200)
    justification = models.TextField()
    ticket = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    skipped = models.JSONField(
        default=list
    )  # users left out: [{"name": ..., "user_principal_name": ..., "reason": ...}]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of several users"


class Operation(models.Model):
    """One effect on one user, from the technician's confirmation to its proof."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    confirmation_id = models.UUIDField()  # the confirmation that was posted: the same one twice is one effect
    bulk_run = models.ForeignKey(BulkRun, null=True, on_delete=models.PROTECT, related_name="operations")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT)
    customer_id = models.UUIDField()  # whose tenant it is; copied with the name, as the record needs both
    customer_name = models.CharField(max_length=200)
    object_id = models.UUIDField()
    user_principal_name = models.CharField(max_length=320)
    user_display_name = models.CharField(max_length=256)
    kind = models.CharField(max_length=20, choices=OperationKind)
    state = models.CharField(max_length=12, choices=OperationState, default=OperationState.WAITING)
    technician_id = models.UUIDField()
    technician_name = models.CharField(max_length=200)
    technician_address = models.CharField(max_length=64, blank=True)
    justification = models.TextField()
    ticket = models.CharField(max_length=64, blank=True)
    grounds = models.JSONField(default=dict)  # why the rules allowed it: kind of account, rule, approval, override
    # Temporary Access Passes only
    pass_minutes = models.PositiveIntegerField(null=True)
    pass_is_once = models.BooleanField(default=True)
    pass_id = models.CharField(max_length=64, blank=True)  # in the tenant
    pass_until = models.DateTimeField(null=True)
    # Password resets and, but for the first, Temporary Access Passes, whose code is the secret
    must_change = models.BooleanField(default=True)
    password_sealed = models.BinaryField(null=True)  # until it is shown once, thrown away, or the reset fails
    password_shown_at = models.DateTimeField(null=True)
    password_discarded_at = models.DateTimeField(null=True)
    # What was read before the effect, to tell it apart afterwards: {"lastPasswordChangeDateTime": ..., ...}
    before = models.JSONField(null=True)
    proof = models.JSONField(null=True)
    intent_id = models.BigIntegerField(null=True)  # the audit event committed before the first request
    exchanges = models.JSONField(default=list)  # Graph's request ids, until the outcome is recorded
    attempts = models.IntegerField(default=0)  # writes sent
    reads = models.IntegerField(default=0)  # reads back since the last write
    tries = models.IntegerField(default=0)  # how often a worker took it up
    refusals = models.IntegerField(default=0)  # 403s inside the propagation window
    created_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)  # the last write that may have had an effect; None: surely none had
    unknown_at = models.DateTimeField(null=True)  # when the outcome was first called unknown
    accepted_at = models.DateTimeField(null=True)  # when Microsoft answered that write with success
    finished_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)  # when a worker may take it (again); None once it has ended
    lease_id = models.UUIDField(null=True)  # of the worker that has it: only the newest lease may write to the row
    lease_until = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(null=True)  # end of the propagation window, for the countdown
    # What happened, why, what to do, who must act
    message = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    who = models.CharField(max_length=120, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    is_connected = False
    """Known only of a row that a worker has just taken: the connection to the tenant still stands."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["confirmation_id", "object_id"], name="helpdesk_one_effect_per_confirmation"
            ),
            models.UniqueConstraint(
                fields=["tenant", "object_id"],
                condition=models.Q(state__in=["waiting", "running", "confirming", "unknown"]),
                name="helpdesk_one_open_operation_per_user",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="helpdesk_operation_due", condition=models.Q(next_at__isnull=False)),
            models.Index(fields=["tenant", "object_id", "-created_at"], name="helpdesk_operation_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user_principal_name}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.state in OPEN_STATES

    @property
    def is_access_pass(self) -> bool:
        """Whether its secret is a Temporary Access Pass, and not a password."""
        return self.kind == OperationKind.ACCESS_PASS

    @property
    def has_secret(self) -> bool:
        """Whether something secret comes of it that is handed over."""
        return self.kind in {OperationKind.RESET_PASSWORD, OperationKind.ACCESS_PASS}

    @property
    def secret_words(self) -> str:
        """What that is."""
        return "Temporary Access Pass" if self.is_access_pass else "new password"

    @property
    def tone(self) -> str:
        """The kind of state shown: good, wait, bad or info."""
        return _TONES[OperationState(self.state)]


class LinkState(models.TextChoices):
    """What became of a one-time link. Whoever opens it is not told which."""

    WAITING = "waiting", "Not opened yet"
    OPENED = "opened", "Opened"
    EXPIRED = "expired", "Not opened in time"
    REPLACED = "replaced", "Replaced by another"
    REVOKED = "revoked", "Revoked"
    WRONG_CODES = "wrong_codes", "Ended by wrong codes"
    SWITCHED_OFF = "switched_off", "Ended with the account of whoever asked"
    EMPTY = "empty", "Nothing is left behind it"  # shown otherwise, or thrown away


class SecretLink(models.Model):
    """A one-time link to the new password of an operation. Neither its token nor its code is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="secret_links")
    token_digest = models.BinaryField(max_length=32, unique=True)
    code_digest = models.BinaryField(max_length=32)
    tries = models.PositiveSmallIntegerField(default=0)  # wrong codes
    made_by = models.CharField(max_length=200)
    made_from = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)  # burnt
    opened_from = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_why = models.CharField(max_length=16, blank=True)  # a `LinkState`, once it was closed

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operation"],
                condition=models.Q(closed_at=None, opened_at=None),
                name="helpdesk_one_live_link",
            )
        ]

    def __str__(self) -> str:
        return f"Link to the password of {self.operation_id}"


_TONES = {
    OperationState.WAITING: "wait",
    OperationState.RUNNING: "wait",
    OperationState.CONFIRMING: "wait",
    OperationState.UNKNOWN: "info",
    OperationState.DONE: "good",
    OperationState.REFUSED: "bad",
    OperationState.FAILED: "bad",
    OperationState.GIVEN_UP: "info",
}
