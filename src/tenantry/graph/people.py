"""A person's own sign-in: what only an administrator may do is done in their name, with a token that is never kept.

MSAL makes the request (authorization code with PKCE) and checks the answer. No refresh token is asked for
(`offline_access` is left out), MSAL's cache lives as long as one call, and the token is handed to the caller in a
`Token` without an app, which the transport neither renews nor keeps.

Sources: "Microsoft identity platform and OAuth 2.0 authorization code flow", "Redirect URI (reply URL) outline and
restrictions" (the port of a public client's localhost address is not compared).
"""

import contextlib
import dataclasses
import datetime as dt
import threading
import uuid
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msal
import urllib3
from django.conf import settings

from tenantry.graph import errors
from tenantry.graph.apps import App, registration
from tenantry.graph.http import MsalHttpClient
from tenantry.graph.tokens import Token, error_of_answer
from tenantry.kit import clock
from tenantry.kit.sealed import Secret

COMMAND_LINE_TOOLS: Final = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft's own public client "Microsoft Graph Command Line Tools", there in every tenant. It signs people in where
no app of ours is registered yet; its address is http://localhost with any port."""

ANY_TENANT: Final = "organizations"
_lock: Final = threading.Lock()  # filters of warnings are the whole process's


@dataclasses.dataclass(frozen=True, slots=True)
class Departure:
    """A sign-in that has begun.

    Attributes:
        url: where the browser goes.
        state: what Microsoft sends back with the answer; it works once.
        flow: what `arrive` needs again, JSON values. It holds the code verifier, which is of no use without the code.
    """

    url: str
    state: str
    flow: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signed in.

    Attributes:
        tenant_id: the tenant they signed in to.
        user_name: their user principal name there.
        token: to act in their name, until it ends.
    """

    tenant_id: uuid.UUID
    user_name: str
    token: Token


def depart(
    *,
    scopes: tuple[str, ...],
    redirect_uri: str,
    tenant: str = ANY_TENANT,
    through: App | None = None,
    login_hint: str = "",
) -> Departure:
    """Begin a sign-in.

    Args:
        scopes: names of delegated Graph permissions, without the address of Graph.
        redirect_uri: registered for the client that is used.
        tenant: a tenant id, or any tenant of work accounts.
        through: one of our apps; None for Microsoft's public client.
        login_hint: the name somebody signed in with before, to spare them typing it.

    Raises:
        TenantUnreachable: the sign-in service does not answer.
        TenantGone: it does not know the tenant.
    """
    with in_our_words(), answered_by_address():
        flow: dict[str, Any] = _client(tenant, through).initiate_auth_code_flow(
            scopes=[f"{settings.CLOUD.graph_url}/{scope}" for scope in scopes],
            redirect_uri=redirect_uri,
            prompt=None if login_hint else "select_account",
            login_hint=login_hint or None,
        )
    return departure(flow, tenant)


def departure(flow: dict[str, Any], tenant: str) -> Departure:
    """What MSAL has begun, as a departure to the address that browsers know."""
    url = str(flow.pop("auth_uri"))
    if url.startswith(settings.CLOUD.login_url):
        url = settings.LOGIN_BROWSER_URL + url.removeprefix(settings.CLOUD.login_url)
    return Departure(url=url, state=str(flow["state"]), flow={**flow, "_tenant": tenant})


def arrive(*, flow: Mapping[str, Any], answer: Mapping[str, str], through: App | None = None) -> Person:
    """Take the answer of a sign-in and get the token.

    Args:
        flow: of `depart`; the caller sees to it that it is used once.
        answer: what came back in the query: code and state, or error.
        through: as for `depart`.

    Raises:
        SignInRefused: the person or Microsoft said no, or the answer does not belong to this sign-in.
        OurCredential, TenantUnreachable, TenantGone: as for any token.
    """
    if "error" in answer:
        raise error_of_answer(dict(answer), otherwise=errors.SignInRefused)
    ours = dict(flow)
    tenant = str(ours.pop("_tenant", ANY_TENANT))
    with in_our_words():
        try:
            # MSAL asks for the token, and compares state and nonce.
            got: dict[str, Any] = _client(tenant, through).acquire_token_by_auth_code_flow(ours, dict(answer))
        except (KeyError, RuntimeError, ValueError) as error:
            raise errors.SignInRefused("The answer does not belong to this sign-in.", code="state") from error
    if "access_token" not in got:
        raise error_of_answer(got, otherwise=errors.SignInRefused)
    claims = got.get("id_token_claims") or {}
    now = clock.now()
    try:
        tenant_id = uuid.UUID(str(claims.get("tid")))
    except ValueError as error:
        raise errors.SignInRefused("The sign-in names no tenant.", code="tid") from error
    return Person(
        tenant_id=tenant_id,
        user_name=str(claims.get("preferred_username") or claims.get("name") or claims.get("oid") or ""),
        token=Token(
            secret=Secret(str(got["access_token"])),
            expires_at=now + dt.timedelta(seconds=int(got.get("expires_in", 0))),
            roles=frozenset(),
            role_template_ids=frozenset(),
            object_id=str(claims.get("oid", "")),
            acquired_at=now,
        ),
    )


def _client(tenant: str, through: App | None) -> msal.ClientApplication:
    common = {
        "authority": f"{settings.CLOUD.login_url}/{tenant}",
        "instance_discovery": False,
        "http_client": MsalHttpClient(),
        "exclude_scopes": ["offline_access"],
    }
    if through is None:
        return msal.PublicClientApplication(COMMAND_LINE_TOOLS, **common)
    ours = registration(through)
    return msal.ConfidentialClientApplication(ours.client_id, client_credential=ours.credential.for_msal(), **common)


@contextlib.contextmanager
def answered_by_address() -> Iterator[None]:
    """MSAL prefers a form that Microsoft's page posts to us, and warns.

    With a session cookie that is `Lax`, and on the way back to a command, only an address works. The code in it is good
    once, and only with the verifier.
    """
    with _lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="response_mode", category=UserWarning)
        yield


@contextlib.contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what MSAL raises on the way to the sign-in service into our leaves."""
    try:
        yield
    except (urllib3.exceptions.HTTPError, msal.exceptions.MsalServiceError) as error:  # the latter for 5xx
        raise errors.TenantUnreachable(
            f"Microsoft's sign-in service did not answer ({type(error).__name__})."
        ) from error
    except ValueError as error:
        raise errors.TenantGone("Microsoft's sign-in service does not know this tenant.") from error
