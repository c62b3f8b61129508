"""Asking for a second technician's consent, and deciding. What was approved is done in the same transaction."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.db import IntegrityError, transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Conflict, NotAllowed, NotHere, require
from tenantry.kit.sealed import Secret, seal, unseal
from tenantry.safeguards import policies, queries, registry
from tenantry.safeguards.events import SafeguardEvent
from tenantry.safeguards.models import ApprovalRequest, ApprovalState
from tenantry.safeguards.policies import Deed, TargetClass
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

LIFETIME: Final = dt.timedelta(hours=1)
"""A consent is about now: who comes back after lunch asks again."""
_NOTE_LENGTH: Final = 500
_TABLE: Final = "safeguards_approvalrequest"
_COLUMN: Final = "secret_sealed"
_AT_ONCE: Final = 200


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for.

    Attributes:
        kind: who carries it out (`registry`).
        confirmation_id: the page that asked; the same one twice is one request.
        deed, target_class: for the rules.
        lines: what the approver sees: label and text, all that will be done.
        payload: what the handler needs, as JSON.
        secret: a secret it needs; sealed until the decision.
    """

    kind: str
    confirmation_id: uuid.UUID
    customer_id: uuid.UUID
    customer_name: str
    tenant_id: uuid.UUID
    object_id: uuid.UUID
    target_name: str
    target_class: TargetClass
    deed: Deed
    lines: tuple[tuple[str, str], ...]
    payload: dict[str, Any]
    secret: Secret | None
    justification: str
    ticket: str


def ask(
    *,
    actor: Actor,
    technician: Technician,
    wish: Wish,
    on_created: Callable[[ApprovalRequest], None] | None = None,
) -> ApprovalRequest:
    """Ask for a second technician's consent. Everything else must have been checked by the caller.

    Args:
        actor: the technician as the actor.
        technician: who asks.
        wish: what for.
        on_created: done in the same transaction as the new request, once; what it raises undoes both.

    Raises:
        Conflict: the same on the same user waits already.
    """
    now = clock.now()
    row_id = uuid.uuid4()
    try:
        with transaction.atomic():
            waiting = queries.open_request(tenant_id=wish.tenant_id, object_id=wish.object_id, deed=wish.deed)
            if waiting is not None and waiting.confirmation_id != wish.confirmation_id:
                raise Conflict(
                    f"{waiting.requester_name} asked for the same a while ago, and it waits for a decision.",
                    remedy="Look at that request under Approvals.",
                    code="approval_waiting",
                )
            request = ApprovalRequest.objects.create(
                id=row_id,
                confirmation_id=wish.confirmation_id,
                kind=wish.kind,
                requester=technician,
                requester_name=actor.name,
                requester_address=actor.address,
                customer_id=wish.customer_id,
                customer_name=wish.customer_name,
                tenant_id=wish.tenant_id,
                object_id=wish.object_id,
                target_name=wish.target_name,
                target_class=wish.target_class,
                deed=wish.deed,
                lines=[list(line) for line in wish.lines],
                payload=wish.payload,
                secret_sealed=seal(wish.secret, table=_TABLE, row=row_id, column=_COLUMN) if wish.secret else None,
                justification=wish.justification.strip(),
                ticket=wish.ticket.strip(),
                requested_at=now,
                expires_at=now + LIFETIME,
            )
            _record(
                actor, SafeguardEvent.APPROVAL_ASKED, request, summary=f"Waits until {request.expires_at:%H:%M} UTC."
            )
            if on_created is not None:
                on_created(request)
    except IntegrityError:
        earlier = ApprovalRequest.objects.filter(confirmation_id=wish.confirmation_id, requester=technician).first()
        if earlier is None:
            raise
        return earlier
    return request


def approve(
    *, actor: Actor, technician: Technician, request_id: uuid.UUID, stepped_up: bool, note: str = ""
) -> ApprovalRequest:
    """Agree, and have it done in this moment, in the requester's name.

    Of two who decide at the same moment one does; what cannot be done any more leaves the request as it was.

    Raises:
        NotHere: no such request for this technician.
        NotAllowed: one's own request; the role does not let them do it themselves; it was not confirmed who they are;
            or it cannot be done any more.
        Conflict: it was decided or withdrawn, or has run out.
    """
    require_permission(technician, Permission.APPROVALS_DECIDE)
    with transaction.atomic():
        request = _locked(technician, request_id)
        _require_open(request)
        _require_another(technician, request)
        denied = queries.may_not_approve(technician=technician, request=request)
        if denied is not None:
            require(denied)
        if not stepped_up:
            raise NotAllowed(
                "Confirm that it is you before you agree to something.",
                remedy="Confirm with your passkey or a code.",
                code="step_up_missing",
            )
        requester = request.requester
        if not requester.is_active:
            raise NotAllowed(
                f"{request.requester_name} does not work here any more, so nothing is done in their name.",
                remedy="Deny the request.",
                code="requester_gone",
            )
        secret = (
            unseal(request.secret_sealed, table=_TABLE, row=request.pk, column=_COLUMN)
            if request.secret_sealed is not None
            else None
        )
        url = registry.handler_of(request.kind).carry_out(request, requester=requester, approver=actor, secret=secret)
        _decide(request, ApprovalState.APPROVED, technician, actor, note, result_url=url)
        _record(
            actor,
            SafeguardEvent.APPROVAL_GIVEN,
            request,
            summary=f"Asked for by {request.requester_name}. {note.strip()}".strip(),
        )
    return request


def deny(*, actor: Actor, technician: Technician, request_id: uuid.UUID, note: str = "") -> ApprovalRequest:
    """Refuse. Nothing is done, and what was sealed for it is erased.

    Raises:
        NotHere, NotAllowed, Conflict: as `approve`.
    """
    require_permission(technician, Permission.APPROVALS_DECIDE)
    with transaction.atomic():
        request = _locked(technician, request_id)
        _require_open(request)
        _require_another(technician, request)
        _decide(request, ApprovalState.DENIED, technician, actor, note)
        summary = f"Asked for by {request.requester_name}. {note.strip()}".strip()
        _record(actor, SafeguardEvent.APPROVAL_DENIED, request, summary=summary)
    return request


def withdraw(*, actor: Actor, technician: Technician, request_id: uuid.UUID) -> ApprovalRequest:
    """Take one's own request back.

    Raises:
        NotHere: no such request.
        NotAllowed: somebody else's request.
        Conflict: it was decided, or has run out.
    """
    with transaction.atomic():
        request = _locked(technician, request_id)
        if request.requester_id != technician.pk:
            raise NotAllowed("Only who asked can withdraw a request.", remedy="Deny it instead.", code="not_ones_own")
        _require_open(request)
        _decide(request, ApprovalState.WITHDRAWN, technician, actor, "")
        _record(actor, SafeguardEvent.APPROVAL_WITHDRAWN, request)
    return request


def expire_due() -> int:
    """End the requests whose time is over, and erase what was sealed for them; returns how many."""
    due = ApprovalRequest.objects.filter(state=ApprovalState.PENDING, expires_at__lte=clock.now())
    count = 0
    for request_id in list(due.values_list("pk", flat=True)[:_AT_ONCE]):
        with transaction.atomic():
            request = ApprovalRequest.objects.select_for_update(skip_locked=True).filter(pk=request_id).first()
            if request is None or request.state != ApprovalState.PENDING:
                continue
            request.state = ApprovalState.EXPIRED
            request.secret_sealed = None
            request.decided_at = clock.now()
            request.save(update_fields=["state", "secret_sealed", "decided_at"])
            _record(system("approvals"), SafeguardEvent.APPROVAL_EXPIRED, request, summary="Nobody decided in time.")
            count += 1
    return count


def _locked(technician: Technician, request_id: uuid.UUID) -> ApprovalRequest:
    if not queries.visible_requests(technician).filter(pk=request_id).exists():
        raise NotHere("There is no such request.")
    return ApprovalRequest.objects.select_for_update(of=("self",)).select_related("requester").get(pk=request_id)


def _require_open(request: ApprovalRequest) -> None:
    if request.state != ApprovalState.PENDING:
        who = f" by {request.decided_by_name}" if request.decided_by_name else ""
        raise Conflict(f"This request was {request.state}{who}.", remedy="Nothing more is to do.", code="decided")
    if request.expires_at <= clock.now():
        raise Conflict("This request has run out.", remedy="Who asked can ask again.", code="expired")


def _require_another(technician: Technician, request: ApprovalRequest) -> None:
    if request.requester_id == technician.pk:
        raise NotAllowed(
            "Nobody decides their own request.",
            remedy="A colleague with the right to decide must look at it.",
            who="a second technician",
            code="ones_own_request",
        )


def _decide(
    request: ApprovalRequest,
    state: ApprovalState,
    technician: Technician,
    actor: Actor,
    note: str,
    *,
    result_url: str = "",
) -> None:
    """The row is locked, so this cannot be lost to somebody faster."""
    request.state = state
    request.secret_sealed = None
    request.decided_at = clock.now()
    request.decided_by = technician
    request.decided_by_name = actor.name
    request.note = note.strip()[:_NOTE_LENGTH]
    request.result_url = result_url
    request.save(
        update_fields=["state", "secret_sealed", "decided_at", "decided_by", "decided_by_name", "note", "result_url"]
    )


def about(request: ApprovalRequest) -> About:
    """The user whom a request is about."""
    return About(
        customer_id=request.customer_id,
        customer_name=request.customer_name,
        tenant_id=request.tenant_id,
        target_kind="user",
        target_id=str(request.object_id),
        target_name=request.target_name,
    )


def _record(actor: Actor, event: SafeguardEvent, request: ApprovalRequest, *, summary: str = "") -> None:
    audit.record(
        actor=actor,
        action=event,
        about=about(request),
        justification=request.justification,
        ticket=request.ticket,
        summary=" ".join(filter(None, [policies.DEED_WORDS[Deed(request.deed)] + ".", summary])),
        details={"approval": str(request.pk), "deed": request.deed, "class": request.target_class},
    )
