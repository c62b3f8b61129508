"""The signing key of the simulated identity provider, and JSON web tokens made and read with it."""

import base64
import binascii
import datetime as dt
import hashlib
from typing import Any

import orjson
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


def b64(data: bytes) -> str:
    """Base64url without padding, as JSON web tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The reverse of `b64`.

    Raises:
        ValueError: not base64url.
    """
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, signed bytes and signature of a token whose signature is not checked yet.

    Raises:
        ValueError: not a JSON web token.
    """
    pieces = token.split(".")
    if len(pieces) != 3:  # noqa: PLR2004  header, claims, signature
        raise ValueError("JWT is not well formed")
    header, claims = orjson.loads(unb64(pieces[0])), orjson.loads(unb64(pieces[1]))
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("JWT is not well formed")  # noqa: TRY004  malformed text, whatever it holds
    return header, claims, f"{pieces[0]}.{pieces[1]}".encode(), unb64(pieces[2])


class SigningKeys:
    """One RSA key with a self-signed certificate, made anew or given as PEM."""

    def __init__(self, key_pem: str = "", certificate_pem: str = "") -> None:
        """Make or take a key.

        Raises:
            ValueError: no PEM, or not of an RSA key.
        """
        if not key_pem:
            self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            certificate = self._certified()
        else:
            key = serialization.load_pem_private_key(key_pem.encode(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise ValueError("the signing key is not an RSA key")
            self._key = key
            certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        self._certificate = certificate
        der = certificate.public_bytes(serialization.Encoding.DER)
        # A thumbprint as key id, like Entra's: an identifier, nothing rests on its strength.
        self.key_id = b64(hashlib.sha1(der, usedforsecurity=False).digest())
        self._x5c = base64.b64encode(der).decode()

    def pem(self) -> tuple[str, str]:
        """Key and certificate, to be kept."""
        key = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key.decode(), self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _certified(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.entrasim")])
        day = dt.timedelta(days=1)
        now = dt.datetime.now(tz=dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + 3650 * day)
            .sign(self._key, hashes.SHA256())
        )

    def jwks(self, issuer: str) -> dict[str, Any]:
        """The JSON web key set."""
        numbers = self._key.public_key().public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "kid": self.key_id,
                    "x5t": self.key_id,
                    "n": b64(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
                    "e": b64(numbers.e.to_bytes(3, "big")),
                    "x5c": [self._x5c],
                    "issuer": issuer,
                }
            ]
        }

    def sign(self, claims: dict[str, Any]) -> str:
        """A token signed with RS256."""
        header = {"typ": "JWT", "alg": "RS256", "x5t": self.key_id, "kid": self.key_id}
        signed = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims))}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{b64(signature)}"

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed; times are not looked at.

        Raises:
            ValueError: malformed, or signed by somebody else.
        """
        header, claims, signed, signature = parts_of(token)
        if header.get("alg") != "RS256" or header.get("kid") != self.key_id:
            raise ValueError("the signing key is unknown")
        try:
            self._key.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise ValueError("signature is invalid") from error
        return claims
