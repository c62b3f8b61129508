"""The record, and the token itself."""

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Query, Router

from tenantry.api import schemas, shapes
from tenantry.api.auth import ANY_TOKEN, needs, technician_of, token_of
from tenantry.audit import queries
from tenantry.audit.queries import Filter
from tenantry.audit.sight import sight_of
from tenantry.technicians.permissions import Permission

router = Router(tags=["activity"])


@router.get("/activity", response=schemas.ActivityOut, auth=needs(Permission.ACTIVITY_READ))
def activity(
    request: HttpRequest,
    *,
    search: schemas.Search,
    customer_id: Annotated[uuid.UUID | None, Query()] = None,
    action: schemas.Search,
    result: Annotated[Literal["", "open", "done", "refused", "failed", "unknown"], Query()] = "",
    after: schemas.After,
) -> schemas.ActivityOut:
    """The record, newest first: what the token sees of it."""
    wanted = Filter(
        text=search, customer_id=customer_id, action=action, result=result, sight=sight_of(technician_of(request))
    )
    page = queries.page(wanted, after=after)
    return schemas.ActivityOut(items=[shapes.act_out(act) for act in page.acts], next=page.after)


@router.get("/token", response=schemas.TokenOut, auth=ANY_TOKEN)
def token(request: HttpRequest) -> schemas.TokenOut:
    """What the token at hand may do, and until when."""
    found, technician = token_of(request), technician_of(request)
    return schemas.TokenOut(
        name=found.name,
        technician=technician.display_name,
        role=technician.role,
        permissions=sorted(each for each in found.permissions if technician.may(Permission(each))),
        customer_groups=found.customer_group_ids,
        expires_at=found.expires_at,
    )
