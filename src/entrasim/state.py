"""The world: tenants and what they hold. Plain data; rules live beside it, wire formats in the routes.

Every tenant has its own lock: take `with tenant.lock:` around any read-modify-write. All ids are lower-case GUIDs.
Times are aware UTC datetimes. Names follow Graph (in snake case), so that a reader of Graph's reference feels at home.
"""

import dataclasses
import datetime as dt
import enum
import threading
import uuid

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


def new_id() -> str:
    """A fresh object id."""
    return str(uuid.uuid4())


@dataclasses.dataclass(slots=True)
class Domain:
    """A domain of a tenant (Graph: `domain`)."""

    name: str
    is_initial: bool = False
    is_default: bool = False
    authentication_type: str = "Managed"  # or Federated
    password_validity_period_in_days: int | None = None
    password_notification_window_in_days: int | None = None


@dataclasses.dataclass(slots=True)
class Sku:
    """A bought licence (Graph: `subscribedSku`). `service_plans` maps plan id to (name, provisioningStatus)."""

    sku_id: str
    sku_part_number: str
    service_plans: dict[str, tuple[str, str]]
    enabled_units: int = 25
    capability_status: str = "Enabled"  # Enabled, Warning, Suspended, Deleted, LockedOut


@dataclasses.dataclass(slots=True)
class AccessPass:
    """A Temporary Access Pass of a user (Graph: `temporaryAccessPassAuthenticationMethod`). There is one at most."""

    id: str
    code: str
    created_date_time: dt.datetime
    start_date_time: dt.datetime
    lifetime_in_minutes: int
    is_usable_once: bool
    is_used: bool = False


@dataclasses.dataclass(slots=True)
class AccessPassPolicy:
    """The Temporary Access Pass policy of a tenant, with Microsoft's defaults."""

    is_enabled: bool = False
    minimum_lifetime_in_minutes: int = 60
    maximum_lifetime_in_minutes: int = 480
    default_lifetime_in_minutes: int = 60
    is_usable_once: bool = False  # passes for one use only
    default_length: int = 8
    excluded: set[str] = dataclasses.field(default_factory=set)  # object ids of users it is not for


@dataclasses.dataclass(slots=True)
class User:
    """A user. `password` is what sign-in pages check (None: nobody can sign in with a password)."""

    id: str
    user_principal_name: str
    display_name: str
    created_date_time: dt.datetime
    last_password_change_date_time: dt.datetime
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    job_title: str | None = None
    department: str | None = None
    mobile_phone: str | None = None
    business_phones: list[str] = dataclasses.field(default_factory=list)
    other_mails: list[str] = dataclasses.field(default_factory=list)
    usage_location: str | None = None
    password: str | None = None
    force_change_password_next_sign_in: bool = False
    force_change_password_next_sign_in_with_mfa: bool = False
    account_enabled: bool = True
    user_type: str = "Member"  # or Guest
    external_user_state: str | None = None  # PendingAcceptance, Accepted
    creation_type: str | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_domain_name: str | None = None
    on_premises_sam_account_name: str | None = None
    on_premises_immutable_id: str | None = None
    on_premises_last_sync_date_time: dt.datetime | None = None
    password_policies: str | None = None
    assigned_sku_ids: list[str] = dataclasses.field(default_factory=list)
    sign_in_sessions_valid_from_date_time: dt.datetime | None = None
    last_sign_in_date_time: dt.datetime | None = None
    deleted_date_time: dt.datetime | None = None
    change_number: int = 0  # the tenant's change counter when this object last changed, for delta
    is_agent: bool = False  # listed with @odata.type #microsoft.graph.agentUser
    mail_nickname: str | None = None
    office_location: str | None = None
    preferred_language: str | None = None
    company_name: str | None = None
    employee_id: str | None = None
    city: str | None = None
    country: str | None = None
    manager_id: str | None = None  # object id of a user
    access_pass: AccessPass | None = None
    signs_in_with_mfa: bool = True  # whether a second factor is registered, so that tokens say `mfa` in `amr`
    sign_in_methods: tuple[str, ...] | None = None  # what `amr` says instead; None: by `signs_in_with_mfa`

    @property
    def methods(self) -> tuple[str, ...]:
        """How this person signs in, in the words of `amr`."""
        if self.sign_in_methods is not None:
            return self.sign_in_methods
        return ("pwd", "mfa") if self.signs_in_with_mfa else ("pwd",)


@dataclasses.dataclass(slots=True)
class Group:
    """A group; members and owners are object ids of users, groups or service principals."""

    id: str
    display_name: str
    created_date_time: dt.datetime
    mail_nickname: str = "group"
    description: str | None = None
    security_enabled: bool = True
    mail_enabled: bool = False
    group_types: list[str] = dataclasses.field(default_factory=list)
    is_assignable_to_role: bool = False
    visibility: str | None = None
    members: dict[str, dt.datetime] = dataclasses.field(default_factory=dict)  # id -> since
    owners: dict[str, dt.datetime] = dataclasses.field(default_factory=dict)
    deleted_date_time: dt.datetime | None = None
    change_number: int = 0


@dataclasses.dataclass(slots=True)
class AppRoleAssignment:
    """An application permission granted to a service principal (Graph: `appRoleAssignment`)."""

    id: str
    app_role_id: str
    created_date_time: dt.datetime


@dataclasses.dataclass(slots=True)
class ServicePrincipal:
    """An enterprise app in a tenant. `display_name` is this tenant's copy, which may be an older name."""

    id: str
    app_id: str
    display_name: str
    created_date_time: dt.datetime
    app_owner_organization_id: str | None = None
    account_enabled: bool = True
    app_role_assignments: dict[str, AppRoleAssignment] = dataclasses.field(default_factory=dict)  # by app role id
    notes: str | None = None
    app_role_assignment_required: bool = False
    tags: list[str] = dataclasses.field(default_factory=lambda: ["WindowsAzureActiveDirectoryIntegratedApp"])


@dataclasses.dataclass(slots=True)
class OAuth2PermissionGrant:
    """Delegated permissions of Microsoft Graph given to an enterprise app (Graph: `oAuth2PermissionGrant`)."""

    id: str
    client_id: str  # object id of the enterprise app
    consent_type: str  # AllPrincipals or Principal
    principal_id: str | None  # the user, for Principal
    resource_id: str  # object id of Graph's service principal
    scope: str  # names, separated by spaces
    created_date_time: dt.datetime


@dataclasses.dataclass(slots=True)
class RoleAssignment:
    """An active directory role assignment (Graph: `unifiedRoleAssignment`)."""

    id: str
    principal_id: str
    role_definition_id: str  # built-in roles: the template id
    directory_scope_id: str  # "/" or "/administrativeUnits/{id}"
    created_date_time: dt.datetime
    ends_at: dt.datetime | None = None  # made through PIM with an end; None: permanent
    starts_at: dt.datetime | None = None  # made through PIM for later; None: from the start
    schedule_id: str = ""  # of the PIM schedule; made up from the id when it was assigned directly
    status: str = "Provisioned"  # of the PIM request behind it
    is_activated: bool = False  # an eligible assignment that its holder activated


@dataclasses.dataclass(slots=True)
class AdministrativeUnit:
    """An administrative unit; a restricted one protects its members from tenant-wide administrators."""

    id: str
    display_name: str
    is_member_management_restricted: bool = False
    members: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True)
class CustomRole:
    """A custom role definition of one tenant."""

    id: str
    display_name: str
    allowed_resource_actions: list[str]


class TenantSize(enum.Enum):
    """Size classes of Microsoft's throttling tables."""

    S = "S"
    M = "M"
    L = "L"


@dataclasses.dataclass(slots=True)
class Lag:
    """How late a tenant's changes become visible, in seconds. All zero: everything at once."""

    consent: float = 0.0  # service principal and app role assignments after consent
    pim: float = 0.0  # a PIM request stays PendingProvisioning, and its assignment out of sight
    role_assignment: float = 0.0  # enforcement and `wids` after a role assignment; a token minted before stays without
    licence: float = 0.0  # a licence that was bought: subscribedSkus, PIM and role-assignable groups do not know it yet
    new_object: float = 0.0  # 404 on a new object
    list_and_delta: float = 0.0  # lists and delta after a change


Recorded = User | Group | ServicePrincipal | RoleAssignment
"""Objects whose changes are recorded."""


@dataclasses.dataclass(slots=True)
class Previous:
    """What an object was before it last changed: for readers that lag behind, and for scripted stale reads."""

    kind: str  # user, group, service_principal or role_assignment
    object_id: str
    changed_at: dt.datetime
    before: Recorded | None  # just before the last change; None: it did not exist
    by_graph: bool  # changed by a client over Graph, not by the test or a person in the portal
    lagged: Recorded | None  # what lists still show while the change is on its way
    lagging_since: dt.datetime


@dataclasses.dataclass(slots=True)
class Tenant:
    """One directory."""

    id: str
    display_name: str
    created_date_time: dt.datetime
    kind: str = "plain"  # what is special about it, in one or two words, for people
    country_letter_code: str = "GB"
    on_premises_sync_enabled: bool | None = None
    tenant_type: str = "AAD"
    lag: Lag = dataclasses.field(default_factory=Lag)
    domains: dict[str, Domain] = dataclasses.field(default_factory=dict)
    skus: dict[str, Sku] = dataclasses.field(default_factory=dict)  # by sku id
    skus_on_the_way: list[tuple[dt.datetime, Sku]] = dataclasses.field(default_factory=list)  # bought; when they arrive
    users: dict[str, User] = dataclasses.field(default_factory=dict)
    deleted_users: dict[str, User] = dataclasses.field(default_factory=dict)
    groups: dict[str, Group] = dataclasses.field(default_factory=dict)
    service_principals: dict[str, ServicePrincipal] = dataclasses.field(default_factory=dict)
    role_assignments: dict[str, RoleAssignment] = dataclasses.field(default_factory=dict)
    role_eligibilities: dict[str, RoleAssignment] = dataclasses.field(default_factory=dict)  # only activatable
    pim_requests: dict[str, dict[str, object]] = dataclasses.field(default_factory=dict)  # Graph's shape, by id
    pim_is_onboarded: bool = True  # False: PIM was never opened here, and answers MissingProvider
    administrative_units: dict[str, AdministrativeUnit] = dataclasses.field(default_factory=dict)
    oauth2_permission_grants: dict[str, OAuth2PermissionGrant] = dataclasses.field(default_factory=dict)
    custom_roles: dict[str, CustomRole] = dataclasses.field(default_factory=dict)
    directory_audits: list[dict[str, object]] = dataclasses.field(default_factory=list)  # Graph's shape, oldest first
    change_number: int = 0
    gone: bool = False
    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock, repr=False, compare=False)
    authentication_contexts: dict[str, bool] = dataclasses.field(default_factory=dict)  # id -> a policy wants MFA
    id_tokens_tell_methods: bool = False  # v2.0 id tokens carry `amr` and `acr`, which no page promises
    pim_policy: dict[str, dict[str, object]] = dataclasses.field(default_factory=dict)  # rules by id, where not default
    pim_policy_by_role: dict[str, dict[str, dict[str, object]]] = dataclasses.field(
        default_factory=dict
    )  # the same for single roles, by role id
    access_pass_policy: AccessPassPolicy = dataclasses.field(default_factory=AccessPassPolicy)
    delta_epoch: int = 0  # delta tokens of an earlier epoch are answered with 410
    purged_users: dict[str, int] = dataclasses.field(default_factory=dict, repr=False)  # id -> change number
    change_times: list[tuple[int, dt.datetime]] = dataclasses.field(default_factory=list, repr=False)
    previous: dict[str, Previous] = dataclasses.field(default_factory=dict, repr=False)  # by object id
    indexes: dict[str, tuple[tuple[int, int], object]] = dataclasses.field(
        default_factory=dict, repr=False, compare=False
    )  # derived lookups, see `changes.indexed`

    @property
    def initial_domain(self) -> str:
        """The `*.onmicrosoft.com` name."""
        return next(d.name for d in self.domains.values() if d.is_initial)

    @property
    def default_domain(self) -> str:
        """The domain new users get."""
        return next(d.name for d in self.domains.values() if d.is_default)


@dataclasses.dataclass(slots=True)
class Certificate:
    """A certificate uploaded to an app registration, as PEM (Graph: `keyCredential`)."""

    pem: str
    key_id: str = dataclasses.field(default_factory=new_id)
    display_name: str | None = None
    start_date_time: dt.datetime | None = None  # None: the certificate's own
    end_date_time: dt.datetime | None = None


@dataclasses.dataclass(slots=True)
class ClientSecret:
    """A client secret of an app registration (Graph: `passwordCredential`)."""

    text: str
    key_id: str = dataclasses.field(default_factory=new_id)
    display_name: str | None = None
    start_date_time: dt.datetime | None = None
    end_date_time: dt.datetime | None = None  # None: never


@dataclasses.dataclass(slots=True)
class AppRegistration:
    """An app in its home tenant (Graph: `application`): what the token and consent endpoints check."""

    app_id: str
    display_name: str
    home_tenant_id: str
    id: str = dataclasses.field(default_factory=new_id)
    created_date_time: dt.datetime | None = None
    sign_in_audience: str = "AzureADMultipleOrgs"
    redirect_uris: list[str] = dataclasses.field(default_factory=list)  # of the platform "web"
    public_redirect_uris: list[str] = dataclasses.field(default_factory=list)  # of mobile and desktop apps
    is_fallback_public_client: bool = False
    passwords: list[ClientSecret] = dataclasses.field(default_factory=list)
    certificates: list[Certificate] = dataclasses.field(default_factory=list)
    required_app_roles: list[str] = dataclasses.field(default_factory=list)  # ids of Graph application permissions
    required_scopes: list[str] = dataclasses.field(default_factory=list)  # names of delegated permissions
    required_elsewhere: list[dict[str, object]] = dataclasses.field(default_factory=list)  # of other resources
    owners: list[str] = dataclasses.field(default_factory=list)  # object ids
    logo: bytes | None = dataclasses.field(default=None, repr=False)
    further: dict[str, object] = dataclasses.field(default_factory=dict)  # properties that are only kept

    @property
    def secrets(self) -> list[str]:
        """The texts of the client secrets."""
        return [password.text for password in self.passwords]

    @property
    def is_multi_tenant(self) -> bool:
        """Whether other tenants may use the app."""
        return self.sign_in_audience != "AzureADMyOrg"

    def serves(self, tenant_id: str) -> bool:
        """Whether accounts of that tenant may use the app."""
        return self.is_multi_tenant or tenant_id == self.home_tenant_id


class Touched(threading.local):
    """What the request of this thread may have changed, for whoever keeps the world."""

    def __init__(self) -> None:
        self.ids: set[str] = set()


@dataclasses.dataclass(slots=True)
class World:
    """Everything there is."""

    tenants: dict[str, Tenant] = dataclasses.field(default_factory=dict)
    apps: dict[str, AppRegistration] = dataclasses.field(default_factory=dict)
    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock, repr=False, compare=False)
    touched: Touched = dataclasses.field(default_factory=Touched, repr=False, compare=False)

    def touch(self, tenant_id: str) -> None:
        """Say that the request that this thread answers may change a tenant."""
        self.touched.ids.add(tenant_id)

    def take_touched(self) -> set[str]:
        """The tenants that this thread touched since it was asked last."""
        taken, self.touched.ids = self.touched.ids, set()
        return taken
