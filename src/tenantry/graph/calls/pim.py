"""Privileged Identity Management for directory roles: assignments with their time, eligibility, and the role's rules.

Sources: Microsoft Graph "List roleAssignmentScheduleInstances", "List roleEligibilityScheduleInstances", "List
roleManagementPolicyAssignments", "Overview of rules for Microsoft Entra roles in PIM".
"""

import dataclasses
import datetime as dt
import uuid
from typing import Any, Final
from urllib.parse import quote

from tenantry.graph.calls.service_principals import moment

NO_LICENCE: Final = "AadPremiumLicenseRequired"
"""`error.code` of a tenant without Entra ID P2 or Governance (seen from the service; on no page)."""
NOT_ONBOARDED: Final = "MissingProvider"
"""`error.code` of a tenant in which PIM was never opened (seen from the service; on no page)."""

_EXPIRATION: Final = "Expiration_Admin_Assignment"
_ENABLEMENT: Final = "Enablement_Admin_Assignment"


@dataclasses.dataclass(frozen=True, slots=True)
class RoleInstance:
    """A role that a principal holds, or may activate, now.

    Attributes:
        role_id: the role definition's id; of a built-in role its template id. Lower case.
        scope: "/" or "/administrativeUnits/{id}".
        ends_at: when it ends by itself; None when it does not.
        is_activated: made from an eligible assignment by activating it, so it ends soon.
    """

    role_id: str
    scope: str
    ends_at: dt.datetime | None
    is_activated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RoleRules:
    """What the role's policy demands of somebody who assigns it as active.

    Attributes:
        allows_permanent: an assignment without an end is accepted.
        maximum_duration: otherwise the longest, as Microsoft writes it (ISO 8601, e.g. "P180D").
        needs_justification: a justification must be given.
        needs_ticket: a ticket must be named.
        needs_mfa: whoever assigns must have passed multifactor authentication.
    """

    allows_permanent: bool = True
    maximum_duration: str = ""
    needs_justification: bool = False
    needs_ticket: bool = False
    needs_mfa: bool = False


def active_url(principal_id: str, *, top: int = 0) -> str:
    """Reads the active assignments of a principal, made through PIM or directly (RoleManagement.Read.Directory)."""
    return _instances("roleAssignmentScheduleInstances", principal_id, top)


def eligible_url(principal_id: str, *, top: int = 0) -> str:
    """Reads what a principal may activate (RoleManagement.Read.Directory)."""
    return _instances("roleEligibilityScheduleInstances", principal_id, top)


def rules_url(role_id: str) -> str:
    """Reads the policy of one role with its rules (RoleManagement.Read.Directory); `$filter` is demanded."""
    condition = f"scopeId eq '/' and scopeType eq 'DirectoryRole' and roleDefinitionId eq '{role_id}'"
    return f"/policies/roleManagementPolicyAssignments?$filter={quote(condition)}&$expand=policy($expand=rules)"


def instances(body: dict[str, Any]) -> tuple[RoleInstance, ...]:
    """The answer to `active_url` or `eligible_url`."""
    return tuple(
        RoleInstance(
            role_id=str(row["roleDefinitionId"]).lower(),
            scope=str(row.get("directoryScopeId") or "/"),
            ends_at=moment(row.get("endDateTime")),
            is_activated=row.get("assignmentType") == "Activated",
        )
        for row in body.get("value") or ()
    )


def rules(body: dict[str, Any]) -> RoleRules | None:
    """The answer to `rules_url`; None when the tenant tells no rules for the role."""
    for assignment in body.get("value") or ():
        found = {rule.get("id"): rule for rule in (assignment.get("policy") or {}).get("rules") or ()}
        expiration, enablement = found.get(_EXPIRATION), found.get(_ENABLEMENT)
        if expiration is None and enablement is None:
            continue
        enabled = set((enablement or {}).get("enabledRules") or ())
        return RoleRules(
            allows_permanent=not (expiration or {}).get("isExpirationRequired"),
            maximum_duration=str((expiration or {}).get("maximumDuration") or ""),
            needs_justification="Justification" in enabled,
            needs_ticket="Ticketing" in enabled,
            needs_mfa="MultiFactorAuthentication" in enabled,
        )
    return None


def _instances(collection: str, principal_id: str, top: int) -> str:
    condition = quote(f"principalId eq '{uuid.UUID(principal_id)}'")
    limit = f"&$top={top}" if top else ""
    return f"/roleManagement/directory/{collection}?$filter={condition}{limit}"
