"""Users: search, list, one, and what is done to them."""

import uuid
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables
from ninja import Query, Router

from tenantry.api import operations, schemas, shapes
from tenantry.api.auth import actor_of, needs, technician_of, token_of
from tenantry.api.idempotency import Answer, Key, once
from tenantry.api.operations import Asked
from tenantry.customers.queries import get_customer
from tenantry.directory import listing
from tenantry.directory import queries as directory
from tenantry.helpdesk import queries
from tenantry.helpdesk.actions import PassWish
from tenantry.helpdesk.kinds import BY_SLUG
from tenantry.helpdesk.models import Operation
from tenantry.safeguards.queries import RequestRow
from tenantry.technicians.permissions import Permission
from tenantry.tenants import queries as tenants

router = Router(tags=["users"])
_USER = "/customers/{id:customer_id}/users/{id:user_id}"
_OPERATION = "/customers/{id:customer_id}/operations/{id:operation_id}"


@router.get("/users", response=schemas.FoundOut, auth=needs(Permission.USERS_READ))
def search_users(request: HttpRequest, search: schemas.Words) -> schemas.FoundOut:
    """The best matches over all customers that the token sees. Words must begin as typed."""
    found, has_more = listing.search_users(technician=technician_of(request), text=search)
    return schemas.FoundOut(items=[shapes.found_out(user) for user in found], more=has_more)


@router.get("/customers/{id:customer_id}/users", response=schemas.UsersOut, auth=needs(Permission.USERS_READ))
def users(
    request: HttpRequest,
    *,
    customer_id: uuid.UUID,
    search: schemas.Search,
    signin: Annotated[Literal["enabled", "blocked"] | None, Query()] = None,
    order: Annotated[Literal["name", "upn", "password", "created"], Query()] = "name",
    after: schemas.After,
) -> schemas.UsersOut:
    """The users of a customer, fifty a page; none while it is not connected."""
    get_customer(technician=technician_of(request), customer_id=customer_id)
    connection = tenants.connection_of(customer_id)
    if connection is None:
        return schemas.UsersOut(items=[], next="")
    page = listing.page_of_users(
        tenant_id=connection.tenant_id,
        users=directory.sync_summary(connection.tenant_id).users,
        wanted=listing.Wanted(text=search, filters={"signin": signin} if signin else {}, order=order),
        after=after,
    )
    return schemas.UsersOut(items=[shapes.user_out(customer_id, user) for user in page.users], next=page.after)


@router.get(_USER, response=schemas.UserDetailsOut, auth=needs(Permission.USERS_READ))
def user(request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID) -> schemas.UserDetailsOut:
    """One user, with roles, licences, and what can be done."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection, found = queries.find_user(customer_id=customer_id, object_id=user_id)
    details = directory.user_details(found)
    running = queries.open_operation(tenant_id=found.tenant_id, object_id=found.object_id)
    rows = queries.action_rows(
        technician=technician, customer=customer, connection=connection, user=found, running=running
    )
    return schemas.UserDetailsOut(
        **shapes.user_out(customer_id, found).model_dump(),
        mail=found.mail,
        removed_at=found.removed_at,
        roles=[f"{role.name} (eligible)" if role.is_eligible else role.name for role in details.roles],
        licences=details.licences,
        actions=[shapes.action_out(row) for row in rows],
    )


def _ask(request: HttpRequest, key: str, asked: Asked) -> HttpResponse:
    def work(wish_id: uuid.UUID) -> Answer:
        technician = technician_of(request)
        made = operations.ask(
            actor=actor_of(request), technician=technician, token=token_of(request), asked=asked, wish_id=wish_id
        )
        if isinstance(made, Operation):
            body = schemas.AcceptedOut(operation=shapes.operation_out(made))
            return Answer(202, schemas.dumped(body), f"/api/v1/customers/{asked.customer_id}/operations/{made.pk}")
        row = RequestRow(made, is_own=True, is_open=True)
        body = schemas.AcceptedOut(approval=shapes.approval_out(row))
        return Answer(202, schemas.dumped(body), f"/api/v1/approvals/{made.pk}")

    return once(request, key, work)


@router.post(f"{_USER}/reset-password", response={202: schemas.AcceptedOut}, auth=needs(Permission.HELPDESK_ACT))
def reset_password(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.ResetWish
) -> HttpResponse:
    """Reset the password. It is made here and read from the operation, once, when the reset is proven."""
    asked = Asked(
        customer_id=customer_id,
        object_id=user_id,
        kind=BY_SLUG["reset-password"],
        justification=body.justification,
        ticket=body.ticket,
        again=body.again,
        password=body.password,
        must_change=body.must_change,
    )
    return _ask(request, key, asked)


@router.post(f"{_USER}/access-pass", response={202: schemas.AcceptedOut}, auth=needs(Permission.HELPDESK_ACT))
def access_pass(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.PassWishIn
) -> HttpResponse:
    """Create a Temporary Access Pass. Microsoft makes its code; the operation hands it out once."""
    asked = Asked(
        customer_id=customer_id,
        object_id=user_id,
        kind=BY_SLUG["access-pass"],
        justification=body.justification,
        ticket=body.ticket,
        again=body.again,
        wish=PassWish(minutes=body.minutes, is_once=body.one_time),
    )
    return _ask(request, key, asked)


def _plain(customer_id: uuid.UUID, user_id: uuid.UUID, slug: str, body: schemas.Wish) -> Asked:
    return Asked(
        customer_id=customer_id,
        object_id=user_id,
        kind=BY_SLUG[slug],
        justification=body.justification,
        ticket=body.ticket,
        again=body.again,
    )


@router.post(f"{_USER}/block", response={202: schemas.AcceptedOut}, auth=needs(Permission.HELPDESK_ACT))
def block(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.Wish
) -> HttpResponse:
    """Block the sign-in."""
    return _ask(request, key, _plain(customer_id, user_id, "block", body))


@router.post(f"{_USER}/unblock", response={202: schemas.AcceptedOut}, auth=needs(Permission.HELPDESK_ACT))
def unblock(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.Wish
) -> HttpResponse:
    """Allow the sign-in again."""
    return _ask(request, key, _plain(customer_id, user_id, "unblock", body))


@router.post(f"{_USER}/revoke-sessions", response={202: schemas.AcceptedOut}, auth=needs(Permission.HELPDESK_ACT))
def revoke_sessions(
    request: HttpRequest, customer_id: uuid.UUID, user_id: uuid.UUID, key: Key, body: schemas.Wish
) -> HttpResponse:
    """Revoke the sessions."""
    return _ask(request, key, _plain(customer_id, user_id, "revoke-sessions", body))


@router.get(_OPERATION, response=schemas.OperationOut, auth=needs(Permission.ACTIVITY_READ))
def operation(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> schemas.OperationOut:
    """How far an operation is."""
    found = queries.get_operation(technician=technician_of(request), customer_id=customer_id, operation_id=operation_id)
    return shapes.operation_out(found)


@router.post(f"{_OPERATION}/password", response=schemas.PasswordOut, auth=needs(Permission.HELPDESK_ACT))
@sensitive_variables("password")
def reveal_password(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> schemas.PasswordOut:
    """The new password or a pass's code, once, to the token that asked for it; within 15 minutes of its proof."""
    found, password = operations.reveal(
        actor=actor_of(request),
        technician=technician_of(request),
        token=token_of(request),
        customer_id=customer_id,
        operation_id=operation_id,
    )
    return schemas.PasswordOut(password=password.reveal(), operation=shapes.operation_out(found))
