"""The technician behind a request, as an `Actor`."""

from typing import cast

from django.http import HttpRequest

from tenantry.kit.actor import Actor
from tenantry.technicians import step_up
from tenantry.technicians.actions import actor_for
from tenantry.technicians.models import Technician
from tenantry.technicians.recording import network_address


def technician_of(request: HttpRequest) -> Technician:
    """The signed-in technician; the login-required middleware has seen to it that there is one."""
    return cast("Technician", request.user)


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in technician as the actor of an action."""
    return actor_for(technician_of(request), network_address(request))


def has_stepped_up(request: HttpRequest) -> bool:
    """Whether fresh proof that it is the technician was given, or none is asked of them."""
    return not step_up.is_asked_of(technician_of(request)) or step_up.is_fresh(request)
