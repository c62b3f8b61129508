"""Domains of a tenant and their password rules. Source: Microsoft Graph "List domains"."""

import dataclasses
import uuid

from tenantry.graph import pages


@dataclasses.dataclass(frozen=True, slots=True)
class Domain:
    """A domain of a tenant.

    Attributes:
        name: lower case.
        is_default: new users get it.
        is_initial: the tenant's `onmicrosoft.com` name.
        is_federated: sign-in happens elsewhere, so passwords do too.
        password_validity_days: None when the tenant never set it.
        password_notice_days: None when the tenant never set it.
    """

    name: str
    is_default: bool
    is_initial: bool
    is_federated: bool
    password_validity_days: int | None
    password_notice_days: int | None


def list_domains(*, tenant_id: uuid.UUID) -> list[Domain]:
    """Every domain of the tenant ("List domains"; least permission Domain.Read.All).

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = pages.rows(
        tenant_id,
        "/domains",
        query={
            "$select": "id,authenticationType,isDefault,isInitial,"
            "passwordValidityPeriodInDays,passwordNotificationWindowInDays"
        },
    )
    return [
        Domain(
            name=row["id"].lower(),
            is_default=bool(row.get("isDefault")),
            is_initial=bool(row.get("isInitial")),
            is_federated=row.get("authenticationType") == "Federated",
            password_validity_days=row.get("passwordValidityPeriodInDays"),
            password_notice_days=row.get("passwordNotificationWindowInDays"),
        )
        for row in rows
    ]
