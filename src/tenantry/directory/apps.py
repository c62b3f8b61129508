"""Django's view of this domain."""

from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    """The directory domain."""

    name = "tenantry.directory"
    label = "directory"
