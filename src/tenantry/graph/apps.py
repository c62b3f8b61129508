"""Our two app registrations, as Graph sees us (AC-X.4)."""

import dataclasses
import enum

from django.conf import settings

from tenantry.kit.keys import ClientCredential


class App(enum.StrEnum):
    """Which of our apps: the help-desk app reads, resets and blocks; the elevation app gives just-in-time rights."""

    HELPDESK = "helpdesk"
    ELEVATION = "elevation"


@dataclasses.dataclass(frozen=True, slots=True)
class Registration:
    """One of our app registrations.

    Attributes:
        client_id: its application (client) id, lower case; empty when it is not registered yet.
        credential: how we prove to be it.
        name: the display name it is registered under.
    """

    client_id: str
    credential: ClientCredential
    name: str

    @property
    def is_set_up(self) -> bool:
        """Whether we can sign in as it."""
        return bool(self.client_id) and self.credential.is_set


def registration(app: App) -> Registration:
    """The registration of one of our apps, as this deployment has it."""
    if app is App.ELEVATION:
        return Registration(
            settings.ELEVATION_CLIENT_ID.lower(), settings.ELEVATION_CLIENT_CREDENTIAL, settings.ELEVATION_APP_NAME
        )
    return Registration(settings.CLIENT_ID.lower(), settings.CLIENT_CREDENTIAL, settings.APP_NAME)
