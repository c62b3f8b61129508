"""Pages of customers."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.customers import actions
from tenantry.customers.forms import CustomerForm
from tenantry.customers.groups.reading import groups_of
from tenantry.customers.queries import FILTERS, get_customer, list_customers, summarise
from tenantry.graph.apps import App, registration
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up
from tenantry.tenants.queries import tenant_of
from tenantry.tenants.queries.overview import overview_of


@needs(Permission.CUSTOMERS_READ)
@require_GET
def customer_list(request: HttpRequest) -> HttpResponse:
    """Every customer, those that need somebody one press away."""
    technician = technician_of(request)
    search = request.GET.get("q", "").strip()
    show = request.GET.get("show", "")
    show = show if show in FILTERS else ""
    page = list_customers(
        technician=technician,
        search=search,
        show=show,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    summary = summarise(technician)
    counts = {
        "": summary.total,
        "attention": summary.attention,
        "setup": summary.setting_up,
        "ready": summary.ready,
        "none": summary.not_connected,
        "archived": summary.archived,
    }
    context = {
        "page": page,
        "is_registered": registration(App.HELPDESK).is_set_up,
        "summary": summary,
        "chips": [
            (value, word, counts[value]) for value, word in FILTERS.items() if value != "archived" or counts[value]
        ],
        "search": search,
        "show": show,
    }
    template = (
        "customers/list.html#rows" if request.headers.get("HX-Target") == "customer-rows" else "customers/list.html"
    )
    return render(request, template, context)


@needs(Permission.CUSTOMERS_READ)
@require_GET
def customer_page(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """One customer: first what needs somebody, then the connection and what works through it."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    groups = groups_of(customer_id, technician=technician)
    return render(request, "customers/page.html", {"customer": customer, "o": overview_of(customer), "groups": groups})


@needs(Permission.CUSTOMERS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a customer."""
    technician = technician_of(request)
    form = CustomerForm(request.POST if request.method == "POST" else None, technician=technician)
    if request.method == "POST" and form.is_valid():
        try:
            customer = actions.add_customer(
                actor=actor_of(request),
                technician=technician,
                name=form.cleaned_data["name"],
                domain=form.cleaned_data["domain"],
                group_ids=form.cleaned_data.get("groups", ()),
            )
        except Invalid as error:
            form.add_error(error.field or None, error.reason)
        else:
            messages.success(request, f"{customer.name} was added.")
            return redirect("customers:page", customer_id=customer.pk)
    return render(request, "customers/form.html", {"form": form}, status=400 if form.errors else 200)


@needs(Permission.CUSTOMERS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Change a customer's name or expected domain."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    form = CustomerForm(request.POST if request.method == "POST" else None, technician=technician, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_customer(
                actor=actor_of(request),
                technician=technician,
                customer_id=customer_id,
                name=form.cleaned_data["name"],
                domain=form.cleaned_data["domain"],
                group_ids=form.chosen_groups(),
            )
        except Invalid as error:
            form.add_error(error.field or None, error.reason)
        else:
            messages.success(request, "Saved.")
            return redirect("customers:page", customer_id=customer_id)
    context = {"form": form, "customer": customer}
    return render(request, "customers/form.html", context, status=400 if form.errors else 200)


@needs(Permission.CUSTOMERS_READ, change=Permission.SETTINGS_RULES)
@require_http_methods(["GET", "HEAD", "POST"])
def passwords(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Whether technicians may see new passwords of this customer's users."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    if request.method == "POST":
        require_step_up(request)
        hides = request.POST.get("hides") == "yes"
        actions.hide_passwords(actor=actor_of(request), technician=technician, customer_id=customer_id, hides=hides)
        messages.success(request, "Technicians never see them now." if hides else "Technicians may see them, once.")
        return redirect("customers:page", customer_id=customer_id)
    context = {"customer": customer, "may_change": technician.may(Permission.SETTINGS_RULES)}
    return render(request, "customers/passwords.html", context)


@needs(Permission.CUSTOMERS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """GET says what archiving means (and that a connected customer is disconnected first); POST does it."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    if request.method == "POST":
        actions.archive_customer(actor=actor_of(request), technician=technician, customer_id=customer_id)
        messages.success(request, f"{customer.name} was archived.")
        return redirect("customers:list")
    return render(request, "customers/archive.html", {"customer": customer, "tenant": tenant_of(customer_id)})


@needs(Permission.CUSTOMERS_MANAGE)
@require_http_methods(["POST"])
def restore(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Take an archived customer back."""
    customer = actions.restore_customer(
        actor=actor_of(request), technician=technician_of(request), customer_id=customer_id
    )
    messages.success(request, f"{customer.name} was restored.")
    return redirect("customers:page", customer_id=customer_id)
