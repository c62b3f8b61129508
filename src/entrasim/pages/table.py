"""What a line of the tables of pages is: the server routes by it, and the docs list it."""

import dataclasses
from collections.abc import Callable, Iterable

from werkzeug import Response

READ = ("GET",)
FORM = ("GET", "POST")

PageHandler = Callable[..., Response]


@dataclasses.dataclass(frozen=True, slots=True)
class PageRoute:
    """One page. Its handler is called with context, request and the values of the Werkzeug rule."""

    methods: tuple[str, ...]
    rule: str
    area: str
    summary: str
    handler: PageHandler


def as_rules(pages: Iterable[PageRoute]) -> list[tuple[Iterable[str], str, PageHandler]]:
    """Methods, rule and handler of each page."""
    return [(page.methods, page.rule, page.handler) for page in pages]
