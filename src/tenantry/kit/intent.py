"""The proof that an effect was recorded before it is sent.

Only `tenantry.audit.begin` mints an `Intent`, after the audit row is committed. Every function in `tenantry.graph` that
changes a tenant demands one, so an unrecorded write does not type-check.
"""

import dataclasses
import uuid


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was sent for an intent and what came back."""

    client_request_id: str
    request_id: str
    status: int  # 0: no answer


@dataclasses.dataclass(slots=True)
class Intent:
    """A committed audit row for one effect on one tenant.

    Attributes:
        event_id: id of the audit row.
        tenant_id: the tenant the effect is meant for; a write to any other tenant is refused.
        exchanges: filled by the transport, closed into the outcome.
    """

    event_id: int
    tenant_id: uuid.UUID
    exchanges: list[Exchange] = dataclasses.field(default_factory=list)
