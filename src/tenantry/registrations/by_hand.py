"""The list for registering the apps by hand in the admin center: exact names, in the order of the portal."""

import dataclasses
from collections.abc import Iterator

from tenantry.graph.apps import App
from tenantry.registrations.needs import AUDIENCE_WORDS, Need, need_of

SETTINGS = {
    App.HELPDESK: ("TENANTRY_CLIENT_ID", "TENANTRY_CLIENT_CERTIFICATE_FILE"),
    App.ELEVATION: ("TENANTRY_ELEVATION_CLIENT_ID", "TENANTRY_ELEVATION_CLIENT_CERTIFICATE_FILE"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One field to fill in.

    Attributes:
        where: the words of the portal that lead there.
        label: the field.
        values: what to enter or choose, exactly; each can be copied.
        words: what to do, where there is nothing to enter.
    """

    where: str
    label: str
    values: tuple[str, ...] = ()
    words: str = ""


def entries(need: Need) -> tuple[Entry, ...]:
    """The fields of one registration, in the order of the admin center."""
    client_id, certificate = SETTINGS[need.app]
    return (
        Entry("Entra ID > App registrations > New registration", "Name", (need.name,)),
        Entry("the same page", "Supported account types", (AUDIENCE_WORDS,)),
        Entry("the same page", "Redirect URI: platform Web", need.redirect_uris),
        Entry(
            "API permissions > Add a permission > Microsoft Graph > Application permissions",
            "Permissions (remove User.Read, and grant no admin consent here)",
            tuple(permission.name for permission in need.permissions),
        ),
        *(
            [Entry("Token configuration > Add optional claim > ID", "Claim", need.id_token_claims)]
            if need.id_token_claims
            else []
        ),
        Entry(
            "Certificates & secrets > Certificates > Upload certificate", "Certificate", words="its public part (.cer)"
        ),
        Entry("Overview", "Application (client) ID, into the setting", (client_id,)),
        Entry("the console's host", "Certificate and private key, PEM, into the setting", (certificate,)),
    )


def sheet() -> Iterator[str]:
    """The list as lines of text, for both apps."""
    for app in App:
        need = need_of(app)
        yield f"{need.name} ({app.value})"
        for number, entry in enumerate(entries(need), 1):
            yield f"  {number}. {entry.where}"
            yield f"     {entry.label}:"
            yield from (f"       {value}" for value in entry.values or (entry.words,))
        yield ""
