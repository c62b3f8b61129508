"""Django's view of this domain."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CustomersConfig(AppConfig):
    """The customers domain."""

    name = "tenantry.customers"
    label = "customers"

    def ready(self) -> None:
        """Bring every database connection into the scope of the code that uses it."""
        from tenantry.kit import database_roles, scoping  # noqa: PLC0415  with the apps, so that no connection comes before

        def settle(using: str, **kwargs: object) -> None:
            del kwargs
            database_roles.settle(using=using)

        scoping.install()
        post_migrate.connect(settle, sender=self, weak=False, dispatch_uid="tenantry.database_roles")
