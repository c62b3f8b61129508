"""Pages of *Send it*: the technician's, and the one that the customer's administrator opens without an account."""

import functools
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.customers.queries import Customer, get_customer
from tenantry.graph.errors import GraphError
from tenantry.handover import actions, forms
from tenantry.handover.models import Link
from tenantry.handover.queries import digest, errand_of, holder_of, live_link, live_links, opens
from tenantry.handover.scripts import Language, file_name, script
from tenantry.handover.trips import begin, forget, keep, trip_of
from tenantry.kit.actor import system
from tenantry.kit.errors import Invalid, NotHere, Refusal
from tenantry.kit.limits import Limit, neighbourhood
from tenantry.kit.needs import needs
from tenantry.roads import actions as roads
from tenantry.roads.forms import PlanForm
from tenantry.roads.lines import step_lines, told_kind
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.recording import network_address
from tenantry.technicians.step_up import step_up
from tenantry.tenants.models import AppKind
from tenantry.tenants.queries.overview import Overview, overview_of

_STRANGER = "the customer's administrator, by link"
WRONG_LINKS: Final = Limit(name="handover-wrong", most=20, seconds=600)
OPENINGS: Final = Limit(name="handover-opened", most=120, seconds=600)
SIGN_INS: Final = Limit(name="handover-left", most=20, seconds=600)


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
@step_up
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


def by_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for strangers who have a link: limited in number, and "not found" and "too many" in words for them.

    Wrong links are counted by network address; once there were too many, even a right one is not answered to that
    address for a while, so that nothing can be learnt by trying on.
    """

    @login_not_required
    @never_cache
    @functools.wraps(view)
    def wrapped(request: HttpRequest, token: str, **rest: str) -> HttpResponse:
        address = neighbourhood(network_address(request))
        if WRONG_LINKS.is_used_up(address):
            return too_many(request)
        try:
            link = live_link(token)
            overview = _of_link(link)
        except NotHere:
            WRONG_LINKS.count(address)
            return not_found(request)
        limit = SIGN_INS if request.method == "POST" else OPENINGS
        if not limit.count(f"{link.pk} {address}"):
            return too_many(request)
        try:
            return view(request, token, link, overview, **rest)
        except NotHere:
            return not_found(request)

    return wrapped


def not_found(request: HttpRequest) -> HttpResponse:
    """One page for a link that was never made, has ended, was revoked, or whose connection is gone."""
    return _kept_private(render(request, "handover/not_found.html", status=HTTPStatus.NOT_FOUND), has_form=False)


def too_many(request: HttpRequest) -> HttpResponse:
    """Too often in a short time."""
    answer = render(request, "handover/too_many.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(WRONG_LINKS.seconds)
    return _kept_private(answer, has_form=False)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str, link: Link, overview: Overview) -> HttpResponse:
    """GET tells what is asked, and changes nothing but a count; POST sends the administrator to Microsoft."""
    holder = holder_of(link)
    form = PlanForm(request.POST if request.method == "POST" else None)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.BAD_REQUEST
        trip = begin(request, token)
        if form.is_valid():
            try:
                url = roads.leave_by_link(
                    address=network_address(request),
                    holder=holder,
                    browser=trip.secret,
                    is_dry_run="dry_run" in request.POST,
                    **form.cleaned_data,
                )
            except NotHere:
                raise
            except Invalid as refusal:
                form.add_error(refusal.field or None, refusal.reason)
            except Refusal as refusal:
                form.add_error(None, f"{refusal.reason} {refusal.remedy}".strip())
                status = HTTPStatus.CONFLICT
            except GraphError:
                form.add_error(None, "Microsoft's sign-in service gave no answer. Try again in a moment.")
            else:
                answer = HttpResponseRedirect(url)
                keep(answer, trip)
                return _kept_private(answer)
    else:
        actions.note_opened(actor=system(_STRANGER), link=link)
    work = roads.preview(holder)
    if not form.is_bound or status == HTTPStatus.CONFLICT:
        shown = {"digest": work.digest, "justification": overview.suggested_justification}
        refused = form.non_field_errors() if form.is_bound else ()
        form = PlanForm(initial=shown)
    else:
        refused = ()
    asks_pim = any(step["kind"].startswith("pim") for step in work.steps)
    form.fields["justification"].required = asks_pim
    told = roads.last_told(link.customer_id, link.app, link_id=link.pk)
    context = {
        "link": link,
        "o": overview,
        "token": token,
        "scripts": _scripts(overview),
        "work": work,
        "lines": step_lines(work),
        "told": told,
        "told_kind": told_kind(told),
        "asks_pim": asks_pim,
        "form": form,
        "refused": refused,
    }
    return _kept_private(render(request, "handover/page.html", context, status=status))


@by_link
@require_GET
def page_script(request: HttpRequest, token: str, link: Link, overview: Overview, language: str) -> HttpResponse:
    """A script as a file, for whoever has the link."""
    del request, token, link
    return _kept_private(_file(overview, _language(language)))


def answer_of_trip(request: HttpRequest) -> HttpResponse:
    """Microsoft's answer to a trip that a link began: only the browser that left is listened to."""
    address = neighbourhood(network_address(request))
    if WRONG_LINKS.is_used_up(address):
        return too_many(request)
    trip = trip_of(request)
    if trip is None:
        WRONG_LINKS.count(address)
        return not_found(request)
    link = Link.objects.filter(token_digest=digest(trip.token)).select_related("customer").first()
    if link is None:
        WRONG_LINKS.count(address)
        return not_found(request)
    # A link that ended on the way is refused by the action, which takes the answer so that nobody can use it later.
    answered = roads.answer_by_link(
        address=network_address(request), holder=holder_of(link), browser=trip.secret, query=request.GET.dict()
    )
    if answered.work is None and not opens(link.pk):
        answer = not_found(request)
    else:
        answer = redirect("handover:page", token=trip.token)
    forget(answer)
    return _kept_private(answer)


def _of_link(link: Link) -> Overview:
    """The connection that the link was made for; a link never follows the customer to another tenant."""
    overview = _overview(link.customer, link.app)
    if overview.connection is None or overview.connection.tenant_id != link.tenant_id:
        raise NotHere("There is no such page.")
    return overview


def _kept_private(answer: HttpResponse, *, has_form: bool = True) -> HttpResponse:
    """The token is in the address, so the address must not travel, nor be found by a search engine.

    "no-referrer" would make browsers send `Origin: null` with the page's own form, which the CSRF check rightly
    refuses; "strict-origin" sends the bare origin and nothing of the path.
    """
    answer["Referrer-Policy"] = "strict-origin" if has_form else "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
