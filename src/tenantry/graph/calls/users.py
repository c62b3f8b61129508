"""Users of a tenant. Sources: Microsoft Graph "user: delta", "List users", "List a user's memberships"."""

import dataclasses
import uuid
from typing import Final

import orjson

from tenantry.graph import errors, pages, transport

# Only what the mirror keeps; most of these are returned on $select alone.
SELECT: Final = (
    "id,userPrincipalName,displayName,mail,accountEnabled,userType,onPremisesSyncEnabled,passwordPolicies,"
    "lastPasswordChangeDateTime,assignedLicenses,createdDateTime,externalUserState,isManagementRestricted,"
    "mobilePhone,usageLocation"
)

# $top is not supported here; a preference may be ignored and does no harm then.
_LONG_PAGES: Final = {"Prefer": "odata.maxpagesize=999"}


@dataclasses.dataclass(frozen=True, slots=True)
class UserPage:
    """One page of a delta read, unparsed.

    Attributes:
        body: the page as JSON text, for PostgreSQL.
        rows: how many objects it names.
        next_link: where the read goes on; empty on the last page.
        delta_link: where the next round starts; only on the last page.
    """

    body: str
    rows: int
    next_link: str
    delta_link: str


def first_page(*, tenant_id: uuid.UUID) -> UserPage:
    """Begin a full read ("user: delta"; least permission User.Read.All).

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    return _page(transport.get_bytes(tenant_id, "/users/delta", query={"$select": SELECT}, headers=_LONG_PAGES)[0])


def page_at(*, tenant_id: uuid.UUID, link: str) -> UserPage:
    """Follow a nextLink or deltaLink exactly as given ("user: delta"; least permission User.Read.All).

    Raises:
        ResyncNeeded: the link is too old; begin anew.
        GraphError: any other leaf but UnknownOutcome.
    """
    return _page(transport.get_bytes(tenant_id, link, headers=_LONG_PAGES)[0])


def count_users(*, tenant_id: uuid.UUID) -> int:
    """Count the tenant's users ("Get user count"; least permission User.Read.All).

    Raises:
        GraphError: any leaf but UnknownOutcome; Rejected when the answer is no number.
    """
    body, _ = transport.get_bytes(tenant_id, "/users/$count", headers={"ConsistencyLevel": "eventual"})
    try:
        return int(body.decode("utf-8-sig"))
    except ValueError as error:
        raise errors.Rejected("Microsoft's count of users is no number.") from error


@dataclasses.dataclass(frozen=True, slots=True)
class GroupOfUser:
    """A group that a user belongs to, directly or through other groups."""

    group_id: uuid.UUID
    display_name: str
    description: str
    is_assignable_to_role: bool
    is_security: bool
    is_microsoft_365: bool


def groups_of_user(
    *, tenant_id: uuid.UUID, object_id: uuid.UUID, most: int = 200, patience: float = transport.HASTY
) -> list[GroupOfUser]:
    """Up to `most` groups of a user ("List a user's memberships"; least permission User.Read.All).

    Names of the groups need GroupMember.Read.All as well; without it Graph tells their ids alone.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    found: list[GroupOfUser] = []
    rows = pages.rows(
        tenant_id,
        f"/users/{object_id}/transitiveMemberOf/microsoft.graph.group",
        query={"$select": "id,displayName,description,securityEnabled,groupTypes,isAssignableToRole"},
        patience=patience,
    )
    for row in rows:
        found.append(
            GroupOfUser(
                group_id=uuid.UUID(row["id"]),
                display_name=row.get("displayName") or "",
                description=row.get("description") or "",
                is_assignable_to_role=bool(row.get("isAssignableToRole")),
                is_security=bool(row.get("securityEnabled")),
                is_microsoft_365="Unified" in (row.get("groupTypes") or ()),
            )
        )
        if len(found) >= most:
            break
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Manager:
    """Whom the directory names as a user's manager."""

    object_id: uuid.UUID
    user_principal_name: str
    display_name: str
    mail: str
    is_enabled: bool


def manager_of_user(*, tenant_id: uuid.UUID, object_id: uuid.UUID, patience: float = transport.HASTY) -> Manager | None:
    """The user's manager; None when the directory names none, or a contact ("List manager"; least User.Read.All).

    Raises:
        GraphError: any leaf but NotFound and UnknownOutcome.
    """
    query = {"$select": "id,userPrincipalName,displayName,mail,accountEnabled"}
    try:
        row = transport.get(tenant_id, f"/users/{object_id}/manager", query=query, patience=patience).json
    except errors.NotFound:
        return None
    if row.get("@odata.type") != "#microsoft.graph.user":
        return None
    return Manager(
        object_id=uuid.UUID(row["id"]),
        user_principal_name=row.get("userPrincipalName") or "",
        display_name=row.get("displayName") or "",
        mail=row.get("mail") or "",
        is_enabled=row.get("accountEnabled") is True,
    )


def _page(body: bytes) -> UserPage:
    try:
        document = orjson.loads(body)
        rows = document["value"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise errors.TenantUnreachable("Microsoft's page of users is not readable.") from error
    if rb"\u0000" in body:  # PostgreSQL keeps no NUL characters; nobody's name needs one
        body = orjson.dumps({"value": _without_nul(rows)})
    return UserPage(
        body=body.decode(),
        rows=len(rows),
        next_link=document.get("@odata.nextLink") or "",
        delta_link=document.get("@odata.deltaLink") or "",
    )


def _without_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    return value
