"""The page of the rules, trying them, requests for approval, marking emergency access accounts."""

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import get_customer, visible_customers
from tenantry.directory import queries as directory
from tenantry.directory.listing import users_matching
from tenantry.kit.errors import Invalid, NotHere
from tenantry.kit.needs import needs
from tenantry.safeguards import actions, queries
from tenantry.safeguards.forms import MarkForm, NoteForm, RulesForm, TryForm
from tenantry.safeguards.policies import CLASS_ABOUT, CLASS_WORDS, DEED_WORDS, FIXED, Deed, TargetClass
from tenantry.technicians import queries as technicians
from tenantry.technicians.current import actor_of, has_stepped_up, technician_of
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import require_step_up
from tenantry.tenants import queries as tenants

_MOST_USERS = 8


@needs(Permission.SETTINGS_RULES_READ, change=Permission.SETTINGS_RULES)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule on one page; whoever may not change them reads them."""
    technician = technician_of(request)
    in_force = queries.rules()
    form = RulesForm(request.POST if request.method == "POST" else None, rules=in_force)
    if request.method == "POST" and form.is_valid():
        require_step_up(request)
        try:
            changed = actions.change_rules(actor=actor_of(request), technician=technician, wanted=form.wanted())
        except Invalid as refusal:
            form.add_error(None, " ".join(filter(None, [refusal.reason, refusal.remedy])))
        else:
            messages.success(request, f"{len(changed)} changed." if changed else "Nothing was changed.")
            return redirect("safeguards:rules")
    return _rules_page(request, form)


@needs(Permission.SETTINGS_RULES)
@require_POST
def defaults(request: HttpRequest) -> HttpResponse:
    """Back to what Tenantry comes with."""
    require_step_up(request)
    count = actions.reset_rules(actor=actor_of(request), technician=technician_of(request))
    messages.success(request, f"{count} changed back." if count else "They are the defaults already.")
    return redirect("safeguards:rules")


@needs(Permission.SETTINGS_RULES_READ)
@never_cache
@require_GET
def try_rules(request: HttpRequest) -> HttpResponse:
    """What the rules would say: pick a technician, a customer, a user and a deed. Nothing is done."""
    return _rules_page(request, RulesForm(rules=queries.rules()), is_trying=True)


def _rules_page(request: HttpRequest, form: RulesForm, *, is_trying: bool = False) -> HttpResponse:
    technician = technician_of(request)
    may_change = technician.may(Permission.SETTINGS_RULES)
    if not may_change:
        for field in form.fields.values():
            field.disabled = True
    people = technicians.active_technicians() if technician.may(Permission.TECHNICIANS_READ) else [technician]
    customers = visible_customers(technician).filter(state="active").order_by("name")
    try_form = TryForm(
        request.GET if is_trying else None,
        technicians=[(str(each.pk), f"{each.display_name} ({each.get_role_display()})") for each in people],
        customers=[(str(pk), name) for pk, name in customers.values_list("pk", "name")],
        initial={"technician": str(technician.pk)},
    )
    context: dict[str, Any] = {
        "nav": "settings",
        "form": form,
        "may_change": may_change,
        "groups": [
            (
                CLASS_WORDS[target_class],
                CLASS_ABOUT[target_class],
                target_class,
                [(DEED_WORDS[deed], parts, form.rules[target_class, deed].words()) for deed, parts in deeds],
            )
            for target_class, deeds in form.groups()
        ],
        "fixed": [(CLASS_WORDS[each], CLASS_ABOUT[each]) for each in TargetClass if each in FIXED],
        "try_form": try_form,
        "tried": _tried(technician, people, try_form) if is_trying and try_form.is_valid() else None,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors or (is_trying and try_form.errors) else HTTPStatus.OK
    return render(request, "safeguards/rules.html", context, status=status)


def _tried(technician: Technician, people: list[Technician], form: TryForm) -> dict[str, Any]:
    """The decision and its reason for what was picked."""
    who = next(each for each in people if str(each.pk) == form.cleaned_data["technician"])
    customer = get_customer(technician=technician, customer_id=uuid.UUID(form.cleaned_data["customer"]))
    deed = Deed(form.cleaned_data["deed"])
    found: dict[str, Any] = {"who": who, "customer": customer, "deed": DEED_WORDS[deed]}
    connection = tenants.connection_of(customer.pk)
    if connection is None:
        return {**found, "problem": "This customer's tenant is not connected, so there are no users to try it with."}
    users = users_matching(tenant_id=connection.tenant_id, text=form.cleaned_data["user"], most=_MOST_USERS + 1)
    if not users:
        return {**found, "problem": "No user of this customer has such a name."}
    if len(users) > 1:
        names = [f"{user.display_name} ({user.user_principal_name})" for user in users[:_MOST_USERS]]
        return {**found, "problem": "Several users match. Type the whole sign-in name of one:", "names": names}
    user = users[0]
    sees = visible_customers(who).filter(pk=customer.pk).exists()
    verdict = queries.verdict_of(technician=who, user=user, deed=deed)
    may_act = who.may(Permission.HELPDESK_ACT)
    return {
        **found,
        "user": user,
        "verdict": verdict,
        "sees": sees,
        "may_act": may_act,
        "is_possible": sees and may_act and verdict.denied is None,
    }


@needs(Permission.APPROVALS_READ)
@never_cache
@require_GET
def requests(request: HttpRequest) -> HttpResponse:
    """Requests that wait, or those that ended."""
    is_open = request.GET.get("show") != "ended"
    rows = queries.list_requests(technician=technician_of(request), is_open=is_open)
    return render(request, "safeguards/requests.html", {"rows": rows, "is_open": is_open})


@needs(Permission.APPROVALS_READ)
@never_cache
@require_GET
def request_page(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request: all that will be done, and the decision."""
    row = queries.get_request(technician=technician_of(request), request_id=request_id)
    return _request_page(request, row, NoteForm())


def _request_page(request: HttpRequest, row: queries.RequestRow, form: NoteForm) -> HttpResponse:
    technician = technician_of(request)
    denied = queries.may_not_decide(technician=technician, row=row)
    context = {
        "row": row,
        "it": row.request,
        "deed": DEED_WORDS[Deed(row.request.deed)],
        "class_words": CLASS_WORDS[TargetClass(row.request.target_class)],
        "denied": denied,
        "may_decide": row.is_open and denied is None,
        "has_stepped_up": has_stepped_up(request),
        "form": form,
    }
    return render(
        request, "safeguards/request.html", context, status=HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    )


@needs(Permission.APPROVALS_DECIDE)
@never_cache
@require_POST
def approve(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Agree; it is done in this moment."""
    technician = technician_of(request)
    row = queries.get_request(technician=technician, request_id=request_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _request_page(request, row, form)
    if row.is_open and queries.may_not_decide(technician=technician, row=row) is None:
        require_step_up(request)
    actions.approve(
        actor=actor_of(request),
        technician=technician,
        request_id=request_id,
        stepped_up=has_stepped_up(request),
        note=form.cleaned_data["note"],
    )
    messages.success(request, "You approved it. It is being done now.")
    return redirect("safeguards:request", request_id=request_id)


@needs(Permission.APPROVALS_DECIDE)
@never_cache
@require_POST
def deny(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Refuse; nothing is done."""
    technician = technician_of(request)
    row = queries.get_request(technician=technician, request_id=request_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _request_page(request, row, form)
    actions.deny(actor=actor_of(request), technician=technician, request_id=request_id, note=form.cleaned_data["note"])
    messages.success(request, "You denied it. Nothing was done.")
    return redirect("safeguards:request", request_id=request_id)


@needs(Permission.HELPDESK_ACT)
@never_cache
@require_POST
def withdraw(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Take one's own request back."""
    actions.withdraw(actor=actor_of(request), technician=technician_of(request), request_id=request_id)
    messages.success(request, "You withdrew it. Nothing was done.")
    return redirect("safeguards:request", request_id=request_id)


@needs(Permission.USERS_READ, change=Permission.EMERGENCY_MARK)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def emergency(request: HttpRequest, customer_id: uuid.UUID, object_id: uuid.UUID) -> HttpResponse:
    """Mark an account as kept for emergencies, or take the mark away."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    connection = tenants.connection_of(customer_id)
    user = directory.find_user(tenant_id=connection.tenant_id, object_id=object_id) if connection else None
    if user is None:
        raise NotHere("This customer has no such user.")
    marked = queries.emergency_account(tenant_id=user.tenant_id, object_id=object_id)
    form = MarkForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        act = actions.unmark if request.POST.get("mark") == "no" else actions.mark
        if act is actions.unmark and technician.may(Permission.SETTINGS_RULES):
            require_step_up(request)
        act(
            actor=actor_of(request),
            technician=technician,
            customer_id=customer_id,
            object_id=object_id,
            justification=form.cleaned_data["justification"],
        )
        messages.success(request, "The mark was removed." if act is actions.unmark else "The account is marked.")
        return redirect("directory:user", customer_id=customer_id, object_id=object_id)
    context = {
        "nav": "users",
        "customer": customer,
        "directory_user": user,
        "marked": marked,
        "may_change": technician.may(Permission.SETTINGS_RULES if marked else Permission.EMERGENCY_MARK),
        "form": form,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return render(request, "safeguards/emergency.html", context, status=status)
