"""Syslog servers named in a setting: `tls://syslog.example.com:6514`, several with commas between them."""

import dataclasses
from typing import Final
from urllib.parse import urlsplit

from tenantry.env import BadSettings

_PORTS: Final = {"tls": 6514, "tcp": 601, "udp": 514}


@dataclasses.dataclass(frozen=True, slots=True)
class SyslogServer:
    """One server.

    Attributes:
        transport: "tls", "tcp" or "udp".
        host: name or address.
        port: its port.
    """

    transport: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}"


def syslog_servers_of(text: str, *, name: str) -> tuple[SyslogServer, ...]:
    """Read a setting; none when it is empty.

    Raises:
        BadSettings: a part is no address of a syslog server.
    """
    return tuple(_server_of(part, name) for part in text.replace(",", " ").split())


def _server_of(part: str, name: str) -> SyslogServer:
    wanted = f"{name} must look like tls://syslog.example.com:6514 (or tcp://…, udp://…), not {part!r}."
    try:
        parts = urlsplit(part)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadSettings(wanted) from error
    has_more = parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None
    if parts.scheme not in _PORTS or not host or port == 0 or has_more:
        raise BadSettings(wanted)
    return SyslogServer(parts.scheme, host, port or _PORTS[parts.scheme])
