"""Refusing what a technician's role does not include."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse

from tenantry.kit.errors import NotAllowed
from tenantry.kit.needs import is_open, needs_of
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission, holders
from tenantry.technicians.refusals import note_refusal
from tenantry.web.middleware import refusal_page

GetResponse = Callable[[HttpRequest], HttpResponse]


def require_permission(technician: Technician, permission: Permission) -> None:
    """Go on only if `technician` has `permission`.

    Raises:
        NotAllowed: they have not; names who has.
    """
    if not technician.may(permission):
        raise NotAllowed(
            f"Your role, {technician.get_role_display()}, does not include this.",
            remedy="Ask a colleague who may do it, or have your role changed.",
            who=holders(permission),
            code="role_too_small",
        )


def require_for(request: HttpRequest, technician: Technician, permission: Permission) -> None:
    """The same for a page, a form or a route that was asked for: a refusal is written to the record.

    Raises:
        NotAllowed: they have not; names who has.
    """
    if not technician.may(permission):
        note_refusal(request, technician, permission, why="their role")
    require_permission(technician, permission)


class PermissionMiddleware:
    """Refuses what a technician's role does not include, and views about which nothing was said."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_view`."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        """Let the request through, or answer with the refusal: an exception from here would pass by all that catch."""
        del args, kwargs
        if is_open(view):
            return None
        try:
            _require(request, view)
        except NotAllowed as refusal:
            return refusal_page(request, refusal)
        return None


def _require(request: HttpRequest, view: object) -> None:
    technician = cast("Technician", request.user)
    wanted = needs_of(view)
    if wanted is None:
        raise NotAllowed("This page is closed: nothing says who may use it.", who="nobody", code="no_rule")
    permission = wanted.of(request.method or "")
    if permission is not None:
        require_for(request, technician, Permission(permission))
