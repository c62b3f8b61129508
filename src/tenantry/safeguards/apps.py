"""Django's view of this domain."""

from django.apps import AppConfig


class SafeguardsConfig(AppConfig):
    """The safeguards domain: rules, approvals, emergency access accounts."""

    name = "tenantry.safeguards"
    label = "safeguards"
