"""Writing down that a page, a form or a route was refused for want of a permission (OWASP ASVS 5.0, 16.3.2)."""

from typing import Final

from django.http import HttpRequest

from tenantry.audit import actions as audit
from tenantry.audit.models import Result
from tenantry.kit.limits import Limit
from tenantry.technicians.actions import about, actor_for
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.recording import network_address

_ONCE_AN_HOUR: Final = Limit(name="access-refused", most=1, seconds=3600)
"""For one person and permission: who tries without end fills no record, and who tries around is seen with each."""


def note_refusal(request: HttpRequest, technician: Technician, permission: Permission, *, why: str) -> None:
    """Record that `technician` asked for what `permission` is needed for and has not, at most once an hour.

    Args:
        request: what was asked; the record keeps method and route, and no part of the address that was typed.
        technician: who asked.
        permission: what it takes.
        why: what lacks it, e.g. "their role", as the middle of a sentence.
    """
    if not _ONCE_AN_HOUR.count(f"{technician.pk} {permission.value}"):
        return
    route = request.resolver_match.route if request.resolver_match is not None else ""
    audit.record(
        actor=actor_for(technician, network_address(request)),
        action=TechnicianEvent.ACCESS_REFUSED,
        about=about(technician),
        result=Result.REFUSED,
        summary=f"Asked for {request.method} /{route}; {why} does not include {permission.value}.",
    )
