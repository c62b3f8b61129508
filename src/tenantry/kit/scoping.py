"""Whose rows the code at hand may touch: the second belt of customer isolation, kept by PostgreSQL itself.

The scope travels in a context variable. Before a statement runs, the database connection is brought into the scope of
the code that sends it: within a technician's scope it acts as the role `APP_ROLE`, for which row-level security holds,
and tells the policies the technician's id. Everything else (worker, command line) is the system's and sees all rows.
Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
"""

import contextlib
import contextvars
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

APP_ROLE: Final = "tenantry_app"
"""The role that owns nothing; made by the migration `customers.0003_row_level_security`."""
SYSTEM: Final = "system"
NOBODY: Final = "nobody"
"""Sees no customer's rows."""

T = TypeVar("T")
_scope: Final = contextvars.ContextVar("tenantry_scope", default=SYSTEM)
_APPLY: Final = "SELECT set_config('role', %s, false), set_config('tenantry.scope', %s, false)"
# These end or undo what went before and must run in a failed transaction, where no other statement can.
_UNSCOPED: Final = ("SAVEPOINT", "ROLLBACK", "RELEASE")


def of_technician(technician_id: uuid.UUID, *, group_ids: Collection[uuid.UUID] | None = None) -> str:
    """The scope in which only the rows of the technician's customers exist.

    Args:
        technician_id: whose.
        group_ids: the customer groups that a token is bound to: of their customers only those in one of these exist.
    """
    bounds = "" if group_ids is None else f"/{','.join(sorted(map(str, group_ids)))}"
    return f"technician:{technician_id}{bounds}"


def current() -> str:
    """The scope of the code at hand."""
    return _scope.get()


@contextlib.contextmanager
def scoped(scope: str) -> Iterator[None]:
    """Run a block in `scope`; the former one is back afterwards, whatever happens."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def each_in(scope: str, parts: Iterator[T]) -> Iterator[T]:
    """The same `parts`, each made in `scope`: a streamed answer is written after the middleware has returned."""
    while True:
        with scoped(scope):
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


class Belt:
    """Brings one database connection into the scope at hand before each statement; costs nothing while it is there."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The connection is a new one."""
        self._applied = SYSTEM
        self._is_certain = True

    def __call__(  # Django calls it by position
        self,
        execute: Callable[..., object],
        sql: object,
        params: object,
        many: bool,  # noqa: FBT001  as above
        context: Mapping[str, Any],
    ) -> object:
        """Django's execute wrapper: see its page "Database instrumentation"."""
        wanted = current()
        if (wanted != self._applied or not self._is_certain) and not str(sql).startswith(_UNSCOPED):
            self._apply(context["connection"], wanted)
        return execute(sql, params, many, context)

    def _apply(self, connection: BaseDatabaseWrapper, wanted: str) -> None:
        self._is_certain = False
        role = "none" if wanted == SYSTEM else APP_ROLE
        with connection.wrap_database_errors, connection.connection.cursor() as cursor:
            cursor.execute(_APPLY, [role, wanted])
        self._applied = wanted
        # Inside a transaction a rollback would undo it unseen, so it is said again until it was said outside of one.
        self._is_certain = not connection.in_atomic_block


def _install(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    del kwargs
    for wrapper in connection.execute_wrappers:
        if isinstance(wrapper, Belt):
            wrapper.reset()
            return
    connection.execute_wrappers.insert(0, Belt())  # in front: context managers take theirs off the end


def install() -> None:
    """Put the belt on every database connection from now on."""
    connection_created.connect(_install, dispatch_uid="tenantry.scoping")
