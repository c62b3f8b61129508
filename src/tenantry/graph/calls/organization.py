"""The tenant itself. Source: Microsoft Graph "List organization"."""

import dataclasses
import uuid
from typing import Any

from tenantry.graph import errors


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


URL = "/organization?$select=id,displayName,verifiedDomains"
"""Reads the tenant ("List organization"; least permission Organization.Read.All)."""


def organization(body: dict[str, Any]) -> Organization:
    """The answer to `URL`.

    Raises:
        Rejected: it is not exactly one organization.
    """
    rows = body["value"]
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
