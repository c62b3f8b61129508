"""App registrations in their home tenant: reading, making, mending, and rolling their keys.

An app registration is found by object id, by application id, or by a tag that we set; never by name alone. Least
permission for all of it in a person's name: Application.ReadWrite.All. An app needs no permission to roll its own keys.
"""

import base64
import binascii
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from msal.oauth2cli.assertion import JwtAssertionCreator

from tenantry.graph import transport
from tenantry.graph.apps import Application, KeyCredential
from tenantry.graph.tokens import Via
from tenantry.kit import clock
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import Secret

_SELECT: Final = (
    "id,appId,displayName,createdDateTime,signInAudience,tags,web,spa,publicClient,requiredResourceAccess,"
    "keyCredentials,passwordCredentials,info,optionalClaims"
)
_PROOF_AUDIENCE: Final = "00000002-0000-0000-c000-000000000000"
_PROOF_LIFETIME: Final = dt.timedelta(minutes=10)


def read_application(
    *, tenant_id: uuid.UUID, via: Via, object_id: uuid.UUID | None = None, client_id: str = "", patience: float = 10.0
) -> Application:
    """Read an app registration by object id, else by application id ("Get application").

    Raises:
        NotFound: there is none, or it is not replicated yet.
        GraphError: any other leaf but UnknownOutcome.
    """
    path = f"/applications/{object_id}" if object_id else f"/applications(appId='{transport.segment(client_id)}')"
    return _application(transport.get(tenant_id, path, query={"$select": _SELECT}, patience=patience, via=via).json)


def find_applications(
    *, tenant_id: uuid.UUID, via: Via, tag: str = "", name: str = "", patience: float = 10.0
) -> tuple[Application, ...]:
    """Read the app registrations that carry a tag, or have exactly this name ("List applications").

    Keys are listed without their content. A registration that was made a moment ago may be missing.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    quoted = (tag or name).replace("'", "''")
    wanted = f"tags/any(t:t eq '{quoted}')" if tag else f"displayName eq '{quoted}'"
    answer = transport.get(
        tenant_id, "/applications", query={"$filter": wanted, "$select": _SELECT}, patience=patience, via=via
    )
    rows: list[dict[str, Any]] = list(answer.json.get("value", []))
    while following := answer.json.get("@odata.nextLink"):
        answer = transport.get_url(tenant_id, following, patience=patience, via=via)
        rows.extend(answer.json.get("value", []))
    return tuple(_application(row) for row in rows)


def create_application(
    *,
    intent: Intent,
    via: Via,
    fields: Mapping[str, Any],
    patience: float = 10.0,
) -> Application:
    """Make an app registration ("Create application"); its enterprise app is not made with it.

    Not repeated after an unknown outcome before a search by tag has shown that nothing was made.

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    return _application(
        transport.write(
            "POST", intent.tenant_id, "/applications", fields, intent=intent, patience=patience, via=via
        ).json
    )


def update_application(
    *, intent: Intent, via: Via, object_id: uuid.UUID, fields: Mapping[str, Any], patience: float = 10.0
) -> None:
    """Change properties of an app registration ("Update application"). Collections are replaced whole. Idempotent.

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write(
        "PATCH", intent.tenant_id, f"/applications/{object_id}", fields, intent=intent, patience=patience, via=via
    )


def set_logo(*, intent: Intent, via: Via, object_id: uuid.UUID, png: bytes, patience: float = 10.0) -> None:
    """Upload the picture of the consent page ("Update application", the logo's stream). Idempotent.

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write(
        "PUT",
        intent.tenant_id,
        f"/applications/{object_id}/logo",
        png,
        intent=intent,
        headers={"Content-Type": "image/png"},
        patience=patience,
        via=via,
    )


def create_service_principal(*, intent: Intent, via: Via, client_id: str, patience: float = 10.0) -> None:
    """Make the enterprise app of an app registration in this tenant ("Create servicePrincipal").

    Raises:
        AlreadyExists: it is there.
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write(
        "POST",
        intent.tenant_id,
        "/servicePrincipals",
        {"appId": client_id},
        intent=intent,
        patience=patience,
        via=via,
    )


def add_key(
    *, intent: Intent, via: Via, object_id: uuid.UUID, certificate_pem: str, proof: Secret, patience: float = 10.0
) -> str:
    """Add a certificate beside those that are there ("application: addKey"); returns Microsoft's id of it.

    Only the public part is sent. The id may be missing in the answer: then it is empty.

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    answer = transport.write(
        "POST",
        intent.tenant_id,
        f"/applications/{object_id}/addKey",
        {"keyCredential": key_credential(certificate_pem), "passwordCredential": None, "proof": proof},
        intent=intent,
        patience=patience,
        via=via,
    )
    return str((answer.json or {}).get("keyId") or "")


def remove_key(
    *, intent: Intent, via: Via, object_id: uuid.UUID, key_id: str, proof: Secret, patience: float = 10.0
) -> None:
    """Take a certificate away ("application: removeKey").

    Raises:
        UnknownOutcome, GraphError: see `transport.write`.
    """
    transport.write(
        "POST",
        intent.tenant_id,
        f"/applications/{object_id}/removeKey",
        {"keyId": key_id, "proof": proof},
        intent=intent,
        patience=patience,
        via=via,
    )


def proof_of_possession(*, object_id: uuid.UUID, certificate_pem: str, private_key_pem: Secret) -> Secret:
    """Sign that we hold a key of this app registration ("Generate proof of possession tokens for rolling keys").

    Ten minutes long, as the page recommends. The audience is that of the page; see docs/not-verified-live.md.
    """
    now = int(clock.now().timestamp())
    thumbprint = thumbprint_of(certificate_pem)
    signed: bytes = JwtAssertionCreator(
        private_key_pem.reveal(), algorithm="RS256", sha1_thumbprint=thumbprint, headers={"kid": thumbprint}
    ).create_normal_assertion(
        audience=_PROOF_AUDIENCE,
        issuer=str(object_id),
        issued_at=now,
        not_before=now,
        expires_at=now + int(_PROOF_LIFETIME.total_seconds()),
    )
    return Secret(signed.decode())


def key_credential(certificate_pem: str, *, name: str = "") -> dict[str, Any]:
    """A certificate's public part as Graph takes it."""
    der = x509.load_pem_x509_certificate(certificate_pem.encode()).public_bytes(serialization.Encoding.DER)
    made = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode()}
    return {**made, "displayName": name} if name else made


def thumbprint_of(certificate_pem: str) -> str:
    """SHA-1 of the certificate in upper-case hex, which is how the admin center names certificates."""
    return x509.load_pem_x509_certificate(certificate_pem.encode()).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  a name, not a protection


def _application(row: Mapping[str, Any]) -> Application:
    web, spa, public = (row.get(name) or {} for name in ("web", "spa", "publicClient"))
    claims = row.get("optionalClaims") or {}
    return Application(
        object_id=uuid.UUID(row["id"]),
        client_id=str(row["appId"]).lower(),
        name=str(row.get("displayName") or ""),
        created_at=_time(row.get("createdDateTime")),
        audience=str(row.get("signInAudience") or ""),
        tags=tuple(row.get("tags") or ()),
        redirect_uris=tuple(web.get("redirectUris") or ()),
        other_redirect_uris=(*(spa.get("redirectUris") or ()), *(public.get("redirectUris") or ())),
        permissions=frozenset(
            (str(resource["resourceAppId"]).lower(), str(access["id"]).lower(), str(access["type"]))
            for resource in row.get("requiredResourceAccess") or ()
            for access in resource.get("resourceAccess") or ()
        ),
        keys=tuple(_key(key) for key in row.get("keyCredentials") or ()),
        secrets=len(row.get("passwordCredentials") or ()),
        has_logo=bool((row.get("info") or {}).get("logoUrl")),
        id_token_claims=frozenset(str(claim.get("name")) for claim in claims.get("idToken") or ()),
        optional_claims=claims,
    )


def _key(row: Mapping[str, Any]) -> KeyCredential:
    return KeyCredential(
        key_id=str(row.get("keyId") or ""),
        thumbprint=_thumbprint(row),
        name=str(row.get("displayName") or ""),
        ends_at=_time(row.get("endDateTime")),
        raw=row,
    )


def _thumbprint(row: Mapping[str, Any]) -> str:
    """From the certificate itself when it came along, else from `customKeyIdentifier`: base64 of it, or hex."""
    if row.get("key"):
        try:
            return x509.load_der_x509_certificate(base64.b64decode(row["key"])).fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  as above
        except ValueError:
            return ""
    told = str(row.get("customKeyIdentifier") or "")
    if len(told) == 40:  # noqa: PLR2004  hex digits of a SHA-1
        return told.upper()
    try:
        return base64.b64decode(told).hex().upper()
    except (binascii.Error, ValueError):
        return ""


def _time(text: object) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if isinstance(text, str) and text else None
