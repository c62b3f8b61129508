"""Django's view of this domain."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Tokens and the REST API."""

    name = "tenantry.api"
    label = "api"

    def ready(self) -> None:
        """End tokens where access ends."""
        from tenantry.api import endings  # noqa: PLC0415  needs the models, which are ready only now

        endings.listen()
