"""Settings of caller verification: every method in a technician's words, and who sends text messages."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import step_up
from tenantry.verification import actions, queries
from tenantry.verification.actions.changing import Credentials
from tenantry.verification.forms import SenderForm


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


def _show(request: HttpRequest, *, form: SenderForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "standings": queries.standings(),
        "sender": queries.text_sender(),
        "form": form or SenderForm(),
        "nav": "settings",
    }
    return render(request, "verification/settings.html", context, status=status)
