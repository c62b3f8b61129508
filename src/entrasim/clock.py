"""Time inside the simulator: the system's, or one that a test moves (maybe shared with the program under test)."""

import datetime as dt
import threading
import time
from typing import Protocol

UTC = dt.UTC


class Clock(Protocol):
    """Anything that tells the time and waits; a test may pass the clock of the program it tests."""

    def now(self) -> dt.datetime:
        """The time now, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        ...


class SystemClock:
    """The machine's clock plus an offset that the control address may move (`advance`)."""

    def __init__(self, offset: dt.timedelta = dt.timedelta(0)) -> None:
        self._offset = offset
        self._lock = threading.Lock()

    def now(self) -> dt.datetime:
        """The time now, aware, in UTC."""
        with self._lock:
            return dt.datetime.now(tz=UTC) + self._offset

    @property
    def offset(self) -> dt.timedelta:
        """How far it is ahead of the machine's."""
        with self._lock:
            return self._offset

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        time.sleep(seconds)

    def advance(self, step: dt.timedelta) -> dt.datetime:
        """Move the simulator's time on by `step` (it never goes back)."""
        if step < dt.timedelta(0):
            raise ValueError("time only moves forward")
        with self._lock:
            self._offset += step
        return self.now()
