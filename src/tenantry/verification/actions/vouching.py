"""Who may vouch for a caller: the manager whom the directory names, and nobody who has a part in the call.

The manager's sign-in proves the manager, and their word proves the caller. So it counts only when the manager tells the
number that the technician told the caller: then the two have spoken, and the manager's voice on the other line is not
the caller's friend. It is never more than Good.
"""

import uuid
from typing import TYPE_CHECKING

from django.utils.crypto import constant_time_compare

from tenantry.graph import errors
from tenantry.graph.calls import users as calls
from tenantry.graph.calls.users import Manager
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid
from tenantry.technicians import queries as technicians
from tenantry.verification.actions.answering import spend_try, wrong
from tenantry.verification.models import Verification
from tenantry.verification.policies import Wrong, code_of

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser


def manager_for(user: "DirectoryUser") -> Manager:
    """The manager who can vouch for a user, read from the tenant now.

    Raises:
        Invalid: there is none, or one who cannot vouch.
    """
    try:
        found = calls.manager_of_user(tenant_id=user.tenant_id, object_id=user.object_id)
    except errors.GraphError as error:
        raise Invalid(
            "Microsoft did not tell who the manager is. Try again, or choose another method.", code="manager_not_told"
        ) from error
    if found is None:
        raise Invalid("The directory names no manager for this user. Choose another method.", code="no_manager")
    why = ""
    if found.object_id == user.object_id:
        why = "The directory names the user as their own manager."
    elif not found.is_enabled:
        why = f"The sign-in of the manager, {found.display_name}, is blocked."
    elif is_of_help_desk(
        tenant_id=user.tenant_id, object_id=found.object_id, names=(found.user_principal_name, found.mail)
    ):
        why = f"The manager, {found.display_name}, works in this help desk, so their word proves nothing to it."
    if why:
        raise Invalid(f"{why} Choose another method.", code="manager_cannot_vouch")
    return found


def is_of_help_desk(*, tenant_id: uuid.UUID, object_id: uuid.UUID, names: tuple[str, ...]) -> bool:
    """Whether somebody at a customer is a technician here: by the account they sign in with, or by their address."""
    return technicians.is_somebody(tenant_id=tenant_id, object_id=object_id, addresses=names)


def is_number(row: Verification, typed: str, *, actor: Actor) -> bool:
    """Whether the manager told the caller's number; another one costs a try and is recorded."""
    if row.number and constant_time_compare(code_of(typed), row.number):
        return True
    if spend_try(row):
        wrong(row, Wrong.NUMBER, actor=actor)
    return False
