"""Django's view of this domain."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CustomersConfig(AppConfig):
    """The customers domain."""

    name = "tenantry.customers"
    label = "customers"

    def ready(self) -> None:
        """Bring each database connection into the scope of the code that uses it; say what stands out in the record."""
        from tenantry.audit.queries import call_exception  # noqa: PLC0415  needs the models, which are ready only now
        from tenantry.customers.events import CustomerEvent  # noqa: PLC0415  with it
        from tenantry.kit import database_roles, scoping  # noqa: PLC0415  with the apps, so that no connection comes before

        def settle(using: str, **kwargs: object) -> None:
            del kwargs
            database_roles.settle(using=using)

        call_exception(CustomerEvent.PASSWORDS_SHOWN)
        scoping.install()
        post_migrate.connect(settle, sender=self, weak=False, dispatch_uid="tenantry.database_roles")
