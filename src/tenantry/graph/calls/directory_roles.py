"""Who holds which directory role, and where.

Sources: Microsoft Graph "List roleDefinitions", "List unifiedRoleAssignments", "List roleEligibilityScheduleInstances",
"Get administrativeUnit".
"""

import dataclasses
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from tenantry.graph import batch, errors, pages
from tenantry.graph.calls import pim


@dataclasses.dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A directory role.

    Attributes:
        definition_id: what assignments name.
        role_id: the template id of a built-in role, the same in every tenant; a custom role's own id.
        display_name: its name in this tenant.
    """

    definition_id: str
    role_id: uuid.UUID
    display_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class RoleAssignment:
    """An assignment, active or eligible: who, which role, where ("/" or "/administrativeUnits/{id}")."""

    principal_id: uuid.UUID
    definition_id: str
    directory_scope_id: str


def role_definitions(*, tenant_id: uuid.UUID) -> dict[str, RoleDefinition]:
    """Every role of the tenant by definition id ("List roleDefinitions"; needs RoleManagement.Read.Directory).

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = pages.rows(
        tenant_id,
        "/roleManagement/directory/roleDefinitions",
        query={"$select": "id,displayName,templateId,isBuiltIn"},
    )
    return {
        row["id"]: RoleDefinition(
            definition_id=row["id"],
            role_id=uuid.UUID((row.get("templateId") or row["id"]) if row.get("isBuiltIn") else row["id"]),
            display_name=row.get("displayName") or "",
        )
        for row in rows
    }


def role_assignments(*, tenant_id: uuid.UUID) -> list[RoleAssignment]:
    """Every active assignment ("List unifiedRoleAssignments"; needs RoleManagement.Read.Directory).

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = pages.rows(
        tenant_id,
        "/roleManagement/directory/roleAssignments",
        query={"$select": "id,principalId,roleDefinitionId,directoryScopeId"},
    )
    return _assignments(rows)


def role_eligibilities(*, tenant_id: uuid.UUID) -> list[RoleAssignment]:
    """Every role that somebody may activate now ("List roleEligibilityScheduleInstances").

    The least permission is RoleEligibilitySchedule.Read.Directory; RoleManagement.Read.Directory, which the roles need
    anyway, allows it too. A tenant without the licence for PIM, or that never opened it, answers an error; nobody can
    activate anything there, so the list is empty.

    Raises:
        GraphError: any leaf but UnknownOutcome; who may activate what is unknown then.
    """
    rows = pages.rows(
        tenant_id,
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        query={"$select": "id,principalId,roleDefinitionId,directoryScopeId"},
    )
    try:
        return _assignments(rows)
    except errors.GraphError as error:
        if error.code in {pim.NO_LICENCE, pim.NOT_ONBOARDED}:
            return []
        raise


def _assignments(rows: Iterable[dict[str, Any]]) -> list[RoleAssignment]:
    return [
        RoleAssignment(
            principal_id=uuid.UUID(row["principalId"]),
            definition_id=row["roleDefinitionId"],
            directory_scope_id=row.get("directoryScopeId") or "/",
        )
        for row in rows
    ]


def restricted_units(*, tenant_id: uuid.UUID, unit_ids: Collection[str]) -> frozenset[str]:
    """Which of these administrative units restrict the management of their members, as far as they can be read.

    "Get administrativeUnit"; least permission AdministrativeUnit.Read.All, which we do not ask for: a unit that is
    refused or unknown counts as not restricted, and Graph's answer to an action has the last word.

    Raises:
        GraphError: the batch itself failed.
    """
    ids = sorted(unit_ids)
    answers = batch.read(
        tenant_id, [f"/directory/administrativeUnits/{unit}?$select=id,isMemberManagementRestricted" for unit in ids]
    )
    return frozenset(
        unit
        for unit, answer in zip(ids, answers, strict=True)
        if not isinstance(answer, errors.GraphError) and answer.get("isMemberManagementRestricted")
    )
