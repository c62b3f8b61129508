"""Who a person is at their own tenant: a sign-in that is asked for nothing but the id token, and reads it strictly.

`people` acts in a person's name and needs an access token; here nobody acts. The scopes are `openid profile`, so the
access token that comes along opens nothing but the person's own name, and it is dropped at once. MSAL makes the trip
(authorization code with PKCE and a nonce) and compares `state`; it does not validate id tokens any more, so this module
does: signature, issuer, audience, times, nonce, tenant.

Sources: "ID token claims reference", "Optional claims reference", "Validate claims" (`claims-validation`), "OpenID
Connect on the Microsoft identity platform", "Developer guide to Conditional Access authentication context".

Microsoft documents no `amr` in v2.0 id tokens. Proof of a second factor is `acrs`: the id of an authentication context
that the tenant protects with a policy. `amr` is read where it comes, because a signed claim is a signed claim.
"""

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

import jwt
import msal
import orjson
import urllib3
from django.conf import settings

from tenantry.graph import errors
from tenantry.graph.apps import Registration
from tenantry.graph.http import MsalHttpClient, pool
from tenantry.graph.people import ANY_TENANT, Departure, answered_by_address, departure, in_our_words
from tenantry.graph.tokens import error_of_answer
from tenantry.kit import clock

PERSONAL_ACCOUNTS: Final = uuid.UUID("9188040d-6c67-4c5b-b112-36a304b66dad")
"""The tenant of personal Microsoft accounts: never a customer's and never ours."""

_SKEW: Final = dt.timedelta(minutes=5)  # what Microsoft's own validators allow between two clocks
_KEYS_KEPT: Final = dt.timedelta(hours=24)  # "Access tokens", signing key rollover: look about once a day


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What a validated id token says. Only `tenant_id` with `object_id` names somebody for good.

    Attributes:
        tenant_id: `tid`, the tenant they signed in to; the same that issued the token.
        object_id: `oid`, the account in that tenant.
        subject: `sub`, another name for the account that only this app sees.
        user_name: `preferred_username`, for people to read; it can change and be given to somebody else.
        name: display name.
        email: the mail attribute, empty when not told. Anybody who administers a tenant can write anything there.
        is_email_verified: whether Microsoft says that the domain of `email` is verified (`xms_edov`).
        is_guest: whether the account is a guest in `tenant_id`; None when nothing tells.
        authenticated_at: `auth_time`, when the credentials were given; None when the registration does not ask for it.
        issued_at: when the token was made.
        methods: `amr`; empty in most tokens.
        contexts: `acrs`, the authentication contexts that are satisfied.
        acr: `acr`, empty in most tokens.
    """

    tenant_id: uuid.UUID
    object_id: uuid.UUID
    subject: str
    user_name: str
    name: str
    email: str
    is_email_verified: bool
    is_guest: bool | None
    authenticated_at: dt.datetime | None
    issued_at: dt.datetime
    methods: frozenset[str]
    contexts: frozenset[str]
    acr: str

    def proves_mfa(self, *, context: str = "") -> bool:
        """Whether the token itself proves a second factor: by `amr`, or by a context that is known to ask for one."""
        return "mfa" in self.methods or (bool(context) and context in self.contexts)

    def is_fresh(self, *, within: dt.timedelta) -> bool:
        """Whether the credentials were given that recently. Without `auth_time` nothing proves it."""
        return self.authenticated_at is not None and clock.now() - self.authenticated_at <= within + _SKEW


def depart(
    *,
    through: Registration,
    redirect_uri: str,
    tenant: str = ANY_TENANT,
    login_hint: str = "",
    asks_again: bool = False,
    context: str = "",
) -> Departure:
    """Begin a sign-in that tells who somebody is.

    Args:
        through: the app registration that asks.
        redirect_uri: registered for it.
        tenant: a tenant id, or any tenant of work accounts.
        login_hint: the name to spare them typing.
        asks_again: credentials are asked for even where Microsoft knows the browser. The person's browser carries this
            wish and could drop it, so `Identity.is_fresh` has to be asked afterwards.
        context: an authentication context that has to be satisfied; the same holds for `proves_mfa`.

    Raises:
        TenantUnreachable: the sign-in service does not answer.
        TenantGone: it does not know the tenant.
    """
    claims = {"id_token": {"acrs": {"essential": True, "value": context}}} if context else None
    with in_our_words(), answered_by_address():
        flow: dict[str, Any] = _client(through, tenant).initiate_auth_code_flow(
            scopes=[],
            redirect_uri=redirect_uri,
            prompt="login" if asks_again else None,
            max_age=0 if asks_again else None,
            login_hint=login_hint or None,
            claims_challenge=json.dumps(claims) if claims else None,
        )
    flow.pop("max_age", None)  # MSAL would compare it with another clock than ours
    return departure(flow, tenant)


def arrive(
    *,
    through: Registration,
    flow: Mapping[str, Any],
    answer: Mapping[str, str],
    tenant_id: uuid.UUID | None = None,
) -> Identity:
    """Take the answer of a sign-in and say who it was.

    Args:
        through: as for `depart`.
        flow: of `depart`; the caller sees to it that it is used once.
        answer: what came back in the query: code and state, or error.
        tenant_id: the only tenant that will do; None for any tenant of work accounts.

    Raises:
        SignInRefused: the person or Microsoft said no, the answer does not belong to this sign-in, or the id token does
            not hold. `code` tells which: state, signature, issuer, audience, time, nonce, tid, oid, or Microsoft's.
        OurCredential, NotConsented, TenantUnreachable, TenantGone: as for any token.
    """
    if "error" in answer:
        raise error_of_answer(dict(answer), otherwise=errors.SignInRefused)
    ours = dict(flow)
    tenant = str(ours.pop("_tenant", ANY_TENANT))
    with in_our_words():
        try:
            got: dict[str, Any] = _client(through, tenant).acquire_token_by_auth_code_flow(ours, dict(answer))
        except (KeyError, RuntimeError, ValueError) as error:
            raise errors.SignInRefused("The answer does not belong to this sign-in.", code="state") from error
    if "id_token" not in got:
        raise error_of_answer(got, otherwise=errors.SignInRefused)
    return read_id_token(
        str(got["id_token"]), client_id=through.client_id, nonce=str(ours.get("nonce", "")), tenant_id=tenant_id
    )


def read_id_token(token: str, *, client_id: str, nonce: str, tenant_id: uuid.UUID | None = None) -> Identity:
    """Validate an id token and say who it is about.

    Args:
        token: as received.
        client_id: whom it has to be for.
        nonce: as the request's flow keeps it; the token carries its SHA-256, as MSAL sends it.
        tenant_id: the only tenant that will do; None for any tenant of work accounts.

    Raises:
        SignInRefused: it does not hold, see `arrive`.
        TenantUnreachable: the signing keys cannot be read.
    """
    claims = _signed_claims(token)
    found = _tenant_of(claims)
    if tenant_id is not None and found != tenant_id:
        raise errors.SignInRefused("This account signed in to another tenant.", code="tid")
    if found == PERSONAL_ACCOUNTS:
        raise errors.SignInRefused("Personal Microsoft accounts are not accepted.", code="tid")
    if str(claims.get("iss")) != _issuer(found):
        raise errors.SignInRefused("The id token was issued by somebody else.", code="issuer")
    if not client_id or str(claims.get("aud")).lower() != client_id.lower():
        raise errors.SignInRefused("The id token is meant for another app.", code="audience")
    _check_times(claims)
    expected = hashlib.sha256(nonce.encode("ascii")).hexdigest()
    if not nonce or str(claims.get("nonce")) != expected:
        raise errors.SignInRefused("The id token belongs to another sign-in.", code="nonce")
    return _identity(claims, found)


def _identity(claims: Mapping[str, Any], tenant_id: uuid.UUID) -> Identity:
    try:
        object_id = uuid.UUID(str(claims.get("oid")))
    except ValueError as error:
        raise errors.SignInRefused("The sign-in names no account.", code="oid") from error
    contexts = claims.get("acrs") or ()
    methods = claims.get("amr") or ()
    return Identity(
        tenant_id=tenant_id,
        object_id=object_id,
        subject=str(claims.get("sub", "")),
        user_name=str(claims.get("preferred_username") or ""),
        name=str(claims.get("name") or ""),
        email=str(claims.get("email") or ""),
        is_email_verified=str(claims.get("xms_edov")).lower() in {"1", "true"},
        is_guest=_is_guest(claims, tenant_id),
        authenticated_at=_time(claims["auth_time"]) if "auth_time" in claims else None,
        issued_at=_time(claims["iat"]),
        methods=frozenset([methods] if isinstance(methods, str) else map(str, methods)),
        contexts=frozenset([contexts] if isinstance(contexts, str) else map(str, contexts)),
        acr=str(claims.get("acr") or ""),
    )


def _is_guest(claims: Mapping[str, Any], tenant_id: uuid.UUID) -> bool | None:
    """`acct` where it is told; another identity provider than the tenant's own means a guest."""
    own = (f"https://sts.windows.net/{tenant_id}/", _issuer(tenant_id))
    if claims.get("idp") and claims["idp"] not in own:
        return True
    return None if claims.get("acct") is None else str(claims["acct"]) != "0"


def _check_times(claims: Mapping[str, Any]) -> None:
    now = clock.now()
    try:
        starts, ends = _time(claims.get("nbf", claims["iat"])), _time(claims["exp"])
        issued = _time(claims["iat"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise errors.SignInRefused("The id token has no times.", code="time") from error
    if max(starts, issued) > now + _SKEW or ends <= now - _SKEW:
        raise errors.SignInRefused("The id token is not valid now. Check the clock of this server.", code="time")


def _time(seconds: Any) -> dt.datetime:  # noqa: ANN401  a claim
    return dt.datetime.fromtimestamp(int(seconds), tz=dt.UTC)


def _tenant_of(claims: Mapping[str, Any]) -> uuid.UUID:
    try:
        return uuid.UUID(str(claims.get("tid")))
    except ValueError as error:
        raise errors.SignInRefused("The sign-in names no tenant.", code="tid") from error


def _issuer(tenant_id: uuid.UUID) -> str:
    return f"{settings.CLOUD.login_url}/{tenant_id}/v2.0"


def _signed_claims(token: str) -> dict[str, Any]:
    try:
        key_id = str(jwt.get_unverified_header(token).get("kid", ""))
        key = _key(key_id)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key,
            algorithms=["RS256"],
            # What is left out here is checked by hand, against the one source of time and in words of our own.
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise errors.SignInRefused("The id token is not signed by Microsoft.", code="signature") from error
    return claims


def _key(key_id: str) -> jwt.PyJWK:
    """The signing key of that id; the set is read anew once when it is not among those kept."""
    period = int(clock.now().timestamp() // _KEYS_KEPT.total_seconds())
    keys = _keys(settings.CLOUD.login_url, period)
    if key_id not in keys:
        _keys.cache_clear()
        keys = _keys(settings.CLOUD.login_url, period)
    if key_id not in keys:
        raise jwt.InvalidKeyError("the signing key is unknown")
    return keys[key_id]


@functools.lru_cache(maxsize=4)
def _keys(login_url: str, period: int) -> dict[str, jwt.PyJWK]:
    """The keys that sign for every tenant of the cloud, read once for each period."""
    del period
    url = f"{login_url}/common/discovery/v2.0/keys"
    try:
        answer = pool().request("GET", url)
        rows = orjson.loads(answer.data)["keys"]
        return {str(row["kid"]): jwt.PyJWK(row, algorithm="RS256") for row in rows if row.get("kty") == "RSA"}
    except (urllib3.exceptions.HTTPError, orjson.JSONDecodeError, KeyError, TypeError, jwt.PyJWTError) as error:
        raise errors.TenantUnreachable("The signing keys of Microsoft's sign-in service cannot be read.") from error


def _client(through: Registration, tenant: str) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        through.client_id,
        client_credential=through.credential.for_msal(),
        authority=f"{settings.CLOUD.login_url}/{tenant}",
        instance_discovery=False,
        http_client=MsalHttpClient(),
        exclude_scopes=["offline_access"],
    )
