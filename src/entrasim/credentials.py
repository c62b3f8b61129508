"""Credentials of app registrations: reading key credentials, their validity, and proofs of possession.

Pages: "keyCredential resource type", "application: addKey", `certificate-credentials`.
"""

import base64
import binascii
import datetime as dt
import hashlib
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from entrasim.errors import GraphError, bad_request
from entrasim.keys import parts_of
from entrasim.state import AppRegistration, Certificate, ClientSecret

PROOF_AUDIENCE = "00000002-0000-0000-c000-000000000000"
_PROOF_LIFETIME = dt.timedelta(minutes=10)
_SKEW = dt.timedelta(minutes=5)
_KEY_PROPERTIES = frozenset(
    {"customKeyIdentifier", "displayName", "endDateTime", "key", "keyId", "startDateTime", "type", "usage"}
)


def parse(certificate: Certificate) -> x509.Certificate:
    """The certificate itself."""
    return x509.load_pem_x509_certificate(certificate.pem.encode())


def starts_at(certificate: Certificate) -> dt.datetime:
    """From when it is good."""
    return certificate.start_date_time or parse(certificate).not_valid_before_utc


def ends_at(certificate: Certificate) -> dt.datetime:
    """Until when it is good."""
    return certificate.end_date_time or parse(certificate).not_valid_after_utc


def is_good(certificate: Certificate, now: dt.datetime) -> bool:
    """Whether it may be used now."""
    return starts_at(certificate) - _SKEW <= now < ends_at(certificate)


def thumbprint(certificate: Certificate) -> bytes:
    """The SHA-1 that names it; nothing rests on its strength."""
    der = parse(certificate).public_bytes(serialization.Encoding.DER)
    return hashlib.sha1(der, usedforsecurity=False).digest()


def read_key(given: object, known: list[Certificate]) -> Certificate:
    """A certificate from a `keyCredential`; one without a key stands for the uploaded one of that `keyId`.

    Raises:
        GraphError: 400.
    """
    if not isinstance(given, dict) or set(given) - _KEY_PROPERTIES - {"@odata.type"}:
        raise bad_request("Invalid value specified for property 'keyCredentials' of resource 'Application'.")
    key_id = str(given.get("keyId") or "").lower()
    if not given.get("key"):
        found = next((item for item in known if item.key_id == key_id), None)
        if found is None:
            raise bad_request("A value is required for property 'key' of resource 'KeyCredential'.")
        return found
    if given.get("type", "AsymmetricX509Cert") != "AsymmetricX509Cert" or given.get("usage", "Verify") != "Verify":
        raise bad_request("Key credential type or usage is invalid: entrasim takes AsymmetricX509Cert with Verify.")
    loaded = _load(str(given["key"]))
    made = Certificate(
        pem=loaded.public_bytes(serialization.Encoding.PEM).decode(),
        display_name=given.get("displayName") or loaded.subject.rfc4514_string(),
        start_date_time=read_moment(given.get("startDateTime")) or loaded.not_valid_before_utc,
        end_date_time=read_moment(given.get("endDateTime")) or loaded.not_valid_after_utc,
    )
    if key_id:
        made.key_id = key_id
    if ends_at(made) > loaded.not_valid_after_utc or ends_at(made) <= starts_at(made):
        raise bad_request("Key credential end date is invalid.", details=_detail("KeyCredentialsInvalidEndDate"))
    if starts_at(made) < loaded.not_valid_before_utc:
        raise bad_request("Key credential start date is invalid.", details=_detail("KeyCredentialsInvalidStartDate"))
    return made


def _detail(code: str) -> list[dict[str, str]]:
    return [{"code": code, "target": "keyCredentials", "message": "The date is not within the certificate's."}]


def _load(key: str) -> x509.Certificate:
    """A certificate as DER or PEM, in Base64 as Graph writes binary values."""
    try:
        data = base64.b64decode(key, validate=True)
        return (
            x509.load_pem_x509_certificate(data) if data.startswith(b"-----") else x509.load_der_x509_certificate(data)
        )
    except (binascii.Error, ValueError) as error:
        raise bad_request(
            "Key credential value is invalid.", details=_detail("KeyCredentialsInvalidKeyValue")
        ) from error


def read_moment(text: object) -> dt.datetime | None:
    """A time of a request body.

    Raises:
        GraphError: 400.
    """
    if text is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError as error:
        raise bad_request(f"Cannot convert the literal '{text}' to the expected type 'Edm.DateTimeOffset'.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def key_row(certificate: Certificate, *, with_key: bool) -> dict[str, Any]:
    """`microsoft.graph.keyCredential`; the key is shown only to who selects it on one application."""
    der = parse(certificate).public_bytes(serialization.Encoding.DER)
    return {
        "customKeyIdentifier": base64.b64encode(thumbprint(certificate)).decode(),
        "displayName": certificate.display_name,
        "endDateTime": ends_at(certificate),
        "key": base64.b64encode(der).decode() if with_key else None,
        "keyId": certificate.key_id,
        "startDateTime": starts_at(certificate),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def password_row(secret: ClientSecret, *, with_text: bool) -> dict[str, Any]:
    """`microsoft.graph.passwordCredential`; the text is shown once, in the answer that made it."""
    return {
        "customKeyIdentifier": None,
        "displayName": secret.display_name,
        "endDateTime": secret.end_date_time,
        "hint": secret.text[:3],
        "keyId": secret.key_id,
        "secretText": secret.text if with_text else None,
        "startDateTime": secret.start_date_time,
    }


def check_proof(proof: object, app: AppRegistration, now: dt.datetime) -> None:
    """A self-signed token that proves possession of a certificate that the application has now ("addKey").

    Raises:
        GraphError: 401, it proves nothing.
    """
    try:
        _, claims, signed, signature = parts_of(str(proof))
    except ValueError as error:
        raise _no_proof() from error
    times = claims.get("nbf"), claims.get("exp")
    if claims.get("aud") != PROOF_AUDIENCE or claims.get("iss") not in {app.id, app.app_id}:
        raise _no_proof()
    if not all(isinstance(moment, int | float) for moment in times):
        raise _no_proof()
    starts, expires = (dt.datetime.fromtimestamp(moment, tz=dt.UTC) for moment in times if moment is not None)
    # A client library stamps with the machine's time, while the simulator's may have been moved on by a test.
    moments = now, dt.datetime.now(tz=dt.UTC)
    if not any(starts - _SKEW <= moment <= expires + _SKEW for moment in moments):
        raise _no_proof()
    if expires - starts > _PROOF_LIFETIME + _SKEW:
        raise _no_proof()
    if not any(is_good(known, now) and _signed_by(known, signed, signature) for known in app.certificates):
        raise _no_proof()


def _signed_by(certificate: Certificate, signed: bytes, signature: bytes) -> bool:
    key = parse(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    digest = hashes.SHA256()
    for scheme in (padding.PKCS1v15(), padding.PSS(padding.MGF1(digest), digest.digest_size)):
        try:
            key.verify(signature, signed, scheme, digest)
        except InvalidSignature:
            continue
        return True
    return False


def _no_proof() -> GraphError:
    return GraphError(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")
