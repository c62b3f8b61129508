"""The emergency stop, pressed and lifted."""

import uuid

from django.db import models


class EmergencyStop(models.Model):
    """One time that everything was stopped. On while `lifted_at` is empty; at most one is on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reason = models.TextField()
    pressed_at = models.DateTimeField()
    pressed_by = models.CharField(max_length=200)
    # The first of the two owners who agree to lift it; the second one lifts it
    agreed_by = models.ForeignKey("technicians.Technician", null=True, on_delete=models.PROTECT, related_name="+")
    agreed_by_name = models.CharField(max_length=200, blank=True)
    agreed_at = models.DateTimeField(null=True)
    lift_reason = models.TextField(blank=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), name="panic_one_at_a_time", condition=models.Q(lifted_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"Emergency stop of {self.pressed_at:%Y-%m-%d %H:%M}"
