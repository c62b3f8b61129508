"""Customers."""

import uuid

from django.db import models
from django.db.models.functions import Lower


class State(models.TextChoices):
    """Whether we look after the customer."""

    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class Customer(models.Model):
    """A client of the MSP; owns tenants; the isolation boundary."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    domain = models.CharField(max_length=253, blank=True)  # a domain the technician expects the tenant to have
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    # Technicians never see new passwords. No default of the database: reading it back would need to see the row.
    hides_passwords = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(state="active"), name="customers_one_active_of_a_name"
            )
        ]
        indexes = [models.Index(Lower("name"), "id", name="customers_by_name")]

    def __str__(self) -> str:
        return self.name


class CustomerGroup(models.Model):
    """Customers that belong together for those who look after them. Teams are linked to groups."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    customers = models.ManyToManyField(Customer, related_name="groups")
    teams = models.ManyToManyField("technicians.Team", related_name="customer_groups")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="customers_one_group_of_a_name")]

    def __str__(self) -> str:
        return self.name
