"""Django's view of this domain."""

from django.apps import AppConfig


class SafeguardsConfig(AppConfig):
    """The safeguards domain: rules, approvals, emergency access accounts."""

    name = "tenantry.safeguards"
    label = "safeguards"

    def ready(self) -> None:
        """Say what stands out in the record."""
        from tenantry.audit.queries import call_exception  # noqa: PLC0415  needs the models, which are ready only now
        from tenantry.safeguards.events import SafeguardEvent  # noqa: PLC0415  with it

        call_exception(SafeguardEvent.EMERGENCY_UNMARKED, SafeguardEvent.VERIFICATION_OVERRIDDEN)
