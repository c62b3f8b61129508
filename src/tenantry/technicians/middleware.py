"""What every request of a signed-in technician passes: a second factor is set up, and proof before dangerous acts."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from tenantry.kit.needs import is_open
from tenantry.technicians import sessions, step_up
from tenantry.technicians.factors import must_enrol
from tenantry.technicians.models import Technician
from tenantry.technicians.step_up import StepUpRequired

GetResponse = Callable[[HttpRequest], HttpResponse]
View = Callable[..., HttpResponse]

ENROLLED: Final = "tenantry_enrolled"
"""Set in a session whose technician has a second factor, or whose sign-in at Microsoft proved one."""

_ENROLMENT: Final = frozenset(
    {
        "technicians:protect",
        "account_logout",
        "account_reauthenticate",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_download_recovery_codes",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "mfa_view_recovery_codes",
    }
)
"""Pages of somebody who has no second factor yet."""


class SessionMiddleware:
    """Ends sessions at their two limits: without activity, and in any case."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_view`."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: object, kwargs: object) -> None:
        """Sign out when a limit is passed; whoever comes after this finds somebody signed out."""
        del view, args, kwargs
        if not isinstance(request.user, Technician) or request.user.bounds is not None:
            return  # nobody, or a token: it has no session
        why = sessions.why_ended(request)
        if why:
            logout(request)
            messages.info(request, why)
        else:
            sessions.touch(request)


class EnrolmentMiddleware:
    """Leads whoever has no second factor to set one up, and lets them do nothing else. The demo asks nobody."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_view`."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: object, kwargs: object) -> HttpResponse | None:
        """Let through, or answer with the way to the enrolment."""
        del args, kwargs
        technician = request.user
        if settings.IS_DEMO or is_open(view) or not isinstance(technician, Technician):
            return None
        if request.session.get(ENROLLED) == str(technician.pk):
            return None
        if not must_enrol(technician):
            request.session[ENROLLED] = str(technician.pk)
            return None
        match = request.resolver_match
        return None if match is not None and match.view_name in _ENROLMENT else _lead_to_enrolment(request)


def _lead_to_enrolment(request: HttpRequest) -> HttpResponse:
    if step_up.wants_json(request):
        words = {"title": "Second factor required", "status": HTTPStatus.FORBIDDEN, "code": "second_factor_required"}
        return JsonResponse(words, status=HTTPStatus.FORBIDDEN, content_type="application/problem+json")
    return step_up.lead(request, reverse("technicians:protect"))


class StepUpMiddleware:
    """Asks for proof where a view demands it, and puts the kept request in place afterwards.

    The library's own demand is answered here too: it would keep the request in clear.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in the hooks."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: object, kwargs: object) -> None:
        """Give a resumed request its form back."""
        del args, kwargs
        if not is_open(view) and request.user.is_authenticated:
            step_up.put_back(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Interrupt the request when proof is missing."""
        if isinstance(exception, StepUpRequired | ReauthenticationRequired) and request.user.is_authenticated:
            return step_up.interrupt(request, is_act=isinstance(exception, StepUpRequired))
        return None
