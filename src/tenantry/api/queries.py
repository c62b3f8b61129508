"""Reading tokens, and what a token can be given."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.db.models import QuerySet

from tenantry.api.models import ApiToken, KeptAnswer
from tenantry.customers.groups.reading import list_groups
from tenantry.helpdesk.models import Operation
from tenantry.kit import clock
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

OFFERED: Final[Mapping[Permission, str]] = MappingProxyType(
    {
        Permission.CUSTOMERS_READ: "Read customers",
        Permission.CUSTOMERS_MANAGE: "Add and change customers",
        Permission.CONNECTIONS_READ: "Read connections and readiness",
        Permission.USERS_READ: "Read and search users",
        Permission.HELPDESK_ACT: "Reset, block, unblock, revoke sessions, Temporary Access Pass, and hand over secrets",
        Permission.HELPDESK_BULK: "Block, or revoke sessions of, several users at once",
        Permission.VERIFICATION_START: "Verify callers",
        Permission.APPROVALS_READ: "Read approvals",
        Permission.APPROVALS_DECIDE: "Deny requests of others",
        Permission.ACTIVITY_READ: "Read activity and operations",
    }
)
"""What the API has routes for, in words. No token is given anything else."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A line of the page of tokens."""

    token: ApiToken
    is_over: bool
    is_own: bool
    may: list[str]
    groups: list[str]


def offered_to(technician: Technician) -> list[tuple[str, str]]:
    """What `technician` can give a token, as choices of a form."""
    return [(permission.value, words) for permission, words in OFFERED.items() if technician.may(permission)]


def manageable_tokens(technician: Technician) -> QuerySet[ApiToken]:
    """Tokens that `technician` may revoke: their own; everybody's for those who manage technicians."""
    rows = ApiToken.objects.select_related("technician", "made_by")
    return rows if technician.may(Permission.TECHNICIANS_MANAGE) else rows.filter(technician=technician)


def token_rows(technician: Technician) -> list[TokenRow]:
    """Those of them that are not revoked, newest first; ended ones are listed until somebody clears them away."""
    found = list(manageable_tokens(technician).filter(revoked_at=None).order_by("-created_at", "pk"))
    names = {group.pk: group.name for group in list_groups()} if any(each.customer_group_ids for each in found) else {}
    now = clock.now()
    return [
        TokenRow(
            token=token,
            is_over=token.expires_at <= now,
            is_own=token.technician_id == technician.pk,
            may=[words for permission, words in OFFERED.items() if permission.value in token.permissions],
            groups=[names.get(key, "a group that is gone") for key in token.customer_group_ids or ()],
        )
        for token in found
    ]


def asked_by(token: ApiToken, operation: Operation) -> bool:
    """Whether this token asked for `operation`."""
    return KeptAnswer.objects.filter(pk=operation.confirmation_id, token=token).exists()
