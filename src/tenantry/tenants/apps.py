"""Django's view of this domain."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """The tenants domain."""

    name = "tenantry.tenants"
    label = "tenants"
