"""Throttling by the published limits and costs ("Microsoft Graph service-specific throttling limits").

Token buckets that fill evenly: a bucket of 3,500 units for 10 seconds gains 350 a second. Where several limits apply,
the first one reached answers 429 and nothing is counted.
"""

import dataclasses
import datetime as dt
import fnmatch
import threading

from entrasim.clock import Clock
from entrasim.odata.query import Query
from entrasim.state import Tenant, TenantSize

_SMALL_TENANT, _MEDIUM_TENANT = 50, 500
_FEW_ROWS = 20

PAIR_UNITS = {TenantSize.S: 3500, TenantSize.M: 5000, TenantSize.L: 8000}
"""Resource units in 10 seconds for one app in one tenant."""

COSTS: tuple[tuple[str, str, int], ...] = (
    ("GET", "/contracts", 3),
    ("POST", "/directoryObjects/getByIds", 5),
    ("GET", "/domains/*/domainNameReferences", 4),
    ("GET", "/groups/*/transitiveMembers", 5),
    ("GET", "/groups/*/members", 3),
    ("POST", "/*/checkMemberGroups", 4),
    ("POST", "/*/checkMemberObjects", 4),
    ("POST", "/*/getMemberGroups", 2),
    ("POST", "/*/getMemberObjects", 2),
    ("GET", "/*/licenseDetails", 2),
    ("GET", "/*/memberOf*", 2),
    ("GET", "/*/transitiveMemberOf*", 2),
    ("GET", "/oauth2PermissionGrants*", 2),
    ("GET", "/servicePrincipals*/appRoleAssignments", 2),
    ("GET", "/subscribedSkus", 3),
    ("GET", "/users", 2),
)
"""Resource units of a request; whatever is not listed costs 1."""

_REPORTS = ("/auditLogs/*", "/reports/*", "/users/*/authentication/*")


@dataclasses.dataclass(slots=True)
class Bucket:
    """So much in so many seconds."""

    limit: float
    seconds: float
    level: float
    at: dt.datetime

    def refill(self, now: dt.datetime) -> None:
        """Gain what time has brought."""
        passed = max((now - self.at).total_seconds(), 0.0)
        self.level = min(self.limit, self.level + passed * self.limit / self.seconds)
        self.at = now

    def wait_for(self, amount: float) -> float:
        """Seconds until the amount is there."""
        return max(0.0, (amount - self.level) * self.seconds / self.limit)

    @property
    def used(self) -> float:
        """Share in use, 0 to 1."""
        return 1 - self.level / self.limit


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request goes through, and the headers to tell it by."""

    retry_after: str | None
    units: int
    headers: dict[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Limit:
    scope: str
    why: str
    bucket: Bucket
    amount: float


def cost_of(method: str, path: str, query: Query) -> int:
    """Resource units of a request."""
    units = next((cost for verb, glob, cost in COSTS if verb == method and fnmatch.fnmatchcase(path, glob)), 1)
    units -= bool(query.select)
    units += "expand" in query.raw
    units -= query.top is not None and query.top < _FEW_ROWS
    return max(units, 1)


def size_of(tenant: Tenant) -> TenantSize:
    """The size class of a tenant, by its users."""
    users = len(tenant.users)
    if users < _SMALL_TENANT:
        return TenantSize.S
    return TenantSize.M if users <= _MEDIUM_TENANT else TenantSize.L


class Throttle:
    """All buckets of one simulator."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], Bucket] = {}
        self._lock = threading.Lock()
        self.enabled = True

    def admit(self, *, tenant: Tenant, app_id: str, method: str, path: str, query: Query) -> Verdict:
        """Count a request, or say when it may come again."""
        units = cost_of(method, path, query)
        if not self.enabled:
            return Verdict(None, units, {"x-ms-resource-unit": str(units)})
        with self._lock:
            limits = self._limits(tenant, app_id, method, path, units)
            waits = [(limit.bucket.wait_for(limit.amount), limit) for limit in limits]
            wait, worst = max(waits, key=lambda pair: pair[0])
            if wait > 0:
                mode = "Read" if method == "GET" else "ReadWrite"
                return Verdict(
                    f"{max(wait, 0.001):.3f}",
                    units,
                    {
                        "x-ms-throttle-limit-percentage": "1.0",
                        "x-ms-throttle-scope": f"{worst.scope}/{mode}/{app_id}/{tenant.id}",
                        "x-ms-throttle-information": worst.why,
                    },
                )
            for limit in limits:
                limit.bucket.level -= limit.amount
            fullest = max(limit.bucket.used for limit in limits)
        headers = {"x-ms-resource-unit": str(units)}
        if fullest >= 0.8:  # noqa: PLR2004  the documented border of the header
            headers["x-ms-throttle-limit-percentage"] = f"{fullest:.2f}"
        return Verdict(None, units, headers)

    def _limits(self, tenant: Tenant, app_id: str, method: str, path: str, units: int) -> list[_Limit]:
        pair, every_tenant, every_app = (tenant.id, app_id), ("", app_id), (tenant.id, "")
        found = [_Limit("Application", "RequestLimitExceeded", self._bucket("all", every_tenant, 130_000, 10), 1)]
        if any(fnmatch.fnmatchcase(path, glob) for glob in _REPORTS):
            found.append(_Limit("Tenant_Application", "RequestLimitExceeded", self._bucket("reports", pair, 5, 10), 1))
            found.append(
                _Limit("Application", "RequestLimitExceeded", self._bucket("reports", every_tenant, 122, 10), 1)
            )
            return found
        size = PAIR_UNITS[size_of(tenant)]
        units_why, writes_why = "ResourceUnitLimitExceeded", "WriteLimitExceeded"
        found.append(_Limit("Tenant_Application", units_why, self._bucket("units", pair, size, 10), units))
        found.append(_Limit("Application", units_why, self._bucket("units", every_tenant, 150_000, 20), units))
        if method != "GET":
            found.append(_Limit("Tenant_Application", writes_why, self._bucket("writes", pair, 3000, 150), 1))
            found.append(_Limit("Application", writes_why, self._bucket("writes", every_tenant, 35_000, 300), 1))
            found.append(_Limit("Tenant", writes_why, self._bucket("writes", every_app, 18_000, 300), 1))
        return found

    def _bucket(self, kind: str, key: tuple[str, str], limit: float, seconds: float) -> Bucket:
        now = self._clock.now()
        bucket = self._buckets.get((kind, *key))
        if bucket is None:
            bucket = self._buckets[(kind, *key)] = Bucket(limit, seconds, limit, now)
        bucket.limit = limit
        bucket.refill(now)
        return bucket
