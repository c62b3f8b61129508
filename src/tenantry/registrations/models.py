"""Our app registrations and their certificates, as this deployment keeps them."""

import uuid

from django.db import models
from django.db.models import Q

from tenantry.graph.apps import App


class AppRegistration(models.Model):
    """One of our two app registrations; a row per app, made before the first request about it is sent.

    `id` is part of the tag by which the registration is found again when the answer to its creation was lost.
    `seen` is what the last check found, for the page; empty until one was made.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.CharField(max_length=16, choices=[(app.value, app.value) for app in App], unique=True)
    client_id = models.CharField(max_length=36, default="")
    object_id = models.UUIDField(null=True)
    home_tenant_id = models.UUIDField(null=True)
    name = models.CharField(max_length=256, default="")
    create_sent_at = models.DateTimeField(null=True)
    seen = models.JSONField(default=dict)
    seen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "app registration"

    def __str__(self) -> str:
        return f"{self.app} {self.client_id}".strip()

    @property
    def tag(self) -> str:
        """The word we leave on the registration at Microsoft."""
        return f"tenantry-{self.app}-{self.id}"


class CertificateState(models.TextChoices):
    """Where a certificate stands."""

    NEW = "new", "Made, not proven yet"
    CURRENT = "current", "In use"
    RETIRING = "retiring", "Replaced, still valid"
    REMOVED = "removed", "Removed"


class Certificate(models.Model):
    """A certificate of one registration. The private key is sealed, and gone once the certificate is removed.

    At most one is new, one is in use and one is retiring: the overlap is never longer than two keys.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    registration = models.ForeignKey(AppRegistration, on_delete=models.CASCADE, related_name="certificates")
    state = models.CharField(max_length=16, choices=CertificateState, default=CertificateState.NEW)
    thumbprint = models.CharField(max_length=40)
    certificate_pem = models.TextField()
    sealed_private_key = models.BinaryField(null=True)
    key_id = models.CharField(max_length=36, default="")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    created_at = models.DateTimeField()
    current_at = models.DateTimeField(null=True)
    retiring_at = models.DateTimeField(null=True)
    removal_sent_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "certificate"
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "state"],
                condition=~Q(state="removed"),
                name="registrations_one_certificate_per_state",
            ),
            models.CheckConstraint(
                condition=Q(state="removed") | Q(sealed_private_key__isnull=False),
                name="registrations_a_certificate_has_its_key",
            ),
        ]

    def __str__(self) -> str:
        return self.thumbprint
