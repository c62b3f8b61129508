"""State as JSON and back, by the types of the dataclasses: what does not fit its type is neither written nor read.

A field that is left out of comparisons (a lock, a derived lookup) is not state and is not kept. A field that is missing
takes its default, so that a later version may add one; a field that is not known is refused.
"""

import base64
import binascii
import dataclasses
import datetime as dt
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any

_TIME = "$time"
"""Marks a time where the type promises nothing (`object`: bodies in Graph's shape)."""
_IS = "$is"
"""Names the dataclass where several are possible."""


class UnfitError(Exception):
    """A value that is not of its type; the message says where and what."""


@dataclasses.dataclass(frozen=True, slots=True)
class Codec:
    """How values of one type are written and read. Both raise UnfitError."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


@functools.cache
def codec(hint: Any) -> Codec:  # noqa: ANN401  any type annotation of the state
    """The codec of a type annotation.

    Raises:
        TypeError: a type that the state has no use for so far.
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint in _SIMPLE:
        made = _SIMPLE[hint]
    elif dataclasses.is_dataclass(hint):
        made = _fields_of(typing.cast("type[Any]", hint))
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        made = Codec(lambda value: _of(value, hint).value, lambda value: _enum(hint, value))
    elif origin in {typing.Union, types.UnionType}:
        made = _one_of(inner)
    elif origin is dict and inner[0] is str:
        made = _mapping(codec(inner[1]))
    elif origin is list or (origin is tuple and inner[1:] == (...,)):
        made = _many(origin, codec(inner[0]))
    elif origin is set:
        made = _set(codec(inner[0]))
    elif origin is tuple:
        made = _row(tuple(map(codec, inner)))
    else:
        raise TypeError(f"no way to keep {hint!r}")
    return made


def _of(value: Any, *kinds: type) -> Any:  # noqa: ANN401  whatever was given
    # Exact types: a bool is an int to isinstance, and a subclass would come back as something else.
    if type(value) not in kinds:
        raise UnfitError(f"{type(value).__name__} instead of {' or '.join(kind.__name__ for kind in kinds)}")
    return value


def _plain(*kinds: type) -> Codec:
    check = functools.partial(_check, frozenset(kinds))
    return Codec(check, check)


def _check(kinds: frozenset[type], value: Any) -> Any:  # noqa: ANN401  as above
    return value if type(value) in kinds else _of(value, *sorted(kinds, key=lambda kind: kind.__name__))


def _write_time(value: Any) -> str:  # noqa: ANN401  as above
    if type(value) is not dt.datetime or value.tzinfo is None:
        raise UnfitError(f"{value!r} instead of a time with its zone")
    return value.isoformat()


def _read_time(value: Any) -> dt.datetime:  # noqa: ANN401  as above
    try:
        moment = dt.datetime.fromisoformat(_of(value, str))
    except ValueError as error:
        raise UnfitError(f"{value!r} is not a time") from error
    if moment.tzinfo is None:
        raise UnfitError(f"{value!r} has no zone")
    return moment.astimezone(dt.UTC)


def _read_bytes(value: Any) -> bytes:  # noqa: ANN401  as above
    try:
        return base64.b64decode(_of(value, str), validate=True)
    except binascii.Error as error:
        raise UnfitError("not base64") from error


def _write_object(value: Any) -> Any:  # noqa: ANN401  as above
    """JSON as it is, with times marked."""
    match value:
        case None | str() | bool() | int() | float():
            return value
        case dt.datetime():
            return {_TIME: _write_time(value)}
        case list() | tuple():
            return [_write_object(item) for item in value]
        case dict() if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: _write_object(item) for key, item in value.items()}
    raise UnfitError(f"{type(value).__name__} is not JSON")


def _read_object(value: Any) -> Any:  # noqa: ANN401  as above
    if isinstance(value, list):
        return [_read_object(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_TIME}:
        return _read_time(value[_TIME])
    return {key: _read_object(item) for key, item in value.items()}


def _enum(kind: type[enum.Enum], value: Any) -> enum.Enum:  # noqa: ANN401  as above
    try:
        return kind(value)
    except ValueError as error:
        raise UnfitError(str(error)) from error


def _mapping(item: Codec) -> Codec:
    return Codec(
        lambda value: {_of(key, str): item.write(each) for key, each in _of(value, dict).items()},
        lambda value: {key: item.read(each) for key, each in _of(value, dict).items()},
    )


def _many(kind: type, item: Codec) -> Codec:
    return Codec(
        lambda value: [item.write(each) for each in _of(value, kind)],
        lambda value: kind(item.read(each) for each in _of(value, list)),
    )


def _set(item: Codec) -> Codec:
    return Codec(
        lambda value: sorted(item.write(each) for each in _of(value, set)),
        lambda value: {item.read(each) for each in _of(value, list)},
    )


def _row(items: tuple[Codec, ...]) -> Codec:
    def check(value: Any, kind: type) -> Any:  # noqa: ANN401  as above
        if len(_of(value, kind)) != len(items):
            raise UnfitError(f"{len(value)} values instead of {len(items)}")
        return value

    return Codec(
        lambda value: [item.write(each) for item, each in zip(items, check(value, tuple), strict=True)],
        lambda value: tuple(item.read(each) for item, each in zip(items, check(value, list), strict=True)),
    )


def _one_of(hints: tuple[Any, ...]) -> Codec:
    """An optional value, or one of several dataclasses, which is then named."""
    some = [hint for hint in hints if hint is not types.NoneType]
    inner = codec(some[0]) if len(some) == 1 else _named(some)
    if len(some) == len(hints):
        return inner
    return Codec(
        lambda value: None if value is None else inner.write(value),
        lambda value: None if value is None else inner.read(value),
    )


def _named(kinds: list[Any]) -> Codec:
    by_name = {kind.__name__: codec(kind) for kind in kinds}

    def pick(name: object) -> Codec:
        if name not in by_name:
            raise UnfitError(f"{name} instead of {' or '.join(by_name)}")
        return by_name[str(name)]

    return Codec(
        lambda value: {_IS: type(value).__name__, **pick(type(value).__name__).write(value)},
        lambda value: pick(_of(value, dict).get(_IS)).read({k: v for k, v in value.items() if k != _IS}),
    )


def _fields_of(kind: type[Any]) -> Codec:
    hints = typing.get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.compare]
    codecs = {field.name: codec(hints[field.name]) for field in fields}
    needed = {
        field.name
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }

    # Most fields of most objects hold their default; leaving those out halves a large directory.
    usual = {field.name: (type(field.default), field.default) for field in fields if field.name not in needed}
    factories: tuple[Any, ...] = (list, dict, set)
    empty = {field.name for field in fields if field.default_factory in factories}

    def write(value: Any) -> dict[str, Any]:  # noqa: ANN401  as above
        written, name = {}, ""
        try:
            _of(value, kind)
            for name, inner in codecs.items():
                held = getattr(value, name)
                if (name in usual and (type(held), held) == usual[name]) or (name in empty and not held):
                    continue
                written[name] = inner.write(held)
        except UnfitError as error:
            raise _at(kind, name, error) from error
        return written

    def read(value: Any) -> Any:  # noqa: ANN401  as above
        found, name = {}, ""
        try:
            for name, item in _of(value, dict).items():
                found[name] = codecs.get(name, _UNKNOWN).read(item)
        except UnfitError as error:
            raise _at(kind, name, error) from error
        if missing := needed - set(found):
            raise UnfitError(f"{kind.__name__} without {', '.join(sorted(missing))}")
        return kind(**found)

    return Codec(write, read)


def _at(kind: type[Any], name: str, error: UnfitError) -> UnfitError:
    return UnfitError(f"{kind.__name__}{'.' if name else ''}{name}: {error}")


def _unknown(_value: object) -> None:
    raise UnfitError("no such field")


_UNKNOWN = Codec(_unknown, _unknown)
_OBJECT = Codec(_write_object, _read_object)
_SIMPLE: dict[Any, Codec] = {
    str: _plain(str),
    int: _plain(int),
    bool: _plain(bool),
    float: _plain(float, int),
    bytes: Codec(lambda value: base64.b64encode(_of(value, bytes)).decode(), _read_bytes),
    dt.datetime: Codec(_write_time, _read_time),
    object: _OBJECT,
    Any: _OBJECT,
}
