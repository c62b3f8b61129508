"""Handing a message to the world. The only place beside `graph` that opens connections.

mail        SMTP, one message for each address
webhook     a signed POST over TLS
https       a request to a provider that the operator chose
"""

from tenantry.notifications.sending.outcome import NotDelivered

__all__ = ["NotDelivered"]
