"""The mail server of the deployment, from one address: `smtp://user:password@host:port?tls=starttls`."""

import dataclasses
import ipaddress
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from tenantry.env import BadSettings
from tenantry.kit.sealed import Secret

_PORTS: Final = {"starttls": 587, "implicit": 465, "none": 25}


@dataclasses.dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        host: name or address.
        port: its port.
        tls: "starttls", "implicit" (TLS from the first byte) or "none".
        user: the name to sign in with; empty for none.
        password: its password.
    """

    host: str
    port: int
    tls: str
    user: str = ""
    password: Secret | None = None


def mail_server_of(url: str) -> MailServer | None:
    """Read TENANTRY_MAIL_URL; None when it is empty. The messages never repeat the address: it holds a password.

    Raises:
        BadSettings: it cannot be used; the message says why.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadSettings("TENANTRY_MAIL_URL has no usable port, or is no address.") from error
    options = dict(parse_qsl(parts.query))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or options.keys() - {"tls"}:
        raise BadSettings(
            "TENANTRY_MAIL_URL must look like smtp://user:password@host:587?tls=starttls (or smtps://…:465)."
        )
    tls = options.get("tls", "implicit" if parts.scheme == "smtps" else "starttls")
    if tls not in _PORTS or (parts.scheme == "smtps" and tls != "implicit"):
        raise BadSettings("In TENANTRY_MAIL_URL tls must be starttls, implicit or none (smtps:// means implicit).")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password and tls == "none" and not _is_this_machine(parts.hostname):
        raise BadSettings("TENANTRY_MAIL_URL would send its password without TLS. Use tls=starttls or tls=implicit.")
    if bool(user) != bool(password):
        raise BadSettings("TENANTRY_MAIL_URL must hold both a user and a password, or neither.")
    return MailServer(parts.hostname, port or _PORTS[tls], tls, user, Secret(password) if password else None)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
