"""Licences: SKU and service plan ids of Microsoft's list "Product names and service plan identifiers for licensing"."""

from entrasim.state import Sku

P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
GOVERNANCE = "e866a266-3cff-43a3-acca-0c90a7e00c8b"

PREMIUM_PLANS = frozenset({P1, P2, GOVERNANCE})
"""Any of these lets a tenant have role-assignable groups."""

PIM_PLANS = frozenset({P2, GOVERNANCE})
"""Any of these brings Privileged Identity Management."""

_P1_PLAN = {P1: ("AAD_PREMIUM", "Success")}
_P2_PLAN = {P2: ("AAD_PREMIUM_P2", "Success")}
_GOVERNANCE_PLAN = {GOVERNANCE: ("Entra_Identity_Governance", "Success")}

_CATALOGUE: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "AAD_PREMIUM": ("078d2b04-f1bd-4111-bbd4-b4b1b354cef4", _P1_PLAN),
    "AAD_PREMIUM_P2": ("84a661c4-e949-4bd2-a560-ed7766fcaf2b", _P1_PLAN | _P2_PLAN),
    "EMSPREMIUM": ("b05e124f-c7cc-45a0-a6aa-8cf78c946968", _P1_PLAN | _P2_PLAN),
    "ENTERPRISEPACK": ("6fd2c87f-b296-42f0-b197-1e91e994b900", {}),
    "FLOW_FREE": ("f30db892-07e9-47e9-837c-80727f46fd3d", {}),
    "IDENTITY_THREAT_PROTECTION": ("26124093-3d78-432b-b5dc-48bf992543d5", _P2_PLAN),
    "MICROSOFT_365_E7": ("9a18296a-025f-4e37-9ffa-30bf8d1ce775", _P1_PLAN | _P2_PLAN | _GOVERNANCE_PLAN),
    "Microsoft_Entra_ID_Governance": ("cf6b0d46-4093-4546-a0ab-0b1546dcc10e", _GOVERNANCE_PLAN),
    "O365_BUSINESS_ESSENTIALS": ("3b555118-da6a-4418-894f-7df1e2096870", {}),
    "O365_BUSINESS_PREMIUM": ("f245ecc8-75af-4f8e-b61f-27d8114de5f3", {}),
    "POWER_BI_STANDARD": ("a403ebcc-fae0-4ca2-8c8c-7a907fd6c235", {}),
    "SPB": ("cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", _P1_PLAN),
    "SPE_E3": ("05e9a617-0261-4cee-bb44-138d3ef5d965", _P1_PLAN),
    "SPE_E5": ("06ebc4ee-1bb5-47dd-8120-11324bc54e06", _P1_PLAN | _P2_PLAN),
    "STANDARDPACK": ("18181a46-0d4e-45cd-891e-60aabd171b4e", {}),
}

PLANS: dict[str, tuple[str, ...]] = {
    "p1": ("AAD_PREMIUM",),
    "p2": ("AAD_PREMIUM_P2",),
    "governance": ("AAD_PREMIUM", "Microsoft_Entra_ID_Governance"),
    "p2-expired": ("AAD_PREMIUM_P2",),
}
"""Part numbers of the SKUs that a tenant of a plan has bought."""


def sku(part_number: str, *, enabled_units: int = 25, status: str = "Enabled") -> Sku:
    """A bought SKU by part number; its service plans are suspended when the SKU is.

    Raises:
        KeyError: the part number is not in the table.
    """
    sku_id, plans = _CATALOGUE[part_number]
    provisioning = "Success" if status in {"Enabled", "Warning"} else "Disabled"
    return Sku(
        sku_id=sku_id,
        sku_part_number=part_number,
        service_plans={plan: (name, provisioning) for plan, (name, _) in plans.items()},
        enabled_units=enabled_units,
        capability_status=status,
    )


def skus_of_plan(plan: str) -> list[Sku]:
    """What a tenant of that plan has bought: p1, p2, governance or p2-expired."""
    if plan not in PLANS:
        raise ValueError(f"no plan {plan!r}; there are {', '.join(PLANS)}")
    if plan == "p2-expired":
        return [sku(part, enabled_units=0, status="Suspended") for part in PLANS[plan]]
    return [sku(part) for part in PLANS[plan]]


def has_plan(skus: dict[str, Sku], wanted: frozenset[str]) -> bool:
    """Whether a usable SKU carries one of the service plans."""
    return any(
        plan in wanted and status == "Success"
        for bought in skus.values()
        if bought.capability_status in {"Enabled", "Warning"}
        for plan, (_, status) in bought.service_plans.items()
    )
