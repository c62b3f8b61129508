"""Temporary Access Passes.

A user has one at most: creating another deletes the one before. The code is in the answer to the creation and nowhere
else. Microsoft counts these calls with its reports: five in ten seconds for each app and tenant.

Sources: Microsoft Graph "Create temporaryAccessPassMethod", "List temporaryAccessPassMethods".
"""

import dataclasses
import datetime as dt
import uuid

from tenantry.graph import errors, transport
from tenantry.kit import clock
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import Secret


@dataclasses.dataclass(frozen=True, slots=True)
class MadePass:
    """A pass that was just created.

    Attributes:
        id: of the method, in the tenant.
        code: what the user signs in with.
        until: when it ends.
    """

    id: str
    code: Secret
    until: dt.datetime


def create_pass(
    *, intent: Intent, object_id: uuid.UUID, minutes: int, is_once: bool, patience: float = transport.HASTY
) -> MadePass:
    """Create a pass; the one before is gone. Least permission UserAuthMethod-TAP.ReadWrite.All.

    Raises:
        Rejected: the tenant's policy does not allow it, or not for so long; the message is Microsoft's.
        UnknownOutcome, GraphError: see `transport.write`; UnknownOutcome also when the answer carries no code.
    """
    path = f"/users/{object_id}/authentication/temporaryAccessPassMethods"
    body = {"lifetimeInMinutes": minutes, "isUsableOnce": is_once}
    row = transport.write("POST", intent.tenant_id, path, body, intent=intent, patience=patience).json
    if not isinstance(row, dict) or not row.get("temporaryAccessPass") or not row.get("id"):
        raise errors.UnknownOutcome("Microsoft's answer carries no code.")
    given = row.get("startDateTime")
    starts_at = dt.datetime.fromisoformat(given) if given else clock.now()
    lasts = dt.timedelta(minutes=row.get("lifetimeInMinutes") or minutes)
    return MadePass(row["id"], Secret(row["temporaryAccessPass"]), starts_at + lasts)


def ids_of_passes(*, tenant_id: uuid.UUID, object_id: uuid.UUID, patience: float = transport.HASTY) -> frozenset[str]:
    """The ids of the user's passes, whether they are good now or not; least permission UserAuthMethod-TAP.Read.All.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    path = f"/users/{object_id}/authentication/temporaryAccessPassMethods"
    rows = transport.get(tenant_id, path, patience=patience).json["value"]
    return frozenset(str(row["id"]) for row in rows)
