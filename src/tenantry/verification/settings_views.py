"""Settings of caller verification: every method in a technician's words, who sends text messages, a customer's Duo."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import get_customer
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up, step_up
from tenantry.verification import actions, queries
from tenantry.verification.actions.changing import Credentials
from tenantry.verification.forms import DuoForm, SenderForm


@needs(Permission.SETTINGS_VERIFICATION)
@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The methods, and the provider of text messages."""
    return _show(request)


@needs(Permission.SETTINGS_VERIFICATION)
@require_POST
@step_up
@never_cache
@sensitive_post_parameters("secret")
def set_sender(request: HttpRequest) -> HttpResponse:
    """Try credentials, and keep them if they work."""
    form = SenderForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            row = actions.set_sender(
                actor=actor_of(request),
                technician=technician_of(request),
                given=Credentials(
                    account=given["account"], key=given["key"], secret=Secret(given["secret"]), service=given["service"]
                ),
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"{row.last_outcome} Codes by text message can be used now.")
            return redirect("verification:settings")
    return _show(request, form=form, status=422)


@needs(Permission.SETTINGS_VERIFICATION)
@require_POST
def test_sender(request: HttpRequest) -> HttpResponse:
    """Ask the provider whether the credentials still work."""
    row = actions.test_sender(actor=actor_of(request), technician=technician_of(request))
    (messages.success if row.is_working else messages.error)(request, row.last_outcome)
    return redirect("verification:settings")


@needs(Permission.SETTINGS_VERIFICATION)
@require_POST
@step_up
def remove_sender(request: HttpRequest) -> HttpResponse:
    """Send no text messages any more."""
    actions.remove_sender(actor=actor_of(request), technician=technician_of(request))
    messages.success(request, "No codes are sent by text message any more. The secret was deleted.")
    return redirect("verification:settings")


@needs(Permission.SETTINGS_VERIFICATION)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("secret")
def duo(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The customer's Duo: GET shows it, POST tries credentials and keeps them if they work."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    form = DuoForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        require_step_up(request)
        try:
            row = actions.set_duo(
                actor=actor_of(request),
                technician=technician,
                customer_id=customer_id,
                host=form.cleaned_data["host"],
                key=form.cleaned_data["key"],
                secret=Secret(form.cleaned_data["secret"]),
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"{row.last_outcome} Callers can be verified by a push now.")
            return redirect("verification:duo", customer_id=customer_id)
    context = {"customer": customer, "account": queries.duo_of(customer_id), "form": form, "nav": "customers"}
    return render(request, "verification/duo.html", context, status=422 if form.errors else 200)


@needs(Permission.SETTINGS_VERIFICATION)
@require_POST
def test_duo(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Ask Duo whether the credentials still work."""
    row = actions.test_duo(actor=actor_of(request), technician=technician_of(request), customer_id=customer_id)
    (messages.success if row.is_working else messages.error)(request, row.last_outcome)
    return redirect("verification:duo", customer_id=customer_id)


@needs(Permission.SETTINGS_VERIFICATION)
@require_POST
@step_up
def remove_duo(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Forget the customer's Duo."""
    actions.remove_duo(actor=actor_of(request), technician=technician_of(request), customer_id=customer_id)
    messages.success(request, "Nobody is verified by Duo at this customer any more. The secret was deleted.")
    return redirect("verification:duo", customer_id=customer_id)


def _show(request: HttpRequest, *, form: SenderForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "standings": queries.standings(),
        "sender": queries.text_sender(),
        "form": form or SenderForm(),
        "nav": "settings",
    }
    return render(request, "verification/settings.html", context, status=status)
