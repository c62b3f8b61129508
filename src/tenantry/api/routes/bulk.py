"""The same on several users at once: what the rules let be done without a caller or a second technician."""

import uuid

from django.http import HttpRequest, HttpResponse
from ninja import Router

from tenantry.api import operations, schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of, token_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.helpdesk import queries
from tenantry.helpdesk.kinds import BY_SLUG
from tenantry.technicians.permissions import Permission

router = Router(tags=["bulk runs"])
_RUNS = "/customers/{id:customer_id}/bulk-runs"


@router.post(_RUNS, response={202: schemas.BulkOut}, auth=needs(Permission.HELPDESK_BULK))
def start(request: HttpRequest, customer_id: uuid.UUID, key: Key, body: schemas.BulkIn) -> HttpResponse:
    """Block, or revoke the sessions of, up to 200 users. Whoever is left out is named, with the reason."""

    def work(wish_id: uuid.UUID) -> Answer:
        run = operations.ask_for_many(
            actor=actor_of(request),
            technician=technician_of(request),
            token=token_of(request),
            customer_id=customer_id,
            object_ids=body.users,
            kind=BY_SLUG[body.kind],
            justification=body.justification,
            ticket=body.ticket,
            wish_id=wish_id,
        )
        where = f"/api/v1/customers/{customer_id}/bulk-runs/{run.pk}"
        return Answer(202, schemas.dumped(shapes.bulk_out(customer_id, run)), where)

    return once(request, key, work)


@router.get(f"{_RUNS}/{{id:run_id}}", response=schemas.BulkOut, auth=needs(Permission.ACTIVITY_READ))
def bulk_run(request: HttpRequest, customer_id: uuid.UUID, run_id: uuid.UUID) -> schemas.BulkOut:
    """How far a run is."""
    run = queries.get_bulk_run(technician=technician_of(request), customer_id=customer_id, run_id=run_id)
    return shapes.bulk_out(customer_id, run)
