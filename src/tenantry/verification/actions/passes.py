"""Passes: looked up for exactly one act, and used up with it."""

import dataclasses
import datetime as dt
import uuid

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict
from tenantry.safeguards.policies import Deed, Strength
from tenantry.verification.events import VerificationEvent
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import METHODS, Method
from tenantry.verification.records import about, words_of


@dataclasses.dataclass(frozen=True, slots=True)
class CallerPass:
    """A proof of the caller that can be used now.

    Attributes:
        id: of the verification.
        strength: how much it proves.
        method: how it was proven.
        verified_by: the technician who asked.
        passed_at: when.
        until: when it lapses.
    """

    id: uuid.UUID
    strength: Strength
    method: Method
    verified_by: str
    passed_at: dt.datetime
    until: dt.datetime

    @property
    def label(self) -> str:
        """The method in words."""
        return METHODS[self.method].label

    def grounds(self) -> dict[str, str]:
        """For the record of the act it was used for."""
        return {
            "pass": str(self.id),
            "caller_verified": str(self.method),
            "caller_strength": self.strength.name.lower(),
            "caller_verified_by": self.verified_by,
        }


def usable_pass(*, tenant_id: uuid.UUID, object_id: uuid.UUID, deed: Deed, ticket: str) -> CallerPass | None:
    """The strongest pass for exactly this user, deed and ticket that is neither used nor lapsed."""
    found = (
        Verification.objects.filter(
            tenant_id=tenant_id,
            object_id=object_id,
            deed=deed,
            ticket=ticket.strip(),
            state=State.PASSED,
            pass_until__gt=clock.now(),
        )
        .order_by("-strength", "pass_until")
        .first()
    )
    if found is None or found.decided_at is None or found.pass_until is None:
        return None
    return CallerPass(
        id=found.pk,
        strength=Strength(found.strength),
        method=Method(found.method),
        verified_by=found.technician_name,
        passed_at=found.decided_at,
        until=found.pass_until,
    )


def use_up(*, actor: Actor, pass_id: uuid.UUID, used_for: str) -> None:
    """Use a pass, in the transaction of the act it is used for: both happen, or neither.

    Args:
        actor: who acts.
        pass_id: of `usable_pass`.
        used_for: what it was used for: a kind and an id.

    Raises:
        Conflict: somebody used it first, or it lapsed a moment ago.
        RuntimeError: called outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a pass is used in the transaction of its act")
    now = clock.now()
    changed = Verification.objects.filter(pk=pass_id, state=State.PASSED, pass_until__gt=now).update(
        state=State.USED, used_at=now, used_for=used_for
    )
    if changed != 1:
        raise Conflict(
            "The caller's proof was used or lapsed a moment ago.",
            remedy="Look at what was done to this user; verify the caller again if this is still wanted.",
            code="pass_gone",
        )
    row = Verification.objects.get(pk=pass_id)
    audit.record(
        actor=actor,
        action=VerificationEvent.USED,
        about=about(row),
        ticket=row.ticket,
        summary=f"The pass was used for “{words_of(row)}”.",
        details={"verification": str(row.pk), "method": row.method, "strength": row.strength, "used_for": used_for},
    )
