"""Certificates of our app registrations: made here, the private key sealed at once and opened only to sign.

Microsoft trusts the key that was uploaded, not who signed the certificate; so a self-signed one is as good as any.
"""

import datetime as dt
import uuid
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tenantry.kit import clock
from tenantry.kit.keys import ClientCredential
from tenantry.kit.sealed import Secret, seal, unseal
from tenantry.registrations.models import AppRegistration, Certificate, CertificateState

LIFETIME: Final = dt.timedelta(days=365)
_BITS: Final = 2048
_TABLE: Final = "registrations_certificate"
_COLUMN: Final = "sealed_private_key"


def new_certificate(registration: AppRegistration) -> Certificate:
    """The certificate that is waiting to be proven: the one from an earlier try, or one made now."""
    waiting = registration.certificates.filter(state=CertificateState.NEW).first()
    if waiting is not None and waiting.not_after > clock.now() + LIFETIME / 2:
        return waiting
    if waiting is not None:
        waiting.delete()
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"tenantry-{registration.app}")])
    now = clock.now().replace(microsecond=0)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))  # Microsoft's clock may be a little behind ours
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    row_id = uuid.uuid4()
    return Certificate.objects.create(
        id=row_id,
        registration=registration,
        thumbprint=made.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303  how the admin center names it
        certificate_pem=made.public_bytes(serialization.Encoding.PEM).decode(),
        sealed_private_key=seal(Secret(pem), table=_TABLE, row=row_id, column=_COLUMN),
        not_before=made.not_valid_before_utc,
        not_after=made.not_valid_after_utc,
        created_at=clock.now(),
    )


def private_key(certificate: Certificate) -> Secret:
    """Open the private key.

    Raises:
        CannotUnseal: the keyset is another one.
        LookupError: the certificate was removed, and its key with it.
    """
    if certificate.sealed_private_key is None:
        raise LookupError("the key of a removed certificate is gone")
    return unseal(certificate.sealed_private_key, table=_TABLE, row=certificate.pk, column=_COLUMN)


def credential(certificate: Certificate) -> ClientCredential:
    """The certificate as what we sign in with."""
    return ClientCredential(private_key_pem=private_key(certificate), certificate_pem=certificate.certificate_pem)
