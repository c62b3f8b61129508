"""How often something may happen, counted in the cache that all web processes share."""

import dataclasses
import hashlib
import ipaddress
from typing import Final

from django.core.cache import cache

_IPV6_PREFIX: Final = 64
"""What one subscriber is usually given of IPv6. Source: RFC 6177."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` times in `seconds` for one key; the time begins with the first.

    Attributes:
        name: told apart from other limits.
        most: how often.
        seconds: in how long.
    """

    name: str
    most: int
    seconds: int

    def count(self, key: str) -> bool:
        """Count one; whether it was still within the limit."""
        name = self._name(key)
        cache.add(name, 0, timeout=self.seconds)
        try:
            return cache.incr(name) <= self.most
        except ValueError:  # it ended in between
            cache.add(name, 1, timeout=self.seconds)
            return True

    def is_used_up(self, key: str) -> bool:
        """Whether the next one would be too many; counts nothing."""
        return int(cache.get(self._name(key), 0)) >= self.most

    def _name(self, key: str) -> str:
        return f"limit:{self.name}:{hashlib.sha256(key.encode()).hexdigest()}"


def neighbourhood(address: str) -> str:
    """What a network address is counted by: itself, or the /64 of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return address
