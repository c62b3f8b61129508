"""While the emergency stop is on, nothing is sent to this console but a sign-in and the agreement to lift it."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from tenantry.api.errors import of_refusal
from tenantry.api.middleware import is_for_programs
from tenantry.kit.needs import SAFE
from tenantry.panic import queries
from tenantry.web.middleware import refusal_page

GetResponse = Callable[[HttpRequest], HttpResponse]

_ALLOWED: Final = frozenset(
    {
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "panic:lift",
        "technicians:end-session",
        "technicians:sign-out-elsewhere",
        "technicians:welcome",
    }
)
"""Names of addresses that may be sent to: they let an owner in, or somebody out."""


class PanicMiddleware:
    """Refuses every request that could change something, of technicians, strangers and programs alike."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_view`."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Let through, or answer with the refusal. Ordinary reads cost nothing; a change costs one query."""
        del view, args, kwargs
        match = request.resolver_match
        if request.method in SAFE or (match is not None and match.view_name in _ALLOWED) or not queries.is_on():
            return None
        refusal = queries.refusal()
        return of_refusal(refusal) if is_for_programs(request) else refusal_page(request, refusal)
