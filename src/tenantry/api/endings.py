"""Tokens end where access ends: with the account, with whoever made them, and with the emergency stop."""

from tenantry.api import actions
from tenantry.kit.actor import Actor
from tenantry.technicians.actions import everybodys_access_ended
from tenantry.technicians.models import Technician
from tenantry.technicians.staff.changing import access_ended


def listen() -> None:
    """Hear of it, inside the transaction of the change: if the tokens cannot end, nothing is changed."""
    access_ended.connect(_of_one, dispatch_uid="api.access_ended")
    everybodys_access_ended.connect(_of_all, dispatch_uid="api.everybodys_access_ended")


def _of_one(sender: object, *, technician: Technician, actor: Actor, **kwargs: object) -> None:
    del sender, kwargs
    actions.revoke_of(actor=actor, technician=technician, why=f"{technician.display_name} was switched off.")


def _of_all(sender: object, *, actor: Actor, why: str, **kwargs: object) -> None:
    del sender, kwargs
    actions.revoke_all(actor=actor, why=why)
