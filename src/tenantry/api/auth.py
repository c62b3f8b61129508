"""What each route asks of the token: default deny."""

from typing import Any, cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from tenantry.api.errors import NoToken
from tenantry.api.middleware import TOKEN
from tenantry.api.models import ApiToken
from tenantry.customers.queries import get_customer
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotAllowed
from tenantry.technicians.access import require_for
from tenantry.technicians.actions import actor_for
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.recording import network_address
from tenantry.technicians.refusals import note_refusal


class Token(HttpBearer):
    """Asks for a token with a permission, and for one that sees the customer of the address."""

    def __init__(self, permission: Permission | None, *, is_closed: bool = False) -> None:
        super().__init__()
        self.permission = permission
        self.is_closed = is_closed

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401  ninja's own signature
        """The token.

        Raises:
            NoToken, NotAllowed, NotHere
        """
        token = getattr(request, TOKEN, None)
        if token is None:
            raise NoToken
        if self.is_closed:
            raise NotAllowed("This route is closed: nothing says who may use it.", who="nobody", code="no_rule")
        technician = technician_of(request)
        if self.permission is not None:
            if technician.bounds is not None and self.permission.value not in technician.bounds.permissions:
                note_refusal(request, technician, self.permission, why="their token")
                raise NotAllowed(
                    f"This token does not include “{self.permission.value}”.",
                    remedy="Make a token that does, in the console under Settings, API tokens.",
                    code="token_too_small",
                )
            require_for(request, technician, self.permission)
        match = request.resolver_match
        customer_id = match.kwargs.get("customer_id") if match is not None else None
        if customer_id is not None:
            get_customer(technician=technician, customer_id=customer_id)
        return token

    def authenticate(self, request: HttpRequest, token: str) -> Any:  # noqa: ANN401  ninja's own signature
        """Not used: the middleware has read the header."""
        raise NotImplementedError


def needs(permission: Permission) -> Token:
    """A route for tokens with `permission`."""
    return Token(permission)


ANY_TOKEN = Token(None)
"""A route about the token itself."""
CLOSED = Token(None, is_closed=True)
"""What a route gets that says nothing."""


def token_of(request: HttpRequest) -> ApiToken:
    """The token of the request; `Token` has seen to it that there is one."""
    return cast("ApiToken", getattr(request, TOKEN))


def technician_of(request: HttpRequest) -> Technician:
    """The technician behind the token, narrowed to it."""
    return cast("Technician", request.user)


def actor_of(request: HttpRequest) -> Actor:
    """The technician as the actor of an action; the record names the token too."""
    actor = actor_for(technician_of(request), network_address(request))
    name = f"{actor.name[:120]} (API token: {token_of(request).name})"
    return Actor(kind=actor.kind, id=actor.id, name=name[:200], address=actor.address)
