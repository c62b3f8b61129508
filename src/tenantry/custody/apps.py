"""Django's view of this domain."""

from django.apps import AppConfig


class CustodyConfig(AppConfig):
    """The custody domain."""

    name = "tenantry.custody"
    label = "custody"
