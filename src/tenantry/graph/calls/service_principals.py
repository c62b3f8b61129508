"""Enterprise apps (service principals): ours by its application id, what it was granted, which roles it holds.

An enterprise app is looked up by application id and never by name: names are the tenant's copy, may be old, and may be
those of somebody else's app (AC-8.4).
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any
from urllib.parse import quote

from tenantry.graph import transport
from tenantry.graph.apps import App
from tenantry.graph.tokens import Via

TENANT_WIDE = "/"
_UNIT_PREFIX = "/administrativeunits/"


@dataclasses.dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """An enterprise app as it stands in one tenant.

    Attributes:
        object_id: its id in this tenant.
        app_id: the application id, the same in every tenant.
        display_name: this tenant's copy of the name, possibly an older one.
        is_enabled: users and the app itself may sign in.
    """

    object_id: uuid.UUID
    app_id: uuid.UUID
    display_name: str
    is_enabled: bool


@dataclasses.dataclass(frozen=True, slots=True)
class AppPermission:
    """An application permission the tenant granted (an app role assignment).

    Attributes:
        app_role_id: which permission.
        created_at: when it was granted; None when Microsoft does not say.
    """

    app_role_id: str
    created_at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class HeldRole:
    """An active directory role assignment of a principal.

    Attributes:
        role_id: the role definition's id; of a built-in role its template id. Lower case.
        unit_id: the administrative unit it is limited to; empty for the whole tenant.
        unit_name: that unit's name, empty when Microsoft does not say.
        is_tenant_wide: its directory scope is "/". Scopes that are neither count nowhere.
    """

    role_id: str
    unit_id: str = ""
    unit_name: str = ""
    is_tenant_wide: bool = True


def by_app_id_url(app_id: str) -> str:
    """Reads the enterprise app of `app_id` ("Get servicePrincipal" by appId; least Application.Read.All)."""
    return f"/servicePrincipals(appId='{transport.segment(app_id)}')?$select=id,appId,displayName,accountEnabled"


def role_assignments_url(principal_id: str) -> str:
    """Reads the roles assigned to a principal itself ("List unifiedRoleAssignments").

    Least permission RoleManagement.Read.Directory. Roles that come through a group are not in it. Built-in roles carry
    their template id as `roleDefinitionId`; the scope is expanded so that a unit can be named.
    """
    condition = quote(f"principalId eq '{uuid.UUID(principal_id)}'")
    return f"/roleManagement/directory/roleAssignments?$filter={condition}&$expand=directoryScope"


def find_service_principal(
    *, tenant_id: uuid.UUID, app_id: str, via: Via = App.HELPDESK, patience: float = transport.PATIENT
) -> ServicePrincipal:
    """Read the enterprise app of `app_id`.

    Raises:
        NotFound: the tenant has none, or it is not replicated yet.
        GraphError: any other leaf but UnknownOutcome.
    """
    path, _, select = by_app_id_url(app_id).partition("?$select=")
    return service_principal(transport.get(tenant_id, path, query={"$select": select}, patience=patience, via=via).json)


def service_principal(row: dict[str, Any]) -> ServicePrincipal:
    """One enterprise app as Graph tells it."""
    return ServicePrincipal(
        object_id=uuid.UUID(row["id"]),
        app_id=uuid.UUID(row["appId"]),
        display_name=str(row.get("displayName") or ""),
        is_enabled=row.get("accountEnabled") is not False,
    )


def app_permissions(body: dict[str, Any]) -> tuple[AppPermission, ...]:
    """What was granted to an enterprise app ("List appRoleAssignments granted to a service principal").

    Least permission Application.Read.All. This list, not the token, is what the tenant really granted.
    """
    return tuple(
        AppPermission(app_role_id=str(row["appRoleId"]).lower(), created_at=moment(row.get("createdDateTime")))
        for row in body["value"]
    )


def held_roles(body: dict[str, Any]) -> tuple[HeldRole, ...]:
    """The answer to `role_assignments_url`."""
    held = []
    for row in body["value"]:
        scope = str(row.get("directoryScopeId") or "")
        is_unit = scope.lower().startswith(_UNIT_PREFIX)
        held.append(
            HeldRole(
                role_id=str(row["roleDefinitionId"]).lower(),
                unit_id=scope[len(_UNIT_PREFIX) :].lower() if is_unit else "",
                unit_name=str((row.get("directoryScope") or {}).get("displayName") or "") if is_unit else "",
                is_tenant_wide=scope == TENANT_WIDE,
            )
        )
    return tuple(held)


def directory_roles(body: dict[str, Any]) -> tuple[HeldRole, ...]:
    """Tenant-wide directory roles of an enterprise app, through groups too.

    "List servicePrincipal transitiveMemberOf", cast to directoryRole; least permission Application.Read.All, and
    RoleManagement.Read.Directory for the roles' fields. Assignments limited to a unit are not memberships of the role.
    """
    return tuple(
        HeldRole(role_id=str(row["roleTemplateId"]).lower()) for row in body["value"] if row.get("roleTemplateId")
    )


def moment(text: str | None) -> dt.datetime | None:
    """Graph's time; it may carry seven fractional digits, which Python 3.11 reads as microseconds."""
    return dt.datetime.fromisoformat(text) if text else None
