"""Where the deployment's own keys come from: the environment, or files generated once in the data directory."""

import dataclasses
import functools
import os
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from tenantry.env import BadSettings, Environment
from tenantry.kit.sealed import Secret, new_keyset


@dataclasses.dataclass(frozen=True, slots=True)
class ClientCredential:
    """How we prove to Microsoft that we are our app registration: a certificate (preferred) or a secret."""

    private_key_pem: Secret | None = None
    certificate_pem: str = ""
    client_secret: Secret | None = None

    @property
    def is_set(self) -> bool:
        """Whether there is anything to sign in with."""
        return self.private_key_pem is not None or self.client_secret is not None

    @property
    def certificate(self) -> x509.Certificate | None:
        """The parsed certificate, for its expiry and thumbprint."""
        return x509.load_pem_x509_certificate(self.certificate_pem.encode()) if self.certificate_pem else None

    def for_msal(self) -> str | dict[str, str | PrivateKeyTypes]:
        """The form `msal.ConfidentialClientApplication(client_credential=...)` takes."""
        if self.private_key_pem is not None:
            if not self.certificate_pem:
                raise BadSettings("TENANTRY_CLIENT_CERTIFICATE holds a private key but no certificate.")
            # Without a thumbprint MSAL takes the SHA-256 one and signs PS256, as Microsoft documents it.
            return {"private_key": _parsed(self.private_key_pem), "public_certificate": self.certificate_pem}
        if self.client_secret is not None:
            return self.client_secret.reveal()
        raise BadSettings(
            "No credential for Microsoft is set. Set TENANTRY_CLIENT_CERTIFICATE (or _FILE) or TENANTRY_CLIENT_SECRET."
        )


@functools.lru_cache(maxsize=8)
def _parsed(private_key_pem: Secret) -> PrivateKeyTypes:
    """The key, read and proven sound once.

    Proving an RSA key takes 40 ms, forty times what signing with it does, and each token would cost it again. MSAL
    takes a parsed key in place of the text.
    """
    return serialization.load_pem_private_key(private_key_pem.reveal().encode(), password=None)


def _kept(path: Path, make: str) -> str:
    """The file's content; created with `make` (readable by the owner only) when it does not exist."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(make)
    return make


def secret_key_of(env: Environment, data_dir: Path) -> str:
    """The key that signs sessions and confirmations: from the settings, else generated once."""
    return env.text("TENANTRY_SECRET_KEY") or _kept(data_dir / "keys" / "secret-key", secrets.token_urlsafe(50))


def seal_keyset_of(env: Environment, data_dir: Path) -> Secret:
    """The keyset that seals secrets at rest: from the settings, else generated once."""
    given = env.text("TENANTRY_SEAL_KEYSET")
    path = data_dir / "keys" / "seal-keyset.json"
    if given:
        return Secret(given)
    return Secret(path.read_text(encoding="utf-8") if path.exists() else _kept(path, new_keyset()))


def client_credential_of(env: Environment, *, prefix: str = "TENANTRY_CLIENT") -> ClientCredential:
    """Our credential for Microsoft, from `{prefix}_CERTIFICATE` or `{prefix}_SECRET`.

    A certificate wins over a secret; neither is fine until the first connection.
    """
    pem = env.text(f"{prefix}_CERTIFICATE")
    if pem:
        if "-----BEGIN CERTIFICATE-----" not in pem or "PRIVATE KEY-----" not in pem:
            raise BadSettings(f"{prefix}_CERTIFICATE must hold the certificate and its private key, both as PEM.")
        certificate = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE-----") :].encode())
        try:
            key = serialization.load_pem_private_key(_private_part(pem).encode(), password=None)
        except (TypeError, ValueError) as error:
            raise BadSettings(f"The private key in {prefix}_CERTIFICATE cannot be read (encrypted?).") from error
        return ClientCredential(
            private_key_pem=Secret(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode()
            ),
            certificate_pem=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        )
    secret = env.text(f"{prefix}_SECRET")
    return ClientCredential(client_secret=Secret(secret)) if secret else ClientCredential()


def _private_part(pem: str) -> str:
    lines = pem.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("-----BEGIN") and "PRIVATE KEY" in line)
    end = next(i for i, line in enumerate(lines) if i > start and line.startswith("-----END"))
    return "\n".join(lines[start : end + 1]) + "\n"
