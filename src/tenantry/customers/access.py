"""Two belts of customer isolation around every request of a technician.

The first: a page of a customer that is not theirs does not exist. The second: nor do the rows, for the database.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse

from tenantry.customers.queries import visible_customers
from tenantry.kit import scoping
from tenantry.kit.needs import is_open
from tenantry.technicians.models import Technician

GetResponse = Callable[[HttpRequest], HttpResponse]


class CustomerMiddleware:
    """Answers 404 for every address with a `customer_id` that is not of the technician's customers.

    Views and actions look the customer up again through `get_customer`; this one sees to it that no page is forgotten,
    and that an address of another's customer answers alike whatever else is wrong with the request.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; the work is in `process_view`."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: Mapping[str, uuid.UUID]
    ) -> None:
        """Let the request through if the customer is theirs."""
        del args
        customer_id = kwargs.get("customer_id")
        if customer_id is None or is_open(view):
            return
        technician = cast("Technician", request.user)
        if technician.sees_everything:  # a customer that does not exist at all is the view's to say
            return
        if not visible_customers(technician).filter(pk=customer_id).exists():
            raise Http404("There is no such customer.")


class ScopeMiddleware:
    """Answers a technician's request in their scope, streamed answers to the last line: see `kit.scoping`.

    Whoever sees every customer needs no second belt, and their pages do not pay for one. Strangers' pages (sign-in, a
    link to one customer's page) find their one row by an unguessable token and stay in the system's scope.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on within the scope."""
        if not request.user.is_authenticated:
            return self.get_response(request)
        technician = request.user
        if technician.sees_everything:
            return self.get_response(request)
        scope = scoping.of_technician(technician.pk, group_ids=technician.bound_group_ids)
        with scoping.scoped(scope):
            answer = self.get_response(request)
        if answer.streaming:
            stream = cast("StreamingHttpResponse", cast("object", answer))
            parts = cast("Iterable[bytes]", stream.streaming_content)
            stream.streaming_content = scoping.each_in(scope, iter(parts))
        return answer
