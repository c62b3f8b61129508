"""Asking for an operation with a token: the screens' action, and what a program cannot show."""

import dataclasses
import uuid
from collections.abc import Sequence

from tenantry.api.models import ApiToken
from tenantry.api.queries import asked_by
from tenantry.directory.models import DirectoryUser
from tenantry.helpdesk import actions, confirmation, guarding, passwords, queries
from tenantry.helpdesk.kinds import Kind
from tenantry.helpdesk.models import BulkRun, Operation, OperationKind
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotAllowed, require
from tenantry.kit.sealed import Secret
from tenantry.safeguards.models import ApprovalRequest
from tenantry.safeguards.queries import is_own
from tenantry.technicians.models import Technician


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a program asks for."""

    customer_id: uuid.UUID
    object_id: uuid.UUID
    kind: Kind
    justification: str
    ticket: str
    again: uuid.UUID | None = None
    password: str = "words"  # noqa: S105  where it comes from
    must_change: bool = True
    wish: actions.PassWish | None = None


def ask(
    *, actor: Actor, technician: Technician, token: ApiToken, asked: Asked, wish_id: uuid.UUID
) -> Operation | ApprovalRequest:
    """Start the operation, or ask a second technician where the rules want one.

    Args:
        actor: the technician, named with the token.
        technician: narrowed to the token.
        token: the token at hand.
        asked: what is wanted.
        wish_id: of the idempotency key; becomes the id of the confirmation, so that the database allows one effect.

    Raises:
        NotAllowed: the rules deny it, or ask for what a program cannot show.
        NotHere, Conflict, Invalid: as `helpdesk.actions.request_operation`.
    """
    _, user = queries.find_user(customer_id=asked.customer_id, object_id=asked.object_id)
    verdict = guarding.verdict_for(technician=technician, user=user, kind=asked.kind, ticket=asked.ticket)
    if verdict.denied is not None:
        require(verdict.denied)
    if verdict.wants_strength:
        raise NotAllowed(
            f"{verdict.class_words}: the rules ask for a caller who proved who they are for this ticket.",
            remedy="Verify the caller first: POST to the user's `/verifications`, with this deed and ticket.",
            code="caller_proof_required",
        )
    if verdict.wants_step_up:
        raise _step_up_required(verdict.class_words)
    if verdict.wants_approval and technician.is_service:
        raise NotAllowed(
            f"{verdict.class_words}: the rules ask for two people, and a service account is none: whoever approves "
            "could be the one who holds its token.",
            remedy="Ask for it in the console, or with a token of your own.",
            who="a technician",
            code="two_people_required",
        )
    _require_not_its_makers(token, user)
    confirmed = actions.confirm(
        technician=technician, customer_id=asked.customer_id, user=user, kind=asked.kind, again=asked.again
    )
    send = actions.request_approval if verdict.wants_approval else actions.request_operation
    return send(
        actor=actor,
        technician=technician,
        customer_id=asked.customer_id,
        object_id=asked.object_id,
        kind=asked.kind,
        confirmation=dataclasses.replace(confirmed, id=wish_id),
        justification=asked.justification,
        ticket=asked.ticket,
        password=_new_password(asked, user.user_principal_name),
        must_change=asked.must_change,
        wish=asked.wish,
    )


def ask_for_many(
    *,
    actor: Actor,
    technician: Technician,
    token: ApiToken,
    customer_id: uuid.UUID,
    object_ids: Sequence[uuid.UUID],
    kind: Kind,
    justification: str,
    ticket: str,
    wish_id: uuid.UUID,
) -> BulkRun:
    """Start the same on several users; who asks for a caller or a second technician is left out, as on the screens.

    Raises:
        NotAllowed: somebody among them asks for fresh proof, or is whoever made a service account's token.
        NotHere, Invalid: as `helpdesk.actions.start_bulk`.
    """
    plan = actions.plan_bulk(technician=technician, customer_id=customer_id, kind=kind, object_ids=object_ids)
    for user in plan.users:
        _require_not_its_makers(token, user)
        if plan.verdicts[user.object_id].wants_step_up:
            raise _step_up_required(f"{user.user_principal_name} ({plan.verdicts[user.object_id].class_words})")
    confirmed = confirmation.mint(
        kind=kind.kind.value,
        technician_id=technician.pk,
        customer_id=customer_id,
        tenant_id=plan.tenant_id,
        object_ids=tuple(object_ids),
        newest=None,
    )
    return actions.start_bulk(
        actor=actor,
        technician=technician,
        customer_id=customer_id,
        confirmation=dataclasses.replace(confirmed, id=wish_id),
        kind=kind,
        justification=justification,
        ticket=ticket,
    )


def _require_not_its_makers(token: ApiToken, user: DirectoryUser) -> None:
    if token.made_by is not None and is_own(token.made_by, user):
        raise NotAllowed(
            f"This is the account of {token.made_by.display_name}, who made this token.",
            remedy="Ask for it in the console, where a second technician decides.",
            who="a technician",
            code="own_account",
        )


def _step_up_required(whom: str) -> NotAllowed:
    return NotAllowed(
        f"{whom}: the rules ask for fresh proof that it is you. A token cannot give it.",
        remedy="Do it in the console, and confirm there with your passkey or a code.",
        who="a technician",
        code="step_up_required",
    )


def reveal(
    *, actor: Actor, technician: Technician, token: ApiToken, customer_id: uuid.UUID, operation_id: uuid.UUID
) -> tuple[Operation, Secret]:
    """Give out the new password or the code of a pass, once, to the token that asked for it.

    Raises:
        NotAllowed: another token or a person asked for it.
        NotHere, Conflict: as `helpdesk.actions.reveal_password`.
    """
    _require_asked(technician, token, customer_id, operation_id)
    return actions.reveal_password(
        actor=actor, technician=technician, customer_id=customer_id, operation_id=operation_id
    )


def share(
    *, actor: Actor, technician: Technician, token: ApiToken, customer_id: uuid.UUID, operation_id: uuid.UUID
) -> actions.MadeLink:
    """Make a one-time link to it, for the user, with the token that asked for it; an earlier link ends.

    Raises:
        NotAllowed: another token or a person asked for it.
        NotHere, Conflict: as `helpdesk.actions.make_link`.
    """
    _require_asked(technician, token, customer_id, operation_id)
    return actions.make_link(actor=actor, technician=technician, customer_id=customer_id, operation_id=operation_id)


def _require_asked(technician: Technician, token: ApiToken, customer_id: uuid.UUID, operation_id: uuid.UUID) -> None:
    operation = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
    if not asked_by(token, operation):
        raise NotAllowed(
            "Only the token that asked for this gets its password or code, within a day.",
            remedy="Whoever asked for it reads it in the console, or ask for it again.",
            code="not_the_asking_token",
        )


def _new_password(asked: Asked, user_principal_name: str) -> Secret | None:
    if asked.kind.kind != OperationKind.RESET_PASSWORD:
        return None
    make = passwords.random if asked.password == passwords.Source.RANDOM else passwords.readable
    return make(user_principal_name)
