"""Pages of a connection: connect, the return from Microsoft, the polled panel, disconnect."""

import json
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import Customer, get_customer
from tenantry.graph.apps import App, registration
from tenantry.kit.errors import Conflict, Invalid, NotHere
from tenantry.kit.needs import needs
from tenantry.reach import permissions
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.sessions import mark_of
from tenantry.technicians.step_up import step_up
from tenantry.tenants import actions, forms
from tenantry.tenants.models import AppKind, ConnectionState, ConsentOutcome, RolePath
from tenantry.tenants.policies import words_of
from tenantry.tenants.queries import connection_of, group_name_of, pim_view
from tenantry.tenants.queries.listing import STATE_KINDS
from tenantry.tenants.queries.overview import overview_of

_LEVELS = {"good": messages.SUCCESS, "wait": messages.WARNING, "bad": messages.ERROR, "info": messages.INFO}
_NOT_STORED = (ConsentOutcome.REPLAYED, ConsentOutcome.FOREIGN, ConsentOutcome.WRONG_STATE)


def _customer(request: HttpRequest, customer_id: uuid.UUID) -> Customer:
    return get_customer(technician=technician_of(request), customer_id=customer_id)


def _session_key(request: HttpRequest) -> str:
    """The session the trip is bound to; signed-in technicians always have one."""
    return mark_of(request)


def _tenant_id(request: HttpRequest) -> uuid.UUID:
    """The tenant a form was made for."""
    form = forms.OfTenantForm(request.POST)
    if not form.is_valid():
        raise Invalid("The form does not say which tenant it is for.", remedy="Reload the page and try again.")
    tenant_id: uuid.UUID = form.cleaned_data["tenant_id"]
    return tenant_id


@needs(Permission.CONNECTIONS_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """GET explains what is about to be asked and by whom it must be accepted; POST leaves for Microsoft."""
    customer = _customer(request, customer_id)
    connection = connection_of(customer.pk)
    earlier = None
    if request.method == "POST":
        form = forms.RoleForm(request.POST)
        if form.is_valid():
            if connection is None and "go_on" not in request.POST:
                earlier = actions.look_before_connecting(customer=customer)  # AC-8.3: said and asked before the consent
            if earlier is None:
                return _leave(request, customer, form.cleaned_data["wanted_role"])
    else:
        wanted = str(connection.wanted_role_id) if connection else forms.RECOMMENDED_ROLE
        form = forms.RoleForm(initial={"wanted_role": wanted})
    context = {
        "customer": customer,
        "connection": connection,
        "form": form,
        "earlier": earlier,
        "hints": forms.ROLE_HINTS,
        "permissions": permissions.wanted(),
        "is_set_up": registration(App.HELPDESK).is_set_up,
    }
    status = 400 if form.errors else 409 if earlier else 200
    return render(request, "tenants/connect.html", context, status=status)


def _leave(request: HttpRequest, customer: Customer, wanted_role_id: str) -> HttpResponse:
    url = actions.start_consent(
        actor=actor_of(request),
        technician=technician_of(request),
        customer_id=customer.pk,
        session_key=_session_key(request),
        wanted_role_id=wanted_role_id,
        is_reconsent="reconsent" in request.POST,
    )
    return HttpResponseRedirect(url)


@needs(Permission.CONNECTIONS_MANAGE)
@never_cache
@require_GET
def consent_return(request: HttpRequest) -> HttpResponse:
    """Where Microsoft sends the browser back to. Only the single-use state it carries opens anything (AC-1.3)."""
    given = request.GET
    answered = actions.answer_consent(
        actor=actor_of(request),
        technician=technician_of(request),
        session_key=_session_key(request),
        answer=actions.ConsentAnswer(
            state=given.get("state", ""),
            tenant=given.get("tenant", ""),
            admin_consent=given.get("admin_consent", ""),
            error=given.get("error", ""),
            error_description=given.get("error_description", ""),
            error_subcode=given.get("error_subcode", ""),
        ),
    )
    if answered.outcome in _NOT_STORED:
        end = words_of(answered.outcome)
        messages.add_message(request, _LEVELS[end.kind], f"{end.title}. {end.message} {end.remedy}".strip())
    elif answered.outcome == ConsentOutcome.CONNECTED:
        messages.success(request, "Connected. The consent was read back from the tenant.")
    if answered.customer_id is None:
        return redirect("customers:list")
    return redirect("customers:page", customer_id=answered.customer_id)


@needs(Permission.CONNECTIONS_READ)
@never_cache
@require_GET
def connection(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """The live part of the customer's page. While nothing changed only the time of the last look is sent."""
    overview = overview_of(_customer(request, customer_id))
    if not request.headers.get("HX-Request"):
        return redirect("customers:page", customer_id=customer_id)
    seen = request.GET.get("v", "")
    if seen == overview.version:
        answer = render(request, "tenants/looked.html", {"o": overview, "is_swap": True})
        answer["HX-Reswap"] = "none"
        return answer
    answer = render(request, "tenants/panel.html", {"o": overview, "customer": overview.customer})
    before = seen.rpartition("-")[0]
    kind = STATE_KINDS[overview.standing.state]
    if before and before != overview.standing.state and kind in {"good", "bad"}:
        toast = {"kind": kind, "text": f"Connection: {overview.word}."}
        answer["HX-Trigger"] = json.dumps({"toast": toast})
    return answer


@needs(Permission.CONNECTIONS_CHECK)
@require_POST
def check(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Ask for a look now."""
    customer = _customer(request, customer_id)
    present = connection_of(customer.pk)
    if present is None or present.tenant_id != _tenant_id(request):
        raise Conflict("The connection has changed since this page was loaded.", remedy="Reload the page.")
    actions.request_check(tenant_id=present.tenant_id)
    messages.info(request, "We are looking. The page shows what we find by itself.")
    return redirect("customers:page", customer_id=customer.pk)


@needs(Permission.CONNECTIONS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def disconnect(request: HttpRequest, customer_id: uuid.UUID, app: str = "helpdesk") -> HttpResponse:
    """GET names what goes and what remains in the tenant; POST does it, and removes our roles when asked."""
    customer = _customer(request, customer_id)
    if app not in AppKind.values:
        raise NotHere("There is no such app.")
    kind = AppKind(app)
    if request.method == "POST":
        actions.disconnect(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer.pk,
            tenant_id=_tenant_id(request),
            app=kind,
            remove_in_tenant="remove" in request.POST,
        )
        messages.success(
            request, f"{customer.name} is disconnected{'' if app == 'helpdesk' else ': the elevation app'}."
        )
        return redirect("customers:page", customer_id=customer.pk)
    overview = overview_of(customer)
    shown = overview if kind == AppKind.HELPDESK else overview.elevation
    if shown is None or shown.connection is None:
        messages.info(request, f"{customer.name} is not connected.")
        return redirect("customers:page", customer_id=customer.pk)
    context = {
        "customer": customer,
        "o": shown,
        "elevation": overview.elevation if kind == AppKind.HELPDESK else None,
        "may_remove": actions.may_remove(overview.elevation.connection if overview.elevation else None),
    }
    return render(request, "tenants/disconnect.html", context)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def farewell_seen(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Put the notes about what remains in a tenant away."""
    actions.dismiss_farewell(technician=technician_of(request), customer_id=customer_id)
    return redirect("customers:page", customer_id=customer_id)


@needs(Permission.CONNECTIONS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """Choose another role for the enterprise app."""
    customer = _customer(request, customer_id)
    present = connection_of(customer.pk)
    if present is None or present.state == ConnectionState.NOT_CONNECTED:
        return redirect("customers:page", customer_id=customer.pk)
    initial = {"wanted_role": str(present.wanted_role_id), "tenant_id": present.tenant_id}
    form = forms.ChooseRoleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        actions.choose_role(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer.pk,
            tenant_id=form.cleaned_data["tenant_id"],
            wanted_role_id=form.cleaned_data["wanted_role"],
        )
        messages.success(request, "The role was chosen. The checklist says what to assign.")
        return redirect("customers:page", customer_id=customer.pk)
    context = {"customer": customer, "connection": present, "form": form, "hints": forms.ROLE_HINTS}
    return render(request, "tenants/role.html", context, status=400 if form.errors else 200)


@needs(Permission.CONNECTIONS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def path_choice(request: HttpRequest, customer_id: uuid.UUID, app: str) -> HttpResponse:
    """Choose the road on which an app gets its role (AC-4.1)."""
    customer = _customer(request, customer_id)
    if app not in AppKind.values:
        raise NotHere("There is no such app.")
    present = connection_of(customer.pk, app=AppKind(app))
    if present is None:
        return redirect("customers:page", customer_id=customer.pk)
    initial = {
        "path": present.path if present.path_is_chosen else "",
        "group_name": group_name_of(present),
        "tenant_id": present.tenant_id,
    }
    form = forms.ChoosePathForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        usual = group_name_of(present) if not present.group_name else ""
        name = form.cleaned_data["group_name"]
        chosen = form.cleaned_data["path"]
        actions.choose_path(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer.pk,
            tenant_id=form.cleaned_data["tenant_id"],
            path=RolePath(chosen) if chosen else None,
            group_name="" if name == usual else name,
            app=AppKind(app),
        )
        messages.success(request, "The road was chosen. The checklist says what to do.")
        return redirect("customers:page", customer_id=customer.pk)
    context = {
        "customer": customer,
        "connection": present,
        "form": form,
        "hints": forms.PATH_HINTS,
        "pim": pim_view(present.tenant),
    }
    return render(request, "tenants/path.html", context, status=400 if form.errors else 200)


@needs(Permission.CONNECTIONS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def connect_elevation(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """GET names what the elevation app asks for; POST leaves for Microsoft's consent page (AC-X.4)."""
    customer = _customer(request, customer_id)
    present = connection_of(customer.pk)
    if present is None:
        return redirect("customers:page", customer_id=customer.pk)
    if request.method == "POST":
        url = actions.start_consent(
            actor=actor_of(request),
            technician=technician_of(request),
            customer_id=customer.pk,
            session_key=_session_key(request),
            wanted_role_id="",
            is_reconsent="reconsent" in request.POST,
            app=AppKind.ELEVATION,
        )
        return HttpResponseRedirect(url)
    context = {
        "customer": customer,
        "connection": present,
        "elevation": connection_of(customer.pk, app=AppKind.ELEVATION),
        "permissions": permissions.wanted(permissions.ELEVATION_REQUIRED),
        "is_set_up": registration(App.ELEVATION).is_set_up,
    }
    return render(request, "tenants/connect_elevation.html", context)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def accept(request: HttpRequest, customer_id: uuid.UUID, attempt_id: uuid.UUID) -> HttpResponse:
    """Yes, the tenant that answered is this customer's."""
    actions.accept_tenant(
        actor=actor_of(request), technician=technician_of(request), customer_id=customer_id, attempt_id=attempt_id
    )
    return redirect("customers:page", customer_id=customer_id)


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def dismiss(request: HttpRequest, customer_id: uuid.UUID, attempt_id: uuid.UUID) -> HttpResponse:
    """Put the note about a round trip away."""
    actions.dismiss_attempt(
        actor=actor_of(request), technician=technician_of(request), customer_id=customer_id, attempt_id=attempt_id
    )
    return redirect("customers:page", customer_id=customer_id)
