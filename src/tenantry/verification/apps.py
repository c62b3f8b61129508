"""Django's view of this domain."""

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    """The verification domain: methods, attempts, passes."""

    name = "tenantry.verification"
    label = "verification"
