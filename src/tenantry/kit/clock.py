"""The only source of time.

Everything asks `now()`; tests travel by installing a `TravellingClock`, so no test sleeps and no rule about minutes is
left untested.
"""

import datetime as dt
import threading
import time
from typing import Protocol

UTC = dt.UTC


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> dt.datetime:
        """The time now, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long (a travelling clock moves instead)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """The time now, aware, in UTC."""
        return dt.datetime.now(tz=UTC)

    def sleep(self, seconds: float) -> None:
        """Block the calling thread for `seconds`."""
        time.sleep(seconds)


class TravellingClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._now = start or dt.datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        """The time the clock shows."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` without waiting."""
        self.travel(dt.timedelta(seconds=max(0.0, seconds)))

    def travel(self, step: dt.timedelta) -> dt.datetime:
        """Move on by `step`; returns the new time."""
        with self._lock:
            self._now += step
            return self._now


_clock: Clock = SystemClock()


def install(clock: Clock) -> Clock:
    """Make `clock` the source of time of this process; returns the one it replaces."""
    global _clock
    previous, _clock = _clock, clock
    return previous


def now() -> dt.datetime:
    """The time now, aware, in UTC."""
    return _clock.now()


def sleep(seconds: float) -> None:
    """Wait on the installed clock."""
    _clock.sleep(seconds)
