"""What a technician asks for: one operation, the same on several users, the new password."""

from tenantry.helpdesk.actions.bulk import MOST_USERS, Plan, plan_bulk, start_bulk
from tenantry.helpdesk.actions.requests import (
    AlreadyThere,
    Expired,
    PassWish,
    confirm,
    request_approval,
    request_operation,
)
from tenantry.helpdesk.actions.secrets import discard_password, discard_stale_passwords, is_readable, reveal_password
from tenantry.helpdesk.actions.sharing import (
    MadeLink,
    WrongCode,
    find_link,
    is_closed_to_technicians,
    make_link,
    open_link,
    refuse_technician,
    revoke_link,
)
from tenantry.helpdesk.actions.stopping import stop_waiting

__all__ = [
    "MOST_USERS",
    "AlreadyThere",
    "Expired",
    "MadeLink",
    "PassWish",
    "Plan",
    "WrongCode",
    "confirm",
    "discard_password",
    "discard_stale_passwords",
    "find_link",
    "is_closed_to_technicians",
    "is_readable",
    "make_link",
    "open_link",
    "plan_bulk",
    "refuse_technician",
    "request_approval",
    "request_operation",
    "reveal_password",
    "revoke_link",
    "start_bulk",
    "stop_waiting",
]
