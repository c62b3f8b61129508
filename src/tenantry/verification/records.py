"""How verifications are written into the record."""

from collections.abc import Mapping
from typing import Any

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.audit.models import Result
from tenantry.kit.actor import Actor
from tenantry.safeguards.policies import DEED_WORDS, Deed
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import Verification


def about(row: Verification) -> About:
    """The customer, the tenant and the user that a verification is about."""
    return About(
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        tenant_id=row.tenant_id,
        target_kind="user",
        target_id=str(row.object_id),
        target_name=row.target_name,
    )


def words_of(row: Verification) -> str:
    """What the pass is for, in words."""
    return DEED_WORDS[Deed(row.deed)]


def note(
    row: Verification,
    action: VerificationEvent,
    *,
    actor: Actor,
    summary: str,
    result: Result = Result.NONE,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record a step in the transaction at hand. Neither code nor link is ever in it."""
    audit.record(
        actor=actor,
        action=action,
        about=about(row),
        ticket=row.ticket,
        result=result,
        summary=summary,
        details={"verification": str(row.pk), "method": row.method, "deed": row.deed, **(details or {})},
    )
