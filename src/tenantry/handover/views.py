"""Pages of *Send it*: the technician's, and the one that the customer's administrator opens without an account."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import Customer, get_customer
from tenantry.handover import actions, forms
from tenantry.handover.models import Link
from tenantry.handover.queries import errand_of, live_link, live_links
from tenantry.handover.scripts import Language, file_name, script
from tenantry.kit.actor import system
from tenantry.kit.errors import NotHere
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.tenants.models import AppKind
from tenantry.tenants.queries.overview import Overview, overview_of

_STRANGER = "the customer's administrator, by link"


def _overview(customer: Customer, app: str) -> Overview:
    """Of one app's connection.

    Raises:
        NotHere: no such app, or it is not connected.
    """
    found: Overview | None = overview_of(customer)
    if app == AppKind.ELEVATION and found is not None:
        found = found.elevation
    if found is None or found.connection is None or app not in AppKind.values:
        raise NotHere("This customer has no such connection.")
    return found


def _language(name: str) -> Language:
    if name not in list(Language):
        raise NotHere("There is no script of that kind.")
    return Language(name)


def _file(overview: Overview, language: Language) -> HttpResponse:
    errand = errand_of(overview)
    answer = HttpResponse(script(errand, language), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{file_name(errand, language)}"'
    return answer


def _scripts(overview: Overview) -> list[dict[str, str]]:
    errand = errand_of(overview)
    return [{"key": str(one), "title": one.label, "text": script(errand, one)} for one in Language]


@needs(Permission.CONNECTIONS_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, customer_id: uuid.UUID, app: str) -> HttpResponse:
    """GET shows the links and scripts of a road; POST makes a link, shown this once."""
    technician = technician_of(request)
    customer = get_customer(technician=technician, customer_id=customer_id)
    overview = _overview(customer, app)
    form = forms.LinkForm(request.POST if request.method == "POST" else None, initial={"days": 7})
    address = ""
    if request.method == "POST" and form.is_valid():
        address = actions.make_link(
            actor=actor_of(request),
            technician=technician,
            customer_id=customer.pk,
            app=AppKind(app),
            days=form.cleaned_data["days"],
        )
    context = {
        "customer": customer,
        "o": overview,
        "app": app,
        "form": form,
        "address": address,
        "links": live_links(customer.pk, app),
        "scripts": _scripts(overview),
    }
    return render(request, "handover/send.html", context, status=400 if form.errors else 200)


@needs(Permission.CONNECTIONS_MANAGE)
@never_cache
@require_GET
def script_file(request: HttpRequest, customer_id: uuid.UUID, app: str, language: str) -> HttpResponse:
    """A script as a file."""
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    return _file(_overview(customer, app), _language(language))


@needs(Permission.CONNECTIONS_MANAGE)
@require_POST
def revoke(request: HttpRequest, customer_id: uuid.UUID, app: str, link_id: uuid.UUID) -> HttpResponse:
    """End a page now."""
    actions.revoke_link(
        actor=actor_of(request), technician=technician_of(request), customer_id=customer_id, link_id=link_id
    )
    messages.success(request, "The page was revoked. Its link opens nothing any more.")
    return redirect("handover:send", customer_id=customer_id, app=app)


@login_not_required
@never_cache
@require_GET
def page(request: HttpRequest, token: str) -> HttpResponse:
    """What is asked of the customer's administrator, with each step's state; opening it changes nothing but a count."""
    link = live_link(token)
    overview = _of_link(link)
    actions.note_opened(actor=system(_STRANGER), link=link)
    context = {"link": link, "o": overview, "token": token, "scripts": _scripts(overview)}
    return _kept_private(render(request, "handover/page.html", context))


@login_not_required
@never_cache
@require_GET
def page_script(request: HttpRequest, token: str, language: str) -> HttpResponse:
    """A script as a file, for whoever has the link."""
    del request
    return _kept_private(_file(_of_link(live_link(token)), _language(language)))


def _of_link(link: Link) -> Overview:
    """The connection that the link was made for; a link never follows the customer to another tenant."""
    overview = _overview(link.customer, link.app)
    if overview.connection is None or overview.connection.tenant_id != link.tenant_id:
        raise NotHere("There is no such page.")
    return overview


def _kept_private(answer: HttpResponse) -> HttpResponse:
    """The token is in the address, so the address must not travel, nor be found by a search engine."""
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
