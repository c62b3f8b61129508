"""Requests for a second technician. A token never approves: that takes a person."""

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tenantry.api import schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.safeguards import actions, queries
from tenantry.technicians.permissions import Permission

router = Router(tags=["approvals"])


def _one(request: HttpRequest, request_id: uuid.UUID) -> schemas.ApprovalOut:
    return shapes.approval_out(queries.get_request(technician=technician_of(request), request_id=request_id))


@router.get("/approvals", response=schemas.ApprovalsOut, auth=needs(Permission.APPROVALS_READ))
def approvals(
    request: HttpRequest, show: Annotated[Literal["open", "closed"], Query()] = "open"
) -> schemas.ApprovalsOut:
    """Requests that wait, oldest first; or the last that were decided or ran out."""
    rows = queries.list_requests(technician=technician_of(request), is_open=show == "open")
    return schemas.ApprovalsOut(items=[shapes.approval_out(row) for row in rows])


@router.get("/approvals/{id:request_id}", response=schemas.ApprovalOut, auth=needs(Permission.APPROVALS_READ))
def approval(request: HttpRequest, request_id: uuid.UUID) -> schemas.ApprovalOut:
    """One request."""
    return _one(request, request_id)


@router.post("/approvals/{id:request_id}/deny", response=schemas.ApprovalOut, auth=needs(Permission.APPROVALS_DECIDE))
def deny(request: HttpRequest, request_id: uuid.UUID, key: Key, body: schemas.Note) -> HttpResponse:
    """Refuse a colleague's request; nothing is done."""

    def work(_: uuid.UUID) -> Answer:
        actions.deny(actor=actor_of(request), technician=technician_of(request), request_id=request_id, note=body.note)
        return Answer(200, schemas.dumped(_one(request, request_id)))

    return once(request, key, work)


@router.post("/approvals/{id:request_id}/withdraw", response=schemas.ApprovalOut, auth=needs(Permission.HELPDESK_ACT))
def withdraw(request: HttpRequest, request_id: uuid.UUID, key: Key, body: schemas.Nothing) -> HttpResponse:
    """Take one's own request back."""
    del body

    def work(_: uuid.UUID) -> Answer:
        actions.withdraw(actor=actor_of(request), technician=technician_of(request), request_id=request_id)
        return Answer(200, schemas.dumped(_one(request, request_id)))

    return once(request, key, work)
