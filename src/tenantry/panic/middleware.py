"""While the emergency stop is on, this console takes a sign-in, the end of an account, and the agreement to lift it."""

import uuid
from collections.abc import Callable, Mapping
from typing import Final, cast

from django.http import HttpRequest, HttpResponse

from tenantry.api.errors import of_refusal
from tenantry.api.middleware import is_for_programs
from tenantry.kit.needs import SAFE
from tenantry.panic import queries
from tenantry.technicians.models import Technician
from tenantry.technicians.queries import technician_by_id
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
_SWITCH_OFF: Final = "technicians:deactivate"


def _may_switch_off(request: HttpRequest, technician_id: uuid.UUID) -> bool:
    """An owner may switch off whoever is none: what waits in that one's name is not sent when the stop is lifted.

    No owner ends another's account while it takes two of them to lift the stop.
    """
    actor, target = request.user, technician_by_id(technician_id)
    return isinstance(actor, Technician) and actor.is_owner and target is not None and not target.is_owner


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
        del view, args
        match = request.resolver_match
        name = match.view_name if match is not None else ""
        if request.method in SAFE or name in _ALLOWED or not queries.is_on():
            return None
        if name == _SWITCH_OFF and _may_switch_off(request, cast("Mapping[str, uuid.UUID]", kwargs)["technician_id"]):
            return None
        refusal = queries.refusal()
        return of_refusal(refusal) if is_for_programs(request) else refusal_page(request, refusal)
