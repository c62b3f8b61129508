"""What the rules ask before an operation, and what was shown for it so far."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tenantry.audit.actions import About, record
from tenantry.customers.queries import Customer
from tenantry.helpdesk.kinds import Kind
from tenantry.kit.actor import Actor
from tenantry.kit.decision import Decision, Denied
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.safeguards import policies as rules
from tenantry.safeguards import queries as safeguards
from tenantry.safeguards.events import SafeguardEvent
from tenantry.safeguards.policies import Deed, Proofs, Strength, Verdict
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.verification.actions import CallerPass, usable_pass, use_up, was_denied

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser

OVERRIDE_LENGTHS = (10, 500)
"""Characters of the reason for going without the caller's proof: longer than an excuse."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a technician shows with a request.

    Attributes:
        stepped_up: they proved lately that it is them.
        override_reason: why they go without the caller's proof; empty: they do not.
    """

    stepped_up: bool = False
    override_reason: str = ""


NOTHING = Shown()


def pass_for(*, user: "DirectoryUser", kind: Kind, ticket: str) -> CallerPass | None:
    """The caller's proof for exactly this user, operation and ticket; None when there is none that can be used."""
    return usable_pass(tenant_id=user.tenant_id, object_id=user.object_id, deed=Deed(kind.kind.value), ticket=ticket)


def verdict_for(
    *,
    technician: Technician,
    user: "DirectoryUser",
    kind: Kind,
    shown: Shown = NOTHING,
    ticket: str = "",
    found: CallerPass | None = None,
) -> Verdict:
    """What the rules say about `kind` on this user, with what was shown; `found` is the pass, if it was looked up."""
    proven = found or pass_for(user=user, kind=kind, ticket=ticket)
    proofs = Proofs(
        stepped_up=shown.stepped_up,
        strength=proven.strength if proven else Strength.NONE,
        overridden=bool(shown.override_reason.strip()),
    )
    return safeguards.verdict_of(technician=technician, user=user, deed=Deed(kind.kind.value), proofs=proofs)


def verdicts_for(*, technician: Technician, users: "Sequence[DirectoryUser]", kind: Kind) -> dict[uuid.UUID, Verdict]:
    """What the rules say about `kind` on each of these users of one tenant; the query count does not grow with them."""
    return safeguards.verdicts(technician=technician, users=users, deed=Deed(kind.kind.value))


def check_override(*, technician: Technician, shown: Shown) -> None:
    """Refuse to go without the caller's proof unless they may, and say why.

    Raises:
        NotAllowed: the role does not include it, or it was not confirmed who they are.
        Invalid: the reason is too short or too long.
    """
    reason = shown.override_reason.strip()
    if not reason:
        return
    require_permission(technician, Permission.VERIFICATION_OVERRIDE)
    if not shown.stepped_up:
        raise NotAllowed(
            "Going without the caller's proof asks you to confirm that it is you.",
            remedy="Confirm with your passkey or a code, then go on.",
            code="step_up_missing",
        )
    shortest, longest = OVERRIDE_LENGTHS
    if not shortest <= len(reason) <= longest:
        raise Invalid(
            f"Say in {shortest} to {longest} characters why the caller's proof is left out.", field="override_reason"
        )


def combined(decision: Decision, verdict: Verdict) -> Decision:
    """Microsoft's answer and ours as one: ours first, since who may not do it need not know whether it would work."""
    return verdict.denied if verdict.denied is not None else decision


def alone_only(verdict: Verdict) -> Denied | None:
    """Why a user is left out of a run over several; None when the run may reach them.

    Whatever asks for a caller or a second person is about one account, and is asked for there.
    """
    if verdict.denied is not None:
        return verdict.denied
    if not (verdict.wants_strength or verdict.wants_approval):
        return None
    what = "a verified caller" if verdict.wants_strength else "a second technician's approval"
    return Denied(
        code="one_by_one",
        reason=f"{verdict.class_words}: this asks for {what}, so it is not done for several users at once.",
        remedy="Open the user's page and ask for it there.",
        who="you",
    )


def is_overridden(verdict: Verdict, shown: Shown, proven: CallerPass | None = None) -> bool:
    """Whether it goes on without the proof that the rule asks for. Who has the proof overrides nothing."""
    strength = proven.strength if proven else Strength.NONE
    return bool(shown.override_reason.strip()) and strength < verdict.rule.strength


def grounds_of(verdict: Verdict, shown: Shown, proven: CallerPass | None = None) -> dict[str, Any]:
    """Why it was allowed, for the record: the kind of account, the rule, and what was shown."""
    rule = verdict.rule
    found: dict[str, Any] = {"class": str(verdict.target_class), "rule": rule.words()}
    if rule.step_up:
        found["stepped_up"] = shown.stepped_up
    if proven is not None:
        found |= proven.grounds()
    if is_overridden(verdict, shown, proven):
        found["override"] = shown.override_reason.strip()
    return found


def denied_by_caller(grounds: Mapping[str, Any]) -> Denied | None:
    """Why the caller's proof does not count any more: its owner said meanwhile that they did not call."""
    if not was_denied(str(grounds.get("pass", ""))):
        return None
    return Denied(
        code="caller_denied",
        reason="The owner of the account says that they did not call: somebody may pretend to be them.",
        remedy="Do nothing for this caller. Speak with the user on a number that you know.",
        who="you, with the user",
    )


def settle_proof(
    what: str,
    *,
    actor: Actor,
    customer: Customer,
    user: "DirectoryUser",
    verdict: Verdict,
    shown: Shown,
    proven: CallerPass | None,
    justification: str,
    ticket: str,
) -> None:
    """Use the pass up, or record that it was done without one; in the transaction of `what` it was shown for.

    Raises:
        Conflict: the pass was used or lapsed in between.
    """
    if proven is not None:
        use_up(actor=actor, pass_id=proven.id, used_for=what)
    if is_overridden(verdict, shown, proven):
        record(
            actor=actor,
            action=SafeguardEvent.VERIFICATION_OVERRIDDEN,
            about=About(
                customer_id=customer.pk,
                customer_name=customer.name,
                tenant_id=user.tenant_id,
                target_kind="user",
                target_id=str(user.object_id),
                target_name=user.user_principal_name,
            ),
            justification=justification.strip(),
            ticket=ticket.strip(),
            summary=f"Caller not verified, although the rules ask for it: {shown.override_reason.strip()}",
            details={
                "deed": str(verdict.deed),
                "class": str(verdict.target_class),
                "strength_asked_for": verdict.rule.strength.name.lower(),
                "for": what,
            },
        )


def asked_for(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What the rule asks for, for the page that confirms: kind of state, words, and what they mean."""
    found = []
    if verdict.rule.strength:
        strength = rules.STRENGTH_WORDS[verdict.rule.strength]
        found.append(
            ("wait", "Verify the caller", strength)
            if verdict.wants_strength
            else ("good", "Caller verified", "For this user, this operation and this ticket.")
        )
    if verdict.rule.step_up:
        found.append(
            ("wait", "Confirm that it is you", "You are asked when you go on.")
            if verdict.wants_step_up
            else ("good", "Confirmed that it is you", "Within the last ten minutes.")
        )
    if verdict.rule.needs_approval:
        found.append(("wait", "A second technician approves", "They see exactly what will be done, and decide."))
    return found
