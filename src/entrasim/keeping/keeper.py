"""Which parts make a simulator, and when they are written: before a request that changed something is answered.

Kept: directories, registrations, codes and refresh tokens that are out, the signing key, the clock's offset, the
ports. Not kept, because it is about one run: scripted faults, the journal and its complaints, throttling, sessions in
browsers, and the throw-away certificate authority, whose key must stay nowhere.
"""

import contextlib
import dataclasses
import datetime as dt
import itertools
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from entrasim.clock import SystemClock
from entrasim.codes import Code
from entrasim.keeping.codec import Codec, UnfitError, codec
from entrasim.keeping.store import CannotKeepError, Store, damaged
from entrasim.refresh_tokens import RefreshToken
from entrasim.state import AppRegistration, Tenant, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from entrasim.app import Context

_USERS_IN_A_PART = 1000
"""So that a change in a directory of many thousands writes a fraction of it."""
T = TypeVar("T")


class NotKeptError(Exception):
    """Something could not be written; what was kept before is whole. The message says what."""


@dataclasses.dataclass(slots=True)
class Ports:
    """Where a run listened: links that clients keep name them, so the next run takes the same."""

    https: int = 0
    browser: int = 0
    control: int = 0


@dataclasses.dataclass(slots=True)
class Machine:
    """What is about the simulator itself."""

    clock_offset_seconds: float = 0.0
    signing_key_pem: str = ""
    signing_certificate_pem: str = ""
    ports: Ports = dataclasses.field(default_factory=Ports)
    tenants: list[str] = dataclasses.field(default_factory=list)  # ids, in their order


@dataclasses.dataclass(slots=True)
class SignIns:
    """What clients hold that a sign-in gave them."""

    codes: dict[str, Code] = dataclasses.field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Kept:
    """What was read."""

    machine: Machine
    world: World
    sign_ins: SignIns


class Keeper:
    """Reads a world once, and writes what changes."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            CannotKeepError: it is damaged, of another version, or in use.
        """
        self._store = Store(path)
        self._lock = threading.Lock()
        self._origin: dict[str, Any] = {}
        self._owed: set[str] = set()
        self._parts: dict[str, bytes] = {}
        if not self._store.is_new:
            with self._explained("the file"):
                self._parts = self._store.read()

    @property
    def is_new(self) -> bool:
        """Whether nothing was kept so far."""
        return self._store.is_new

    def load(self) -> Kept | None:
        """What was kept; None: nothing so far.

        Raises:
            CannotKeepError: it does not fit together.
        """
        if self.is_new:
            return None
        machine = self._read("machine", Machine)
        world = World(apps=self._read("apps", dict[str, AppRegistration]))
        for tenant_id in machine.tenants:
            world.tenants[tenant_id] = self._tenant(tenant_id)
        return Kept(machine, world, self._read("sign-ins", SignIns))

    def origin(self, kind: type[T]) -> T:
        """What `note_origin` noted.

        Raises:
            CannotKeepError: it is something else.
        """
        return self._read("origin", kind)

    def note_origin(self, origin: Any) -> None:  # noqa: ANN401  a dataclass of whoever built the world
        """Keep what the world was built from, with the next save."""
        self._origin = {"origin": _codec(type(origin)).write(origin)}

    def save(self, context: "Context", ports: Ports, *, directories: bool = True, everything: bool = False) -> None:
        """Write what changed; returns when it is in the file.

        Args:
            context: what to keep of.
            ports: where it listens.
            directories: the touched tenants too.
            everything: all tenants, whether touched or not.

        Raises:
            NotKeptError: some of it is not written.
        """
        touched = context.world.take_touched()
        if not directories:
            touched = set()
        with self._lock:
            # What could not be written is owed until it is.
            self._owed |= touched
            self._save(context, ports, set(context.world.tenants) if everything else self._owed)
            self._owed.clear()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._store.close()

    def _save(self, context: "Context", ports: Ports, tenant_ids: "Iterable[str]") -> None:
        world, trouble = context.world, []
        parts: dict[str, Any] = dict(self._origin)
        gone: set[str] = set()
        with world.lock:
            tenants = dict(world.tenants)
            tenant_ids = {*tenant_ids, *(set(tenants) - self._known())} & set(tenants)  # new ones are always written
            parts["apps"] = codec(dict[str, AppRegistration]).write(world.apps)
        parts["sign-ins"] = codec(SignIns).write(SignIns(context.codes.out(), context.refresh_tokens.out()))
        for tenant_id in tenant_ids:
            # One directory with something in it that cannot be kept must not cost the others.
            try:
                made = _parts_of(tenants[tenant_id])
            except UnfitError as error:
                trouble.append(f"{tenants[tenant_id].display_name}: {error}")
                if tenant_id not in self._known():
                    del tenants[tenant_id]
            else:
                parts |= made
                gone |= {name for name in self._store.names() if name.startswith(f"users/{tenant_id}/")} - set(made)
        clock = context.clock
        offset = clock.offset if isinstance(clock, SystemClock) else dt.timedelta(0)
        key, certificate = context.keys.pem()
        machine = Machine(offset.total_seconds(), key, certificate, ports, list(tenants))
        parts["machine"] = codec(Machine).write(machine)
        try:
            self._store.write({name: orjson.dumps(part) for name, part in parts.items()}, without=frozenset(gone))
        except (sqlite3.Error, orjson.JSONEncodeError) as error:
            raise NotKeptError(f"entrasim could not keep its world in {self._store.path}: {error}") from error
        if trouble:
            raise NotKeptError(f"entrasim could not keep {'; '.join(trouble)}")

    def _known(self) -> set[str]:
        return {name.removeprefix("tenant/") for name in self._store.names() if name.startswith("tenant/")}

    def _tenant(self, tenant_id: str) -> Tenant:
        names = sorted(name for name in self._parts if name.startswith(f"users/{tenant_id}/"))
        with self._explained(f"tenant/{tenant_id}"):
            written = orjson.loads(self._parts[f"tenant/{tenant_id}"])
            written["users"] = {key: row for name in names for key, row in orjson.loads(self._parts[name]).items()}
            found: Tenant = codec(Tenant).read(written)
        return found

    def _read(self, name: str, kind: type[T]) -> T:
        with self._explained(name):
            found: T = _codec(kind).read(orjson.loads(self._parts[name]))
        return found

    @contextlib.contextmanager
    def _explained(self, name: str) -> "Iterator[None]":
        """Let go of a file that cannot be read, and say why it cannot."""
        try:
            yield
        except CannotKeepError:
            self._store.close()
            raise
        except KeyError as error:
            self._store.close()
            raise damaged(self._store.path, f"{error} is missing") from error
        except (UnfitError, orjson.JSONDecodeError, TypeError, AttributeError) as error:
            self._store.close()
            raise damaged(self._store.path, f"{name}: {error}") from error


def _codec(kind: Any) -> Codec:  # noqa: ANN401  a type, which a cache takes as any other key
    return codec(kind)


def _parts_of(tenant: Tenant) -> dict[str, Any]:
    """The parts of a directory: its users by the thousand, and all the rest."""
    with tenant.lock:
        written = codec(Tenant).write(tenant)
    users = iter(written.pop("users", {}).items())
    parts = {f"tenant/{tenant.id}": written}
    for number in itertools.count():
        some = dict(itertools.islice(users, _USERS_IN_A_PART))
        if not some:
            return parts
        parts[f"users/{tenant.id}/{number:06}"] = some
    raise AssertionError  # counting has no end
