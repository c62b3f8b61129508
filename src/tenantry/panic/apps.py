"""Django's view of this domain."""

from django.apps import AppConfig


class PanicConfig(AppConfig):
    """The panic domain."""

    name = "tenantry.panic"
    label = "panic"

    def ready(self) -> None:
        """Hold every effect back while the stop is on."""
        from tenantry.audit.actions import hold_with  # noqa: PLC0415  needs the models, which are ready only now
        from tenantry.panic.queries import require_off  # noqa: PLC0415  as above

        hold_with(require_off)
