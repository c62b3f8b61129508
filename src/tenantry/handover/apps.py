"""Django's view of this domain."""

from django.apps import AppConfig


class HandoverConfig(AppConfig):
    """The handover domain."""

    name = "tenantry.handover"
    label = "handover"
