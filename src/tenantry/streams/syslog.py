"""Syslog on the wire: messages of RFC 5424 over UDP (RFC 5426), TCP with octet counting (RFC 6587) and TLS (RFC 5425).

The message is the event's line of an export, as JSON of plain ASCII, so that no byte order mark is needed. Syslog has
no acknowledgement. Over TCP and TLS the connection is closed for writing after the last message, and the receiver's
own end is waited for: a connection that breaks before is a failure, and everything is sent again.
"""

import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings

from tenantry.notifications.policies import refused_address
from tenantry.notifications.sending import NotDelivered
from tenantry.streams.models import StreamKind

TIMEOUT_SECONDS: Final = 10.0
LAST_WAIT_SECONDS: Final = 3.0
"""For the receiver's end of the connection. Some keep theirs open for ever: silence is no failure."""
LARGEST_DATAGRAM: Final = 60_000
_LOG_AUDIT: Final = 13 * 8  # facility "log audit"; RFC 5424, table 1
_NOTICE: Final = 5
_WARNING: Final = 4
_BAD: Final = frozenset({"refused", "failed", "unknown"})
_LAST_SEQUENCE_ID: Final = 2_147_483_647  # RFC 5424, 7.3.1: it starts anew at 1
_LONGEST_MSGID: Final = 32


def message_of(line: bytes, *, hostname: str) -> bytes:
    """One event as a message of RFC 5424."""
    document: dict[str, Any] = json.loads(line)
    event = document["event"]
    sequence_id = (document["sequence"] - 1) % _LAST_SEQUENCE_ID + 1
    header = _header(
        severity=_WARNING if event["result"] in _BAD else _NOTICE,
        at=dt.datetime.fromisoformat(event["recorded_at"]),
        hostname=hostname,
        name=event["action"],
    )
    return (
        f'{header} [meta sequenceId="{sequence_id}"] '.encode() + json.dumps(document, separators=(",", ":")).encode()
    )


def plain_message(line: bytes, *, at: dt.datetime, hostname: str, name: str) -> bytes:
    """A line of ASCII as a message of RFC 5424.

    Args:
        line: the message.
        at: the time it is of.
        hostname: of this console.
        name: what kind of message it is (MSGID).
    """
    return _header(severity=_NOTICE, at=at, hostname=hostname, name=name).encode("ascii") + b" - " + line


def _header(*, severity: int, at: dt.datetime, hostname: str, name: str) -> str:
    """Everything before the structured data."""
    return (
        f"<{_LOG_AUDIT + severity}>1 {at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ} {_name(hostname, 255)} tenantry - "
        f"{_name(name, _LONGEST_MSGID)}"
    )


def send(
    *, kind: StreamKind, host: str, port: int, messages: Iterable[bytes], may_be_loopback: bool | None = None
) -> str:
    """Hand messages over; returns how it went in words.

    Args:
        kind: how the server is spoken to.
        host: name or address.
        port: its port.
        messages: as `message_of` and `plain_message` make them.
        may_be_loopback: whether this machine itself may be meant; by default only in the demo, as for every address
            that was typed into a page.

    Raises:
        NotDelivered: the address may not be used, nobody listens, or the connection broke.
    """
    own = settings.IS_DEMO if may_be_loopback is None else may_be_loopback
    address = _address_of(host, port, kind, may_be_loopback=own)
    try:
        if kind == StreamKind.SYSLOG_UDP:
            return _by_datagrams(address, port, messages)
        with socket.create_connection((address, port), timeout=TIMEOUT_SECONDS) as plain:
            if kind == StreamKind.SYSLOG_TLS:
                with _context().wrap_socket(plain, server_hostname=host) as sealed:
                    return _by_stream(sealed, messages)
            return _by_stream(plain, messages)
    except ssl.SSLCertVerificationError as error:
        raise NotDelivered(
            "The receiver's certificate is not trusted, or not for this host; see TENANTRY_ALERTS_CA_FILE."
        ) from error
    except TimeoutError as error:
        raise NotDelivered(f"No answer within {TIMEOUT_SECONDS:.0f} seconds.") from error
    except ConnectionRefusedError as error:
        raise NotDelivered("The receiver refuses connections.") from error
    except OSError as error:
        raise NotDelivered(f"The messages may not have arrived ({type(error).__name__}).") from error


def _by_stream(connection: socket.socket, messages: Iterable[bytes]) -> str:
    for message in messages:
        connection.sendall(b"%d %b" % (len(message), message))
    connection.settimeout(LAST_WAIT_SECONDS)
    with contextlib.suppress(TimeoutError):
        if isinstance(connection, ssl.SSLSocket):
            with contextlib.suppress(ssl.SSLEOFError):  # closed without TLS's own farewell, as some do
                connection.unwrap()
        else:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    return "Sent"


def _by_datagrams(address: str, port: int, messages: Iterable[bytes]) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.connect((address, port))
        for message in messages:
            sender.send(message if len(message) <= LARGEST_DATAGRAM else _shortened(message))
    return "Sent, which proves nothing over UDP"


def _shortened(message: bytes) -> bytes:
    """A message that no datagram holds, with its hashes and without the longest texts."""
    header, brace, rest = message.partition(b"{")
    document = json.loads(brace + rest)
    event = document["event"]
    kept = {
        name: (text[:200] if text else text) for name, text in event.items() if name not in {"details", "exchanges"}
    }
    return header + json.dumps(document | {"event": kept, "shortened": True}, separators=(",", ":")).encode("ascii")


def _address_of(host: str, port: int, kind: StreamKind, *, may_be_loopback: bool) -> str:
    """One address of the host, after every address was found to be allowed; see `sending.webhook`."""
    wanted = socket.SOCK_DGRAM if kind == StreamKind.SYSLOG_UDP else socket.SOCK_STREAM
    try:
        found = socket.getaddrinfo(host, port, type=wanted)
    except OSError as error:
        raise NotDelivered(f"The host is not known ({type(error).__name__}).") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        plain = ipaddress.ip_address(address.partition("%")[0])
        if why := refused_address(plain, may_be_loopback=may_be_loopback):
            raise NotDelivered(f"Not sent: the name leads to {plain}, and {why}.")
    return addresses[0]


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ALERTS_CA_FILE:
        context.load_verify_locations(settings.ALERTS_CA_FILE)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _name(text: str, longest: int) -> str:
    """A field of the header: printable ASCII without blanks, and never empty (RFC 5424, 6)."""
    return "".join(sign for sign in text if "!" <= sign <= "~")[:longest] or "-"
