"""Pages for the caller, who has a link and no account here. They tell little: whose link it is, and what is asked."""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.graph.errors import GraphError
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotHere
from tenantry.kit.limits import Limit, neighbourhood
from tenantry.technicians.recording import network_address
from tenantry.verification import actions, queries
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import LINKS, WRONG_WORDS, Method, Wrong
from tenantry.verification.records import words_of
from tenantry.verification.trips import begin, forget, keep, trip_of

WRONG_LINKS: Final = Limit(name="verification-wrong", most=20, seconds=600)
OPENINGS: Final = Limit(name="verification-opened", most=120, seconds=600)
SENDINGS: Final = Limit(name="verification-left", most=20, seconds=600)


def by_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for whoever has a link: wrong links are counted by network address, and then even right ones refused."""

    @login_not_required
    @never_cache
    @functools.wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        address = neighbourhood(network_address(request))
        if WRONG_LINKS.is_used_up(address):
            return _too_many(request)
        try:
            row = queries.live_link(token)
        except NotHere:
            WRONG_LINKS.count(address)
            return _not_found(request)
        limit = SENDINGS if request.method == "POST" else OPENINGS
        if not limit.count(f"{row.pk} {address}"):
            return _too_many(request)
        try:
            return view(request, token, row)
        except NotHere:
            return _not_found(request)

    return wrapped


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str, row: Verification) -> HttpResponse:
    """GET tells who asks and for what, and changes nothing; POST sends the caller to Microsoft."""
    trouble = ""
    if request.method == "POST":
        if row.method not in LINKS:
            raise NotHere("This page signs nobody in.")
        somebody = Actor("system", None, "Somebody with the manager's link", network_address(request))
        if row.method == Method.MANAGER and not actions.is_number(
            row, request.POST.get("number", "")[:20], actor=somebody
        ):
            return _kept_private(redirect("verification:page", token=token))
        trip = begin(token)
        try:
            url = actions.leave(row=row, browser=trip.secret)
        except GraphError:
            trouble = "Microsoft's sign-in service gave no answer. Try again in a moment."
        else:
            answer = HttpResponseRedirect(url)
            keep(answer, trip)
            return _kept_private(answer)
    is_waiting = row.state == State.WAITING and row.answer_until > clock.now()
    context = {
        "it": row,
        "token": token,
        "what": words_of(row),
        "is_waiting": is_waiting,
        "signs_in": row.method in LINKS,
        "is_manager": row.method == Method.MANAGER,
        "is_verified": row.state in {State.PASSED, State.USED},
        "is_denied": row.state == State.DENIED,
        "wrong": WRONG_WORDS[Wrong(row.last_wrong)] if row.last_wrong else "",
        "trouble": trouble,
    }
    status = HTTPStatus.BAD_GATEWAY if trouble else HTTPStatus.OK
    return _kept_private(render(request, "verification/page.html", context, status=status))


@by_link
@require_POST
def decline(request: HttpRequest, token: str, row: Verification) -> HttpResponse:
    """The person says that they did not call."""
    address = network_address(request)
    if row.method == Method.MANAGER:
        somebody = Actor("system", None, "Somebody with the manager's link", address)
        actions.decline(actor=somebody, row=row, said=f"{row.voucher_name}, the manager, does not vouch for the caller")
    else:
        actions.decline(actor=Actor("system", None, "Somebody with the caller's link", address), row=row)
    return _kept_private(redirect("verification:page", token=token))


@login_not_required
@never_cache
@require_GET
def sign_in_return(request: HttpRequest) -> HttpResponse:
    """Where Microsoft sends the caller back to: only the browser that left is listened to, and only once."""
    address = network_address(request)
    if WRONG_LINKS.is_used_up(neighbourhood(address)):
        return _too_many(request)
    trip = trip_of(request)
    found = actions.come_back(query=request.GET.dict(), browser=trip.secret, address=address) if trip else None
    if trip is None or found is None:
        WRONG_LINKS.count(neighbourhood(address))
        return _not_found(request)
    answer = redirect("verification:page", token=trip.token)
    forget(answer)
    return _kept_private(answer)


def _not_found(request: HttpRequest) -> HttpResponse:
    return _kept_private(render(request, "verification/not_found.html", status=HTTPStatus.NOT_FOUND), has_form=False)


def _too_many(request: HttpRequest) -> HttpResponse:
    answer = render(request, "verification/too_many.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(WRONG_LINKS.seconds)
    return _kept_private(answer, has_form=False)


def _kept_private(answer: HttpResponse, *, has_form: bool = True) -> HttpResponse:
    """The token is in the address, so the address must not travel, nor be found; see `handover.views`."""
    answer["Referrer-Policy"] = "strict-origin" if has_form else "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
