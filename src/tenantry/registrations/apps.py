"""Django's view of this domain."""

from django.apps import AppConfig

from tenantry.graph import apps as graph_apps


class RegistrationsConfig(AppConfig):
    """The registrations domain, keeper of what the settings do not name."""

    name = "tenantry.registrations"
    label = "registrations"

    def ready(self) -> None:
        """Tell graph whom to ask for a registration."""
        from tenantry.registrations.queries import kept  # noqa: PLC0415  models are there from now on

        graph_apps.provide(kept)
