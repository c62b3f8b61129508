"""The mirror of a tenant's directory. Fed in bulk by `sync`; nothing else writes here."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Left, Lower

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Sorts for "unknown" in the columns of dates, so that paging never meets an empty key."""


class SyncState(models.TextChoices):
    """Where the mirror of a tenant stands."""

    NEVER = "never", "Never read"
    FIRST = "first", "First read running"
    CURRENT = "current", "Current"
    RESYNC = "resync", "Starting over"
    STALE = "stale", "Cannot be read"


class DirectorySync(models.Model):
    """Progress and freshness of one tenant's mirror. Links are opaque and belong to Microsoft.

    A full read is going on while `delta_link` is empty and `next_link` is not; whoever holds the lease reads.
    """

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, primary_key=True, related_name="sync")
    state = models.CharField(max_length=8, choices=SyncState, default=SyncState.NEVER)
    generation = models.BigIntegerField(default=0)  # rows of an older generation are gone after a full read
    next_link = models.TextField(blank=True, default="")  # where an interrupted read goes on
    delta_link = models.TextField(blank=True, default="")
    users = models.IntegerField(default=0)  # in the mirror after the last completed read, without removed ones
    users_read = models.IntegerField(default=0)  # in the read that runs, for its progress
    users_expected = models.IntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)  # freshness: the last completed read
    roles_read_at = models.DateTimeField(null=True)  # roles, groups, licences and domains
    requested_at = models.DateTimeField(null=True)
    gaps = models.JSONField(default=dict)  # what could not be read beside the users, and why: part -> sentence
    cause = models.TextField(blank=True, default="")
    fix = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=80, blank=True, default="")
    failures = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)  # when the sweep takes it up again
    lease = models.UUIDField(null=True)  # who reads now; a killed worker's lease runs out and another goes on
    leased_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="directory_sync_due")]

    def __str__(self) -> str:
        return f"sync of {self.tenant_id}"


class DirectoryUser(models.Model):
    """A user as last read. `tenant` and `object_id` together identify it; soft-deleted users keep their row."""

    id = models.BigAutoField(primary_key=True)
    # Every merge holds the tenant's sync row, which refers to the tenant: a check per user would only cost time.
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False, db_constraint=False)
    object_id = models.UUIDField()
    user_principal_name = models.CharField(max_length=320)
    display_name = models.CharField(max_length=256)
    mail = models.CharField(max_length=320, blank=True)
    domain = models.CharField(max_length=253, blank=True)  # of the user principal name
    account_enabled = models.BooleanField(default=True)
    user_type = models.CharField(max_length=16, default="Member")
    external_user_state = models.CharField(max_length=32, blank=True)
    is_synced = models.BooleanField(default=False)
    is_management_restricted = models.BooleanField(default=False)
    password_policies = models.CharField(max_length=80, blank=True)
    last_password_change_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(null=True)  # in the tenant
    usage_location = models.CharField(max_length=2, blank=True, default="")  # a country; "" until it was read
    mobile_phone = models.CharField(max_length=64, null=True)  # noqa: DJ001  as there; null is "not read yet"
    mobile_phone_since = models.DateTimeField(null=True)  # when this number was first read
    mobile_phone_changed_at = models.DateTimeField(null=True)  # when it was seen to replace another, or none
    sku_ids = ArrayField(models.UUIDField(), default=list)
    is_admin = models.BooleanField(default=False, db_default=False)  # holds or may activate a role, also by a group
    is_protected = models.BooleanField(default=False, db_default=False)  # member or owner of a role-assignable group
    removed_at = models.DateTimeField(null=True)  # soft-deleted in the tenant
    generation = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True)  # when Microsoft last told us about this user
    # Folded display name (lower case, no accents), and every word a search may begin with; see `folding`.
    sort_name = models.GeneratedField(
        expression=Left(Func(F("display_name"), function="directory_fold"), 256),
        output_field=models.CharField(max_length=256),
        db_persist=True,
    )
    words = models.GeneratedField(
        expression=Func(F("display_name"), F("user_principal_name"), F("mail"), function="directory_words"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "object_id"], name="directory_user_once")]
        indexes = [
            # For the orders by name, so that any page is a short walk along an index. The two orders by date sort a
            # tenant's users instead: their indexes would make a first read a quarter slower.
            models.Index(fields=["tenant", "sort_name", "object_id"], name="directory_user_by_name"),
            models.Index(F("tenant"), Lower("user_principal_name"), F("object_id"), name="directory_user_by_upn"),
            # The few among many: without these a filter that keeps ten users would walk past all the others.
            models.Index(fields=["tenant", "sort_name"], condition=Q(is_admin=True), name="directory_admins"),
            models.Index(fields=["tenant", "sort_name"], condition=Q(is_protected=True), name="directory_protected"),
            models.Index(fields=["tenant", "sort_name"], condition=Q(account_enabled=False), name="directory_blocked"),
            models.Index(fields=["tenant", "sort_name"], condition=Q(user_type="Guest"), name="directory_guests"),
            GinIndex(fields=["words"], name="directory_user_words"),
        ]

    def __str__(self) -> str:
        return self.user_principal_name

    @property
    def is_guest(self) -> bool:
        """Whether the account's home is another tenant."""
        return self.user_type == "Guest"


class RoleHolding(models.Model):
    """One directory role somebody holds or may activate, and how they come by it."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False)
    principal_id = models.UUIDField()  # the user (expanded from groups)
    role_template_id = models.UUIDField()
    role_name = models.CharField(max_length=256)
    directory_scope_id = models.CharField(max_length=120)  # "/" or "/administrativeUnits/{id}"
    is_scope_restricted = models.BooleanField(default=False)  # the scope is a restricted management unit
    via_group_id = models.UUIDField(null=True)
    is_eligible = models.BooleanField(default=False)  # not in force: the holder may activate it through PIM

    class Meta:
        indexes = [models.Index(fields=["tenant", "principal_id"], name="directory_role_of_user")]

    def __str__(self) -> str:
        return self.role_name


class RoleGroup(models.Model):
    """A role-assignable group; its members and owners are protected accounts."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False)
    group_id = models.UUIDField()
    display_name = models.CharField(max_length=256)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "group_id"], name="directory_role_group_once")]

    def __str__(self) -> str:
        return self.display_name


class RoleGroupMember(models.Model):
    """A member or owner of a role-assignable group."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False)
    group_id = models.UUIDField()
    principal_id = models.UUIDField()
    is_owner = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["tenant", "principal_id"], name="directory_group_of_user")]

    def __str__(self) -> str:
        return f"{self.principal_id} in {self.group_id}"


class TenantDomain(models.Model):
    """A domain of a tenant and its password rules."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=253)
    is_default = models.BooleanField(default=False)
    is_initial = models.BooleanField(default=False)
    is_federated = models.BooleanField(default=False)
    password_validity_days = models.IntegerField(null=True)  # null: Microsoft's default, unconfirmed
    password_notice_days = models.IntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="directory_domain_once")]

    def __str__(self) -> str:
        return self.name


class TenantLicence(models.Model):
    """A bought licence (SKU) of a tenant."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, db_index=False)
    sku_id = models.UUIDField()
    part_number = models.CharField(max_length=120)
    capability_status = models.CharField(max_length=24)
    enabled_units = models.IntegerField(default=0)
    consumed_units = models.IntegerField(default=0)
    service_plan_ids = ArrayField(models.UUIDField(), default=list)  # provisioned plans only

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "sku_id"], name="directory_licence_once")]

    def __str__(self) -> str:
        return self.part_number
