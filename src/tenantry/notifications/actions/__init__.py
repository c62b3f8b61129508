"""Writing alerts and channels.

alerting      raise, resolve, acknowledge; in the transaction of the change that is told
channels      add, remove, test; owners only
delivering    one attempt to hand a message over
"""

from tenantry.notifications.actions.alerting import acknowledge, end_of_tenant, raise_alert, resolve_alert
from tenantry.notifications.actions.channels import add_mail, add_webhook, remove_channel, renew_secret, send_test
from tenantry.notifications.actions.delivering import DELIVER_JOB, deliver, enqueue_delivery

__all__ = [
    "DELIVER_JOB",
    "acknowledge",
    "add_mail",
    "add_webhook",
    "deliver",
    "end_of_tenant",
    "enqueue_delivery",
    "raise_alert",
    "remove_channel",
    "renew_secret",
    "resolve_alert",
    "send_test",
]
