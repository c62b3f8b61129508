"""Pages of a road: the plan, the trip to Microsoft, and what became of it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.customers.queries import get_customer
from tenantry.graph import errors
from tenantry.handover.trips import trip_of
from tenantry.handover.views import answer_of_trip
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.needs import needs
from tenantry.roads import actions, forms
from tenantry.roads.lines import step_lines, told_kind
from tenantry.roads.models import WorkState
from tenantry.technicians.access import require_permission
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.sessions import mark_of
from tenantry.technicians.step_up import step_up
from tenantry.tenants.policies import AppKind
from tenantry.tenants.queries import connection_of
from tenantry.tenants.queries.overview import overview_of_app


@needs(Permission.CONNECTIONS_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def road(request: HttpRequest, customer_id: uuid.UUID, app: str) -> HttpResponse:
    """GET shows what would change and what became of it; POST sends the administrator to Microsoft."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    if app not in AppKind.values:
        raise NotHere("There is no such app.")
    connection = connection_of(customer_id, app=AppKind(app))
    if connection is None:
        return redirect("customers:page", customer_id=customer_id)
    form = forms.RoadForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            url = actions.leave(
                actor=actor_of(request),
                technician=technician,
                customer_id=customer_id,
                session_key=mark_of(request),
                is_dry_run="dry_run" in request.POST,
                **form.cleaned_data,
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        except errors.GraphError as error:
            form.add_error(None, f"Microsoft's sign-in service gave no answer: {error.message} Try again in a moment.")
        else:
            return HttpResponseRedirect(url)
    work = actions.prepare(technician=technician, customer_id=customer_id, app=AppKind(app))
    overview = overview_of_app(customer, AppKind(app))
    if not form.is_bound:
        initial = {"work_id": work.pk, "digest": work.digest, "justification": overview.suggested_justification}
        form = forms.RoadForm(initial=initial)
    asks_pim = any(step["kind"].startswith("pim") for step in work.steps)
    form.fields["justification"].required = asks_pim
    last = actions.last_told(customer_id, app)
    done = [line for line in step_lines(last) if line.record] if last and last.pk != work.pk else []
    context = {
        "customer": customer,
        "o": overview,
        "app": app,
        "work": work,
        "lines": step_lines(work),
        "done": done,
        "is_done": bool(done) and last is not None and last.state == WorkState.DONE,
        "asks_pim": asks_pim,
        "form": form,
        "last": last,
        "told_kind": told_kind(last),
    }
    return render(request, "roads/road.html", context, status=400 if form.errors else 200)


@login_not_required
@never_cache
@require_GET
def sign_in_return(request: HttpRequest) -> HttpResponse:
    """Where Microsoft sends the administrator back to; only the single-use state opens anything.

    It is the one address that is registered for this, so both come here: technicians, who must be signed in and allowed
    to manage connections, and administrators who left from a link.
    """
    if actions.is_by_link(request.GET.get("state", "")) or (trip_of(request) and not request.user.is_authenticated):
        return answer_of_trip(request)
    if not request.user.is_authenticated:
        # Without the answer in the address: it belongs to a session that has ended.
        return redirect_to_login("/")
    technician = technician_of(request)
    require_permission(technician, Permission.CONNECTIONS_MANAGE)
    answered = actions.answer_sign_in(
        actor=actor_of(request),
        technician=technician,
        session_key=mark_of(request),
        query=request.GET.dict(),
    )
    work = answered.work
    if work is None:
        messages.warning(request, f"{answered.reason} Nothing was changed.")
        return redirect("customers:list")
    levels = {WorkState.DONE: messages.SUCCESS, WorkState.STOPPED: messages.ERROR}
    level = levels.get(WorkState(work.state), messages.INFO)
    messages.add_message(request, level, f"{work.message} {work.remedy}".strip())
    return redirect("roads:road", customer_id=work.customer_id, app=work.app)
