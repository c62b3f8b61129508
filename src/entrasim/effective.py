"""What is visible and in force now, given a tenant's lag: each rule about delay stands here once.

Microsoft's "Designing for Eventual Consistency for Microsoft Entra": a successful write does not promise that the next
read shows it.
"""

import bisect
import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TypeVar

from entrasim.changes import find_user, user_ids
from entrasim.state import Group, RoleAssignment, ServicePrincipal, Tenant, User
from entrasim.tables.permissions import PERMISSION_NAMES
from entrasim.tables.roles import DEFAULT_ACCESS

T = TypeVar("T", User, Group, ServicePrincipal, RoleAssignment)


def _past(since: dt.datetime, seconds: float, now: dt.datetime) -> bool:
    return since + dt.timedelta(seconds=seconds) <= now


def service_principal_of(tenant: Tenant, app_id: str, now: dt.datetime) -> ServicePrincipal | None:
    """The enterprise app of an app id, as far as the consent has arrived."""
    with tenant.lock:
        for principal in tenant.service_principals.values():
            if principal.app_id == app_id and _past(principal.created_date_time, tenant.lag.consent, now):
                return principal
    return None


def permissions_of(tenant: Tenant, principal: ServicePrincipal, now: dt.datetime) -> frozenset[str]:
    """Names of the application permissions in force: what a token minted now has in `roles`."""
    with tenant.lock:
        return frozenset(
            PERMISSION_NAMES.get(granted.app_role_id, granted.app_role_id)
            for granted in principal.app_role_assignments.values()
            if _past(granted.created_date_time, tenant.lag.consent, now)
        )


def is_current(tenant: Tenant, assignment: RoleAssignment, now: dt.datetime) -> bool:
    """Whether an assignment made through PIM has arrived and begun, and has not ended."""
    if assignment.ends_at is not None and assignment.ends_at <= now:
        return False
    if assignment.starts_at is not None and assignment.starts_at > now:
        return False
    return not assignment.schedule_id or _past(assignment.created_date_time, tenant.lag.pim, now)


def holders_of(tenant: Tenant, principal_id: str, now: dt.datetime) -> set[str]:
    """Ids whose role assignments count for a principal: its own and those of role-assignable groups it is in."""
    lag = tenant.lag.role_assignment
    return {principal_id} | {
        group.id
        for group in tenant.groups.values()
        if group.is_assignable_to_role
        and principal_id in group.members
        and _past(group.members[principal_id], lag, now)
    }


def assignments_in_force(tenant: Tenant, principal_id: str, now: dt.datetime) -> list[RoleAssignment]:
    """Active role assignments of a principal, direct and through groups, of every scope."""
    with tenant.lock:
        holders = holders_of(tenant, principal_id, now)
        return [
            assignment
            for assignment in tenant.role_assignments.values()
            if assignment.principal_id in holders
            and _past(assignment.created_date_time, tenant.lag.role_assignment, now)
            and is_current(tenant, assignment, now)
        ]


def tenant_wide_roles(tenant: Tenant, principal_id: str, now: dt.datetime) -> frozenset[str]:
    """Role ids in force for the whole tenant."""
    return frozenset(
        assignment.role_definition_id
        for assignment in assignments_in_force(tenant, principal_id, now)
        if assignment.directory_scope_id == "/"
    )


def wids(tenant: Tenant, principal_id: str, now: dt.datetime) -> list[str]:
    """The `wids` claim: template ids of directory roles, or the id of default access for none."""
    return sorted(tenant_wide_roles(tenant, principal_id, now)) or [DEFAULT_ACCESS]


@dataclasses.dataclass(slots=True)
class View:
    """A tenant as one request sees it. The caller holds the tenant's lock while it reads through it."""

    tenant: Tenant
    now: dt.datetime
    stale: bool = False  # a scripted fault: reads answer what was there before the last change made over Graph

    def user(self, key: str) -> User | None:
        """One user by id or user principal name; None also while it is too new to be found."""
        found = find_user(self.tenant, key)
        return self._direct("user", found, key, self.tenant.lag.new_object)

    def group(self, key: str) -> Group | None:
        """One group by id."""
        return self._direct("group", self.tenant.groups.get(key.lower()), key, self.tenant.lag.new_object)

    def service_principal(self, key: str) -> ServicePrincipal | None:
        """One enterprise app by object id."""
        found = self.tenant.service_principals.get(key.lower())
        return self._direct("service_principal", found, key, self.tenant.lag.consent)

    def service_principals(self) -> list[ServicePrincipal]:
        """All enterprise apps that have arrived."""
        everything = self.tenant.service_principals.values()
        return [sp for sp in everything if _past(sp.created_date_time, self.tenant.lag.consent, self.now)]

    def groups(self) -> list[Group]:
        """All groups, as lists show them."""
        return self._listed("group", self.tenant.groups.values())

    def role_assignments(self) -> list[RoleAssignment]:
        """All active role assignments: seen at once, in force only after the lag."""
        current = [a for a in self.tenant.role_assignments.values() if is_current(self.tenant, a, self.now)]
        return self._listed("role_assignment", current) if self.stale else current

    def users(self, after: str = "") -> Iterator[User]:
        """All users as lists show them, in order of id, from the one behind `after`."""
        ids = user_ids(self.tenant)
        hidden = self._overrides("user")
        missing = sorted(i for i, version in hidden.items() if version is not None and i not in self.tenant.users)
        if missing:
            ids = sorted([*ids, *missing])
        for index in range(bisect.bisect_right(ids, after), len(ids)):
            user_id = ids[index]
            if user_id in hidden:
                version = hidden[user_id]
                if isinstance(version, User):
                    yield version
            else:
                yield self.tenant.users[user_id]

    def change_horizon(self) -> int:
        """The last change that delta tells about."""
        if self.tenant.lag.list_and_delta <= 0:
            return self.tenant.change_number
        border = self.now - dt.timedelta(seconds=self.tenant.lag.list_and_delta)
        times = self.tenant.change_times
        count = bisect.bisect_right(times, border, key=lambda entry: entry[1])
        if count < len(times):
            return times[count][0] - 1
        return self.tenant.change_number

    def _direct(self, kind: str, found: T | None, key: str, lag: float) -> T | None:
        if self.stale:
            earlier = self.tenant.previous.get(found.id if found else key.lower())
            if earlier is not None and earlier.kind == kind and earlier.by_graph:
                return earlier.before  # type: ignore[return-value]  # of this kind
        if found is None or not _past(found.created_date_time, lag, self.now):
            return None
        return found

    def _overrides(self, kind: str) -> dict[str, object | None]:
        lag = self.tenant.lag.list_and_delta
        if lag <= 0 and not self.stale:
            return {}
        found: dict[str, object | None] = {}
        for earlier in self.tenant.previous.values():
            if earlier.kind != kind:
                continue
            if self.stale and earlier.by_graph:
                found[earlier.object_id] = earlier.before
            elif lag > 0 and not _past(earlier.lagging_since, lag, self.now):
                found[earlier.object_id] = earlier.lagged
        return found

    def _listed(self, kind: str, everything: Iterable[T]) -> list[T]:
        hidden = self._overrides(kind)
        if not hidden:
            return list(everything)
        kept = [item for item in everything if item.id not in hidden]
        kept.extend(version for version in hidden.values() if version is not None)  # type: ignore[misc]
        return kept
