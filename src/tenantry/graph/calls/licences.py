"""Bought licences. Source: Microsoft Graph "List subscribedSkus"."""

import dataclasses
import uuid
from typing import Any, Final

from tenantry.graph import pages

_SELECT: Final = "skuId,skuPartNumber,capabilityStatus,prepaidUnits,consumedUnits,servicePlans"
URL: Final = f"/subscribedSkus?$select={_SELECT}"
"""Reads the licences of a tenant, as one part of a batch."""


@dataclasses.dataclass(frozen=True, slots=True)
class SubscribedSku:
    """A licence (SKU) the tenant owns.

    Attributes:
        sku_id: its id, the same in every tenant.
        part_number: its short name, e.g. "SPE_E3".
        capability_status: Enabled, Warning, Suspended, Deleted or LockedOut.
        enabled_units: how many may be assigned.
        consumed_units: how many are assigned.
        service_plan_ids: plans in it that are provisioned.
        listed_plan_ids: every plan in it, those of a licence that has run out included.
    """

    sku_id: uuid.UUID
    part_number: str
    capability_status: str
    enabled_units: int
    consumed_units: int
    service_plan_ids: frozenset[uuid.UUID]
    listed_plan_ids: frozenset[uuid.UUID] = frozenset()


def subscribed_skus(*, tenant_id: uuid.UUID) -> list[SubscribedSku]:
    """Every licence of the tenant ("List subscribedSkus"; least permission LicenseAssignment.Read.All).

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    return skus({"value": list(pages.rows(tenant_id, "/subscribedSkus", query={"$select": _SELECT}))})


def skus(body: dict[str, Any]) -> list[SubscribedSku]:
    """The answer to `URL`."""
    return [
        SubscribedSku(
            sku_id=uuid.UUID(row["skuId"]),
            part_number=row.get("skuPartNumber") or "",
            capability_status=row.get("capabilityStatus") or "",
            enabled_units=int((row.get("prepaidUnits") or {}).get("enabled") or 0),
            consumed_units=int(row.get("consumedUnits") or 0),
            service_plan_ids=frozenset(
                uuid.UUID(plan["servicePlanId"])
                for plan in row.get("servicePlans") or ()
                if plan.get("provisioningStatus") == "Success"
            ),
            listed_plan_ids=frozenset(uuid.UUID(plan["servicePlanId"]) for plan in row.get("servicePlans") or ()),
        )
        for row in body["value"]
    ]
