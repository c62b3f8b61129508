"""Making and removing an account, with the elevation app.

Sources: Microsoft Graph "Create user", "Get user", "Delete user", "Permanently delete an item (directory object)".
"""

import dataclasses
import uuid

from tenantry.graph import errors, transport
from tenantry.graph.apps import App
from tenantry.graph.calls import organization
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import Secret

_INITIAL = ".onmicrosoft.com"


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """An account that is there: its id and whether it may sign in."""

    object_id: uuid.UUID
    is_enabled: bool


def domain_for_accounts(*, tenant_id: uuid.UUID) -> str:
    """A domain that is surely not federated: the tenant's initial one, else its primary one.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    found = organization.organization(transport.get(tenant_id, organization.URL, via=App.ELEVATION).json)
    initial = sorted(name for name in found.verified_domains if name.endswith(_INITIAL) and name.count(".") == 2)  # noqa: PLR2004
    return initial[0] if initial else found.primary_domain


def create_account(*, intent: Intent, sign_in_name: str, display_name: str, password: Secret) -> uuid.UUID:
    """Create an account that may not sign in yet; least permission User.Create.

    Raises:
        AlreadyExists: the sign-in name is taken.
        UnknownOutcome, GraphError: see `transport.write`; then only a read by name tells.
    """
    body = {
        "accountEnabled": False,
        "displayName": display_name,
        "mailNickname": sign_in_name.partition("@")[0],
        "userPrincipalName": sign_in_name,
        "passwordProfile": {"password": password, "forceChangePasswordNextSignIn": False},
    }
    answer = transport.write("POST", intent.tenant_id, "/users", body, intent=intent, via=App.ELEVATION)
    return uuid.UUID(answer.json["id"])


def find_account(*, tenant_id: uuid.UUID, key: str) -> Account | None:
    """The account with this object id or sign-in name; None when Microsoft does not know it (least User.Read.All).

    Raises:
        GraphError: any leaf but NotFound and UnknownOutcome.
    """
    path = f"/users/{transport.segment(key)}"
    try:
        row = transport.get(tenant_id, path, query={"$select": "id,accountEnabled"}, via=App.ELEVATION).json
    except errors.NotFound:
        return None
    return Account(uuid.UUID(row["id"]), row.get("accountEnabled") is True)


def delete_account(*, intent: Intent, object_id: uuid.UUID) -> None:
    """Move an account to the recycle bin; least permission User.DeleteRestore.All.

    Raises:
        NotFound: it is not there; a read decides.
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write("DELETE", intent.tenant_id, f"/users/{object_id}", intent=intent, via=App.ELEVATION)


def purge_account(*, intent: Intent, object_id: uuid.UUID) -> None:
    """Delete an account in the recycle bin for good; least permission User.DeleteRestore.All.

    Raises:
        NotFound: it is not there; a read decides.
        UnknownOutcome, GraphError: see `transport.write`.
    """
    path = f"/directory/deletedItems/{object_id}"
    transport.write("DELETE", intent.tenant_id, path, intent=intent, via=App.ELEVATION)


def is_in_recycle_bin(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> bool:
    """Whether a deleted account can still be restored ("Get deletedItem"; least permission User.Read.All).

    Raises:
        GraphError: any leaf but NotFound and UnknownOutcome.
    """
    try:
        transport.get(tenant_id, f"/directory/deletedItems/{object_id}", via=App.ELEVATION)
    except errors.NotFound:
        return False
    return True
