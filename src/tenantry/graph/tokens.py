"""App-only access tokens, one per app and tenant, kept in this process's memory only.

MSAL does the protocol. Two of its habits are worked around: its cache would serve a token minted before a consent or
role change, and it answers a repeated 400 from memory for 60 seconds. `fresh=True` starts with a new MSAL client, so
nothing old is left.

Sources: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "Error and warning codes".
"""

import base64
import dataclasses
import datetime as dt
import json
import re
import threading
import uuid
from typing import Any

import msal
import urllib3
from django.conf import settings

from tenantry.graph import errors
from tenantry.graph.apps import App, Registration, registration
from tenantry.graph.http import MsalHttpClient
from tenantry.kit import clock
from tenantry.kit.sealed import Secret

# Renewed this long before the end, so that a token does not die between our check and Microsoft's.
EARLY = dt.timedelta(minutes=5)

_OUR_CREDENTIAL = frozenset({7000215, 7000222, 700027, 7000216, 7000218})
_NOT_CONSENTED = frozenset({7000229, 700016, 7000112, 65001, 650051, 650052, 500011})
_GONE = frozenset({90002, 5000224, 90038, 900382, 900432})


@dataclasses.dataclass(frozen=True, slots=True)
class Token:
    """An access token for one tenant.

    Attributes:
        secret: the token itself.
        expires_at: from `expires_in` of the answer.
        roles: application permissions named in it; a hint for diagnostics, never proof.
        role_template_ids: `wids`: directory roles named in it; a hint as well.
        object_id: our service principal's object id in the tenant.
        acquired_at: when we got it.
        app: the app of ours that it stands for; None when it stands for a person who signed in. Such a token is never
            renewed and never kept.
    """

    secret: Secret
    expires_at: dt.datetime
    roles: frozenset[str]
    role_template_ids: frozenset[str]
    object_id: str
    acquired_at: dt.datetime
    app: App | None = None


Via = App | Token
"""Whom a request is sent as: one of our apps, or the holder of exactly this token."""


_cache: dict[tuple[str, str, str], Token] = {}
_lock = threading.Lock()


def token_for(tenant_id: uuid.UUID, *, app: App = App.HELPDESK, fresh: bool = False) -> Token:
    """A token for Graph in `tenant_id`, from memory or newly asked for.

    Args:
        tenant_id: never "common" or "organizations": this grant needs the tenant.
        app: which of our apps.
        fresh: ask anew whatever is in memory, after a consent or role change.

    Raises:
        NotConsented, OurCredential, TenantGone, Throttled, TenantUnreachable
    """
    key = (settings.CLOUD.login_url, registration(app).client_id, str(tenant_id))
    if not fresh:
        with _lock:
            kept = _cache.get(key)
        if kept is not None and clock.now() < kept.expires_at - EARLY:
            return kept
    token = _ask(tenant_id, app, registration(app))
    with _lock:
        _cache[key] = token
    return token


def forget(tenant_id: uuid.UUID) -> None:
    """Drop the tokens of a tenant from memory."""
    with _lock:
        for key in [key for key in _cache if key[2] == str(tenant_id)]:
            del _cache[key]


def token_with(tenant_id: uuid.UUID, *, app: App, ours: Registration) -> Token:
    """A new token with exactly this registration and credential, kept nowhere: it proves that they work.

    Raises:
        NotConsented, OurCredential, TenantGone, Throttled, TenantUnreachable
    """
    return _ask(tenant_id, app, ours)


def _ask(tenant_id: uuid.UUID, app: App, ours: Registration) -> Token:
    try:
        client = msal.ConfidentialClientApplication(
            client_id=ours.client_id,
            client_credential=ours.credential.for_msal(),
            authority=f"{settings.CLOUD.login_url}/{tenant_id}",
            instance_discovery=False,
            http_client=MsalHttpClient(),
        )
        answer: dict[str, Any] = client.acquire_token_for_client(scopes=[settings.CLOUD.scope])
    except (urllib3.exceptions.HTTPError, msal.exceptions.MsalServiceError) as error:  # the latter for 5xx
        raise errors.TenantUnreachable(
            f"Microsoft's sign-in service did not answer ({type(error).__name__})."
        ) from error
    except ValueError as error:
        # MSAL raises ValueError when the tenant's OpenID configuration answers 4xx: no such tenant in this cloud.
        raise errors.TenantGone("Microsoft's sign-in service does not know this tenant.", code="AADSTS90002") from error
    if "access_token" not in answer:
        raise error_of_answer(answer)
    claims = claims_of(answer["access_token"])
    now = clock.now()
    return Token(
        secret=Secret(answer["access_token"]),
        expires_at=now + dt.timedelta(seconds=int(answer.get("expires_in", 0))),
        roles=frozenset(claims.get("roles", ())),
        role_template_ids=frozenset(claims.get("wids", ())),
        object_id=str(claims.get("oid", "")),
        acquired_at=now,
        app=app,
    )


def error_of_answer(
    answer: dict[str, Any], *, otherwise: type[errors.GraphError] = errors.NotConsented
) -> errors.GraphError:
    """The leaf for an error of the sign-in service; `otherwise` for a number that stands in no list here."""
    codes = [int(code) for code in answer.get("error_codes") or ()]
    description = str(answer.get("error_description") or answer.get("error") or "no description")
    if not codes and (named := re.match(r"AADSTS(\d+)", description)):
        codes = [int(named.group(1))]
    first = codes[0] if codes else 0
    kind: type[errors.GraphError]
    if _OUR_CREDENTIAL.intersection(codes):
        kind = errors.OurCredential
    elif _NOT_CONSENTED.intersection(codes):
        kind = errors.NotConsented
    elif _GONE.intersection(codes):
        kind = errors.TenantGone
    elif answer.get("error") == "temporarily_unavailable" or (not codes and otherwise is errors.NotConsented):
        kind = errors.TenantUnreachable
    elif answer.get("error") == "invalid_client":
        kind = errors.OurCredential
    else:
        kind = otherwise
    return kind(
        description.split(" Trace ID:", 1)[0].split("\r\n", 1)[0],
        code=f"AADSTS{first}" if first else str(answer.get("error", "")),
        request_id=str(answer.get("trace_id", "")),
    )


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token meant for Graph, unverified: hints only, the truth is read from Graph."""
    try:
        body = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims
