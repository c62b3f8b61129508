"""Django's view of this domain."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """The helpdesk domain."""

    name = "tenantry.helpdesk"
    label = "helpdesk"

    def ready(self) -> None:
        """Say who carries out operations that were approved, and hear of who is switched off."""
        from tenantry.audit.queries import call_exception  # noqa: PLC0415  needs the models
        from tenantry.helpdesk import endings  # noqa: PLC0415  as above
        from tenantry.helpdesk.actions.requests import APPROVAL_KIND  # noqa: PLC0415  needs the models
        from tenantry.helpdesk.approvals import OperationApproval  # noqa: PLC0415  as above
        from tenantry.helpdesk.events import HelpdeskEvent  # noqa: PLC0415  as above
        from tenantry.safeguards import registry  # noqa: PLC0415  as above

        endings.listen()
        call_exception(HelpdeskEvent.SECRET_LINK_NEAR)
        registry.register(APPROVAL_KIND, OperationApproval())
