"""What can be done about our registrations.

looking      what stands at Microsoft, compared with what is needed
applying     making, taking over and mending, in a person's name
mending      the steps of it, each recorded and read back
rotating     renewing a certificate, in the app's own name
watching     telling before a certificate ends
signing_in   the administrator's sign-in, from a page
"""

from tenantry.registrations.actions.applying import Agreed, create, mend, plan_of
from tenantry.registrations.actions.looking import Sight, look
from tenantry.registrations.actions.rotating import finish, rotate
from tenantry.registrations.actions.watching import watch_certificates

__all__ = ["Agreed", "Sight", "create", "finish", "look", "mend", "plan_of", "rotate", "watch_certificates"]
