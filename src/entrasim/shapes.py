"""How the directory's objects are written: Graph's property names, defaults without `$select`, types."""

import datetime as dt
from typing import Any

from entrasim.changes import indexed
from entrasim.enforcement import restricted_units_of
from entrasim.odata.pages import Getter, Shape
from entrasim.state import Domain, Group, RoleAssignment, ServicePrincipal, Sku, Tenant, User
from entrasim.tables.roles import BUILTIN_ROLES


def _attribute(name: str) -> Getter:
    def read(item: Any) -> Any:  # noqa: ANN401  any object of the world
        return getattr(item, name)

    return read


def _plain(names: str) -> dict[str, Getter]:
    """Properties whose Graph name is the attribute's in camel case."""
    found = {}
    for name in names.split():
        head, *tail = name.split("_")
        found[head + "".join(part.capitalize() for part in tail)] = _attribute(name)
    return found


USER_DEFAULTS = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip
"""The eleven properties that "Get a user" returns by default."""


USER_PROPERTIES = frozenset(
    {
        "id", "createdDateTime", "deletedDateTime", "creationType", "externalUserState", "lastPasswordChangeDateTime",
        "signInSessionsValidFromDateTime", "assignedLicenses", "assignedPlans", "isManagementRestricted",
        "onPremisesSyncEnabled", "onPremisesDomainName", "onPremisesSamAccountName", "onPremisesLastSyncDateTime",
        "proxyAddresses", "identities",
    }
)  # fmt: skip
"""Properties that exist but cannot be set by PATCH."""


def users(tenant: Tenant) -> Shape:
    """`microsoft.graph.user` in a tenant."""
    fields = _plain(
        "id user_principal_name display_name created_date_time given_name surname mail job_title department "
        "mobile_phone business_phones other_mails usage_location account_enabled user_type external_user_state "
        "creation_type on_premises_sync_enabled on_premises_domain_name on_premises_sam_account_name "
        "on_premises_immutable_id on_premises_last_sync_date_time password_policies deleted_date_time office_location "
        "preferred_language company_name employee_id city country last_password_change_date_time"
    )
    fields["mailNickname"] = lambda user: user.mail_nickname or user.user_principal_name.partition("@")[0]
    fields["signInSessionsValidFromDateTime"] = lambda user: (
        user.sign_in_sessions_valid_from_date_time or user.created_date_time
    )
    fields["assignedLicenses"] = lambda user: [{"disabledPlans": [], "skuId": sku} for sku in user.assigned_sku_ids]
    fields["assignedPlans"] = lambda user: _assigned_plans(tenant, user)
    fields["isManagementRestricted"] = lambda user: bool(restricted_units_of(tenant, user.id)) or None
    fields["passwordProfile"] = lambda _user: None
    fields["onPremisesExtensionAttributes"] = lambda _user: None
    fields["proxyAddresses"] = lambda user: [f"SMTP:{user.mail}"] if user.mail else []
    fields["identities"] = lambda user: [
        {
            "signInType": "userPrincipalName",
            "issuer": tenant.initial_domain,
            "issuerAssignedId": user.user_principal_name,
        }
    ]

    def extras(user: User) -> dict[str, Any]:
        return {"@odata.type": "#microsoft.graph.agentUser"} if user.is_agent else {}

    has_agents = indexed(tenant, "has_agents", lambda: any(user.is_agent for user in tenant.users.values()))
    return Shape(
        fields,
        USER_DEFAULTS,
        "microsoft.graph.user",
        extras if has_agents else None,
        ("manager", "memberOf", "directReports"),
    )


def _assigned_plans(tenant: Tenant, user: User) -> list[dict[str, Any]]:
    return [
        {
            "assignedDateTime": user.created_date_time,
            "capabilityStatus": "Enabled" if status == "Success" else "Suspended",
            "service": name,
            "servicePlanId": plan,
        }
        for sku_id in user.assigned_sku_ids
        if sku_id in tenant.skus
        for plan, (name, status) in tenant.skus[sku_id].service_plans.items()
    ]


GROUP = Shape(
    {
        **_plain(
            "id display_name created_date_time mail_nickname description security_enabled mail_enabled group_types "
            "is_assignable_to_role visibility deleted_date_time"
        ),
        "mail": lambda _group: None,
        "membershipRule": lambda _group: None,
        "onPremisesSyncEnabled": lambda _group: None,
        "renewedDateTime": _attribute("created_date_time"),
        "securityIdentifier": lambda group: f"S-1-12-1-{int(group.id[:8], 16)}",
    },
    (
        "id", "deletedDateTime", "createdDateTime", "description", "displayName", "groupTypes", "isAssignableToRole",
        "mail", "mailEnabled", "mailNickname", "membershipRule", "onPremisesSyncEnabled", "renewedDateTime",
        "securityEnabled", "securityIdentifier", "visibility",
    ),
    "microsoft.graph.group",
    navigation=("members", "owners"),
)  # fmt: skip

SERVICE_PRINCIPAL = Shape(
    {
        **_plain(
            "id app_id display_name account_enabled app_owner_organization_id created_date_time notes tags "
            "app_role_assignment_required"
        ),
        "appDisplayName": _attribute("display_name"),
        "servicePrincipalType": lambda _sp: "Application",
        "servicePrincipalNames": lambda sp: [sp.app_id],
        "deletedDateTime": lambda _sp: None,
        "signInAudience": lambda _sp: "AzureADMultipleOrgs",
        "homepage": lambda _sp: None,
    },
    (
        "id", "deletedDateTime", "accountEnabled", "appDisplayName", "appId", "appOwnerOrganizationId",
        "appRoleAssignmentRequired", "createdDateTime", "displayName", "homepage", "notes", "servicePrincipalNames",
        "servicePrincipalType", "signInAudience", "tags",
    ),
    "microsoft.graph.servicePrincipal",
)  # fmt: skip

PERMISSION_GRANT = Shape(
    _plain("id client_id consent_type principal_id resource_id scope"),
    ("clientId", "consentType", "id", "principalId", "resourceId", "scope"),
    "microsoft.graph.oAuth2PermissionGrant",
)


def domain(item: Domain) -> dict[str, Any]:
    """`microsoft.graph.domain`."""
    return {
        "authenticationType": item.authentication_type,
        "availabilityStatus": None,
        "id": item.name,
        "isAdminManaged": True,
        "isDefault": item.is_default,
        "isInitial": item.is_initial,
        "isRoot": True,
        "isVerified": True,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
        "passwordValidityPeriodInDays": item.password_validity_period_in_days,
        "passwordNotificationWindowInDays": item.password_notification_window_in_days,
        "state": None,
    }


def sku(tenant: Tenant, item: Sku) -> dict[str, Any]:
    """`microsoft.graph.subscribedSku`."""
    used = sum(item.sku_id in user.assigned_sku_ids for user in tenant.users.values())
    suspended = item.capability_status not in {"Enabled", "Warning"}
    return {
        "accountName": tenant.initial_domain.partition(".")[0],
        "accountId": tenant.id,
        "appliesTo": "User",
        "capabilityStatus": item.capability_status,
        "consumedUnits": used,
        "id": f"{tenant.id}_{item.sku_id}",
        "skuId": item.sku_id,
        "skuPartNumber": item.sku_part_number,
        "subscriptionIds": [],
        "prepaidUnits": {
            "enabled": 0 if suspended else item.enabled_units,
            "suspended": max(item.enabled_units, 1) if suspended else 0,
            "warning": item.enabled_units if item.capability_status == "Warning" else 0,
            "lockedOut": 0,
        },
        "servicePlans": [
            {"servicePlanId": plan, "servicePlanName": name, "provisioningStatus": status, "appliesTo": "User"}
            for plan, (name, status) in item.service_plans.items()
        ],
    }


def role_definition(tenant: Tenant, role_id: str) -> dict[str, Any] | None:
    """`microsoft.graph.unifiedRoleDefinition`, built-in or custom; None when there is none."""
    built_in = BUILTIN_ROLES.get(role_id)
    if built_in is not None:
        return {
            "id": built_in.template_id,
            "description": None,
            "displayName": built_in.display_name,
            "isBuiltIn": True,
            "isEnabled": True,
            "isPrivileged": built_in.is_privileged,
            "resourceScopes": ["/"],
            "templateId": built_in.template_id,
            "version": "1",
            "rolePermissions": [],
        }
    custom = tenant.custom_roles.get(role_id)
    if custom is None:
        return None
    return {
        "id": custom.id,
        "description": None,
        "displayName": custom.display_name,
        "isBuiltIn": False,
        "isEnabled": True,
        "isPrivileged": False,
        "resourceScopes": ["/"],
        "templateId": custom.id,
        "version": "1",
        "rolePermissions": [{"allowedResourceActions": custom.allowed_resource_actions, "condition": None}],
    }


def role_assignment(item: RoleAssignment) -> dict[str, Any]:
    """`microsoft.graph.unifiedRoleAssignment`."""
    return {
        "id": item.id,
        "principalId": item.principal_id,
        "directoryScopeId": item.directory_scope_id,
        "roleDefinitionId": item.role_definition_id,
    }


def directory_role(tenant: Tenant, template_id: str) -> dict[str, Any]:
    """`microsoft.graph.directoryRole`: an activated role. Its id is the tenant's own, made from both ids."""
    return {
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": directory_role_id(tenant, template_id),
        "deletedDateTime": None,
        "description": None,
        "displayName": BUILTIN_ROLES[template_id].display_name,
        "roleTemplateId": template_id,
    }


def directory_role_id(tenant: Tenant, template_id: str) -> str:
    """The object id of an activated role: another one in each tenant."""
    mixed = int(tenant.id.replace("-", ""), 16) ^ int(template_id.replace("-", ""), 16)
    text = f"{mixed:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def directory_object(tenant: Tenant, item: User | Group | ServicePrincipal, select: tuple[str, ...]) -> dict[str, Any]:
    """A member or owner of anything, with its type; properties that its type has not are left out."""
    if isinstance(item, User):
        kind, shape = "user", users(tenant)
    elif isinstance(item, Group):
        kind, shape = "group", GROUP
    else:
        kind, shape = "servicePrincipal", SERVICE_PRINCIPAL
    names = tuple(name for name in select if name in shape.fields)
    return {"@odata.type": f"#microsoft.graph.{kind}", **shape.writer(names or (("id",) if select else ()))(item)}


def seconds(moment: dt.datetime) -> dt.datetime:
    """Cut to whole seconds, as the directory stores times."""
    return moment.replace(microsecond=0)
