"""Giving a role: directly, through PIM, or through a role-assignable group; and taking back a delegated grant.

Every function that changes something takes the `Intent` of its record, and `via`: in whose name it is sent.

Sources: Microsoft Graph "Create unifiedRoleAssignment", "Create roleAssignmentScheduleRequests", "Create group", "Add
members", "List oauth2PermissionGrants (of a servicePrincipal)", "Delete oAuth2PermissionGrant".
"""

import dataclasses
import uuid
from typing import Any

from django.conf import settings

from tenantry.graph import pages, transport
from tenantry.graph.tokens import Via
from tenantry.kit.intent import Intent


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PimRequest:
    """An active assignment through PIM.

    Attributes:
        action: adminAssign, or adminUpdate for one that is there.
        principal_id: whom.
        role_id: template id of the role.
        duration: ISO 8601; empty for good.
        justification: why.
        ticket: the ticket's number, where the role's rules ask for one.
    """

    principal_id: str
    role_id: str
    action: str = "adminAssign"
    duration: str = ""
    justification: str = ""
    ticket: str = ""

    def body(self, *, is_validation: bool) -> dict[str, Any]:
        """What goes over the wire."""
        expiration = {"type": "afterDuration", "duration": self.duration} if self.duration else {"type": "noExpiration"}
        body: dict[str, Any] = {
            "action": self.action,
            "principalId": self.principal_id,
            "roleDefinitionId": self.role_id,
            "directoryScopeId": "/",
            "justification": self.justification,
            "scheduleInfo": {"expiration": expiration},
        }
        if self.ticket:
            body["ticketInfo"] = {"ticketNumber": self.ticket, "ticketSystem": ""}
        if is_validation:
            body["isValidationOnly"] = True
        return body


_REQUESTS = "/roleManagement/directory/roleAssignmentScheduleRequests"


def assign_role(*, intent: Intent, principal_id: str, role_id: str, via: Via) -> None:
    """Assign a role for the whole tenant and for good; needs RoleManagement.ReadWrite.Directory, and no licence.

    Raises:
        AlreadyExists: it is assigned; only a read says whether it is ours to count on.
        GraphError: any other leaf.
    """
    body = {"principalId": principal_id, "roleDefinitionId": role_id, "directoryScopeId": "/"}
    transport.write("POST", intent.tenant_id, "/roleManagement/directory/roleAssignments", body, intent=intent, via=via)


def validate_pim(*, tenant_id: uuid.UUID, request: PimRequest, via: Via) -> None:
    """Ask PIM whether it would accept a request (`isValidationOnly`); nothing is changed.

    Raises:
        GraphError: it would not, with the rules that fail; or any other leaf but UnknownOutcome.
    """
    transport.post_read(tenant_id, _REQUESTS, request.body(is_validation=True), via=via)


def request_pim(*, intent: Intent, request: PimRequest, via: Via) -> None:
    """Make an active assignment through PIM; needs RoleManagement.ReadWrite.Directory, and Entra ID P2 or Governance.

    Raises:
        AlreadyExists: it is assigned, or asked for; only a read says more.
        GraphError: any other leaf.
    """
    transport.write("POST", intent.tenant_id, _REQUESTS, request.body(is_validation=False), intent=intent, via=via)


def create_role_group(*, intent: Intent, name: str, description: str, nickname: str, via: Via) -> str:
    """Create a role-assignable security group; needs RoleManagement.ReadWrite.Directory and Entra ID P1.

    Returns:
        Its object id.

    Raises:
        GraphError: any leaf.
    """
    body = {
        "displayName": name,
        "description": description,
        "mailNickname": nickname,
        "mailEnabled": False,
        "securityEnabled": True,
        "isAssignableToRole": True,
        "visibility": "Private",
    }
    answer = transport.write("POST", intent.tenant_id, "/groups", body, intent=intent, via=via)
    return str(answer.json["id"])


def add_group_member(*, intent: Intent, group_id: str, object_id: str, via: Via) -> None:
    """Put an object into a role-assignable group; needs RoleManagement.ReadWrite.Directory.

    Raises:
        AlreadyExists: it is in it.
        NotFound: the group or the object is not replicated yet.
        GraphError: any other leaf.
    """
    body = {"@odata.id": f"{settings.CLOUD.graph_url}/v1.0/directoryObjects/{object_id}"}
    transport.write("POST", intent.tenant_id, f"/groups/{group_id}/members/$ref", body, intent=intent, via=via)


@dataclasses.dataclass(frozen=True, slots=True)
class DelegatedGrant:
    """What a sign-in left behind: delegated permissions that our enterprise app may use in somebody's name."""

    grant_id: str
    scopes: tuple[str, ...]


def delegated_grants(*, tenant_id: uuid.UUID, object_id: str, via: Via) -> tuple[DelegatedGrant, ...]:
    """The delegated permissions granted to an enterprise app.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = pages.rows(tenant_id, f"/servicePrincipals/{object_id}/oauth2PermissionGrants", via=via)
    return tuple(DelegatedGrant(str(row["id"]), tuple(str(row.get("scope") or "").split())) for row in rows)


def remove_delegated_grant(*, intent: Intent, grant_id: str, via: Via) -> None:
    """Take a delegated grant back; needs DelegatedPermissionGrant.ReadWrite.All.

    Raises:
        GraphError: any leaf.
    """
    transport.write("DELETE", intent.tenant_id, f"/oauth2PermissionGrants/{grant_id}", intent=intent, via=via)
