"""Enterprise apps that are not ours: who else holds a directory role, and who is named like us.

Sources: Microsoft Graph "List unifiedRoleAssignments", "List group members", "List servicePrincipals".
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any, Final
from urllib.parse import quote

from tenantry.graph import batch, errors, pages
from tenantry.graph.calls.service_principals import moment

MICROSOFT: Final = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""`appOwnerOrganizationId` of Microsoft's own apps ("Verify first-party Microsoft applications in sign-in reports")."""

_PRINCIPAL: Final = "#microsoft.graph.servicePrincipal"
_GROUP: Final = "#microsoft.graph.group"


@dataclasses.dataclass(frozen=True, slots=True)
class EnterpriseApp:
    """Another enterprise app of a tenant.

    Attributes:
        object_id: its id in this tenant.
        app_id: the application id.
        name: this tenant's copy of the name.
        kind: Application, ManagedIdentity or another of Microsoft's words.
        owner_id: the tenant in which it is registered; empty when Microsoft does not say.
        is_enabled: it may sign in.
        role_ids: role definition ids it holds, direct and through groups, at any scope.
        since: the oldest permission granted to it; None when it has none.
    """

    object_id: str
    app_id: str
    name: str
    kind: str
    owner_id: str
    is_enabled: bool
    role_ids: frozenset[str]
    since: dt.datetime | None


def other_apps(*, tenant_id: uuid.UUID, names: Collection[str]) -> list[EnterpriseApp]:
    """Enterprise apps that hold a directory role, and those with one of these display names; ours among them.

    Least permissions RoleManagement.Read.Directory, Application.Read.All and GroupMember.Read.All.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    held = _holders(tenant_id)
    wanted = {object_id: frozenset(roles) for object_id, roles in held.items()}
    conditions = [f"displayName eq '{name.replace(chr(39), chr(39) * 2)}'" for name in sorted(set(names)) if name]
    urls = [f"/servicePrincipals?$filter={quote(condition)}&$select=id" for condition in conditions]
    for answer in _whole(batch.read(tenant_id, urls) if urls else []):
        for row in answer.get("value") or ():
            wanted.setdefault(str(row["id"]), frozenset())
    return _read(tenant_id, wanted)


def _holders(tenant_id: uuid.UUID) -> dict[str, set[str]]:
    """Object id of each enterprise app with a role, with the roles; groups are looked into."""
    held: dict[str, set[str]] = {}
    groups: dict[str, set[str]] = {}
    rows = pages.rows(tenant_id, "/roleManagement/directory/roleAssignments", query={"$expand": "principal"})
    for row in rows:
        kind = str((row.get("principal") or {}).get("@odata.type") or "")
        found = {_PRINCIPAL: held, _GROUP: groups}.get(kind)
        if found is not None:
            found.setdefault(str(row["principalId"]), set()).add(str(row["roleDefinitionId"]).lower())
    ids = sorted(groups)
    answers = batch.read(tenant_id, [f"/groups/{group_id}/members?$select=id" for group_id in ids]) if ids else []
    for group_id, answer in zip(ids, _whole(answers), strict=True):
        for row in answer.get("value") or ():
            if row.get("@odata.type") == _PRINCIPAL:
                held.setdefault(str(row["id"]), set()).update(groups[group_id])
    return held


def _read(tenant_id: uuid.UUID, wanted: dict[str, frozenset[str]]) -> list[EnterpriseApp]:
    ids = sorted(wanted)
    select = "id,appId,displayName,appOwnerOrganizationId,accountEnabled,servicePrincipalType"
    urls = [f"/servicePrincipals/{object_id}?$select={select}" for object_id in ids]
    urls += [f"/servicePrincipals/{object_id}/appRoleAssignments" for object_id in ids]
    answers = batch.read(tenant_id, urls) if urls else []
    apps = []
    for object_id, answer, granted in zip(ids, answers[: len(ids)], answers[len(ids) :], strict=True):
        if isinstance(answer, errors.NotFound):
            continue  # deleted between two reads
        if isinstance(answer, errors.GraphError):
            raise answer
        grants = [] if isinstance(granted, errors.GraphError) else granted.get("value") or []
        times = [made for made in (moment(grant.get("createdDateTime")) for grant in grants) if made is not None]
        apps.append(
            EnterpriseApp(
                object_id=object_id.lower(),
                app_id=str(answer.get("appId") or "").lower(),
                name=str(answer.get("displayName") or ""),
                kind=str(answer.get("servicePrincipalType") or ""),
                owner_id=str(answer.get("appOwnerOrganizationId") or "").lower(),
                is_enabled=answer.get("accountEnabled") is not False,
                role_ids=wanted[object_id],
                since=min(times, default=None),
            )
        )
    return apps


def _whole(answers: list[dict[str, Any] | errors.GraphError]) -> list[dict[str, Any]]:
    found = []
    for answer in answers:
        if isinstance(answer, errors.GraphError):
            raise answer
        found.append(answer)
    return found
