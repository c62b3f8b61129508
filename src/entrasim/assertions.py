"""Client assertions: certificate credentials of an app registration ("certificate-credentials").

The times of an assertion are judged by the simulator's clock or by the machine's, whichever fits: a client library
stamps assertions with the machine's time, while the simulator's time may have been moved on by a test.

A `jti` seen before is accepted: MSAL uses one assertion again for some minutes, and Entra ID lets it.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from entrasim import credentials
from entrasim.errors import AadstsError, aadsts
from entrasim.keys import b64, parts_of
from entrasim.state import AppRegistration

SKEW_SECONDS = 300
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def check(assertion: str, app: AppRegistration, *, audiences: Iterable[str], now: dt.datetime) -> None:
    """Accept the assertion or raise the AADSTS error that Entra ID answers.

    Raises:
        AadstsError: 700027, 700021, 700024, 7000215 family.
    """
    try:
        header, claims, signed, signature = parts_of(assertion)
    except ValueError as error:
        raise aadsts(50027, "JWT token is invalid or malformed.", error="invalid_client", status=401) from error
    _check_signature(header, signed, signature, app, now)
    if claims.get("iss") != app.app_id or claims.get("sub") != app.app_id:
        raise aadsts(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
    wanted = claims.get("aud")
    if wanted not in set(audiences):
        raise aadsts(700027, f"Client assertion audience '{wanted}' does not match the token endpoint.")
    if not claims.get("jti"):
        raise aadsts(700027, "Client assertion contains no 'jti' claim.")
    _check_times(claims, now)


def _check_signature(
    header: dict[str, Any], signed: bytes, signature: bytes, app: AppRegistration, now: dt.datetime
) -> None:
    algorithm = header.get("alg")
    reason = "The key was not found."
    for uploaded in app.certificates:
        certificate = credentials.parse(uploaded)
        if not _names(header, certificate):
            continue
        if not credentials.is_good(uploaded, now):
            late = now >= credentials.ends_at(uploaded)
            reason = "The key used is expired." if late else "The key used is not valid yet."
            continue
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            continue
        try:
            if algorithm == "PS256":
                digest = hashes.SHA256()
                key.verify(signature, signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            elif algorithm == "RS256":
                key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            else:
                raise _bad_signature("The algorithm is not supported.")
        except InvalidSignature as error:
            raise _bad_signature("The key was found, but use of the key to verify the signature failed.") from error
        return
    raise _bad_signature(reason)


def _bad_signature(reason: str) -> AadstsError:
    return aadsts(700027, f"Client assertion failed signature validation. [Reason - {reason}]")


def _names(header: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether the header's thumbprint is that of the certificate."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    if "x5t#S256" in header:
        return _unpadded(header["x5t#S256"]) == b64(hashlib.sha256(der).digest())
    # SHA-1 because older clients name certificates by it; the signature is what proves anything.
    return _unpadded(header.get("x5t")) == b64(hashlib.sha1(der, usedforsecurity=False).digest())


def _unpadded(thumbprint: object) -> str:
    """MSAL pads thumbprints and takes the ordinary alphabet for SHA-1, others do neither."""
    return str(thumbprint).replace("+", "-").replace("/", "_").rstrip("=")


def _check_times(claims: dict[str, Any], now: dt.datetime) -> None:
    machine = dt.datetime.now(tz=dt.UTC)
    if not (_in_time(claims, now) or _in_time(claims, machine)):
        raise aadsts(
            700024,
            "Client assertion is not within its valid time range. "
            f"Current time: {now.isoformat()}, assertion valid from {claims.get('nbf')}, expiry {claims.get('exp')}.",
        )


def _in_time(claims: dict[str, Any], now: dt.datetime) -> bool:
    expires = claims.get("exp")
    starts = claims.get("nbf", claims.get("iat", 0))
    if not isinstance(expires, int | float) or not isinstance(starts, int | float):
        return False
    return starts - SKEW_SECONDS <= now.timestamp() <= expires + SKEW_SECONDS
