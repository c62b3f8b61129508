"""`$filter`: text to a predicate. The grammar is the part of OData that the directory takes.

or:         and ("or" and)*
and:        not ("and" not)*
not:        "not" not | "(" or ")" | startswith(path, text) | endswith(path, text) | path/any(x:or) | comparison
comparison: path ("eq" | "ne" | "gt" | "ge" | "lt" | "le") value | path "in" (value, ...)
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from entrasim.errors import GraphError, bad_request

Predicate = Callable[[Any], bool]
Getter = Callable[[Any], Any]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),:])|(?P<word>[^\s(),:']+(?::\d\d:\d\d[^\s(),']*)?))")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter. `is_advanced`: it needs ConsistencyLevel: eventual and $count=true."""

    matches: Predicate
    is_advanced: bool


def compile_filter(text: str, fields: Mapping[str, Getter]) -> Filter:
    """Compile `$filter` over objects whose properties `fields` reads.

    Raises:
        GraphError: 400 for syntax errors, unknown properties and functions that the directory does not take.
    """
    parser = _Parser(text, fields)
    predicate = parser.whole()
    return Filter(predicate, parser.is_advanced)


def _invalid(reason: str) -> GraphError:
    return bad_request(f"Invalid filter clause: {reason}", code="BadRequest")


class _Parser:
    def __init__(self, text: str, fields: Mapping[str, Getter]) -> None:
        self.fields = fields
        self.is_advanced = False
        self.tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _invalid(f"There is an unterminated literal at position {position} in '{text}'.")
            self.tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            position = match.end()
        self.at = 0

    def whole(self) -> Predicate:
        predicate = self.either()
        if self.at != len(self.tokens):
            raise _invalid(f"Syntax error near '{self.tokens[self.at][1]}'.")
        return predicate

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise _invalid("Expression expected at the end.")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, mark: str) -> None:
        if self.next()[1] != mark:
            raise _invalid(f"'{mark}' expected.")

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.peek().lower() == "or":
            self.next()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def both(self) -> Predicate:
        parts = [self.negated()]
        while self.peek().lower() == "and":
            self.next()
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def negated(self) -> Predicate:
        if self.peek().lower() == "not":
            self.next()
            self.is_advanced = True
            inner = self.negated()
            return lambda item: not inner(item)
        if self.peek() == "(":
            self.next()
            inner = self.either()
            self.expect(")")
            return inner
        return self.term()

    def term(self) -> Predicate:
        kind, word = self.next()
        if kind != "word":
            raise _invalid(f"Property name expected, found '{word}'.")
        if self.peek() == "(":
            if word.lower() in {"startswith", "endswith"}:
                return self.text_function(word.lower())
            path, _, function = word.rpartition("/")
            if function == "any" and path:
                return self.any_of(path)
            raise _invalid(f"An unknown function with name '{word}' was found.")
        return self.comparison(word)

    def text_function(self, name: str) -> Predicate:
        self.expect("(")
        getter = self.getter(self.next()[1])
        self.expect(",")
        kind, literal = self.next()
        if kind != "text":
            raise _invalid("A text in quotes was expected.")
        self.expect(")")
        wanted = str(_literal(kind, literal)).casefold()
        if name == "endswith":
            self.is_advanced = True
            return lambda item: (getter(item) or "").casefold().endswith(wanted)
        return lambda item: (getter(item) or "").casefold().startswith(wanted)

    def any_of(self, path: str) -> Predicate:
        getter = self.getter(path)
        self.expect("(")
        if self.peek() == ")":
            self.next()
            return lambda item: bool(getter(item))
        variable = self.next()[1]
        self.expect(":")
        inner = _Parser("", {})
        inner.tokens, inner.at = self.tokens, self.at
        inner.fields = _Element(variable)
        predicate = inner.either()
        self.at = inner.at
        self.is_advanced = self.is_advanced or inner.is_advanced
        self.expect(")")
        return lambda item: any(predicate(element) for element in getter(item) or ())

    def comparison(self, path: str) -> Predicate:
        counts = path.endswith("/$count")
        getter = self.getter(path.removesuffix("/$count"))
        operator = self.next()[1].lower()
        if counts:
            self.is_advanced = True
            inner = getter
            getter = lambda item: len(inner(item) or ())  # noqa: E731  replaces the getter just made
        if operator == "in":
            wanted = {_folded(value) for value in self.values()}
            return lambda item: _folded(getter(item)) in wanted
        value = _folded(_literal(*self.next()))
        if operator == "eq":
            return lambda item: bool(_folded(getter(item)) == value)
        if operator == "ne":
            self.is_advanced = True
            return lambda item: bool(_folded(getter(item)) != value)
        if operator in _ORDER:
            compare = _ORDER[operator]
            return lambda item: getter(item) is not None and compare(_folded(getter(item)), value)
        raise _invalid(f"Unknown operator '{operator}'.")

    def values(self) -> list[Any]:
        self.expect("(")
        found = [_literal(*self.next())]
        while self.peek() == ",":
            self.next()
            found.append(_literal(*self.next()))
        self.expect(")")
        return found

    def getter(self, path: str) -> Getter:
        getter = self.fields.get(path)
        if getter is None:
            raise _invalid(f"Could not find a property named '{path}'.")
        return getter


class _Element(dict[str, Getter]):
    """Properties of the variable of a lambda: `x`, `x/skuId`."""

    def __init__(self, variable: str) -> None:
        super().__init__()
        self._variable = variable

    def get(self, path: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002  dict's own signature
        if path == self._variable:
            return lambda element: element
        name = path.removeprefix(f"{self._variable}/")
        return lambda element: element.get(name) if isinstance(element, dict) else None


def _folded(value: Any) -> Any:  # noqa: ANN401  any property
    return value.casefold() if isinstance(value, str) else value


def _literal(kind: str, text: str) -> Any:  # noqa: ANN401  any literal
    if kind == "text":
        return text[1:-1].replace("''", "'")
    lower = text.lower()
    if lower in {"true", "false"}:
        return lower == "true"
    if lower == "null":
        return None
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if _MOMENT.match(text):
        moment = dt.datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if re.fullmatch(r"[0-9a-fA-F-]{36}", text):
        return text
    raise _invalid(f"'{text}' is no literal.")
