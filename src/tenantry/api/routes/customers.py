"""Customers, their connections and their readiness."""

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tenantry.api import schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.customers import actions
from tenantry.customers.queries import CustomerRow, get_customer, list_customers
from tenantry.technicians.permissions import Permission
from tenantry.tenants.queries import board, listing
from tenantry.tenants.queries.overview import overview_of

router = Router(tags=["customers"])


def _one(request: HttpRequest, customer_id: uuid.UUID) -> schemas.CustomerOut:
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    return shapes.customer_out(CustomerRow(customer, listing.lines_of([customer.pk]).get(customer.pk)))


@router.get("/customers", response=schemas.CustomersOut, auth=needs(Permission.CUSTOMERS_READ))
def customers(
    request: HttpRequest,
    search: schemas.Search,
    after: schemas.After,
    show: Annotated[Literal["", "attention", "setup", "ready", "none", "archived"], Query()] = "",
) -> schemas.CustomersOut:
    """Customers by name, fifty a page."""
    page = list_customers(technician=technician_of(request), search=search, show=show, after=after)
    return schemas.CustomersOut(items=[shapes.customer_out(row) for row in page.rows], next=page.after)


@router.post("/customers", response={201: schemas.CustomerOut}, auth=needs(Permission.CUSTOMERS_MANAGE))
def add_customer(request: HttpRequest, key: Key, body: schemas.CustomerIn) -> HttpResponse:
    """Add a customer. Who does not see every customer puts it into a group of their teams, and of the token's."""

    def work(_: uuid.UUID) -> Answer:
        customer = actions.add_customer(
            actor=actor_of(request),
            technician=technician_of(request),
            name=body.name,
            domain=body.domain,
            group_ids=body.groups,
        )
        made = shapes.customer_out(CustomerRow(customer, None))
        return Answer(201, schemas.dumped(made), f"{request.path}/{customer.pk}")

    return once(request, key, work)


@router.get("/customers/{id:customer_id}", response=schemas.CustomerOut, auth=needs(Permission.CUSTOMERS_READ))
def customer(request: HttpRequest, customer_id: uuid.UUID) -> schemas.CustomerOut:
    """One customer."""
    return _one(request, customer_id)


@router.patch("/customers/{id:customer_id}", response=schemas.CustomerOut, auth=needs(Permission.CUSTOMERS_MANAGE))
def change_customer(request: HttpRequest, customer_id: uuid.UUID, body: schemas.CustomerChange) -> schemas.CustomerOut:
    """Rename a customer, or change the domain its tenant is expected to have. The same twice changes nothing."""
    technician = technician_of(request)
    before = get_customer(technician=technician, customer_id=customer_id)
    actions.change_customer(
        actor=actor_of(request),
        technician=technician,
        customer_id=customer_id,
        name=before.name if body.name is None else body.name,
        domain=before.domain if body.domain is None else body.domain,
    )
    return _one(request, customer_id)


@router.get(
    "/customers/{id:customer_id}/connection", response=schemas.ConnectionOut, auth=needs(Permission.CONNECTIONS_READ)
)
def connection(request: HttpRequest, customer_id: uuid.UUID) -> schemas.ConnectionOut:
    """Where the customer's connection stands, and each feature."""
    found = get_customer(technician=technician_of(request), customer_id=customer_id)
    return shapes.connection_out(overview_of(found))


@router.get("/readiness", response=schemas.ReadinessOut, auth=needs(Permission.CONNECTIONS_READ))
def readiness(
    request: HttpRequest,
    after: schemas.After,
    show: Annotated[Literal["", "attention", "propagating", "ready", "none"], Query()] = "",
) -> schemas.ReadinessOut:
    """The readiness board over all customers, by name."""
    page = board.page_of(technician=technician_of(request), show=show, after=after)
    items = [
        schemas.ReadinessRowOut(
            customer_id=row.customer.pk,
            customer=row.customer.name,
            connected=row.connection is not None,
            features=[shapes.feature_out(line) for line in row.lines],
        )
        for row in page.rows
    ]
    return schemas.ReadinessOut(items=items, next=page.after)
