"""Django's view of this domain."""

from django.apps import AppConfig


class StreamsConfig(AppConfig):
    """The streams domain."""

    name = "tenantry.streams"
    label = "streams"
