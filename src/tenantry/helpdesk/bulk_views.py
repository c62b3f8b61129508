"""The same operation on several users: the page that asks, and the run with its results."""

import uuid
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.customers.queries import get_customer
from tenantry.helpdesk import actions, confirmation, queries
from tenantry.helpdesk.confirmation import Confirmation
from tenantry.helpdesk.forms import ConfirmForm
from tenantry.helpdesk.kinds import BY_KIND, BY_SLUG, Kind
from tenantry.helpdesk.models import BulkRun, OperationState
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, has_stepped_up, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up


@needs(Permission.HELPDESK_BULK)
@never_cache
@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Ask before a run: who is in it, who is left out and why. Nothing is changed yet."""
    if request.method == "GET":  # reloaded or kept as a link: the selection is gone, the list is where it is made
        return redirect("directory:users", customer_id=customer_id)
    kind = BY_SLUG.get(request.POST.get("kind", ""))
    if kind is None:
        raise Invalid("Choose what to do with the selected users.", remedy="Go back and press one of the buttons.")
    try:
        object_ids = [uuid.UUID(each) for each in request.POST.getlist("object_ids")]
    except ValueError as error:
        raise Invalid("A selected row is not a user.", remedy="Go back to the list and select again.") from error
    return _ask(request, customer_id=customer_id, kind=kind, object_ids=object_ids, form=None)


def _ask(
    request: HttpRequest,
    *,
    customer_id: uuid.UUID,
    kind: Kind,
    object_ids: list[uuid.UUID],
    form: ConfirmForm | None,
    expired: actions.Expired | None = None,
) -> HttpResponse:
    technician = technician_of(request)
    plan = actions.plan_bulk(technician=technician, customer_id=customer_id, kind=kind, object_ids=object_ids)
    token = confirmation.mint(
        kind=kind.kind.value,
        technician_id=technician.pk,
        customer_id=customer_id,
        tenant_id=plan.tenant_id,
        object_ids=tuple(user.object_id for user in plan.users),
        newest=None,
    ).sealed()
    if form is None:
        form = ConfirmForm(initial={"confirmation": token})
    elif expired is not None:
        data = request.POST.copy()
        data["confirmation"] = token
        form = ConfirmForm(data)
    context = {
        "customer": get_customer(technician=technician, customer_id=customer_id),
        "kind": kind,
        "plan": plan,
        "form": form,
        "expired": expired,
        "nav": "users",
    }
    status = HTTPStatus.CONFLICT if expired else HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "helpdesk/bulk_confirm.html", context, status=status)


@needs(Permission.HELPDESK_BULK)
@never_cache
@require_http_methods(["GET", "POST"])
def bulk_start(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Start the run that was confirmed; the same page posted twice is one run."""
    if request.method == "GET":  # reloaded or kept as a link: the selection is gone, the list is where it is made
        return redirect("directory:users", customer_id=customer_id)
    token = Confirmation.opened(request.POST.get("confirmation", ""))
    kind = BY_KIND.get(token.kind)
    if kind is None or token.customer_id != customer_id:
        raise confirmation.not_genuine()
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _ask(request, customer_id=customer_id, kind=kind, object_ids=list(token.object_ids), form=form)
    technician = technician_of(request)
    plan = actions.plan_bulk(
        technician=technician, customer_id=customer_id, kind=kind, object_ids=list(token.object_ids)
    )
    stepped_up = has_stepped_up(request)
    if plan.wants_step_up and not stepped_up:
        require_step_up(request)
    try:
        run = actions.start_bulk(
            actor=actor_of(request),
            technician=technician,
            customer_id=customer_id,
            confirmation=token,
            kind=kind,
            justification=form.cleaned_data["justification"],
            ticket=form.cleaned_data["ticket"],
            stepped_up=stepped_up,
        )
    except actions.Expired as expired:
        return _ask(
            request, customer_id=customer_id, kind=kind, object_ids=list(token.object_ids), form=form, expired=expired
        )
    return redirect("helpdesk:bulk_run", customer_id=customer_id, run_id=run.pk)


@needs(Permission.ACTIVITY_READ)
@never_cache
@require_GET
def bulk_run(request: HttpRequest, customer_id: uuid.UUID, run_id: uuid.UUID) -> HttpResponse:
    """A run and what became of each user; it goes on whether or not anybody looks."""
    run = queries.get_bulk_run(technician=technician_of(request), customer_id=customer_id, run_id=run_id)
    return render(request, "helpdesk/bulk_run.html", _run_context(run))


@needs(Permission.ACTIVITY_READ)
@never_cache
@require_GET
def bulk_status(request: HttpRequest, customer_id: uuid.UUID, run_id: uuid.UUID) -> HttpResponse:
    """The part of the page that is polled while the run goes on."""
    run = queries.get_bulk_run(technician=technician_of(request), customer_id=customer_id, run_id=run_id)
    return render(request, "helpdesk/bulk_run.html#status", _run_context(run))


def _run_context(run: BulkRun) -> dict[str, Any]:
    operations = list(run.operations.order_by("user_display_name", "object_id"))
    done = sum(each.state == OperationState.DONE for each in operations)
    open_count = sum(each.is_open for each in operations)
    return {
        "customer": run.tenant.customer,
        "run": run,
        "kind": BY_KIND[run.kind],
        "operations": operations,
        "total": len(operations),
        "ended": len(operations) - open_count,
        "done": done,
        "bad": len(operations) - open_count - done,
        "is_open": open_count > 0,
        "nav": "users",
    }
