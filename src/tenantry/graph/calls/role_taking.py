"""Taking a role back from an enterprise app.

Sources: Microsoft Graph "List unifiedRoleAssignments", "Delete unifiedRoleAssignment".
"""

import dataclasses
import uuid

from tenantry.graph import pages, transport
from tenantry.graph.calls.service_principals import role_assignments_url
from tenantry.graph.tokens import Via
from tenantry.kit.intent import Intent


@dataclasses.dataclass(frozen=True, slots=True)
class Assignment:
    """An active role assignment of a principal itself: its id, the role's definition id, and where it counts."""

    assignment_id: str
    role_id: str
    scope: str


def assignments_of(*, tenant_id: uuid.UUID, principal_id: str, via: Via, patience: float) -> tuple[Assignment, ...]:
    """The active roles assigned to a principal itself; least permission RoleManagement.Read.Directory.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = pages.rows(tenant_id, role_assignments_url(principal_id), patience=patience, via=via)
    return tuple(
        Assignment(str(row["id"]), str(row["roleDefinitionId"]).lower(), str(row.get("directoryScopeId") or ""))
        for row in rows
    )


def remove_assignment(*, intent: Intent, assignment_id: str, via: Via, patience: float) -> None:
    """Take one assignment away; least permission RoleManagement.ReadWrite.Directory. Safe to send again.

    Raises:
        NotFound: it is gone already; only a read says so for certain.
        GraphError: any other leaf.
    """
    path = f"/roleManagement/directory/roleAssignments/{transport.segment(assignment_id)}"
    transport.write("DELETE", intent.tenant_id, path, intent=intent, via=via, patience=patience)
