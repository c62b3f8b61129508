"""Django's view of this domain."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """The customers domain."""

    name = "tenantry.customers"
    label = "customers"
