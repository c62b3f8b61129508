"""Our two app registrations, as Graph sees us (AC-X.4)."""

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

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


Provider = Callable[[App], Registration | None]
"""Knows the registrations that this deployment keeps itself; None for one it does not keep."""

_providers: list[Provider] = []


def provide(provider: Provider) -> None:
    """Name the keeper of registrations: graph knows no domain, so the domain that keeps them says so at start.

    It is asked for every token and every page, by several threads at once, so it has to answer from memory mostly.
    """
    _providers[:] = [provider]


def registration(app: App) -> Registration:
    """The registration of one of our apps: from the settings when set there, else as this deployment keeps it."""
    from_settings = registration_in_settings(app)
    if from_settings.client_id:
        return from_settings
    kept = next(filter(None, (provider(app) for provider in _providers)), None)
    return kept or from_settings


def registration_in_settings(app: App) -> Registration:
    """The registration as the settings have it; its client id is empty when they name none."""
    if app is App.ELEVATION:
        return Registration(
            settings.ELEVATION_CLIENT_ID.lower(), settings.ELEVATION_CLIENT_CREDENTIAL, settings.ELEVATION_APP_NAME
        )
    return Registration(settings.CLIENT_ID.lower(), settings.CLIENT_CREDENTIAL, settings.APP_NAME)


@dataclasses.dataclass(frozen=True, slots=True)
class KeyCredential:
    """A certificate on an app registration.

    Attributes:
        key_id: Microsoft's id of it.
        thumbprint: SHA-1 of the certificate, upper-case hex, as the admin center shows it; empty when not told.
        name: its display name.
        ends_at: when it expires.
        raw: as received, because a collection is only ever written whole.
    """

    key_id: str
    thumbprint: str
    name: str
    ends_at: dt.datetime | None
    raw: Mapping[str, Any] = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Application:
    """An app registration as it stands.

    Attributes:
        object_id: its id in the home tenant.
        client_id: the application id, the same in every tenant.
        name: display name.
        created_at: when it was made.
        audience: `signInAudience`.
        tags: free words; ours is among them.
        redirect_uris: addresses of the web platform.
        other_redirect_uris: addresses of the other platforms, which we do not use.
        permissions: (resource's application id, permission id, "Role" or "Scope"), all lower case but the kind.
        keys: certificates.
        secrets: how many client secrets it has.
        has_logo: whether a logo was uploaded.
        id_token_claims: names of the optional claims of id tokens.
        optional_claims: all of them as received, because they are only ever written whole.
    """

    object_id: uuid.UUID
    client_id: str
    name: str
    created_at: dt.datetime | None
    audience: str
    tags: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    other_redirect_uris: tuple[str, ...]
    permissions: frozenset[tuple[str, str, str]]
    keys: tuple[KeyCredential, ...]
    secrets: int
    has_logo: bool
    id_token_claims: frozenset[str] = frozenset()
    optional_claims: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)


def with_id_token_claims(present: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The optional claims `present`, and these of id tokens beside them ("optionalClaims resource type")."""
    kept = [dict(claim) for claim in present.get("idToken") or ()]
    there = {claim.get("name") for claim in kept}
    added = [{"name": name, "essential": False} for name in names if name not in there]
    return {**present, "idToken": [*kept, *added]}
