"""Django's view of this domain."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit domain."""

    name = "tenantry.audit"
    label = "audit"
