"""Recording changes, so that delta, lagging lists and scripted stale reads can tell before from after."""

import copy
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from entrasim.state import Group, Previous, Recorded, Tenant, User

T = TypeVar("T")


def record(
    tenant: Tenant, *, kind: str, object_id: str, before: Recorded | None, now: dt.datetime, by_graph: bool = False
) -> int:
    """Note that an object changed; the caller holds the tenant's lock. Returns the tenant's new change number."""
    tenant.change_number += 1
    tenant.change_times.append((tenant.change_number, now))
    earlier = tenant.previous.get(object_id)
    lag = dt.timedelta(seconds=tenant.lag.list_and_delta)
    if earlier is not None and earlier.lagging_since + lag > now:
        lagged, since = earlier.lagged, earlier.lagging_since
    else:
        lagged, since = before, now
    tenant.previous[object_id] = Previous(kind, object_id, now, before, by_graph, lagged, since)
    return tenant.change_number


@contextmanager
def changing(tenant: Tenant, item: User | Group, *, now: dt.datetime, by_graph: bool = False) -> Iterator[None]:
    """Change a user or group inside the block; its change number moves when the block ends."""
    with tenant.lock:
        before = copy.copy(item)
        if isinstance(before, Group):
            before.members = dict(before.members)
            before.owners = dict(before.owners)
        yield
        kind = "user" if isinstance(item, User) else "group"
        item.change_number = record(tenant, kind=kind, object_id=item.id, before=before, now=now, by_graph=by_graph)


def indexed(tenant: Tenant, name: str, build: Callable[[], T]) -> T:
    """A derived lookup, built again when users came, went or changed. The caller holds the tenant's lock."""
    key = (tenant.change_number, len(tenant.users))
    kept = tenant.indexes.get(name)
    if kept is None or kept[0] != key:
        kept = (key, build())
        tenant.indexes[name] = kept
    return kept[1]  # type: ignore[return-value]  # each name is always built by the same function


def user_ids(tenant: Tenant) -> list[str]:
    """Ids of all users in list order: by id, which never changes, so that paging is stable."""
    return indexed(tenant, "user_ids", lambda: sorted(tenant.users))


def ids_by_upn(tenant: Tenant) -> dict[str, str]:
    """User ids by lower-case user principal name."""
    return indexed(
        tenant, "ids_by_upn", lambda: {user.user_principal_name.lower(): user.id for user in tenant.users.values()}
    )


def find_user(tenant: Tenant, key: str) -> User | None:
    """The user of that id or user principal name. The caller holds the tenant's lock."""
    found = tenant.users.get(key.lower())
    if found is not None:
        return found
    user_id = ids_by_upn(tenant).get(key.lower())
    return tenant.users.get(user_id) if user_id else None
