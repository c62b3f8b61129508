"""The technician behind a request, as an `Actor`."""

from typing import cast

from django.http import HttpRequest

from tenantry.kit.actor import Actor
from tenantry.technicians.models import Technician


def technician_of(request: HttpRequest) -> Technician:
    """The signed-in technician; the login-required middleware has seen to it that there is one."""
    return cast("Technician", request.user)


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in technician as the actor of an action."""
    technician = technician_of(request)
    return Actor(
        kind="technician",
        id=technician.pk,
        name=technician.display_name,
        address=str(request.META.get("REMOTE_ADDR", "")),
    )
