"""Django's view of this domain."""

from django.apps import AppConfig


class TechniciansConfig(AppConfig):
    """The technicians domain."""

    name = "tenantry.technicians"
    label = "technicians"

    def ready(self) -> None:
        """Write sign-ins and second factors to the record from now on."""
        from allauth.mfa.models import Authenticator  # noqa: PLC0415  needs the models, which are ready only now
        from django.db.models.signals import pre_delete  # noqa: PLC0415  as above

        from tenantry.technicians import factors, recording  # noqa: PLC0415  as above

        recording.connect()
        pre_delete.connect(
            factors.guard_removal, sender=Authenticator, dispatch_uid="tenantry.technicians.guard_removal"
        )
