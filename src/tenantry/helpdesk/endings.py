"""What somebody could still read ends with their account."""

from tenantry.helpdesk.actions.secrets import discard_secrets_of
from tenantry.kit.actor import Actor
from tenantry.technicians.models import Technician
from tenantry.technicians.staff.changing import access_ended


def listen() -> None:
    """Hear of it, inside the transaction of the change."""
    access_ended.connect(_of_one, dispatch_uid="helpdesk.access_ended")


def _of_one(sender: object, *, technician: Technician, actor: Actor, **kwargs: object) -> None:
    del sender, kwargs
    discard_secrets_of(actor=actor, technician=technician)
