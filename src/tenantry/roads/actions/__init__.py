"""What can be done on a road.

planning   what would change, as a row that can be confirmed
leaving    sending the administrator to Microsoft, and the answer
carrying   making the changes in the administrator's name, each recorded before it is sent and read back
"""

from tenantry.roads.actions.leaving import Answered, answer_sign_in, leave, redirect_uri
from tenantry.roads.actions.planning import last_ended, prepare

__all__ = ["Answered", "answer_sign_in", "last_ended", "leave", "prepare", "redirect_uri"]
