"""Reading customers. Nobody reads a customer any other way, so that visibility has one place."""

import uuid

from tenantry.customers.models import Customer
from tenantry.kit.errors import NotHere
from tenantry.technicians.models import Technician


def get_customer(*, technician: Technician, customer_id: uuid.UUID) -> Customer:
    """The customer, if `technician` may see it.

    Raises:
        NotHere: no such customer, or not theirs; the two are never told apart.
    """
    del technician  # one owner sees every customer; teams narrow it here and nowhere else
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is None:
        raise NotHere("There is no such customer.")
    return customer
