"""Collections: selection of properties, filters, order, pages with opaque tokens."""

import base64
import binascii
import dataclasses
import itertools
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

from entrasim.errors import bad_request, unsupported_query
from entrasim.odata.filters import compile_filter
from entrasim.web import Call, Reply

Getter = Callable[[Any], Any]

_NEEDS_EVENTUAL = (
    "Operator, property or query option is only supported with the header ConsistencyLevel: eventual and $count=true."
)


def seal(data: dict[str, Any]) -> str:
    """An opaque token."""
    return base64.urlsafe_b64encode(orjson.dumps(data)).rstrip(b"=").decode()


def unseal(token: str) -> dict[str, Any]:
    """What an opaque token holds.

    Raises:
        GraphError: 400, not one of ours.
    """
    try:
        data = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error) as error:
        raise bad_request("The skip token is invalid.", code="Directory_InvalidSkipToken") from error
    if not isinstance(data, dict):
        raise bad_request("The skip token is invalid.", code="Directory_InvalidSkipToken")
    return data


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """How objects of one kind are written.

    Attributes:
        fields: every property by its Graph name.
        default: what an answer has without `$select`.
        type_name: Graph's type, for `Could not find a property` messages.
        extras: annotations such as `@odata.type` to add to an item.
    """

    fields: Mapping[str, Getter]
    default: tuple[str, ...]
    type_name: str
    extras: Callable[[Any], dict[str, Any]] | None = None
    navigation: tuple[str, ...] = ()

    def writer(self, select: Iterable[str] = ()) -> Callable[[Any], dict[str, Any]]:
        """A function from object to JSON with only the chosen properties (names ignore case)."""
        chosen = self._chosen(select)
        extras = self.extras
        if extras is None:
            return lambda item: {name: getter(item) for name, getter in chosen}
        return lambda item: {**extras(item), **{name: getter(item) for name, getter in chosen}}

    def _chosen(self, select: Iterable[str]) -> list[tuple[str, Getter]]:
        names = list(select)
        if not names:
            return [(name, self.fields[name]) for name in self.default]
        by_lower = {name.lower(): name for name in self.fields}
        chosen = []
        for name in names:
            known = by_lower.get(name.lower())
            if known is None and name not in self.navigation and name != "*":
                raise bad_request(f"Could not find a property named '{name}' on type '{self.type_name}'.")
            if known is not None:
                chosen.append((known, self.fields[known]))
        return chosen


def collection(
    call: Call,
    shape: Shape,
    items: Callable[[str], Iterable[Any]],
    *,
    fragment: str,
    page_size: int = 100,
    most: int = 999,
) -> Reply:
    """Answer a collection request.

    Args:
        call: the request.
        shape: how to write an item.
        items: everything in order of id, starting behind the id given.
        fragment: of `@odata.context`.
        page_size: rows without `$top`.
        most: the largest page; a larger `$top` is cut down to it.
    """
    query = call.query
    if "skip" in query.raw:
        raise bad_request("'$skip' is not supported by the service.")
    token = unseal(query.raw["skiptoken"]) if "skiptoken" in query.raw else {}
    wanted = _predicate(call, shape)
    size = min(query.top or page_size, most)
    if "orderby" in query.raw:
        rows, more = _ordered_page(call, shape, items, wanted=wanted, size=size, offset=int(token.get("offset", 0)))
        next_token = {"offset": int(token.get("offset", 0)) + size}
    else:
        source: Iterator[Any] = iter(items(str(token.get("after", ""))))
        if wanted is not None:
            source = filter(wanted, source)
        rows = list(itertools.islice(source, size + 1))
        more = len(rows) > size
        rows = rows[:size]
        next_token = {"after": rows[-1].id} if rows else {}
    body: dict[str, Any] = {"@odata.context": call.metadata(fragment)}
    if query.count and not token:
        body["@odata.count"] = sum(1 for item in items("") if wanted is None or wanted(item))
    if more:
        body["@odata.nextLink"] = link(call, {**query.without("skiptoken"), "$skiptoken": seal(next_token)})
    body["value"] = list(map(shape.writer(query.select), rows))
    return Reply(200, body)


def link(call: Call, options: Mapping[str, str], path: str | None = None) -> str:
    """An absolute link back to this collection with other options; the linter knows that it was handed out."""
    query = urllib.parse.urlencode(options, quote_via=urllib.parse.quote, safe="$,()'/:")
    address = f"{call.request.base_url}/v1.0{urllib.parse.quote(path or call.request.path, safe='/()$=,')}?{query}"
    call.context.linter.handed_out(address)
    return address


def count_only(call: Call, shape: Shape, items: Callable[[str], Iterable[Any]]) -> int:
    """The answer of `/$count`."""
    if not call.query.is_eventual:
        raise bad_request("$count is not currently supported without the header ConsistencyLevel: eventual.")
    wanted = _predicate(call, shape, count_is_given=True)
    return sum(1 for item in items("") if wanted is None or wanted(item))


def _predicate(call: Call, shape: Shape, *, count_is_given: bool = False) -> Callable[[Any], bool] | None:
    query = call.query
    advanced = query.is_advanced or (count_is_given and query.is_eventual)
    predicates = []
    if query.filter:
        compiled = compile_filter(query.filter, shape.fields)
        if compiled.is_advanced and not advanced:
            raise unsupported_query(_NEEDS_EVENTUAL)
        predicates.append(compiled.matches)
        if "orderby" in query.raw and not advanced:
            raise unsupported_query("Sorting not supported for current query.")
    if "search" in query.raw:
        if not query.is_eventual:
            raise bad_request("Request with $search query parameter only works with header ConsistencyLevel: eventual.")
        predicates.append(_search(query.raw["search"], shape))
    if not predicates:
        return None
    return lambda item: all(predicate(item) for predicate in predicates)


def _search(text: str, shape: Shape) -> Callable[[Any], bool]:
    """`"displayName:ann" OR "mail:ann"`: a word of the property begins with the text."""
    alternatives = []
    for either in text.split(" OR "):
        terms = []
        for term in either.split(" AND "):
            name, colon, wanted = term.strip().strip('"').partition(":")
            if not colon or name not in shape.fields:
                raise bad_request(f"Syntax error in $search near '{term}'.")
            terms.append((shape.fields[name], wanted.casefold()))
        alternatives.append(terms)
    return lambda item: any(
        all(
            any(word.startswith(wanted) for word in [str(getter(item) or "").casefold(),
                                                     *str(getter(item) or "").casefold().split()])
            for getter, wanted in terms
        )
        for terms in alternatives
    )  # fmt: skip


def _ordered_page(
    call: Call,
    shape: Shape,
    items: Callable[[str], Iterable[Any]],
    *,
    wanted: Callable[[Any], bool] | None,
    size: int,
    offset: int,
) -> tuple[list[Any], bool]:
    name, _, direction = call.query.raw["orderby"].strip().partition(" ")
    getter = shape.fields.get(name)
    if getter is None or "," in call.query.raw["orderby"]:
        raise unsupported_query("Sorting not supported for current query.")
    rows = [item for item in items("") if wanted is None or wanted(item)]
    rows.sort(key=lambda item: _sort_key(getter(item)), reverse=direction.strip().lower() == "desc")
    return rows[offset : offset + size], len(rows) > offset + size


def _sort_key(value: Any) -> tuple[bool, Any]:  # noqa: ANN401  any property
    return (value is not None, value.casefold() if isinstance(value, str) else value or "")
