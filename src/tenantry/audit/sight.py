"""What of the record a technician may read, wherever they read it."""

from django.db.models import Q

from tenantry.customers.queries import visible_customers
from tenantry.technicians.models import Technician


def sight_of(technician: Technician) -> Q:
    """The acts about their customers, and their own; a token that is bound to groups reads those of its customers."""
    if technician.sees_everything:
        return Q()
    theirs = Q(customer_id__in=visible_customers(technician).values("pk"))
    own = Q(actor_id=technician.pk)
    return theirs | (own & Q(customer_id=None) if technician.bound_group_ids is not None else own)
