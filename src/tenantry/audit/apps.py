"""Django's view of this domain."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The audit domain."""

    name = "tenantry.audit"
    label = "audit"

    def ready(self) -> None:
        """Say which tables are only added to; links are added by functions of the database alone."""
        from tenantry.kit.database_roles import append_only  # noqa: PLC0415  with the apps

        append_only("audit_event")
        append_only("audit_anchor", system_may="INSERT")
        for table in ("audit_link", "audit_checkpoint", "audit_customercheckpoint", "audit_unsealed"):
            append_only(table)
