"""What can be done on a road.

planning   what would change, as a row that can be confirmed
leaving    sending the administrator to Microsoft, and the answer
carrying   making the changes in the administrator's name, each recorded before it is sent and read back
settling   ending what nobody ended: a process died, nobody came back, Microsoft took its time
"""

from tenantry.roads.actions.leaving import (
    Answered,
    answer_by_link,
    answer_sign_in,
    is_by_link,
    leave,
    leave_by_link,
    redirect_uri,
)
from tenantry.roads.actions.planning import Holder, last_told, prepare, preview
from tenantry.roads.actions.settling import settle

__all__ = [
    "Answered",
    "Holder",
    "answer_by_link",
    "answer_sign_in",
    "is_by_link",
    "last_told",
    "leave",
    "leave_by_link",
    "prepare",
    "preview",
    "redirect_uri",
    "settle",
]
