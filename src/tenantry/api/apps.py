"""Django's view of this domain."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Tokens and the REST API."""

    name = "tenantry.api"
    label = "api"
