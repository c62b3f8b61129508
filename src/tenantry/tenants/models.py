"""Tenants, our connection to each, and the consent round trips."""

import uuid

from django.db import models


class ConnectionState(models.TextChoices):
    """AC-X.3: where a connection stands. Only a read moves it towards READY."""

    NOT_CONNECTED = "not_connected", "Not connected"
    CONSENTED = "consented", "Consented"
    ROLE_MISSING = "role_missing", "Role missing"
    PROPAGATING = "propagating", "Propagating"
    READY = "ready", "Ready"
    NEEDS_ATTENTION = "needs_attention", "Needs attention"
    DEGRADED = "degraded", "Degraded"
    RECONSENT_NEEDED = "reconsent_needed", "Re-consent needed"
    OFFLINE = "offline", "Offline"


class RolePath(models.TextChoices):
    """How our enterprise app gets its role."""

    DIRECT = "direct", "Direct assignment"
    PIM = "pim", "Privileged Identity Management"
    GROUP = "group", "Role-assignable group"


class PimStatus(models.TextChoices):
    """J4: whether Privileged Identity Management is on in a tenant."""

    AVAILABLE = "available", "Available"
    NOT_AVAILABLE = "not_available", "Not available"
    UNKNOWN = "unknown", "Unknown"


class Premium(models.TextChoices):
    """AC-7.2: whether the tenant may make role-assignable groups, which takes one licence with Entra ID P1."""

    UNKNOWN = "unknown", "Unknown"
    NOT_OWNED = "not_owned", "No licence with Entra ID P1 or P2"
    NOT_ASSIGNED = "not_assigned", "Licence owned, assigned to nobody"
    ASSIGNED = "assigned", "Licence owned and assigned"


class Tenant(models.Model):
    """One Entra directory of a customer."""

    tenant_id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="tenants")
    display_name = models.CharField(max_length=256)
    primary_domain = models.CharField(max_length=253)
    created_at = models.DateTimeField()
    # J4: what the last look told of PIM, and what was last known for certain
    pim_status = models.CharField(max_length=16, choices=PimStatus, default=PimStatus.UNKNOWN)
    pim_reason = models.CharField(max_length=300, blank=True)
    pim_licence = models.CharField(max_length=12, blank=True)  # a `policies.LicenceSignal`
    pim_service = models.CharField(max_length=16, blank=True)  # a `policies.ServiceSignal`
    pim_checked_at = models.DateTimeField(null=True)
    pim_known = models.CharField(max_length=16, choices=PimStatus, default=PimStatus.UNKNOWN)
    pim_known_at = models.DateTimeField(null=True)
    premium = models.CharField(max_length=16, choices=Premium, default=Premium.UNKNOWN)
    premium_checked_at = models.DateTimeField(null=True)
    is_jit_wanted = models.BooleanField(default=False)  # just-in-time grants are switched on for the customer (AC-2.5)
    wishes = models.JSONField(null=True)  # features a technician chose (`policies.Wish`); null: by the wanted role
    neighbours = models.JSONField(default=list)  # enterprise apps beside ours (J8): `policies.Neighbour`
    neighbours_read_at = models.DateTimeField(null=True)
    board = models.JSONField(default=dict)  # feature -> `policies.Ready` as last settled, to filter and count by

    def __str__(self) -> str:
        return self.primary_domain


class AppKind(models.TextChoices):
    """AC-X.4: which of our two enterprise apps a connection is for."""

    HELPDESK = "helpdesk", "Help desk"
    ELEVATION = "elevation", "Elevation"


class Connection(models.Model):
    """How we reach a tenant with one of our apps: what was consented, which role, how healthy."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="connections")
    app = models.CharField(max_length=12, choices=AppKind, default=AppKind.HELPDESK)
    state = models.CharField(max_length=20, choices=ConnectionState, default=ConnectionState.CONSENTED)
    state_since = models.DateTimeField()
    # Why the state is what it is, for people: what happened, why, what to do, who must act.
    cause = models.TextField(blank=True)
    fix = models.TextField(blank=True)
    who = models.CharField(max_length=120, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    # Consent
    consented_at = models.DateTimeField()
    consented_by = models.CharField(max_length=320, blank=True)  # who signed in at Microsoft, as the tenant recorded it
    connected_by = models.CharField(max_length=200, blank=True)  # the technician
    permission_ids = models.JSONField(default=list)  # app role ids read from the tenant
    permissions_read_at = models.DateTimeField(null=True)
    # The enterprise app as it stands in the tenant
    service_principal_id = models.UUIDField(null=True)
    app_display_name = models.CharField(max_length=256, blank=True)
    app_enabled = models.BooleanField(default=True)
    app_known_since = models.DateTimeField(null=True)  # the oldest permission the tenant granted it
    app_existed_before = models.BooleanField(default=False)  # it was there before we connected (AC-8.3)
    roles_at_connect = models.JSONField(default=list)  # template ids it held then
    # The role
    wanted_role_id = models.UUIDField()  # template id
    active_role_ids = models.JSONField(default=list)  # tenant-wide, direct and through groups
    unit_roles = models.JSONField(default=dict)  # administrative unit id -> template ids
    unit_names = models.JSONField(default=dict)  # administrative unit id -> display name
    # The road to the role
    path = models.CharField(max_length=8, choices=RolePath, default=RolePath.DIRECT)
    path_is_chosen = models.BooleanField(default=False)  # a technician chose it; else PIM's status does (AC-4.1)
    group_name = models.CharField(max_length=256, blank=True)  # of the role-assignable group; empty: the usual name
    holdings = models.JSONField(default=list)  # every role held or eligible, direct or by group: `policies.Holding`
    groups = models.JSONField(default=list)  # groups that have to do with the path: `policies.GroupFacts`
    role_rules = models.JSONField(default=dict)  # what the wanted role's policy demands: `policies.RoleRules`
    custom_roles = models.JSONField(default=dict)  # custom roles held: id -> name and actions
    role_ends_at = models.DateTimeField(null=True)  # when the best assignment of the wanted role ends by itself
    role_seen_at = models.DateTimeField(null=True)  # first positive check: propagation counts from here
    role_lost_at = models.DateTimeField(null=True)
    reduction_asked_at = models.DateTimeField(null=True)  # somebody asked to take away what is more than needed (J5)
    refused_at = models.DateTimeField(null=True)  # the last 403 on an action that was predicted possible
    refused_note = models.CharField(max_length=300, blank=True)  # Microsoft's words for it
    worked_at = models.DateTimeField(null=True)  # the last action that was read back
    probed_at = models.DateTimeField(null=True)  # the last look, if it found all that actions need; else null
    proven_at = models.DateTimeField(null=True)  # the newer of the two that made it READY
    proof = models.CharField(max_length=200, blank=True)
    # Why we cannot reach the tenant at all (a `policies.Trouble`), empty when we can
    trouble = models.CharField(max_length=24, blank=True)
    trouble_note = models.TextField(blank=True)  # Microsoft's words
    failures = models.IntegerField(default=0)  # looks in a row that got no answer
    drifts = models.JSONField(default=dict)  # `policies.Drift` that hold and were told -> since when
    checked_at = models.DateTimeField(null=True)  # the last look that got its answers
    check_requested_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)  # when the sweep takes it up again

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "app"], name="tenants_one_connection_per_app")]
        indexes = [
            models.Index(fields=["state"], name="tenants_connection_state"),
            models.Index(fields=["next_check_at"], name="tenants_connection_due"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} ({self.app})"

    @property
    def trouble_code(self) -> str:
        """Microsoft's code of the trouble, as the catalogue of errors knows it; empty when there is none."""
        code = self.trouble_note.partition(":")[0] if self.trouble else ""
        return "" if " " in code else code


class Farewell(models.Model):
    """What a disconnected app left in its tenant, until somebody puts the note away. The record keeps it too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE)
    tenant_id = models.UUIDField()
    domain = models.CharField(max_length=253)
    app = models.CharField(max_length=12, choices=AppKind)
    said_at = models.DateTimeField()
    removed = models.JSONField(default=list)  # what a read showed gone, in words
    remaining = models.JSONField(default=list)  # `policies.Remnant`
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "-said_at"], name="tenants_farewell_of_customer")]

    def __str__(self) -> str:
        return f"farewell to {self.domain}"


class CanaryRun(models.Model):
    """One run of the canary account. It is not finished before a read has shown the account gone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT)
    technician_id = models.UUIDField(null=True)
    technician_name = models.CharField(max_length=200)
    sign_in_name = models.CharField(max_length=320)  # written before the account is made; found again by it
    object_id = models.UUIDField(null=True)
    wishes = models.JSONField(default=list)  # features to prove: `policies.Wish`
    steps = models.JSONField(default=dict)  # `policies.CanaryStep` -> state, at, note
    started_at = models.DateTimeField()
    next_at = models.DateTimeField()  # when the sweep takes it up; ahead of now while a worker holds it
    tries = models.IntegerField(default=0)
    note = models.CharField(max_length=300, blank=True)  # why it is not finished
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant_id", "-started_at"], name="tenants_canary_of_tenant"),
            models.Index(fields=["next_at"], name="tenants_canary_due", condition=models.Q(finished_at=None)),
        ]

    def __str__(self) -> str:
        return self.sign_in_name


class ConsentOutcome(models.TextChoices):
    """How a consent round trip ended; every end has its own message (AC-1.3)."""

    OPEN = "open", "Waiting for Microsoft"
    VERIFYING = "verifying", "Reading back"
    CONNECTED = "connected", "Connected"
    DECLINED = "declined", "Declined at Microsoft"
    NOT_ADMIN = "not_admin", "The account may not consent"
    OTHER_DIRECTORY = "other_directory", "The account belongs to another directory"
    OTHER_CUSTOMER = "other_customer", "The tenant belongs to another customer"
    UNEXPECTED_TENANT = "unexpected_tenant", "Not the expected tenant"
    EARLIER_CONSENT = "earlier_consent", "The tenant had consented before"
    OTHER_TENANT = "other_tenant", "The customer has another tenant"
    REPLAYED = "replayed", "The answer was used before"
    EXPIRED = "expired", "The answer came too late"
    FOREIGN = "foreign", "The answer belongs to another session"
    WRONG_STATE = "wrong_state", "The answer was not asked for"
    UNPROVEN = "unproven", "Consent could not be read back"
    ERROR = "error", "Microsoft reported an error"


class ConsentAttempt(models.Model):
    """One trip of a technician's browser to Microsoft's consent page. Of its `state` only the digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    app = models.CharField(max_length=12, choices=AppKind, default=AppKind.HELPDESK)
    customer = models.ForeignKey("customers.Customer", on_delete=models.CASCADE)
    technician_id = models.UUIDField()
    technician_name = models.CharField(max_length=200)
    state_digest = models.BinaryField(max_length=32, unique=True)
    session_digest = models.BinaryField(max_length=32)
    wanted_role_id = models.UUIDField()
    expected_tenant_id = models.UUIDField(null=True)  # re-consent: must come back for this tenant
    is_reconsent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    tenant_id = models.UUIDField(null=True)  # what the answer claimed; proven only when outcome is CONNECTED
    tenant_name = models.CharField(max_length=256, blank=True)  # read from the tenant
    tenant_domain = models.CharField(max_length=253, blank=True)
    consent_since = models.DateTimeField(null=True)  # the oldest permission found there
    accepted_at = models.DateTimeField(null=True)  # a technician said: yes, this tenant is the customer's
    outcome = models.CharField(max_length=20, choices=ConsentOutcome, default=ConsentOutcome.OPEN)
    error_code = models.CharField(max_length=40, blank=True)  # AADSTS number or OAuth error
    message = models.TextField(blank=True)  # what happened
    remedy = models.TextField(blank=True)  # what to do
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-created_at"], name="tenants_consent_of_customer"),
            models.Index(
                fields=["answered_at"], name="tenants_consent_to_verify", condition=models.Q(outcome="verifying")
            ),
        ]

    def __str__(self) -> str:
        return f"consent for {self.customer_id}"
