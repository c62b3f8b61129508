"""Reading one tenant's directory: once in full, then by delta rounds.

The row `DirectorySync` is the truth. Each page is merged in the transaction that also keeps the link to the next one,
so a killed worker's read goes on where it stopped. Whoever reads holds a lease on the row, renewed with every page; a
lease that ran out is free for the next job. While PostgreSQL merges a page, a thread fetches the following one: one
page ahead, so memory does not grow with the tenant.

When Microsoft no longer accepts our link (410), a full read begins under a new generation. The old rows stay in the
list until it ends; only then the rows that were not seen again go.

Source: Microsoft Graph "Use delta query to track changes in Microsoft Graph data", "user: delta".
"""

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Case, F, When

from tenantry.directory import merge, surroundings
from tenantry.directory.models import DirectorySync, DirectoryUser, SyncState
from tenantry.directory.words import explain
from tenantry.graph import errors
from tenantry.graph.calls import users as calls
from tenantry.graph.calls.users import UserPage
from tenantry.kit import clock
from tenantry.tenants import actions as tenants

log = logging.getLogger(__name__)

DELTA_EVERY: Final = dt.timedelta(minutes=5)
SURROUNDINGS_EVERY: Final = dt.timedelta(minutes=15)
# Longer than one page may take (the transport's patience plus a slow answer), short enough to notice a dead worker.
LEASE: Final = dt.timedelta(minutes=5)
LONGEST_PAUSE: Final = dt.timedelta(hours=1)
_CONNECTION_ERRORS: Final = (
    errors.NotConsented,
    errors.OurCredential,
    errors.TenantGone,
    errors.TenantUnreachable,
    errors.TokenExpired,
)
# The two statements of a round in which nothing changed, which is nearly every one: written out, and without waiting
# for the disk. Should the server crash, an older link is left, and the round is simply done again.
_QUICKLY: Final = "set_config('synchronous_commit', 'off', true) = 'off'"
_CLAIM: Final = f"""
UPDATE directory_directorysync SET lease = %s, leased_until = %s, next_at = %s, started_at = %s
WHERE tenant_id = %s AND (leased_until IS NULL OR leased_until <= %s) AND {_QUICKLY} RETURNING *
"""  # noqa: S608  a constant
_UNCHANGED: Final = f"""
UPDATE directory_directorysync SET delta_link = %s, next_link = '', state = 'current', finished_at = %s, failures = 0,
  cause = '', fix = '', error_code = '', lease = NULL, leased_until = NULL,
  next_at = CASE WHEN requested_at > started_at THEN %s ELSE %s END
WHERE tenant_id = %s AND lease = %s AND {_QUICKLY}
"""  # noqa: S608  as above


class LeaseLost(Exception):
    """Another worker reads this tenant now, or the tenant was disconnected: stop without a trace."""


def run(tenant_id: uuid.UUID) -> None:
    """Read what is due for one tenant. Problems are kept on the row; one bad tenant never stops the others."""
    now = clock.now()
    until = now + LEASE
    claimed = list(DirectorySync.objects.raw(_CLAIM, [uuid.uuid4(), until, until, now, tenant_id, now]))
    if not claimed:
        return
    reading = _Reading(claimed[0])
    try:
        reading.read()
    except LeaseLost:
        log.info("Tenant %s: another worker took over, or the tenant was disconnected", tenant_id)
    except errors.GraphError as error:
        reading.fail(error)
    except Exception:
        # A fault of ours must not look like freshness: the row says so until the next round succeeds.
        reading.note(
            cause="The read failed on our side.",
            fix="It is tried again by itself; the console's log has the details.",
            code="internal",
        )
        raise


@dataclasses.dataclass(slots=True)
class _Reading:
    """One round, under the lease in `row`."""

    row: DirectorySync
    rows_merged: int = 0

    def read(self) -> None:
        """A delta round, or a full read begun or continued."""
        if self.row.next_link and not self.row.delta_link and self.row.state == SyncState.STALE:
            self._update(state=SyncState.RESYNC if self.row.finished_at else SyncState.FIRST)
        try:
            self._users(self._kept_link())
        except (errors.ResyncNeeded, errors.Rejected) as error:
            if not self._kept_link():
                raise  # a fresh read was refused: that is no matter of an old link
            log.info("Tenant %s: starting over (%s)", self.row.tenant_id, error)
            self._update(next_link="", delta_link="", state=SyncState.RESYNC)
            self._users("")
        if self._surroundings_are_due():
            found = surroundings.read(tenant_id=self.row.tenant_id)
            with transaction.atomic():
                surroundings.store(tenant_id=self.row.tenant_id, found=found)
                self._update(roles_read_at=clock.now(), gaps=found.gaps, **self._release())

    def _kept_link(self) -> str:
        return self.row.next_link or self.row.delta_link

    def _users(self, link: str) -> None:
        for page in self._pages(link):
            now = clock.now()
            self.rows_merged += page.rows
            changes: dict[str, Any] = {"users_read": self.row.users_read + page.rows}
            if page.next_link:
                changes |= {"next_link": page.next_link, "leased_until": now + LEASE, "next_at": now + LEASE}
            if page.delta_link and not page.rows and self._is_quiet():
                self._finish_unchanged(page, now)
                continue
            with transaction.atomic():
                # The row first: it is the lock, and a lease that is gone must leave no trace.
                self._update(**changes)
                merge.merge(
                    tenant_id=self.row.tenant_id,
                    page=page.body,
                    generation=self.row.generation,
                    now=now,
                    is_partial=bool(self.row.delta_link),
                )
                if not page.next_link:
                    self._finish(page, {})

    def _pages(self, link: str) -> Iterator[UserPage]:
        """Pages from `link` on (empty: a full read from its beginning), one fetched ahead."""
        tenant_id = self.row.tenant_id
        page = calls.page_at(tenant_id=tenant_id, link=link) if link else self._begin()
        if not page.next_link:
            yield page
            return
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-page") as ahead:
            while page.next_link:
                following = ahead.submit(calls.page_at, tenant_id=tenant_id, link=page.next_link)
                yield page
                page = following.result()
            yield page

    def _begin(self) -> UserPage:
        """Start a full read under a new generation."""
        page = calls.first_page(tenant_id=self.row.tenant_id)
        self._update(
            generation=self.row.generation + 1,
            users_read=0,
            users_expected=_expected(self.row.tenant_id),
            state=SyncState.RESYNC if self.row.finished_at else SyncState.FIRST,
        )
        return page

    def _finish(self, page: UserPage, changes: dict[str, Any]) -> None:
        """The last page of a round: the mirror is whole."""
        tenant_id = self.row.tenant_id
        if not page.delta_link:
            raise errors.TenantUnreachable("Microsoft's last page of users has no delta link.")
        if not self.row.delta_link:
            DirectoryUser.objects.filter(tenant_id=tenant_id, generation__lt=self.row.generation).delete()
        if self.rows_merged or not self.row.delta_link:
            changes["users"] = DirectoryUser.objects.filter(tenant_id=tenant_id, removed_at=None).count()
            surroundings.refresh_flags(tenant_id=tenant_id)
        changes |= {
            "next_link": "",
            "delta_link": page.delta_link,
            "state": SyncState.CURRENT,
            "finished_at": clock.now(),
            "failures": 0,
            "cause": "",
            "fix": "",
            "error_code": "",
        }
        if not self._surroundings_are_due():
            changes |= self._release()
        self._update(**changes)

    def _is_quiet(self) -> bool:
        """Whether this is a delta round that brought nothing and has nothing else to do."""
        return bool(self.row.delta_link) and not self.rows_merged and not self._surroundings_are_due()

    def _finish_unchanged(self, page: UserPage, now: dt.datetime) -> None:
        values: list[Any] = [page.delta_link, now, now, now + DELTA_EVERY, self.row.tenant_id, self.row.lease]
        with connection.cursor() as cursor:
            cursor.execute(_UNCHANGED, values)
            if cursor.rowcount != 1:
                raise LeaseLost

    def _surroundings_are_due(self) -> bool:
        read_at = self.row.roles_read_at
        asked_at = self.row.requested_at
        if read_at is None or (asked_at is not None and asked_at > read_at):
            return True
        return clock.now() >= read_at + SURROUNDINGS_EVERY

    @staticmethod
    def _release(pause: dt.timedelta = DELTA_EVERY) -> dict[str, Any]:
        """Give the lease back; a request that came while we read is due at once."""
        now = clock.now()
        return {
            "lease": None,
            "leased_until": None,
            "next_at": Case(When(requested_at__gt=F("started_at"), then=now), default=now + pause),
        }

    def _update(self, **changes: Any) -> None:  # noqa: ANN401
        """Write to the row while the lease is ours.

        Raises:
            LeaseLost: it is not.
        """
        row = self.row
        if DirectorySync.objects.filter(tenant_id=row.tenant_id, lease=row.lease).update(**changes) != 1:
            raise LeaseLost
        for name, value in changes.items():
            if name not in {"lease", "leased_until", "next_at"}:
                setattr(row, name, value)

    def fail(self, error: errors.GraphError) -> None:
        """Keep a problem with Microsoft on the row, and tell the connection when it is one of the connection."""
        log.warning("Tenant %s: users not read (%s, request %s)", self.row.tenant_id, error, error.request_id)
        words = explain(error)
        pause = dt.timedelta(seconds=error.retry_after) if isinstance(error, errors.Throttled) else None
        self.note(cause=words.cause, fix=words.fix, code=error.code or type(error).__name__, pause=pause)
        if isinstance(error, _CONNECTION_ERRORS):
            tenants.note_failure(tenant_id=self.row.tenant_id, error=error)

    def note(self, *, cause: str, fix: str, code: str, pause: dt.timedelta | None = None) -> None:
        """The round failed: say why, and try again later and later."""
        failures = DirectorySync.objects.filter(pk=self.row.pk).values_list("failures", flat=True).first() or 0
        wait = pause or min(DELTA_EVERY * 2 ** min(failures, 6), LONGEST_PAUSE)
        changes = self._release(wait) | {"cause": cause, "fix": fix, "error_code": code[:80], "failures": failures + 1}
        if pause is None:
            changes["state"] = SyncState.STALE
        DirectorySync.objects.filter(pk=self.row.pk, lease=self.row.lease).update(**changes)


def _expected(tenant_id: uuid.UUID) -> int | None:
    """How many users a full read will bring, for its progress; unknown when Microsoft does not say."""
    try:
        return calls.count_users(tenant_id=tenant_id)
    except (errors.Refused, errors.Rejected, errors.NotFound, errors.Throttled) as error:
        log.info("No count of users: %s", error)
        return None
