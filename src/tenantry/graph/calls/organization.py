"""The tenant itself. Source: Microsoft Graph "List organization"."""

import dataclasses
import uuid

from tenantry.graph import errors, transport
from tenantry.graph.apps import App
from tenantry.graph.tokens import Via


@dataclasses.dataclass(frozen=True, slots=True)
class Organization:
    """What a tenant says about itself.

    Attributes:
        tenant_id: its id.
        display_name: its name.
        primary_domain: the domain new users get.
        verified_domains: every verified domain, lower case.
    """

    tenant_id: uuid.UUID
    display_name: str
    primary_domain: str
    verified_domains: frozenset[str]


def read_organization(
    *, tenant_id: uuid.UUID, via: Via = App.HELPDESK, patience: float = transport.PATIENT
) -> Organization:
    """Read the tenant ("List organization"; least permission Organization.Read.All).

    Raises:
        GraphError: any leaf but UnknownOutcome; Rejected when the answer is not exactly one organization.
    """
    answer = transport.get(
        tenant_id,
        "/organization",
        query={"$select": "id,displayName,verifiedDomains"},
        patience=patience,
        via=via,
    )
    rows = answer.json.get("value", [])
    if len(rows) != 1:
        raise errors.Rejected(f"Microsoft named {len(rows)} organizations where one was expected.")
    row = rows[0]
    domains = row.get("verifiedDomains") or []
    names = [str(domain["name"]).lower() for domain in domains]
    primary = next((str(domain["name"]).lower() for domain in domains if domain.get("isDefault")), "")
    return Organization(
        tenant_id=uuid.UUID(row["id"]),
        display_name=str(row.get("displayName") or ""),
        primary_domain=primary or (names[0] if names else ""),
        verified_domains=frozenset(names),
    )
