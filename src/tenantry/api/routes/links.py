"""One-time links: how a program hands a new password or a pass to its user, also where nobody here may see it."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Router, Status

from tenantry.api import operations, schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of, token_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.helpdesk import actions, queries
from tenantry.kit.errors import NotHere
from tenantry.technicians.permissions import Permission

router = Router(tags=["one-time links"])
_LINK = "/customers/{id:customer_id}/operations/{id:operation_id}/link"


def _newest(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> schemas.SecretLinkOut:
    operation = queries.get_operation(
        technician=technician_of(request), customer_id=customer_id, operation_id=operation_id
    )
    link = queries.newest_link(operation)
    if link is None:
        raise NotHere("No link was made for this operation.")
    return shapes.secret_link_out(link)


@router.post(_LINK, response={201: schemas.NewSecretLinkOut}, auth=needs(Permission.HELPDESK_ACT))
@sensitive_variables("made")
def make_link(
    request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID
) -> Status[schemas.NewSecretLinkOut]:
    """A link that the user opens once, and its code; only in this answer. Asked for again, the one before ends.

    It takes no `Idempotency-Key`: nothing that opens a password is kept to be answered again.
    """
    made = operations.share(
        actor=actor_of(request),
        technician=technician_of(request),
        token=token_of(request),
        customer_id=customer_id,
        operation_id=operation_id,
    )
    told = shapes.secret_link_out(made.row).model_dump()
    return Status(201, schemas.NewSecretLinkOut(**told, address=made.address, code=made.code.reveal()))


@router.get(_LINK, response=schemas.SecretLinkOut, auth=needs(Permission.ACTIVITY_READ))
def link(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> schemas.SecretLinkOut:
    """What became of the newest link: whether it was opened, when, and from where."""
    return _newest(request, customer_id, operation_id)


@router.post(f"{_LINK}/revoke", response=schemas.SecretLinkOut, auth=needs(Permission.HELPDESK_ACT))
def revoke_link(
    request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID, key: Key, body: schemas.Nothing
) -> HttpResponse:
    """End the link now. What it led to waits on for a quarter of an hour since its proof, then it is thrown away."""
    del body

    def work(_: uuid.UUID) -> Answer:
        actions.revoke_link(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            operation_id=operation_id,
        )
        return Answer(200, schemas.dumped(_newest(request, customer_id, operation_id)))

    return once(request, key, work)
