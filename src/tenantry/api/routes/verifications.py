"""Whether a caller is who they say: every method of the screens, for a program that has the caller on the line.

Whatever goes out to somebody (a code, a push, a question to a provider) is recorded and committed before; so these
routes keep their answers outside of a transaction. What they keep for a key tells neither number nor link nor code.
"""

import uuid
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Query, Router

from tenantry.api import schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of
from tenantry.api.idempotency import Answer, Key, once, once_outside
from tenantry.customers.queries import get_customer
from tenantry.helpdesk.kinds import BY_SLUG
from tenantry.helpdesk.queries import find_user
from tenantry.kit.errors import NotHere
from tenantry.safeguards.policies import Deed
from tenantry.technicians.permissions import Permission
from tenantry.verification import actions, queries
from tenantry.verification.models import Verification

router = Router(tags=["verification"])
_USER = "/customers/{id:customer_id}/users/{id:user_id}"
_ATTEMPT = "/customers/{id:customer_id}/verifications/{id:verification_id}"


def _deed(slug: str) -> Deed:
    return Deed(BY_SLUG[slug].kind.value)


def _one(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> Verification:
    return queries.get_verification(
        technician=technician_of(request), customer_id=customer_id, verification_id=verification_id
    )


@router.get(f"{_USER}/verification-methods", response=schemas.MethodsOut, auth=needs(Permission.VERIFICATION_START))
def methods(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, deed: Annotated[schemas.Deed, Query()]
) -> schemas.MethodsOut:
    """How this user could be verified for this deed; why not, where a method cannot be used."""
    technician = technician_of(request)
    get_customer(technician=technician, customer_id=customer_id)
    _, user = find_user(customer_id=customer_id, object_id=user_id)
    wanted, offers = queries.offers_to(technician=technician, user=user, deed=_deed(deed))
    return schemas.MethodsOut(wanted=wanted, items=[shapes.method_out(offer) for offer in offers])


@router.get(f"{_USER}/verifications", response=schemas.VerificationsOut, auth=needs(Permission.VERIFICATION_START))
def verifications(request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID) -> schemas.VerificationsOut:
    """The last five of this user, whoever began them."""
    get_customer(technician=technician_of(request), customer_id=customer_id)
    _, user = find_user(customer_id=customer_id, object_id=user_id)
    rows = queries.recent(tenant_id=user.tenant_id, object_id=user.object_id)
    return schemas.VerificationsOut(items=[shapes.verification_out(row) for row in rows])


@router.post(
    f"{_USER}/verifications", response={201: schemas.VerificationOut}, auth=needs(Permission.VERIFICATION_START)
)
def start(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.VerificationIn
) -> HttpResponse:
    """Begin: make a link, or send a code or a push to where the directory says. Read the rest at `Location`."""

    def told(row: Verification) -> Answer:
        where = f"/api/v1/customers/{customer_id}/verifications/{row.pk}"
        return Answer(201, schemas.dumped(shapes.verification_out(row)), where)

    def work(attempt_id: uuid.UUID) -> Answer:
        row = actions.start(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            object_id=user_id,
            deed=_deed(body.deed),
            ticket=body.ticket,
            method=body.method,
            attempt_id=attempt_id,
        )
        return told(row)

    def so_far(attempt_id: uuid.UUID) -> Answer | None:
        try:
            return told(_one(request, customer_id, attempt_id))
        except NotHere:
            return None

    return once_outside(request, key, work, so_far)


@router.get(_ATTEMPT, response=schemas.VerificationNowOut, auth=needs(Permission.VERIFICATION_START))
def verification(
    request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID
) -> schemas.VerificationNowOut:
    """How far it is; while it waits, with what is said to the caller, and the link for whoever began."""
    row = _one(request, customer_id, verification_id)
    return schemas.VerificationNowOut(
        **shapes.verification_out(row).model_dump(),
        number=row.number,
        link=queries.link_of(row) if row.technician_id == technician_of(request).pk else "",
        sent_to=row.sent_to,
        manager=row.voucher_name,
        warning=queries.warning_of(row),
    )


@router.post(f"{_ATTEMPT}/code", response=schemas.VerificationOut, auth=needs(Permission.VERIFICATION_START))
@sensitive_variables("body")
def code(
    request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID, key: Key, body: schemas.CodeIn
) -> HttpResponse:
    """Give the code that the caller read out. A wrong one is no error: `state`, `wrong` and `tries_left` tell."""

    @sensitive_variables()
    def work(_: uuid.UUID) -> Answer:
        row = actions.answer_code(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            verification_id=verification_id,
            code=body.code,
        )
        return Answer(200, schemas.dumped(shapes.verification_out(row)))

    return once_outside(request, key, work)


@router.post(f"{_ATTEMPT}/stop", response=schemas.VerificationOut, auth=needs(Permission.VERIFICATION_START))
def stop(
    request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID, key: Key, body: schemas.StopIn
) -> HttpResponse:
    """Stop it, take back a pass that was not used, or note that the owner of the account did not call."""

    def work(_: uuid.UUID) -> Answer:
        row = actions.stop(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            verification_id=verification_id,
            why=body.why,
        )
        return Answer(200, schemas.dumped(shapes.verification_out(row)))

    return once(request, key, work)
