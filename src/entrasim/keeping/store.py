"""Named parts in one SQLite file: several change together or not at all, also when the process is killed."""

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

FORMAT = 1
"""Raised when what was written before can no longer be read."""
_WAIT_SECONDS = 5.0
"""For a simulator that is on its way out."""


class CannotKeepError(Exception):
    """The file is of no use; the message says what is wrong and what to do."""


def damaged(path: Path, why: object) -> CannotKeepError:
    """What to say about a file that cannot be read."""
    return CannotKeepError(
        f"The kept world {path} is damaged ({why}). Restore it from a copy, or remove it: the simulator then begins "
        "with a new world, and whoever remembers tenants of the old one finds them gone."
    )


class Store:
    """The open file, held alone by this process.

    Attributes:
        path: of the file, readable by its owner only.
        is_new: nothing was kept in it so far.
    """

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises:
            CannotKeepError: it is damaged, of another version, in use, or cannot be made.
        """
        self.path = path
        self._digests: dict[str, bytes] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise CannotKeepError(f"The world cannot be kept in {path}: {error.strerror}. Choose another.") from error
        self._file = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            self.is_new = self._prepare()
        except BaseException:
            self._file.close()
            raise

    def _prepare(self) -> bool:
        try:
            # Alone, and with a log beside the file: a commit is whole, and costs no wait for the disk.
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._file.execute("PRAGMA user_version").fetchone()
            if version not in {0, FORMAT}:
                raise CannotKeepError(
                    f"The kept world {self.path} has format {version}; this entrasim reads {FORMAT}. Use the version "
                    "that wrote it, or remove it: the simulator then begins with a new world."
                )
            if version == 0:
                self._file.execute("BEGIN IMMEDIATE")
                self._file.execute(
                    "CREATE TABLE part (name TEXT PRIMARY KEY, body BLOB NOT NULL, digest BLOB NOT NULL)"
                )
                self._file.execute(f"PRAGMA user_version = {FORMAT}")
                self._file.execute("COMMIT")
            return self._file.execute("SELECT 1 FROM part LIMIT 1").fetchone() is None
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise damaged(self.path, error) from error
            raise CannotKeepError(
                f"The kept world {self.path} is in use by another simulator. Stop that one first, or choose another "
                "file."
            ) from error
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error

    def read(self) -> dict[str, bytes]:
        """Every part.

        Raises:
            CannotKeepError: a part is not what was written.
        """
        parts = {}
        try:
            for name, body, digest in self._file.execute("SELECT name, body, digest FROM part"):
                if not isinstance(body, bytes) or _digest(name, body) != digest:
                    raise damaged(self.path, f"{name} was altered")
                parts[name] = body
                self._digests[name] = digest
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, error) from error
        return parts

    def write(self, parts: Mapping[str, bytes], *, without: frozenset[str] = frozenset()) -> None:
        """Write the parts that differ from what is there, and drop those named, in one transaction.

        Raises:
            sqlite3.Error: it could not be written; nothing of it is.
        """
        digests = {name: _digest(name, body) for name, body in parts.items()}
        changed = [name for name, digest in digests.items() if self._digests.get(name) != digest]
        gone = [name for name in without if name in self._digests]
        if not changed and not gone:
            return
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._file.executemany("DELETE FROM part WHERE name = ?", [(name,) for name in gone])
            self._file.executemany(
                "INSERT OR REPLACE INTO part (name, body, digest) VALUES (?, ?, ?)",
                [(name, parts[name], digests[name]) for name in changed],
            )
            self._file.execute("COMMIT")
        except BaseException:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
            raise
        self._digests.update((name, digests[name]) for name in changed)
        for name in gone:
            del self._digests[name]

    def names(self) -> frozenset[str]:
        """Of the parts that are there."""
        return frozenset(self._digests)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _digest(name: str, body: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + body).digest()
