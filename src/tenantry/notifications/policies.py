"""Pure decisions: when to try again, how long to hold a good message back, which addresses a webhook may have."""

import datetime as dt
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from tenantry.kit.errors import Invalid

GIVE_UP_AFTER: Final = dt.timedelta(hours=24)
"""A message that no attempt delivered within this time is given up, and the channel says so."""
_FIRST_PAUSE: Final = dt.timedelta(seconds=30)
_LONGEST_PAUSE: Final = dt.timedelta(hours=1)

_FIRST_HOLD: Final = dt.timedelta(minutes=5)
_LONGEST_HOLD: Final = dt.timedelta(hours=1)
FLAPPING_WINDOW: Final = dt.timedelta(hours=24)
"""An alert that comes back within this time counts as the same trouble coming and going."""

LONGEST_URL: Final = 2000

# Addresses that answer with a machine's own credentials in a cloud, beside the link-local ones: Azure's wire server,
# Alibaba's and Oracle's metadata, Amazon's over IPv6.
_METADATA: Final = frozenset(
    map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"))
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def next_try_at(*, attempts: int, now: dt.datetime) -> dt.datetime:
    """When to send again after `attempts` that failed: the pause doubles from half a minute to an hour."""
    return now + min(_FIRST_PAUSE * (1 << min(attempts - 1, 12)), _LONGEST_PAUSE)


def hold(*, returns: int) -> dt.timedelta:
    """How long "resolved" is held back. If the trouble is back before that, nobody is told either way.

    Bad news is never held. What keeps coming and going is held longer each time, so it sends a few messages an hour at
    most.
    """
    return min(_FIRST_HOLD * (1 << min(returns, 12)), _LONGEST_HOLD)


def refused_address(address: IPAddress, *, may_be_loopback: bool) -> str:
    """Why no message is sent to this address; empty when it may be.

    Private addresses are allowed: an owner chose the receiver, and it often stands in the provider's own network.
    """
    plain = _unwrapped(address)
    if plain in _METADATA or plain.is_link_local:
        return "it is a link-local or metadata address, where machines keep their own credentials"
    if plain.is_loopback:
        return "" if may_be_loopback else "it is this machine itself"
    if plain.is_unspecified or plain.is_multicast or plain == ipaddress.IPv4Address("255.255.255.255"):
        return "it is no address of one machine"
    return ""


def _unwrapped(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address.sixtofour:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def webhook_host(url: str, *, may_be_loopback: bool) -> str:
    """The host of a webhook's address, which is all of it that screens show.

    Args:
        url: as an owner typed it.
        may_be_loopback: the demo and the tests may send to this machine, and without TLS.

    Raises:
        Invalid: it cannot be used; says why.
    """
    if len(url) > LONGEST_URL or any(ord(sign) <= ord(" ") or ord(sign) == 127 for sign in url):  # noqa: PLR2004  DEL
        raise Invalid("The address is too long, or holds blanks.", field="url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("This is no address.", field="url") from error
    if not host or port == 0:
        raise Invalid("This is no address. Write it whole: https://host/path.", field="url")
    if parts.username is not None or parts.password is not None:
        raise Invalid("No name or password in the address; messages are signed instead.", field="url")
    if parts.fragment:
        raise Invalid("The part after # is never sent; leave it out.", field="url")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        literal = None
    is_local = host == "localhost" or (literal is not None and _unwrapped(literal).is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local and may_be_loopback):
        raise Invalid("The address must start with https://, so that nobody reads along.", field="url")
    if is_local and not may_be_loopback:
        raise Invalid("Messages are not sent to this machine itself.", field="url")
    if literal is not None and (why := refused_address(literal, may_be_loopback=may_be_loopback)):
        raise Invalid(f"Messages are not sent there: {why}.", field="url")
    return f"{host}:{port}" if port else host
