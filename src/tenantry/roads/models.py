"""Work on a road: what was planned, what was sent, and where it stands."""

import uuid

from django.db import models


class WorkState(models.TextChoices):
    """Where the work stands."""

    PLANNED = "planned", "Planned"
    AWAY = "away", "At Microsoft"
    WORKING = "working", "Working"
    WAITING = "waiting", "Waiting for Microsoft"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


class Work(models.Model):
    """One piece of work that an administrator of the customer signs in for. No token is ever in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    tenant_id = models.UUIDField()
    app = models.CharField(max_length=12)  # which of our apps gets the role
    state = models.CharField(max_length=8, choices=WorkState, default=WorkState.PLANNED)
    is_dry_run = models.BooleanField(default=False)
    steps = models.JSONField(default=list)  # the changes with what became of each, in order
    obstacles = models.JSONField(default=list)
    digest = models.CharField(max_length=64)  # of the plan that was shown
    justification = models.CharField(max_length=500, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    technician_id = models.UUIDField(null=True)  # who left; nobody of ours when it was done by a link
    technician_name = models.CharField(max_length=200)  # theirs, or of whoever made the link
    link_id = models.UUIDField(null=True)  # the link to a page for the customer's administrator, if by one
    # The trip to Microsoft: single use, bound to a session, its verifier sealed until the answer
    state_digest = models.BinaryField(max_length=32, null=True, unique=True)
    session_digest = models.BinaryField(max_length=32, null=True)
    flow = models.BinaryField(null=True)
    expires_at = models.DateTimeField(null=True)
    signed_in_as = models.CharField(max_length=320, blank=True)
    message = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    remains = models.JSONField(default=list)  # what the sign-in left in the tenant and could not be taken back
    created_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)  # while a process works on it
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "app", "-created_at"], name="roads_work_of_customer")]

    def __str__(self) -> str:
        return f"road of {self.app} for {self.customer_id}"
