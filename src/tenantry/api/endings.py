"""Tokens end where access ends: with the account, with whoever made them or their role, and with the emergency stop."""

from tenantry.api import actions
from tenantry.kit.actor import Actor
from tenantry.technicians.actions import everybodys_access_ended
from tenantry.technicians.models import Technician
from tenantry.technicians.staff.changing import access_ended, role_changed


def listen() -> None:
    """Hear of it, inside the transaction of the change: if the tokens cannot end, nothing is changed."""
    access_ended.connect(_of_one, dispatch_uid="api.access_ended")
    role_changed.connect(_of_the_role, dispatch_uid="api.role_changed")
    everybodys_access_ended.connect(_of_all, dispatch_uid="api.everybodys_access_ended")


def _of_one(sender: object, *, technician: Technician, actor: Actor, **kwargs: object) -> None:
    del sender, kwargs
    actions.revoke_of(actor=actor, technician=technician, why=f"{technician.display_name} was switched off.")


def _of_the_role(sender: object, *, technician: Technician, actor: Actor, **kwargs: object) -> None:
    del sender, kwargs
    actions.revoke_made_by(actor=actor, technician=technician)


def _of_all(sender: object, *, actor: Actor, why: str, **kwargs: object) -> None:
    del sender, kwargs
    actions.revoke_all(actor=actor, why=why)
