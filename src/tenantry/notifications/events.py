"""Tags of this domain in the record."""

from enum import StrEnum


class NotificationEvent(StrEnum):
    """What can happen to alerts and to the channels that carry them. Each delivery stands in its own table."""

    ALERT_ACKNOWLEDGED = "notifications.alert_acknowledged"
    CHANNEL_ADDED = "notifications.channel_added"
    CHANNEL_REMOVED = "notifications.channel_removed"
    CHANNEL_TESTED = "notifications.channel_tested"
    DELIVERY_GIVEN_UP = "notifications.delivery_given_up"
    SECRET_RENEWED = "notifications.signing_secret_renewed"  # noqa: S105  a name, not a secret
