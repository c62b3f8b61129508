"""Looking at every exchange with the simulator; each shape once."""

import json
import threading
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from entrasim.web import Reply
from tests.contract.description import Description
from tests.contract.deviations import is_known

_LOOKED_AT: Final = 3
"""So many items of a list are looked at: the others are made by the same code."""
_FIRST_ERROR: Final = 400
_ERROR_KEYS: Final = frozenset({"code", "message", "innerError", "details", "target"})


class Observer:
    """Remembers what does not fit the description."""

    def __init__(self, described: Description) -> None:
        self._described = described
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self.operations: set[str] = set()
        self.broken: list[str] = []

    def __call__(self, method: str, path: str, query: str, request_body: bytes, status: int, answer: object) -> None:
        """Look at one exchange; called by the simulator's threads."""
        try:
            sent = json.loads(request_body) if request_body else None
        except ValueError:
            sent = None
        sent, told = _cut(sent), _cut(answer)
        names = sorted({name for name, _ in parse_qsl(query)})
        shape = f"{method} {_shape_of_path(path)} {names} {status} {_shape(sent)} {_shape(told)}"
        with self._lock:
            if shape in self._known:
                return
            self._known.add(shape)
        try:
            told = None if told is None else json.loads(Reply(body=told).data())  # as it goes over the wire
            found = self.problems(method, path, query, sent, status, told)
        except Exception as error:  # noqa: BLE001  told by the test; raised here it would only look like a broken server
            found = [f"{method} {path}: the observer itself failed: {error!r}"]
        with self._lock:
            self.broken += found

    def problems(self, method: str, path: str, query: str, sent: object, status: int, told: object) -> list[str]:
        """What of one exchange does not fit, a line each; what is listed as a deviation is left out."""
        where = f"{method} {_shape_of_path(path)} {status}"
        if status >= _FIRST_ERROR:
            found = [] if _is_error(told) else [f"an error without Graph's shape: {json.dumps(told)[:200]}"]
        else:
            found = self._of_success(method, path, query, sent, status, told)
        lines = [f"{where}: {line}" for line in found]
        return [line for line in lines if not is_known(line)]

    def _of_success(self, method: str, path: str, query: str, sent: object, status: int, told: object) -> list[str]:
        operation = self._described.find(method, path)
        if operation is None:
            return ["not in the description"]
        self.operations.add(f"{method} {operation.path}")
        found = [
            f"query {name} is not in the description"
            for name, _ in parse_qsl(query, keep_blank_values=True)
            if name not in operation.query
        ]
        if sent is not None:
            if operation.request is None:
                found.append("a body where none is described")
            else:
                found += [f"request {line}" for line in self._described.problems(operation.request, sent)]
        try:
            schema = operation.answer(status)
        except KeyError:
            return [*found, "this status is not described"]
        if told is not None and schema is not None:
            found += [f"answer {line}" for line in self._described.problems(schema, told)]
        if told is None and schema is not None and status != 204:
            found.append("no body where one is described")
        return found


def _is_error(told: object) -> bool:
    error = told.get("error") if isinstance(told, dict) else None
    return (
        isinstance(error, dict)
        and isinstance(error.get("code"), str)
        and isinstance(error.get("message"), str)
        and error.keys() <= _ERROR_KEYS
    )


def _cut(value: object) -> object:
    """The value with long lists cut short."""
    if isinstance(value, Mapping):
        return {key: _cut(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value[:_LOOKED_AT]]
    return value


def _shape(value: object) -> Any:  # noqa: ANN401  a nest of names
    if isinstance(value, Mapping):
        return tuple((key, _shape(value[key])) for key in sorted(value))
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value).__name__


def _shape_of_path(path: str) -> str:
    """The path with its ids taken out."""
    parts = []
    for part in path.split("/"):
        has_digits = any(sign.isdigit() for sign in part)
        parts.append("{}" if has_digits or "@" in part else part.partition("(")[0])
    return "/".join(parts)
