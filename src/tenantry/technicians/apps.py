"""Django's view of this domain."""

from django.apps import AppConfig


class TechniciansConfig(AppConfig):
    """The technicians domain."""

    name = "tenantry.technicians"
    label = "technicians"

    def ready(self) -> None:
        """Write sign-ins and second factors to the record from now on."""
        from tenantry.technicians import recording  # noqa: PLC0415  needs the models, which are ready only now

        recording.connect()
