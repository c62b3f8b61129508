"""Role-assignable groups. Sources: Microsoft Graph "List groups", "List group members", "List group owners"."""

import dataclasses
import uuid
from collections.abc import Iterator, Sequence

from tenantry.graph import batch, errors, pages


@dataclasses.dataclass(frozen=True, slots=True)
class RoleAssignableGroup:
    """A role-assignable group with who is in it and who owns it; principals may be users or enterprise apps."""

    group_id: uuid.UUID
    display_name: str
    member_ids: frozenset[uuid.UUID]
    owner_ids: frozenset[uuid.UUID]


def role_assignable_groups(*, tenant_id: uuid.UUID) -> list[RoleAssignableGroup]:
    """Read every role-assignable group (at most 500 in a tenant; they cannot be nested) with members and owners.

    "List groups", "List group members", "List group owners"; least permission GroupMember.Read.All.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = list(
        pages.rows(tenant_id, "/groups", query={"$filter": "isAssignableToRole eq true", "$select": "id,displayName"})
    )
    ids = [row["id"] for row in rows]
    members = _principals(tenant_id, [f"/groups/{group_id}/members?$select=id" for group_id in ids])
    owners = _principals(tenant_id, [f"/groups/{group_id}/owners?$select=id" for group_id in ids])
    return [
        RoleAssignableGroup(
            group_id=uuid.UUID(row["id"]),
            display_name=row.get("displayName") or "",
            member_ids=group_members,
            owner_ids=group_owners,
        )
        for row, group_members, group_owners in zip(rows, members, owners, strict=True)
    ]


def _principals(tenant_id: uuid.UUID, urls: Sequence[str]) -> Iterator[frozenset[uuid.UUID]]:
    for answer in batch.read(tenant_id, urls):
        if isinstance(answer, errors.GraphError):
            raise answer
        found = {uuid.UUID(row["id"]) for row in answer.get("value", ())}
        if following := answer.get("@odata.nextLink"):
            for page in pages.pages_from(tenant_id, following):
                found.update(uuid.UUID(row["id"]) for row in page.rows)
        yield frozenset(found)
