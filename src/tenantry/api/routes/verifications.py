"""Whether a caller is who they say. A program has nobody on the telephone, so the caller's own sign-in is the only way.

Codes are read out to a person, and are sent while it waits: neither fits a write that is answered once for its key.
"""

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tenantry.api import schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.helpdesk.kinds import BY_SLUG
from tenantry.safeguards.policies import Deed
from tenantry.technicians.permissions import Permission
from tenantry.verification import actions, queries
from tenantry.verification.policies import Method

router = Router(tags=["verification"])
_ATTEMPT = "/customers/{uuid:customer_id}/verifications/{uuid:verification_id}"


@router.post(
    "/customers/{uuid:customer_id}/users/{uuid:user_id}/verifications",
    response={201: schemas.VerificationOut},
    auth=needs(Permission.VERIFICATION_START),
)
def start(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.VerificationIn
) -> HttpResponse:
    """Make a link through which the caller signs in to their own tenant. Read it from the verification."""

    def work(_: uuid.UUID) -> Answer:
        row = actions.start(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            object_id=user_id,
            deed=Deed(BY_SLUG[body.deed].kind.value),
            ticket=body.ticket,
            method=Method.OWN_SIGN_IN,
        )
        where = f"/api/v1/customers/{customer_id}/verifications/{row.pk}"
        return Answer(201, schemas.dumped(shapes.verification_out(row)), where)  # kept for the key: without the link

    return once(request, key, work)


@router.get(_ATTEMPT, response=schemas.VerificationLinkOut, auth=needs(Permission.VERIFICATION_START))
def verification(
    request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID
) -> schemas.VerificationLinkOut:
    """How far it is; while it waits, with the link for the caller."""
    technician = technician_of(request)
    row = queries.get_verification(technician=technician, customer_id=customer_id, verification_id=verification_id)
    link = queries.link_of(row) if row.technician_id == technician.pk else ""
    return schemas.VerificationLinkOut(**shapes.verification_out(row).model_dump(), link=link)


@router.post(f"{_ATTEMPT}/stop", response=schemas.VerificationOut, auth=needs(Permission.VERIFICATION_START))
def stop(
    request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID, key: Key, body: schemas.Nothing
) -> HttpResponse:
    """Stop it, or take back a pass that was not used."""
    del body

    def work(_: uuid.UUID) -> Answer:
        row = actions.stop(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            verification_id=verification_id,
            reason="Stopped by a program.",
        )
        return Answer(200, schemas.dumped(shapes.verification_out(row)))

    return once(request, key, work)
