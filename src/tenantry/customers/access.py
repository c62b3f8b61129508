"""The first belt of customer isolation: a page of a customer that is not the technician's does not exist."""

import uuid
from collections.abc import Callable, Mapping
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse

from tenantry.customers.queries import visible_customers
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
