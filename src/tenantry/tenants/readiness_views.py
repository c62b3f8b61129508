"""Pages of readiness: which features are wanted, and the board across all customers."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import get_customer
from tenantry.kit.errors import Conflict, Invalid, NotHere
from tenantry.kit.needs import needs
from tenantry.reach import roles
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.tenants import actions, forms
from tenantry.tenants.models import AppKind, RolePath
from tenantry.tenants.policies import (
    COLUMNS,
    WISH_HINTS,
    Wish,
    least_role,
    needed_role_actions,
)
from tenantry.tenants.queries import board as board_queries
from tenantry.tenants.queries import connection_of, wishes_of
from tenantry.tenants.queries.overview import canary_of, differences_of, overview_of


@needs(Permission.CONNECTIONS_READ)
@never_cache
@require_GET
def across(request: HttpRequest) -> HttpResponse:
    """Customers by features. The filters narrow to a state, to a feature, or to both."""
    technician = technician_of(request)
    show, feature = request.GET.get("show", ""), request.GET.get("feature", "")
    show = show if show in board_queries.FILTERS else ""
    feature = feature if feature in {column.key for column in COLUMNS} else ""
    summary = board_queries.summary(technician)
    page = board_queries.page_of(
        technician=technician,
        show=show,
        feature=feature,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "nav": "readiness",
        "summary": summary,
        "page": page,
        "columns": COLUMNS,
        "show": show,
        "feature": feature,
        "chips": [(value, word, summary.counts[value]) for value, word in board_queries.FILTERS.items()],
        "tally": next((each for each in summary.features if each.key == feature), None),
    }
    return render(request, "tenants/readiness.html", context)


@needs(Permission.CONNECTIONS_READ, change=Permission.CONNECTIONS_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def features(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """GET shows what is wanted and how that differs from what is granted; POST chooses."""
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    present = connection_of(customer.pk)
    if present is None:
        return redirect("customers:page", customer_id=customer.pk)
    wishes = wishes_of(present)
    is_least = str(present.wanted_role_id) == least_role(wishes)
    form = forms.FeaturesForm(
        request.POST if request.method == "POST" else None,
        initial={
            "wishes": [str(wish) for wish in wishes],
            "wanted_role": "" if is_least else str(present.wanted_role_id),
            "tenant_id": present.tenant_id,
        },
        path=RolePath(present.path),
        wishes=wishes,
    )
    if request.method == "POST" and form.is_valid():
        chosen = frozenset(map(Wish, form.cleaned_data["wishes"]))
        try:
            role_id = actions.choose_features(
                actor=actor_of(request),
                technician=technician_of(request),
                customer_id=customer.pk,
                tenant_id=form.cleaned_data["tenant_id"],
                wishes=chosen,
                wanted_role_id=form.cleaned_data["wanted_role"],
                is_confirmed=bool(form.cleaned_data.get("is_confirmed")),
            )
        except Invalid as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.reason)
        else:
            return _chosen(request, customer.pk, chosen=chosen, role_id=role_id)
    context = {
        "customer": customer,
        "connection": present,
        "form": form,
        "wish_hints": WISH_HINTS,
        "least": roles.role_name(least_role(wishes)),
        "role_actions": needed_role_actions(wishes),
        "differences": differences_of(customer),
        "canary": canary_of(customer),
        "o": overview_of(customer),
    }
    return render(request, "tenants/features.html", context, status=400 if form.errors else 200)


def _chosen(request: HttpRequest, customer_id: uuid.UUID, *, chosen: frozenset[Wish], role_id: str) -> HttpResponse:
    """On from the choice: to the elevation app where it is wanted and not there, else to the customer."""
    messages.success(request, f"Chosen. The role for it is {roles.role_name(role_id)}; the checklist says what to do.")
    if Wish.JIT in chosen and connection_of(customer_id, app=AppKind.ELEVATION) is None:
        return redirect("tenants:connect_elevation", customer_id=customer_id)
    return redirect("tenants:features", customer_id=customer_id)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def reduce(request: HttpRequest, customer_id: uuid.UUID, app: str) -> HttpResponse:
    """Propose the reduction to what is needed: the least role is wanted, and the steps are shown."""
    if app not in AppKind.values:
        raise NotHere("There is no such app.")
    form = forms.OfTenantForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form does not say which tenant it is for.", remedy="Reload the page and try again.")
    actions.propose_reduction(
        actor=actor_of(request),
        technician=technician_of(request),
        customer_id=customer_id,
        tenant_id=form.cleaned_data["tenant_id"],
        app=AppKind(app),
    )
    messages.success(request, "The steps stand on this page. Nothing was removed: an administrator walks them.")
    return redirect("tenants:features", customer_id=customer_id)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def review(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Ask for a review of the enterprise apps beside ours now (J8)."""
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    present = connection_of(customer.pk)
    form = forms.OfTenantForm(request.POST)
    if present is None or not form.is_valid() or form.cleaned_data["tenant_id"] != present.tenant_id:
        raise Conflict("The connection has changed since this page was loaded.", remedy="Reload the page.")
    actions.enqueue_neighbours(present.tenant_id)
    messages.info(request, "We are reading the enterprise apps of the tenant. The page shows what we find.")
    return redirect("customers:page", customer_id=customer.pk)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def canary(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Begin a run of the canary account."""
    form = forms.OfTenantForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form does not say which tenant it is for.", remedy="Reload the page and try again.")
    actions.start_canary(
        actor=actor_of(request),
        technician=technician_of(request),
        customer_id=customer_id,
        tenant_id=form.cleaned_data["tenant_id"],
        is_confirmed="confirmed" in request.POST,
    )
    messages.info(request, "The run has begun. Reload this page to see each step.")
    return redirect("tenants:features", customer_id=customer_id)
