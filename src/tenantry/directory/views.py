"""Screens of the mirror: the users of a customer, one user, the search over everybody."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from tenantry.customers.queries import Customer, get_customer, list_customers
from tenantry.directory import actions, listing, passwords, queries
from tenantry.directory.forms import UserFilter
from tenantry.directory.models import DirectoryUser
from tenantry.directory.registration import registration_of
from tenantry.directory.words import explain_live
from tenantry.graph import errors
from tenantry.helpdesk import queries as helpdesk
from tenantry.kit.decision import Denied
from tenantry.kit.errors import NotHere
from tenantry.kit.needs import needs
from tenantry.technicians.current import technician_of
from tenantry.technicians.permissions import Permission
from tenantry.tenants import queries as tenants

_CUSTOMERS_SHOWN: Final = 8
_LEAST_LETTERS: Final = 2


def _users_context(request: HttpRequest, customer_id: uuid.UUID) -> dict[str, Any]:
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    tenant = tenants.tenant_of(customer.pk)
    if tenant is None:
        return {"customer": customer, "tenant": None, "nav": "users"}
    form = UserFilter(request.GET)
    wanted = form.wanted()
    summary = queries.sync_summary(tenant.tenant_id)
    page = listing.page_of_users(
        tenant_id=tenant.tenant_id,
        users=max(summary.users, summary.users_read),
        wanted=wanted,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    return {
        "customer": customer,
        "tenant": tenant,
        "summary": summary,
        "form": form,
        "wanted": wanted,
        "page": page,
        "nav": "users",
    }


@needs(Permission.USERS_READ)
@require_GET
def users(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The users of a customer; to htmx only the part it asks for."""
    target = request.headers.get("HX-Target", "") if request.headers.get("HX-Request") else ""
    part = {"users": "#table", "freshness": "#freshness"}.get(target, "")
    context = _users_context(request, customer_id)
    answer = render(request, f"directory/users.html{part}" if context["tenant"] else "directory/users.html", context)
    patch_vary_headers(answer, ("HX-Request", "HX-Target"))
    if target == "freshness" and context["tenant"] and not context["summary"].is_reading:
        answer["HX-Trigger"] = "users-read"  # the table reads itself once more, whole
    return answer


@needs(Permission.USERS_SYNC)
@require_POST
def sync(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Read the tenant again now."""
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    tenant = tenants.tenant_of(customer.pk)
    if tenant is None:
        raise NotHere("This customer has no connected tenant.")
    actions.request_sync(tenant_id=tenant.tenant_id)
    messages.info(request, "Reading the tenant again. The list shows what has arrived.")
    return redirect("directory:users", customer_id=customer.pk)


def _user_of(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID) -> tuple[Customer, Any, DirectoryUser]:
    """The customer, its connection and its user.

    Raises:
        NotHere: no such customer for this technician, or the customer has no such user.
    """
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    connection = tenants.connection_of(customer.pk)
    found = queries.find_user(tenant_id=connection.tenant_id, object_id=object_id) if connection is not None else None
    if connection is None or found is None:
        raise NotHere("This customer has no such user.")
    return customer, connection, found


@needs(Permission.USERS_READ)
@require_GET
def user(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID) -> HttpResponse:
    """One user: facts, roles, what can be done and what was done."""
    customer, connection, found = _user_of(request, customer_id, object_id)
    summary = queries.sync_summary(found.tenant_id)
    operations = helpdesk.recent_operations(tenant_id=found.tenant_id, object_id=found.object_id)
    rows = helpdesk.action_rows(
        technician=technician_of(request),
        customer=customer,
        connection=connection,
        user=found,
        running=helpdesk.open_among(operations),
        are_roles_known=summary.are_roles_known,
    )
    details = queries.user_details(found)
    context = {
        "customer": customer,
        "customer_id": customer.pk,
        "directory_user": found,
        "details": details,
        "password": passwords.facts(found, details.domain),
        "registration": registration_of(found),
        "summary": summary,
        "is_emergency": any(
            isinstance(row.decision, Denied) and row.decision.code == "emergency_account" for row in rows
        ),
        "rows": rows,
        "operations": operations,
        "nav": "users",
    }
    return render(request, "directory/user.html", context)


@needs(Permission.USERS_READ)
@require_GET
def groups(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID) -> HttpResponse:
    """Every group of a user, read from Microsoft now; to htmx only the list."""
    customer, _, found = _user_of(request, customer_id, object_id)
    context: dict[str, Any] = {"customer": customer, "directory_user": found, "nav": "users"}
    try:
        context["groups"] = actions.read_groups_of_user(tenant_id=found.tenant_id, object_id=found.object_id)
    except errors.GraphError as error:
        context["problem"] = explain_live(error, what="groups", permission="User.Read.All")
    part = "#list" if request.headers.get("HX-Request") else ""
    answer = render(request, f"directory/groups.html{part}", context)
    patch_vary_headers(answer, ("HX-Request",))
    return answer


@needs(Permission.USERS_READ)
@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Customers and users of all customers by the words typed."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    technician = technician_of(request)
    is_enough = len(text) >= _LEAST_LETTERS or (bool(text) and not text.isascii())
    found, has_more = listing.search_users(technician=technician, text=text) if is_enough else ([], False)
    customers = list_customers(technician=technician, search=text).rows[:_CUSTOMERS_SHOWN] if is_enough else []
    context = {
        "search_query": text,
        "is_enough": is_enough,
        "found": found,
        "has_more": has_more,
        "customers": customers,
        "search_url": reverse("directory:search"),
        "customers_url": reverse("customers:list"),  # once, not for each row
        "nav": "users",
    }
    return render(request, "directory/search.html", context)
