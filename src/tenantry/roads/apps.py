"""The app's place in Django."""

from django.apps import AppConfig


class RoadsConfig(AppConfig):
    """Roads to a role."""

    name = "tenantry.roads"
