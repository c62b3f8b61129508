"""Pages about service accounts; what they share with colleagues is in `views`."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import ABOUT, SERVICE_ROLES, Permission
from tenantry.technicians.staff import services
from tenantry.technicians.staff.forms import ServiceForm
from tenantry.technicians.step_up import step_up


@needs(Permission.TECHNICIANS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def add_service(request: HttpRequest) -> HttpResponse:
    """Make a service account; its page leads on to a token for it."""
    technician = technician_of(request)
    form = ServiceForm(request.POST if request.method == "POST" else None, giver=technician)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_service_account(
                actor=actor_of(request),
                technician=technician,
                name=form.cleaned_data["display_name"],
                role=form.cleaned_data["role"],
                team_ids=form.cleaned_data["teams"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"{made.display_name} was made. It needs a token next.")
            return redirect("technicians:person", technician_id=made.pk)
    context = {"form": form, "about_roles": {str(role): ABOUT[role] for role in SERVICE_ROLES}}
    return render(request, "technicians/add_service.html", context, status=400 if form.errors else 200)


@needs(Permission.TECHNICIANS_MANAGE)
@require_POST
@step_up
def switch_on(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Let a service account work again."""
    changed = services.switch_on(actor=actor_of(request), technician=technician_of(request), target_id=technician_id)
    messages.success(request, f"{changed.display_name} is switched on. Its old tokens stay revoked.")
    return redirect("technicians:person", technician_id=technician_id)
