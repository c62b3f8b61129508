"""The process tree of `tenantry up`: the embedded database, web and worker, started and stopped together.

No Django here: the parent must decide addresses and ports before any settings are read.
"""

import contextlib
import dataclasses
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from tenantry import embedded
from tenantry.guard import STOP_SECONDS, Guard

READY_SECONDS = 60.0
_POLL_SECONDS = 0.05
EMBEDDED_LOGIN = "tenantry_login"
OWNER_SETTINGS = ("TENANTRY_DATABASE_OWNER_URL", "TENANTRY_DATABASE_OWNER_URL_FILE")


class CannotStart(Exception):  # the name says what happened
    """Something stands in the way; the message says what, why and what to do."""


class Stopped(Exception):
    """Somebody asked the tree to stop."""


def free_port() -> int:
    """A TCP port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def require_port(port: int, *, name: str) -> int:
    """`port`, or a free one when it is 0.

    Raises:
        CannotStart: another program listens there.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} is taken by another program. Stop it, or set {name} to another one (0: a free one)."
            ) from error
    return port


@contextlib.contextmanager
def sole_owner(data_dir: Path) -> Iterator[None]:
    """Hold the data directory: two trees on one directory would fight over one database.

    Raises:
        CannotStart: another `tenantry up` runs on this data.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "up.lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            raise CannotStart(
                f"Tenantry already runs on this data ({data_dir}): process {owner}. "
                "Stop that one first, or set TENANTRY_DATA_DIR to another directory."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def start_postgres(directory: Path) -> Any:  # noqa: ANN401  the wheel publishes no types
    """Start (or join) PostgreSQL from the wheel on `directory`/postgres; the last process to leave stops it.

    Raises:
        CannotStart: it does not get ready within a minute.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return embedded.start_or_join(directory)
        except embedded.CannotStartPostgresError as error:
            raise CannotStart(str(error)) from error
        except embedded.NotReadyError as error:
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"PostgreSQL still recovers after {READY_SECONDS:.0f} seconds. Try again later; its own words are "
                    f"at the end of {directory / 'postgres' / 'log'}."
                ) from error
            time.sleep(_POLL_SECONDS)


@dataclasses.dataclass(frozen=True, slots=True)
class Addresses:
    """The two ways into the embedded database, as addresses.

    Attributes:
        owner: who makes the tables.
        login: who works in them; see `tenantry.kit.database_roles`.
    """

    owner: str
    login: str

    def settings(self) -> dict[str, str]:
        """The same as settings, for the process that migrates; web and worker get the login's alone."""
        return {"TENANTRY_DATABASE_OWNER_URL": self.owner, "TENANTRY_DATABASE_URL": self.login}


@contextlib.contextmanager
def embedded_database(data_dir: Path) -> Iterator[Addresses]:
    """Run PostgreSQL from the wheel on `data_dir`/postgres; yields the addresses of its database `tenantry`.

    Raises:
        CannotStart: it does not get ready.
    """
    import psycopg

    server = start_postgres(data_dir)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'tenantry'").fetchone() is None:
                connection.execute("CREATE DATABASE tenantry")
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [EMBEDDED_LOGIN]).fetchone() is None:
                connection.execute(f"CREATE ROLE {EMBEDDED_LOGIN} LOGIN NOSUPERUSER NOBYPASSRLS")
        owner = str(server.get_uri(database="tenantry"))
        yield Addresses(owner=owner, login=owner.replace("//postgres:", f"//{EMBEDDED_LOGIN}:", 1))
    finally:
        server.cleanup()


class Tree:
    """Child processes that live and die together, also when this process is killed."""

    def __init__(self, environment: Mapping[str, str], guard: Guard) -> None:
        self.environment = dict(environment)
        self._guard = guard
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *arguments: str, is_quiet: bool = False) -> None:
        """Start `python -m ...` as the child `name`, in a session of its own so that Ctrl-C reaches only the parent.

        To be called in the main thread: the child ends with the thread that started it (see `tether`).
        """
        child = self._children[name] = subprocess.Popen(  # noqa: S603  our own interpreter and modules
            [sys.executable, "-m", "tenantry.tether", str(os.getpid()), *arguments],
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL if is_quiet else None,
        )
        self._guard.child(child.pid)

    def watch(self, *, until: Callable[[], bool] | None = None, seconds: float | None = None) -> None:
        """Return when `until` holds.

        Raises:
            CannotStart: a child ended by itself, or `seconds` passed.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            for name, child in self._children.items():
                code = child.poll()
                if code is not None:
                    raise CannotStart(f"The {name} process ended by itself (code {code}); see its messages above.")
            if until is not None and until():
                return
            if deadline is not None and time.monotonic() > deadline:
                raise CannotStart(f"Not ready after {seconds:.0f} seconds; see the messages above.")
            time.sleep(_POLL_SECONDS if until is not None else 0.5)

    def stop(self) -> None:
        """Ask every child to end, newest first, and end those that do not."""
        for child in reversed(self._children.values()):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in reversed(self._children.values()):
            try:
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)  # with whatever it started itself
                child.wait()
        self._children.clear()


def answers(url: str) -> bool:
    """Whether `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def stop_on_signals() -> None:
    """Make SIGINT and SIGTERM raise `Stopped` in the main thread, so that every `finally` runs."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        # One stop is enough: a second Ctrl-C while stopping must not cut the clean-up short.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
