"""The page of a one-time link: for the user, who has no account here."""

from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from tenantry.helpdesk import actions
from tenantry.helpdesk.forms import CodeForm
from tenantry.kit.errors import NotHere
from tenantry.kit.limits import Limit, neighbourhood
from tenantry.technicians.current import actor_of
from tenantry.technicians.models import Technician
from tenantry.technicians.recording import network_address

WRONG_LINKS: Final = Limit(name="secret-wrong", most=20, seconds=600)
"""Wrong links and codes of one network address; once there were too many, none is answered there for a while."""


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@sensitive_variables("password")
@require_http_methods(["GET", "HEAD", "POST"])
def secret(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks for the code and burns nothing (scanners of mail open links); POST with the code shows the password."""
    address = network_address(request)
    near = neighbourhood(address)
    if WRONG_LINKS.is_used_up(near):
        return _too_many(request)
    try:
        link = actions.find_link(token)
    except NotHere:
        WRONG_LINKS.count(near)
        return _not_found(request)
    if isinstance(request.user, Technician) and actions.is_closed_to_technicians(link):
        if request.method == "POST":
            actions.refuse_technician(actor=actor_of(request), token=token)
        return _not_yours(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            operation, password = actions.open_link(token=token, code=form.cleaned_data["code"], address=address)
        except actions.WrongCode as wrong:
            WRONG_LINKS.count(near)
            form.add_error("code", f"{wrong.reason} {wrong.remedy}")
        except NotHere:
            WRONG_LINKS.count(near)
            return _not_found(request)
        else:
            context = {
                "operation": operation,
                "password": password.reveal(),
                "is_pass": operation.is_access_pass,
            }
            return _private(render(request, "helpdesk/secret_shown.html", context))
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return _private(
        render(
            request,
            "helpdesk/secret.html",
            {"link": link, "form": form, "is_pass": link.operation.is_access_pass},
            status=status,
        )
    )


def _not_found(request: HttpRequest) -> HttpResponse:
    return _private(render(request, "helpdesk/secret_gone.html", status=HTTPStatus.NOT_FOUND))


def _not_yours(request: HttpRequest) -> HttpResponse:
    answer = render(request, "helpdesk/secret_gone.html", {"is_technician": True}, status=HTTPStatus.FORBIDDEN)
    return _private(answer)


def _too_many(request: HttpRequest) -> HttpResponse:
    answer = render(request, "helpdesk/secret_gone.html", {"is_limited": True}, status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = str(WRONG_LINKS.seconds)
    return _private(answer)


def _private(answer: HttpResponse) -> HttpResponse:
    """The token is in the address, so only the bare origin may travel as a referrer, which the CSRF check needs."""
    answer["Referrer-Policy"] = "strict-origin"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
