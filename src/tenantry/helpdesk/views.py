"""One operation: the page that asks, the page that shows how far it is, the password shown once."""

import contextlib
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import get_customer
from tenantry.helpdesk import actions, guarding, policies, queries
from tenantry.helpdesk.actions.requests import TICKET_LENGTH
from tenantry.helpdesk.confirmation import Confirmation
from tenantry.helpdesk.forms import ConfirmForm, PassForm, ResetForm, StopForm
from tenantry.helpdesk.guarding import Shown
from tenantry.helpdesk.kinds import BY_KIND, BY_SLUG, Kind
from tenantry.helpdesk.models import LinkState, Operation, OperationKind, OperationState
from tenantry.kit import clock
from tenantry.kit.decision import Allowed
from tenantry.kit.errors import Conflict, Invalid, NotAllowed, require
from tenantry.kit.needs import needs
from tenantry.kit.sealed import Secret
from tenantry.safeguards import queries as safeguards
from tenantry.technicians.current import actor_of, has_stepped_up, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.tenants.models import Connection

_SOURCE_HINTS = {
    "words": "Four words and a number. Easy to read out on the telephone.",
    "random": "Sixteen characters without look-alikes.",
    "typed": "You choose it. It is not shown again on this page.",
}


@needs(Permission.HELPDESK_ACT)
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID, slug: str) -> HttpResponse:
    """Ask before an operation; opening the page changes nothing. The POST of the same page twice is one operation."""
    kind = BY_SLUG.get(slug)
    if kind is None:
        raise Http404("There is no such operation.")
    technician = technician_of(request)
    get_customer(technician=technician, customer_id=customer_id)
    connection, user = queries.find_user(customer_id=customer_id, object_id=object_id)
    if request.method == "POST":
        return _confirmed(request, customer_id=customer_id, connection=connection, user=user, kind=kind)
    again = _id_of(request.GET.get("again", ""))
    token = actions.confirm(technician=technician, customer_id=customer_id, user=user, kind=kind, again=again)
    ticket = request.GET.get("ticket", "")[:TICKET_LENGTH]
    form = _form(kind, user, None, initial={"confirmation": token.sealed(), "ticket": ticket})
    return _ask(request, customer_id=customer_id, connection=connection, user=user, kind=kind, form=form, again=again)


def _id_of(text: str) -> uuid.UUID | None:
    """The operation that a link says was seen; a link that says nothing sensible says nothing."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


@sensitive_variables("form", "password")
def _confirmed(
    request: HttpRequest, *, customer_id: uuid.UUID, connection: "Connection", user: "DirectoryUser", kind: Kind
) -> HttpResponse:
    technician = technician_of(request)
    confirmation = Confirmation.opened(request.POST.get("confirmation", ""))
    again = confirmation.again
    form = _form(kind, user, request.POST)
    shown = Shown(
        stepped_up=has_stepped_up(request), override_reason=str(request.POST.get("override_reason", "")).strip()
    )
    ticket = str(request.POST.get("ticket", ""))
    # To go without the caller's proof is a dangerous act of its own, whatever else the rule asks for.
    is_override = bool(shown.override_reason) and technician.may(Permission.VERIFICATION_OVERRIDE)
    verdict = guarding.verdict_for(technician=technician, user=user, kind=kind, shown=shown, ticket=ticket)
    if not form.is_valid():
        # A denial is told before the details of a form that could not be sent anyway.
        require(guarding.combined(queries.decision_for(kind=kind, connection=connection, user=user), verdict))
        return _ask(
            request, customer_id=customer_id, connection=connection, user=user, kind=kind, form=form, again=again
        )
    if verdict.denied is None and not verdict.wants_strength and (verdict.wants_step_up or is_override):
        require_step_up(request)
    send = actions.request_approval if verdict.wants_approval else actions.request_operation
    try:
        made = send(
            actor=actor_of(request),
            technician=technician,
            customer_id=customer_id,
            object_id=user.object_id,
            kind=kind,
            confirmation=confirmation,
            justification=form.cleaned_data["justification"],
            ticket=form.cleaned_data["ticket"],
            password=form.new_password() if isinstance(form, ResetForm) else None,
            must_change=form.cleaned_data.get("must_change", True),
            wish=form.wish() if isinstance(form, PassForm) else None,
            shown=shown,
        )
    except actions.Expired as expired:
        data = request.POST.copy()
        data["confirmation"] = actions.confirm(
            technician=technician, customer_id=customer_id, user=user, kind=kind, again=again
        ).sealed()
        form = _form(kind, user, data)
        return _ask(
            request,
            customer_id=customer_id,
            connection=connection,
            user=user,
            kind=kind,
            form=form,
            again=again,
            expired=expired,
        )
    except actions.AlreadyThere as between:
        context = {
            **_about(customer_id, user, kind, request),
            "refusal": between,
            "operation": between.operation,
        }
        return render(request, "helpdesk/conflict.html", context, status=HTTPStatus.CONFLICT)
    except (Invalid, NotAllowed) as refusal:
        if isinstance(refusal, NotAllowed) and refusal.code != "verification_missing":
            raise
        # Asked only here: the same page posted twice leads to what it made, though its proof is used up by then.
        field = refusal.field if isinstance(refusal, Invalid) else "ticket"
        form.add_error(field or None, f"{refusal.reason} {refusal.remedy}".strip())
        return _ask(
            request, customer_id=customer_id, connection=connection, user=user, kind=kind, form=form, again=again
        )
    if isinstance(made, Operation):
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=made.pk)
    return redirect("safeguards:request", request_id=made.pk)


def _form(kind: Kind, user: "DirectoryUser", data: Any, **options: Any) -> ConfirmForm:  # noqa: ANN401  Django's own
    if kind.kind == OperationKind.RESET_PASSWORD:
        may_type = not user.tenant.customer.hides_passwords
        return ResetForm(data, user_principal_name=user.user_principal_name, may_type=may_type, **options)
    return (PassForm if kind.kind == OperationKind.ACCESS_PASS else ConfirmForm)(data, **options)


def _about(customer_id: uuid.UUID, user: "DirectoryUser", kind: Kind, request: HttpRequest) -> dict[str, Any]:
    return {
        "customer": get_customer(technician=technician_of(request), customer_id=customer_id),
        "directory_user": user,
        "kind": kind,
        "question": kind.question.format(user=user.display_name),
        # Isolated, so that a name written from right to left does not turn the sentence around it.
        "heading": format_html(kind.question, user=format_html("<bdi>{}</bdi>", user.display_name)),
    }


def _ask(
    request: HttpRequest,
    *,
    customer_id: uuid.UUID,
    connection: "Connection",
    user: "DirectoryUser",
    kind: Kind,
    form: ConfirmForm,
    again: uuid.UUID | None,
    expired: actions.Expired | None = None,
) -> HttpResponse:
    technician = technician_of(request)
    shown = Shown(stepped_up=has_stepped_up(request))
    ticket = str(form["ticket"].value() or "")
    proven = guarding.pass_for(user=user, kind=kind, ticket=ticket)
    verdict = guarding.verdict_for(
        technician=technician, user=user, kind=kind, shown=shown, ticket=ticket, found=proven
    )
    decision = guarding.combined(queries.decision_for(kind=kind, connection=connection, user=user), verdict)
    running = queries.open_operation(tenant_id=user.tenant_id, object_id=user.object_id)
    if decision and running is not None:
        decision = policies.in_progress(running.get_kind_display())
    repeated = queries.repeated_operation(tenant_id=user.tenant_id, object_id=user.object_id, kind=kind)
    is_wrong = expired is None and form.is_bound
    verify = reverse("verification:start", args=(customer_id, user.object_id, kind.slug))
    context = {
        **_about(customer_id, user, kind, request),
        "form": form,
        "decision": decision,
        "is_allowed": isinstance(decision, Allowed),
        "running": running,
        "verdict": verdict,
        "asked_for": guarding.asked_for(verdict) if verdict.denied is None else [],
        "waiting": safeguards.open_request(tenant_id=user.tenant_id, object_id=user.object_id, deed=verdict.deed)
        if verdict.wants_approval
        else None,
        "verify_url": f"{verify}?{urlencode({'ticket': ticket})}" if ticket else verify,
        "proven": proven,
        "may_override": technician.may(Permission.VERIFICATION_OVERRIDE),
        "repeated": repeated if repeated is not None and repeated.pk != again else None,
        "expired": expired,
        "is_reset": kind.kind == OperationKind.RESET_PASSWORD,
        "is_pass": kind.kind == OperationKind.ACCESS_PASS,
        "source_hints": _SOURCE_HINTS,
        "must_retype": form.is_bound and form.data.get("source") == "typed",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.CONFLICT if expired else HTTPStatus.OK
    return render(request, "helpdesk/confirm.html", context, status=status)


@needs(Permission.ACTIVITY_READ)
@never_cache
@require_GET
def operation(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """How far an operation is; the page stays useful after leaving and coming back."""
    found = queries.get_operation(technician=technician_of(request), customer_id=customer_id, operation_id=operation_id)
    return render(request, "helpdesk/operation.html", _operation_context(request, found))


@needs(Permission.ACTIVITY_READ)
@never_cache
@require_GET
def operation_status(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """The part of the page that is polled while the operation is open."""
    found = queries.get_operation(technician=technician_of(request), customer_id=customer_id, operation_id=operation_id)
    return render(request, "helpdesk/operation.html#status", _operation_context(request, found))


@needs(Permission.HELPDESK_ACT)
@never_cache
@sensitive_variables("password")
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """Show the new password, once. The answer to this POST is the only page that ever carries it.

    `never_cache` says no-store. No redirect: the password would have to be kept for the page after it. Loading this
    page again posts again, and then it is only said when the password was shown. A GET of this address (back button,
    a link somebody kept) shows nothing and leads to the operation.
    """
    if request.method == "GET":
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)
    technician = technician_of(request)
    try:
        found, password = actions.reveal_password(
            actor=actor_of(request), technician=technician, customer_id=customer_id, operation_id=operation_id
        )
    except Conflict:
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)
    return render(request, "helpdesk/operation.html", _operation_context(request, found, password=password))


@needs(Permission.HELPDESK_ACT)
@never_cache
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """Make a one-time link to the new password; the answer to this POST is the only page that shows link and code."""
    if request.method == "GET":
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)
    technician = technician_of(request)
    try:
        made = actions.make_link(
            actor=actor_of(request), technician=technician, customer_id=customer_id, operation_id=operation_id
        )
    except Conflict:
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)
    found = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
    context = _operation_context(request, found)
    context |= {"made_link": made, "made_code": made.code.reveal()}
    return render(request, "helpdesk/operation.html", context)


@needs(Permission.HELPDESK_ACT)
@require_POST
def unshare(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """End the link now."""
    actions.revoke_link(
        actor=actor_of(request),
        technician=technician_of(request),
        customer_id=customer_id,
        operation_id=operation_id,
    )
    return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)


@needs(Permission.HELPDESK_ACT)
@require_POST
def discard(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """Throw the new password away without showing it."""
    actions.discard_password(
        actor=actor_of(request),
        technician=technician_of(request),
        customer_id=customer_id,
        operation_id=operation_id,
    )
    return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)


@needs(Permission.HELPDESK_ACT)
@never_cache
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, customer_id: uuid.UUID, operation_id: uuid.UUID) -> HttpResponse:
    """Stop waiting for an outcome that stays unknown. A GET of this address leads to the operation."""
    technician = technician_of(request)
    if request.method == "GET":
        return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)
    found = queries.get_operation(technician=technician, customer_id=customer_id, operation_id=operation_id)
    form = StopForm(request.POST)
    if not form.is_valid():
        context = _operation_context(request, found, stop_form=form)
        return render(request, "helpdesk/operation.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with contextlib.suppress(Conflict):  # it ended in the meantime: its page says how
        actions.stop_waiting(
            actor=actor_of(request),
            technician=technician,
            customer_id=customer_id,
            operation_id=operation_id,
            justification=form.cleaned_data["justification"],
        )
    return redirect("helpdesk:operation", customer_id=customer_id, operation_id=operation_id)


@sensitive_variables("password")
def _operation_context(
    request: HttpRequest, found: Operation, *, password: Secret | None = None, stop_form: StopForm | None = None
) -> dict[str, Any]:
    technician = technician_of(request)
    has_secret = found.has_secret
    is_done = found.state == OperationState.DONE
    link = queries.newest_link(found) if has_secret else None
    return {
        "customer": found.tenant.customer,
        "operation": found,
        "kind": BY_KIND[found.kind],
        "has_secret": has_secret,
        "secret_name": "pass" if found.is_access_pass else "password",
        "is_done": is_done,
        "is_own": found.technician_id == technician.pk,
        "is_ready_to_show": has_secret and actions.is_readable(found),
        "shown_password": password.reveal() if password is not None else "",
        "hides_passwords": found.tenant.customer.hides_passwords,
        "link": link,
        "link_waits": link is not None and queries.state_of_link(link) == LinkState.WAITING,
        "is_given_up": found.state == OperationState.GIVEN_UP,
        "stop_form": (stop_form or StopForm()) if policies.may_stop(found, clock.now()) else None,
        "nothing_sent": found.first_sent_at is None,
    }
