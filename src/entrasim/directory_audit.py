"""Entries of the tenant's own audit log (`auditLogs/directoryAudits`)."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from entrasim.state import Group, ServicePrincipal, Tenant, User, new_id

if TYPE_CHECKING:
    from entrasim.web import Call


def note(
    call: "Call", activity: str, target: User | Group | ServicePrincipal, *, changed: list[str] | None = None
) -> None:
    """An app did something over Graph, for itself or in the name of a user."""
    if call.token.is_delegated:
        user = call.tenant.users.get(call.token.object_id)
        note_by_user(call.tenant, activity, target, by=user, now=call.view.now, changed=changed)
        return
    principal = call.tenant.service_principals.get(call.token.object_id)
    by = {
        "app": {
            "appId": call.token.app_id,
            "displayName": principal.display_name if principal else None,
            "servicePrincipalId": call.token.object_id,
            "servicePrincipalName": None,
        },
        "user": None,
    }
    append(call.tenant, activity, target, initiated_by=by, now=call.view.now, changed=changed)


def note_by_user(
    tenant: Tenant,
    activity: str,
    target: User | Group | ServicePrincipal,
    *,
    by: User | None,
    now: dt.datetime,
    changed: list[str] | None = None,
) -> None:
    """A person did something in the portal or on the consent page."""
    who = (
        {"id": by.id, "displayName": by.display_name, "userPrincipalName": by.user_principal_name, "ipAddress": None}
        if by
        else None
    )
    append(tenant, activity, target, initiated_by={"app": None, "user": who}, now=now, changed=changed)


def append(
    tenant: Tenant,
    activity: str,
    target: User | Group | ServicePrincipal,
    *,
    initiated_by: dict[str, Any],
    now: dt.datetime,
    changed: list[str] | None = None,
) -> None:
    """Add an entry; the caller holds the tenant's lock."""
    kinds = {User: ("User", "UserManagement"), Group: ("Group", "GroupManagement")}
    kind, category = kinds.get(type(target), ("ServicePrincipal", "ApplicationManagement"))
    if "role" in activity:
        category = "RoleManagement"
    tenant.directory_audits.append(
        {
            "id": f"Directory_{new_id()}",
            "category": category,
            "correlationId": new_id(),
            "result": "success",
            "resultReason": "",
            "activityDisplayName": activity,
            "activityDateTime": now,
            "loggedByService": "Core Directory",
            "operationType": activity.partition(" ")[0],
            "initiatedBy": initiated_by,
            "targetResources": [
                {
                    "id": target.id,
                    "displayName": target.display_name,
                    "type": kind,
                    "userPrincipalName": target.user_principal_name if isinstance(target, User) else None,
                    "modifiedProperties": [
                        {"displayName": name, "oldValue": None, "newValue": None} for name in changed or ()
                    ],
                }
            ],
            "additionalDetails": [],
        }
    )
