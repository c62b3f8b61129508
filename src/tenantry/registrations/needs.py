"""What our app registrations have to be; one list for the console, the commands and the printed sheet."""

import dataclasses
from pathlib import Path
from typing import Final

from django.conf import settings

from tenantry.graph.apps import App
from tenantry.reach import permissions
from tenantry.reach.permissions import GRAPH_APP_ID, Permission
from tenantry.roads.actions import redirect_uri as sign_in_return
from tenantry.tenants import queries as tenants
from tenantry.tenants.actions import redirect_uri
from tenantry.verification.actions import redirect_uri as caller_return

AUDIENCE: Final = "AzureADMultipleOrgs"
AUDIENCE_WORDS: Final = "Accounts in any organizational directory (Multitenant)"
RETURN_PATH: Final = "/settings/apps/return"
_REQUIRED: Final = {App.HELPDESK: permissions.HELPDESK_REQUIRED, App.ELEVATION: permissions.ELEVATION_REQUIRED}
_LOGO: Final = Path(__file__).resolve().parent / "data" / "logo.png"
TITLES: Final = {App.HELPDESK: "Help-desk app", App.ELEVATION: "Elevation app"}
PURPOSES: Final = {
    App.HELPDESK: "Reads, resets passwords, blocks and revokes. Every connected customer consents to it.",
    App.ELEVATION: "Gives just-in-time rights and takes them back. Consented only where a customer wants that.",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """What one registration has to be.

    Attributes:
        app: which.
        name: display name, from the settings.
        redirect_uris: addresses of the platform "Web", no others.
        permissions: application permissions of Microsoft Graph, no others, in the order of the consent screen.
        id_token_claims: optional claims of id tokens; others are left alone.
    """

    app: App
    name: str
    redirect_uris: tuple[str, ...]
    permissions: tuple[Permission, ...]
    id_token_claims: tuple[str, ...] = ()

    @property
    def permission_keys(self) -> frozenset[tuple[str, str, str]]:
        """The permissions as a registration lists them."""
        return frozenset((GRAPH_APP_ID, permission.id, "Role") for permission in self.permissions)


def need_of(app: App) -> Need:
    """What the registration of one of our apps has to be in this deployment."""
    if app is App.HELPDESK:
        # Signing in to check the registrations goes through the help-desk app, so it has more addresses.
        uris: tuple[str, ...] = (
            redirect_uri(),
            sign_in_return(),
            caller_return(),
            f"{settings.PUBLIC_URL}{RETURN_PATH}",
        )
        name = settings.APP_NAME
    else:
        uris, name = (redirect_uri(),), settings.ELEVATION_APP_NAME
    return Need(
        app=app,
        name=name,
        redirect_uris=uris,
        permissions=permissions.wanted(_REQUIRED[app] | _optional(app)),
        # A caller who signs in has to have done so after the question; only this claim tells.
        id_token_claims=("auth_time",) if app is App.HELPDESK else (),
    )


def _optional(app: App) -> frozenset[str]:
    """What is asked for only because some customer wants the feature. Each customer accepts the whole list."""
    return permissions.HELPDESK_OPTIONAL if app is App.HELPDESK and tenants.wants_access_passes() else frozenset()


def logo() -> bytes:
    """The picture of the consent page, PNG."""
    return _LOGO.read_bytes()
