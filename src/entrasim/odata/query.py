"""Query options of one request ("Use query parameters to customize responses", "Advanced query capabilities")."""

import dataclasses
import urllib.parse
from collections.abc import Mapping

from entrasim.errors import bad_request

_KNOWN = frozenset(
    {"select", "top", "filter", "count", "search", "orderby", "expand", "skip", "skiptoken", "deltatoken", "format"}
)
MOST_ROWS = 999


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """The options of a request; `raw` has them by name without the dollar sign."""

    raw: Mapping[str, str]
    select: tuple[str, ...] = ()
    top: int | None = None
    count: bool = False
    is_eventual: bool = False

    @property
    def filter(self) -> str | None:
        """The text of `$filter`."""
        return self.raw.get("filter")

    @property
    def is_advanced(self) -> bool:
        """Whether the client asked for advanced query capabilities as the pages demand."""
        return self.is_eventual and self.count

    def without(self, *names: str) -> dict[str, str]:
        """The options as they go into a next link, but for some."""
        return {f"${name}": value for name, value in self.raw.items() if name not in names}


def parse(query_string: str, headers: Mapping[str, str]) -> Query:
    """Read a query string.

    Raises:
        GraphError: 400 for a malformed option.
    """
    raw: dict[str, str] = {}
    for name, value in urllib.parse.parse_qsl(query_string, keep_blank_values=True):
        plain = name[1:].lower() if name.startswith("$") else name.lower()
        if name.startswith("$") and plain not in _KNOWN:
            raise bad_request(f"The query parameter '{name}' is not supported.", code="BadRequest")
        if plain not in _KNOWN:
            continue
        if plain in raw:
            raise bad_request(f"Query option '{name}' was specified more than once.", code="BadRequest")
        raw[plain] = value
    return Query(
        raw=raw,
        select=tuple(part.strip() for part in raw.get("select", "").split(",") if part.strip()),
        top=_top(raw.get("top")),
        count=raw.get("count", "false").lower() == "true",
        is_eventual=headers.get("consistencylevel", "").lower() == "eventual",
    )


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        number = int(text)
    except ValueError as error:
        raise bad_request(
            f"Invalid value '{text}' for $top query option found. The $top query option requires a non-negative "
            "integer value.",
            code="BadRequest",
        ) from error
    if not 1 <= number <= MOST_ROWS:
        raise bad_request(f"Invalid page size specified: '{number}'. Must be between 1 and {MOST_ROWS} inclusive.")
    return number
