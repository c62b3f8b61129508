"""The page of the emergency stop."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.kit.needs import needs
from tenantry.panic import actions, queries
from tenantry.panic.forms import ReasonForm
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up


@needs(Permission.SETTINGS_PANIC)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What the stop does and whether it is on; POST presses it. Nothing delays that: lifting is what is hard."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actions.press(actor=actor_of(request), technician=technician_of(request), reason=form.cleaned_data["reason"])
        logout(request)
        return redirect("account_login")
    return _page(request, form)


@needs(Permission.SETTINGS_PANIC_LIFT)
@never_cache
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Agree to lift the stop."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    require_step_up(request)
    stop = actions.lift(actor=actor_of(request), technician=technician_of(request), reason=form.cleaned_data["reason"])
    words = "The stop is lifted." if stop.lifted_at else "You agreed. A second owner must agree within the hour."
    messages.success(request, words)
    return redirect("panic:page")


def _page(request: HttpRequest, form: ReasonForm) -> HttpResponse:
    stop = queries.current()
    context = {
        "nav": "settings",
        "stop": stop,
        "agreed": queries.agreement(stop) if stop else "",
        "is_own_agreement": stop is not None and stop.agreed_by_id == technician_of(request).pk,
        "may_lift": technician_of(request).may(Permission.SETTINGS_PANIC_LIFT),
        "form": form,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return render(request, "panic/page.html", context, status=status)
