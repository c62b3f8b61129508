"""Django's view of this domain."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """The notifications domain."""

    name = "tenantry.notifications"
    label = "notifications"
