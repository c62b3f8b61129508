"""What differs between a registration and what it has to be: pure, with cause and fix for each."""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any, Final

from tenantry.graph.apps import Application, with_id_token_claims
from tenantry.reach.permissions import GRAPH_APP_ID, permission_name
from tenantry.registrations.needs import AUDIENCE, Need

EXPIRY_WARNING: Final = dt.timedelta(days=30)
PRINCIPAL: Final = "principal"
LOGO: Final = "logo"
CERTIFICATE: Final = "certificate"


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it has to be.

    Attributes:
        key: stable name of it.
        cause: what is wrong and what it leads to.
        fix: what to do, or what mending does.
        can_mend: whether we can mend it; otherwise a person has to.
        is_fatal: whether something does not work because of it.
        fields: properties of the registration that mending sets.
    """

    key: str
    cause: str
    fix: str
    can_mend: bool = True
    is_fatal: bool = True
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class OurKey:
    """The certificate that we sign in with, as far as it matters here; empty for a client secret."""

    thumbprint: str = ""
    ends_at: dt.datetime | None = None
    is_kept: bool = False


def differences(
    *,
    need: Need,
    seen: Application,
    has_principal: bool,
    ours: OurKey,
    known_thumbprints: Iterable[str],
    tag: str,
    now: dt.datetime,
) -> tuple[Difference, ...]:
    """Compare. `tag` is empty where the registration is not found by one."""
    return (
        *_audience(seen),
        *_redirects(need, seen),
        *_permissions(need, seen),
        *_claims(need, seen),
        *_name(need, seen, tag),
        *_keys(seen, ours, frozenset(known_thumbprints), now),
        *(
            ()
            if has_principal
            else (
                Difference(
                    PRINCIPAL,
                    "It has no enterprise app in its own tenant, so its certificate cannot be renewed by itself.",
                    "Make the enterprise app. It gets no permission there.",
                    is_fatal=False,
                ),
            )
        ),
        *(
            ()
            if seen.has_logo
            else (Difference(LOGO, "It has no logo: the consent page shows none.", "Upload the logo.", is_fatal=False),)
        ),
    )


def digest(shown: Iterable[Difference]) -> str:
    """What a person agreed to: a name for exactly these changes."""
    words = "\x1f".join(sorted(f"{item.key}\x1e{item.fix}" for item in shown if item.can_mend))
    return hashlib.sha256(words.encode()).hexdigest()


def differences_words(found: Iterable[Difference]) -> str:
    """How many there are."""
    count = len(tuple(found))
    return "one difference" if count == 1 else f"{count or 'no'} differences"


def _audience(seen: Application) -> Iterable[Difference]:
    if seen.audience != AUDIENCE:
        yield Difference(
            "audience",
            f"It signs in to {seen.audience or 'an unknown audience'} only: no customer's tenant can consent to it.",
            f"Set the supported account types to any organizational directory ({AUDIENCE}).",
            fields={"signInAudience": AUDIENCE},
        )


def _redirects(need: Need, seen: Application) -> Iterable[Difference]:
    wanted = {"web": {"redirectUris": list(need.redirect_uris)}}
    missing = [uri for uri in need.redirect_uris if uri not in seen.redirect_uris]
    surplus = [uri for uri in seen.redirect_uris if uri not in need.redirect_uris]
    if missing:
        yield Difference(
            "redirects_missing",
            f"A redirect address is missing: {', '.join(missing)}. Microsoft refuses to come back there.",
            f"Add {', '.join(missing)}.",
            fields=wanted,
        )
    if surplus:
        yield Difference(
            "redirects_surplus",
            f"It may send people to addresses that this console does not use: {', '.join(surplus)}.",
            f"Remove {', '.join(surplus)}.",
            is_fatal=False,
            fields=wanted,
        )
    if seen.other_redirect_uris:
        yield Difference(
            "other_platforms",
            f"Other platforms than Web are set up: {', '.join(seen.other_redirect_uris)}.",
            "Remove the platforms that are not Web.",
            is_fatal=False,
            fields={"spa": {"redirectUris": []}, "publicClient": {"redirectUris": []}},
        )


def _permissions(need: Need, seen: Application) -> Iterable[Difference]:
    wanted = {
        "requiredResourceAccess": [
            {
                "resourceAppId": GRAPH_APP_ID,
                "resourceAccess": [{"id": permission.id, "type": "Role"} for permission in need.permissions],
            }
        ]
    }
    missing = [p.name for p in need.permissions if (GRAPH_APP_ID, p.id, "Role") not in seen.permissions]
    surplus = sorted(_permission_words(key) for key in seen.permissions - need.permission_keys)
    if missing:
        yield Difference(
            "permissions_missing",
            f"It does not ask for {', '.join(missing)}. Customers that consent do not grant what is not asked for.",
            f"Add {', '.join(missing)}. Customers that consented before need Re-consent.",
            fields=wanted,
        )
    if surplus:
        yield Difference(
            "permissions_surplus",
            f"It asks for more than it needs: {', '.join(surplus)}.",
            f"Remove {', '.join(surplus)}. What customers granted already stays granted until Re-consent.",
            is_fatal=False,
            fields=wanted,
        )


def _claims(need: Need, seen: Application) -> Iterable[Difference]:
    missing = [name for name in need.id_token_claims if name not in seen.id_token_claims]
    if missing:
        yield Difference(
            "claims_missing",
            f"Its id tokens do not tell {', '.join(missing)}: callers cannot be verified by their own sign-in.",
            f"Add the optional claim {', '.join(missing)} to id tokens.",
            is_fatal=False,
            fields={"optionalClaims": with_id_token_claims(seen.optional_claims, missing)},
        )


def _permission_words(key: tuple[str, str, str]) -> str:
    resource, permission_id, kind = key
    name = permission_name(permission_id) if resource == GRAPH_APP_ID else f"{permission_id} of {resource}"
    return name if kind == "Role" else f"{name} (delegated)"


def _name(need: Need, seen: Application, tag: str) -> Iterable[Difference]:
    if seen.name != need.name:
        yield Difference(
            "name",
            f"It is called “{seen.name}”, and the settings say “{need.name}”. Customers look for the name.",
            f"Rename it to “{need.name}”. Tenants that consented before keep the older name.",
            is_fatal=False,
            fields={"displayName": need.name},
        )
    if tag and tag not in seen.tags:
        yield Difference(
            "tag",
            "It does not carry the tag by which this console finds it again.",
            f"Add the tag {tag}.",
            is_fatal=False,
            fields={"tags": [*seen.tags, tag]},
        )


def _keys(seen: Application, ours: OurKey, known: frozenset[str], now: dt.datetime) -> Iterable[Difference]:
    on_it = {key.thumbprint for key in seen.keys}
    if ours.thumbprint and ours.thumbprint not in on_it:
        yield Difference(
            CERTIFICATE,
            f"The certificate that this console signs in with ({ours.thumbprint}) is not on it: nothing can sign in.",
            f"Add the certificate {ours.thumbprint} beside those that are there.",
            can_mend=ours.is_kept,
        )
    if ours.ends_at is not None and ours.ends_at - now <= EXPIRY_WARNING:
        days = max(0, (ours.ends_at - now).days)
        yield Difference(
            "certificate_expiry",
            "The certificate has expired." if ours.ends_at <= now else f"The certificate expires in {days} days.",
            "Run `tenantry credential rotate`."
            if ours.is_kept
            else "Upload a new certificate beside the old one, then put it into the settings.",
            can_mend=False,
            is_fatal=ours.ends_at <= now,
        )
    strangers = sorted(filter(None, on_it - known - {ours.thumbprint}))
    if strangers:
        yield Difference(
            "other_certificates",
            f"Other certificates may sign in as it: {', '.join(strangers)}.",
            "Remove those that nobody uses, in the admin center.",
            can_mend=False,
            is_fatal=False,
        )
    if seen.secrets and ours.thumbprint:
        yield Difference(
            "secrets",
            f"{seen.secrets} client secret{'s' if seen.secrets > 1 else ''} may sign in as it, beside the certificate.",
            "Remove secrets that nobody uses, in the admin center.",
            can_mend=False,
            is_fatal=False,
        )
