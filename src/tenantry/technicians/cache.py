"""Django's cache in one table, for the few things every web process must agree on: rate limits and used codes.

Django's own database cache keeps pickles, so whoever can write to the database could run code in the process that
holds the keys. This one keeps JSON. It is small on purpose: nothing that is read on every page belongs here.
"""

import datetime as dt
import json
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import connection

from tenantry.kit import clock
from tenantry.technicians.models import SharedEntry

_PURGED_AT_ONCE = 100

# An entry may be added when there is none or when the one there has expired: one statement, so two processes that add
# at the same moment cannot both succeed.
_ADD = """
INSERT INTO technicians_sharedentry (key, value, expires_at) VALUES (%s, %s::jsonb, %s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at
WHERE technicians_sharedentry.expires_at <= %s
"""
# Counting in one statement: two processes never lose a step of each other.
_COUNT = """
UPDATE technicians_sharedentry SET value = to_jsonb(value::text::bigint + %s)
WHERE key = %s AND (expires_at IS NULL OR expires_at > %s) RETURNING value::text::bigint
"""
# Rows another process is purging are left to it.
_PURGE = """
DELETE FROM technicians_sharedentry WHERE key IN (
    SELECT key FROM technicians_sharedentry WHERE expires_at <= %s LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


class SharedCache(BaseCache):
    """A cache backend whose values are JSON in PostgreSQL; expiry follows `kit.clock`."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        del location  # one table, always the same
        super().__init__(params)

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:  # noqa: ANN401  any JSON value
        """Store unless a live entry is there; True when stored."""
        name = self.make_and_validate_key(key, version=version)
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(_PURGE, [now, _PURGED_AT_ONCE])
            cursor.execute(_ADD, [name, json.dumps(value), self._expiry(timeout), now])
            return bool(cursor.rowcount == 1)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:  # noqa: ANN401  as above
        """The live value, or `default`."""
        name = self.make_and_validate_key(key, version=version)
        entry = SharedEntry.objects.filter(key=name).first()
        if entry is None or (entry.expires_at is not None and entry.expires_at <= clock.now()):
            return default
        return entry.value

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:  # noqa: ANN401  as above
        """Store, replacing what is there."""
        name = self.make_and_validate_key(key, version=version)
        SharedEntry.objects.bulk_create(
            [SharedEntry(key=name, value=value, expires_at=self._expiry(timeout))],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=["value", "expires_at"],
        )

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give a live entry a new expiry; False when there is none."""
        name = self.make_and_validate_key(key, version=version)
        live = SharedEntry.objects.filter(key=name).exclude(expires_at__lte=clock.now())
        return live.update(expires_at=self._expiry(timeout)) == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add to a live number, which keeps its expiry; returns the new one.

        Raises:
            ValueError: there is no live entry.
        """
        name = self.make_and_validate_key(key, version=version)
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [delta, name, clock.now()])
            row = cursor.fetchone()
        if row is None:
            raise ValueError(f"no such number: {key}")
        return int(row[0])

    def delete(self, key: str, version: int | None = None) -> bool:
        """Forget; True when there was an entry."""
        name = self.make_and_validate_key(key, version=version)
        return SharedEntry.objects.filter(key=name).delete()[0] == 1

    def clear(self) -> None:
        """Forget everything."""
        SharedEntry.objects.all().delete()

    def _expiry(self, timeout: float | None) -> dt.datetime | None:
        """When an entry stored now ends; None for never."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if seconds is None else clock.now() + dt.timedelta(seconds=float(seconds))
