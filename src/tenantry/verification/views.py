"""The technician's pages: choosing a method, watching it, taking the code."""

import contextlib
import uuid
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import get_customer
from tenantry.helpdesk.kinds import BY_KIND, BY_SLUG
from tenantry.helpdesk.queries import find_user
from tenantry.kit.errors import Conflict, Invalid
from tenantry.kit.needs import needs
from tenantry.safeguards.policies import STRENGTH_WORDS, Deed, Strength
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.verification import actions, queries
from tenantry.verification.forms import CodeForm, StartForm
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import CODES, METHODS, WRONG_WORDS, Method, Stopped, Wrong

_TONES = {State.WAITING: "wait", State.PASSED: "good", State.USED: "good", State.DENIED: "bad", State.FAILED: "bad"}
_WAITING_FOR = {Method.MANAGER: "Waiting for the manager", Method.DUO_PUSH: "Waiting for the device"}
_STOPS = {"differs": Stopped.DIFFERS, "denied": Stopped.DENIED}


@needs(Permission.VERIFICATION_START)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID, slug: str) -> HttpResponse:
    """GET offers the methods, with the reason where one cannot be used; POST begins."""
    kind = BY_SLUG.get(slug)
    if kind is None:
        raise Http404("There is no such operation.")
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    _, user = find_user(customer_id=customer_id, object_id=object_id)
    form = StartForm(request.POST if request.method == "POST" else None, initial={"ticket": _ticket(request)})
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.start(
                actor=actor_of(request),
                technician=technician,
                customer_id=customer_id,
                object_id=object_id,
                deed=Deed(kind.kind.value),
                ticket=form.cleaned_data["ticket"],
                method=Method(form.cleaned_data["method"]),
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            return redirect("verification:progress", customer_id=customer_id, verification_id=row.pk)
    ticket = str(form["ticket"].value() or "")
    wanted, offers = queries.offers_to(technician=technician, user=user, deed=Deed(kind.kind.value))
    context = {
        "customer": customer,
        "directory_user": user,
        "kind": kind,
        "form": form,
        "wanted": STRENGTH_WORDS[wanted] if wanted else "",
        "offers": offers,
        "recent": [_told(row) for row in queries.recent(tenant_id=user.tenant_id, object_id=user.object_id)],
        "back": _confirm_url(customer_id, object_id, slug, ticket),
    }
    code = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "verification/start.html", context, status=code)


@needs(Permission.VERIFICATION_START)
@never_cache
@require_GET
def progress(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> HttpResponse:
    """How far it is, what to read out or to compare, and how it ended."""
    return render(request, "verification/progress.html", _context(request, customer_id, verification_id))


@needs(Permission.VERIFICATION_START)
@never_cache
@require_GET
def status(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> HttpResponse:
    """The part of the page that is polled while it waits. What is typed beside it stays."""
    context = _context(request, customer_id, verification_id)
    answer = render(request, "verification/progress.html#status", context)
    if not context["is_waiting"]:
        answer["HX-Refresh"] = "true"  # what stands beside it, link and code field, is over too
    return answer


@needs(Permission.VERIFICATION_START)
@never_cache
@sensitive_post_parameters("code")
@require_POST
def code(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> HttpResponse:
    """Take the code that the caller read out."""
    form = CodeForm(request.POST)
    if form.is_valid():
        with contextlib.suppress(Conflict):  # it ended in the meantime: its page says how
            actions.answer_code(
                actor=actor_of(request),
                technician=technician_of(request),
                customer_id=customer_id,
                verification_id=verification_id,
                code=form.cleaned_data["code"],
            )
    return redirect("verification:progress", customer_id=customer_id, verification_id=verification_id)


@needs(Permission.VERIFICATION_START)
@require_POST
def stop(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> HttpResponse:
    """Stop it, take the pass back, or note that the person says they did not call."""
    with contextlib.suppress(Conflict):  # as above
        actions.stop(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer_id,
            verification_id=verification_id,
            why=_STOPS.get(request.POST.get("why", ""), Stopped.ENDED),
        )
    return redirect("verification:progress", customer_id=customer_id, verification_id=verification_id)


def _ticket(request: HttpRequest) -> str:
    return request.GET.get("ticket", "")[:64]


def _confirm_url(customer_id: uuid.UUID, object_id: uuid.UUID, slug: str, ticket: str) -> str:
    url = reverse("helpdesk:confirm", args=(customer_id, object_id, slug))
    return f"{url}?{urlencode({'ticket': ticket})}" if ticket else url


def _told(row: Verification) -> dict[str, Any]:
    """An attempt as pages tell it, by the clock and not by when the sweep came by."""
    state = queries.state_now(row)
    return {
        "row": row,
        "state": str(state),
        "words": _WAITING_FOR.get(Method(row.method), state.label) if state is State.WAITING else state.label,
        "tone": _TONES.get(state, "info"),
        "method": METHODS[Method(row.method)].label,
        "wrong": WRONG_WORDS[Wrong(row.last_wrong)] if row.last_wrong else "",
        "strength": Strength(row.strength).name.capitalize() if row.strength else "",
    }


def _context(request: HttpRequest, customer_id: uuid.UUID, verification_id: uuid.UUID) -> dict[str, Any]:
    technician = technician_of(request)
    row = queries.get_verification(technician=technician, customer_id=customer_id, verification_id=verification_id)
    _, user = find_user(customer_id=customer_id, object_id=row.object_id)
    kind = BY_KIND[row.deed]
    told = _told(row)
    ticket = urlencode({"ticket": row.ticket})
    return {
        **told,
        "customer": get_customer(technician=technician, customer_id=customer_id),
        "directory_user": user,
        "kind": kind,
        "is_waiting": told["state"] == State.WAITING,
        "is_pass": told["state"] == State.PASSED,
        "by_code": row.method in CODES,
        "by_manager": row.method == Method.MANAGER,
        "by_push": row.method == Method.DUO_PUSH,
        "new_number": queries.warning_of(row),
        "link": queries.link_of(row) if row.technician_id == technician.pk else "",
        "form": CodeForm(),
        "back": _confirm_url(customer_id, row.object_id, kind.slug, row.ticket),
        "again": f"{reverse('verification:start', args=(customer_id, row.object_id, kind.slug))}?{ticket}",
    }
