"""Pages for a customer's own administrator, opened by a link."""

import uuid

from django.db import models


class Link(models.Model):
    """One link to one customer's road for one of our apps. Of its token only the digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE, related_name="+")
    tenant_id = models.UUIDField()
    app = models.CharField(max_length=12)
    made_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)  # the first time
    opened_count = models.IntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["customer", "app", "-created_at"], name="handover_link_of_customer")]

    def __str__(self) -> str:
        return f"page of {self.app} for {self.customer_id}"
