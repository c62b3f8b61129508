"""A few functions that build HTML. Whatever is not already markup is escaped, so a display name cannot become a tag."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Child = str | int | Markup | None | Iterable["Child"]

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


def el(tag: str, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """One element. `class_` and `for_` drop their underline, other underlines become hyphens.

    An attribute that is None or False is left out; True stands alone.
    """
    # `tag` and attribute names come from this package's source, never from a request. A page has hundreds of elements:
    # each is put together as text and marked once.
    opening = f"<{tag}{_attributes(attributes)}>"
    return Markup(opening if tag in VOID else f"{opening}{join(children)}</{tag}>")  # noqa: S704  escaped below


def join(children: Iterable[Child]) -> Markup:
    """The children one after another, escaped where needed."""
    return Markup("".join(map(_one, children)))  # noqa: S704  each child is markup by now


def form(
    *children: Child, token: str, hidden: dict[str, str] | None = None, **attributes: str | int | bool | None
) -> Markup:
    """A POST form to the same address, with the anti-forgery token and hidden fields."""
    fields = {"canary": token, **(hidden or {})}
    inputs = [el("input", type="hidden", name=name, value=value) for name, value in fields.items()]
    return el("form", inputs, *children, method="post", **attributes)


def field(label: str, *, name: str, hint: str | None = None, **attributes: str | int | bool | None) -> Markup:
    """A labelled text field, with its hint tied to it."""
    described_by = f"{name}-hint" if hint else None
    control = el("input", id=name, name=name, **{"type": "text", "aria_describedby": described_by, **attributes})
    return el(
        "div",
        el("label", label, for_=name),
        control,
        el("p", hint, class_="hint", id=described_by) if hint else None,
        class_="field",
    )


def button(text: str, *, name: str | None = None, value: str | None = None, main: bool = False) -> Markup:
    """A submit button."""
    return el("button", text, type="submit", name=name, value=value, class_="button main" if main else "button")


def alert(*children: Child) -> Markup:
    """What went wrong, read out by a screen reader at once."""
    return el("div", *children, class_="alert", role="alert")


def notice(*children: Child) -> Markup:
    """What just happened."""
    return el("div", *children, class_="notice", role="status")


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Terms with their values."""
    return el("dl", [(el("dt", term), el("dd", value)) for term, value in pairs], class_="facts")


def table(caption: str, head: Sequence[str], rows: Iterable[Iterable[Child]]) -> Markup:
    """A table whose first column names the row. The caption is for screen readers."""
    return el(
        "div",
        el(
            "table",
            el("caption", caption),
            el("thead", el("tr", [el("th", name, scope="col") for name in head])),
            el("tbody", [el("tr", _cells(head, row)) for row in rows]),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def _cells(head: Sequence[str], row: Iterable[Child]) -> list[Markup]:
    first, *others = row
    labelled = zip(head[1:], others, strict=True)
    return [el("th", first, scope="row"), *(el("td", cell, data_label=name) for name, cell in labelled)]


def _one(child: Child) -> Markup:
    if child is None:
        return Markup("")
    if isinstance(child, str | int):
        return escape(child)
    return join(child)


def _attributes(attributes: dict[str, str | int | bool | None]) -> str:
    parts = []
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        html_name = name.rstrip("_").replace("_", "-")
        parts.append(f" {html_name}" if value is True else f' {html_name}="{escape(value)}"')
    return "".join(parts)
