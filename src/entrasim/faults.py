"""Scripted faults: what a test or a demo asks to go wrong, once or several times, on the paths it names."""

import dataclasses
import datetime as dt
import fnmatch
import threading
import uuid

from entrasim.clock import Clock

KINDS = {
    "throttled": "429 with Retry-After (retry_after, text, may be decimal; None: no header), before any effect",
    "error": "an error answer before any effect (status, code, message)",
    "lost": "the effect happens, then the connection closes without an answer",
    "refused_before": "the connection closes before any effect",
    "stale": "reads answer what was there before the last change made over Graph (times, or seconds)",
    "slow": "the body trickles (seconds between pieces, chunk in bytes)",
    "no_roles": "tokens are minted without the roles claim",
    "not_found": "404 for a path with an object in it",
}

TOKEN_PATH = "/oauth2/v2.0/token"  # noqa: S105  a path

FaultOption = str | int | float | None


@dataclasses.dataclass(slots=True)
class Fault:
    """One scripted fault; `left` counts down to nothing."""

    kind: str
    method: str
    path: str
    left: int
    options: dict[str, FaultOption]
    until: dt.datetime | None = None
    id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    taken: int = 0


class Faults:
    """The faults of every tenant."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()

    def add(
        self, tenant_id: str, *, kind: str, method: str, path: str, times: int, options: dict[str, FaultOption]
    ) -> Fault:
        """Script a fault. `seconds` limits `stale` by time instead of by count.

        Raises:
            ValueError: no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
        until = None
        if kind == "stale" and "seconds" in options:
            until = self._clock.now() + dt.timedelta(seconds=float(options["seconds"] or 0))
        fault = Fault(kind, method.upper(), path, times, dict(options), until)
        with self._lock:
            self._faults.setdefault(tenant_id, []).append(fault)
        return fault

    def take(self, tenant_id: str, method: str, path: str, *kinds: str) -> Fault | None:
        """The first waiting fault of these kinds for the request, counted as used."""
        with self._lock:
            for fault in self._faults.get(tenant_id, ()):
                if fault.kind in kinds and self._fits(fault, method, path):
                    fault.taken += 1
                    if fault.until is None:
                        fault.left -= 1
                    return fault
        return None

    def clear(self, tenant_id: str) -> None:
        """Forget all faults of a tenant."""
        with self._lock:
            self._faults.pop(tenant_id, None)

    def _fits(self, fault: Fault, method: str, path: str) -> bool:
        if fault.until is not None:
            if self._clock.now() >= fault.until:
                return False
        elif fault.left <= 0:
            return False
        if fault.kind == "stale" and method != "GET":
            return False
        if fault.path == "*":
            # A fault for "everything" means Graph; who wants the token endpoint names it.
            return fault.method in {"*", method} and (path != TOKEN_PATH or fault.kind == "no_roles")
        return fault.method in {"*", method} and fnmatch.fnmatchcase(path, fault.path)
