"""Django's view of this domain."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """The customers domain."""

    name = "tenantry.customers"
    label = "customers"

    def ready(self) -> None:
        """Bring every database connection into the scope of the code that uses it."""
        from tenantry.kit import scoping  # noqa: PLC0415  with the apps, so that no connection comes before

        scoping.install()
