"""Django's view of this domain."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """The helpdesk domain."""

    name = "tenantry.helpdesk"
    label = "helpdesk"
