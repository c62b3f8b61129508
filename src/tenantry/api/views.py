"""The page of tokens."""

import uuid
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.api import actions, queries
from tenantry.api.forms import TokenForm
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.staff.services import active_services, get_service
from tenantry.technicians.step_up import require_step_up


@needs(Permission.API_TOKENS_MANAGE)
@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """List tokens and make one; the answer to the form is the only page that ever shows it."""
    technician = technician_of(request)
    service = _service_of(request, technician)
    holder = service or technician
    form = TokenForm(request.POST if request.method == "POST" else None, holder=holder)
    secret: Secret | None = None
    if request.method == "POST" and form.is_valid():
        require_step_up(request)
        try:
            _, secret = actions.make_token(
                actor=actor_of(request), technician=technician, service=service, **form.wanted()
            )
        except Invalid as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal.reason)
        else:
            form = TokenForm(holder=holder)
    sees_colleagues = technician.may(Permission.TECHNICIANS_MANAGE)
    context = {
        "nav": "settings",
        "form": form,
        "service": service,
        "services": active_services() if sees_colleagues else [],
        "tokens": queries.token_rows(technician),
        "sees_colleagues": sees_colleagues,
        "new_token": secret.reveal() if secret else "",
    }
    return render(request, "api/tokens.html", context, status=HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK)


@needs(Permission.API_TOKENS_MANAGE)
@require_POST
def revoke(request: HttpRequest, token_id: uuid.UUID) -> HttpResponse:
    """End a token at once."""
    token = actions.revoke_token(actor=actor_of(request), technician=technician_of(request), token_id=token_id)
    messages.success(request, f"{token.name} was revoked. It works no more.")
    return redirect("tokens:page")


def _service_of(request: HttpRequest, technician: Technician) -> Technician | None:
    """The service account that the page is for; None for one's own tokens.

    Raises:
        NotHere: no such service account, or none for somebody who does not manage technicians.
    """
    named = request.GET.get("for", "")
    return get_service(technician=technician, service_id=named) if named else None
