"""What every page knows of alerts: the number at the bell."""

import functools
from collections.abc import Callable

from django.http import HttpRequest

from tenantry.notifications.queries import count_unseen
from tenantry.technicians.current import technician_of


def counts(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Counts for entries of the navigation; asked for only by pages that draw it."""
    user = getattr(request, "user", None)  # a request that is refused at the door, for its host, has none yet
    if user is None or not user.is_authenticated:
        return {}
    return {"nav_count_alerts": functools.cache(lambda: count_unseen(technician_of(request)))}
