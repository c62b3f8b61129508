"""`python -m tenantry.guard`: outlives a supervisor that was killed, and ends what that one can no longer end.

The supervisor tells it over a pipe what it started. If the pipe closes without a farewell, the supervisor is dead: its
children were asked to end by the kernel (`tether`), get the time that a stop gives them, and PostgreSQL is then shut
down as in any stop. The guard itself does nothing as long as its supervisor lives.
"""

import contextlib
import dataclasses
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_FAREWELL, _CHILD, _DATABASE = "farewell", "child", "database"
STOP_SECONDS = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class Guard:
    """The supervisor's end of the pipe."""

    _pipe: IO[str]

    def child(self, pid: int) -> None:
        """Tell of a child that leads a session of its own."""
        self._tell(f"{_CHILD} {pid}")

    def database(self, data_dir: Path) -> None:
        """Tell of an embedded PostgreSQL, before it is started."""
        self._tell(f"{_DATABASE} {data_dir}")

    def _tell(self, line: str) -> None:
        # A guard that somebody killed is no reason to stop what works.
        with contextlib.suppress(BrokenPipeError):
            self._pipe.write(f"{line}\n")
            self._pipe.flush()


@contextlib.contextmanager
def guarded() -> Iterator[Guard]:
    """Run a guard beside the block; leaving it in any way but death is the farewell."""
    with subprocess.Popen(
        [sys.executable, "-m", "tenantry.guard"], stdin=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdin is not None  # noqa: S101  for the type checker
        guard = Guard(process.stdin)
        try:
            yield guard
        finally:
            guard._tell(_FAREWELL)  # noqa: SLF001  its own
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


@dataclasses.dataclass(slots=True)
class _Child:
    pid: int
    handle: int  # a pidfd: it stays this process, whoever gets the number later

    def is_gone(self, seconds: float) -> bool:
        return bool(select.select([self.handle], [], [], max(0.0, seconds))[0])


def main() -> int:
    """Listen to the supervisor; after its death end what it left."""
    children: list[_Child] = []
    databases: list[Path] = []
    for line in sys.stdin:
        word, _, what = line.rstrip("\n").partition(" ")
        if word == _FAREWELL:
            return 0
        if word == _DATABASE:
            databases.append(Path(what))
        if word == _CHILD:
            with contextlib.suppress(ProcessLookupError):
                children.append(_Child(int(what), os.pidfd_open(int(what))))
    _end(children)
    for data_dir in databases:
        _shut_down(data_dir)
    return 0


def _end(children: list[_Child]) -> None:
    """Wait for who was asked to end, and end who does not, with everything in that session."""
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        if not child.is_gone(deadline - time.monotonic()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def _shut_down(data_dir: Path) -> None:
    """Leave the embedded database as the supervisor would have: the last one out stops it."""
    from tenantry import embedded, processes  # noqa: PLC0415  not before it is needed: the guard is small while it waits

    if embedded.is_running(data_dir / "postgres"):
        processes.start_postgres(data_dir).cleanup()


if __name__ == "__main__":
    sys.exit(main())
