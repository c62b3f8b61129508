"""Django's view of this domain."""

from django.apps import AppConfig


class TechniciansConfig(AppConfig):
    """The technicians domain."""

    name = "tenantry.technicians"
    label = "technicians"
