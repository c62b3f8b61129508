"""What every page knows of approvals: the number in the navigation."""

import functools
from collections.abc import Callable

from django.http import HttpRequest

from tenantry.safeguards.queries import count_to_decide
from tenantry.technicians.current import technician_of


def counts(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """How many requests wait for whoever looks; asked for only by pages that draw the navigation."""
    user = getattr(request, "user", None)  # a request that is refused at the door, for its host, has none yet
    if user is None or not user.is_authenticated:
        return {}
    return {"nav_count_approvals": functools.cache(lambda: count_to_decide(technician_of(request)))}
