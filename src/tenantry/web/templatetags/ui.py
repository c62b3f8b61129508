"""The console's components as template tags: `{% load ui %}`.

Everything a caller passes is escaped here; nothing takes ready-made HTML except the bodies of block tags, which the
template engine has escaped already. `docs/developer/components.md` shows each with its output.
"""

import datetime as dt
import functools
import re
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.safestring import mark_safe as _mark_safe
from lucide.templatetags.lucide import lucide

from tenantry.kit import clock
from tenantry.web import formats, nav, spelling

if TYPE_CHECKING:
    from django.http import HttpRequest

register = template.Library()

STATE_ICONS = {
    "good": "check",
    "wait": "clock",
    "bad": "triangle-alert",
    "info": "info",
    "mute": "minus",
}
NOTE_ICONS = {**STATE_ICONS, "good": "circle-check", "mute": "info"}
_TIMES = {"exact": formats.exact, "precise": formats.precise, "date": formats.day, "time": formats.clock_time}


@functools.lru_cache(maxsize=512)
def _icon(name: str, css_class: str) -> SafeString:
    """Lucide's drawing of `name`; parsing it anew for each of a thousand rows would show in the timings."""
    drawn: str = lucide(name, size=None, **{"class": css_class, "aria-hidden": "true", "focusable": "false"})
    drawn = re.sub(r"\s*\n\s*", "", drawn)  # line ends only stand between elements
    return _mark_safe(drawn)  # noqa: S308  the package's own file, with its attributes escaped


@register.simple_tag
def icon(name: str, css_class: str = "i") -> SafeString:
    """A Lucide icon, decorative: the word beside it (or the control's label) carries the meaning."""
    return _icon(str(name), str(css_class))


@register.simple_tag
def state(kind: str, word: str, icon_name: str = "") -> SafeString:
    """An icon and a word. `kind` is good, wait, bad, info or mute; colour only repeats it."""
    if kind not in STATE_ICONS:
        raise ValueError(f"{kind!r} is no kind of state; use one of {', '.join(STATE_ICONS)}.")
    return format_html(
        '<span class="state {}">{}<span>{}</span></span>', kind, _icon(icon_name or STATE_ICONS[kind], "i"), word
    )


@register.simple_tag
def when(moment: dt.datetime | None, style: str = "exact", empty: str = "never") -> SafeString:
    """A `<time>`: `exact`, `precise`, `date`, `time` or `relative`, in UTC until the script says it in local time."""
    if moment is None:
        return format_html('<span class="sub">{}</span>', empty)
    words = formats.relative(moment, now=clock.now()) if style == "relative" else _TIMES[style](moment)
    return format_html(
        '<time datetime="{}" data-when="{}" title="{}">{}</time>',
        formats.iso(moment),
        style,
        formats.precise(moment),
        words,
    )


@register.simple_tag
def countdown(until: dt.datetime, prefix: str = "") -> SafeString:
    """Time left until `until`, counted down by the script, which fires `countdown:done` at the end."""
    return format_html(
        '<span class="countdown" data-countdown="{}" title="Until {}">{}<span data-left>{}</span></span>',
        formats.iso(until),
        formats.precise(until),
        prefix,
        formats.remaining(until, now=clock.now()),
    )


@register.simple_tag
def copy(text: object, label: str = "") -> SafeString:
    """A text to be typed elsewhere, as a chip with a button that copies it; `label` shows instead of the text."""
    value = str(text)
    return format_html(
        '<span class="copy"><span class="copy-text">{}</span>'
        '<button type="button" class="copy-button" data-copy="{}" aria-label="Copy {}">{}{}</button></span>',
        label or value,
        value,
        label or value,
        _icon("copy", "i copy-idle"),
        _icon("check", "i copy-done"),
    )


@register.simple_tag
def copy_button(text: object, label: str = "Copy") -> SafeString:
    """A plain small button that copies `text` (a link, a message)."""
    return format_html(
        '<button type="button" class="btn small" data-copy="{}">{}{}<span>{}</span></button>',
        str(text),
        _icon("copy", "i copy-idle"),
        _icon("check", "i copy-done"),
        label,
    )


@register.simple_tag
def secret(text: str, said: str = "") -> SafeString:
    """A secret shown once: in groups for the eye, in words for the telephone, wiped when the page is left."""
    parts = format_html_join("", "<span>{}</span>", ((part,) for part in spelling.groups(text)))
    return format_html(
        '<div class="secret" data-secret><code class="secret-text">{}</code>'
        '<button type="button" class="btn" data-copy="{}">{}{}<span>Copy</span></button>'
        '<p class="secret-said"><b>Say it:</b> {}</p></div>',
        parts,
        text,
        _icon("copy", "i copy-idle"),
        _icon("check", "i copy-done"),
        said or spelling.spell(text),
    )


@register.simple_tag
def empty(icon_name: str, title: str, text: str = "", href: str = "", action: str = "") -> SafeString:
    """What stands where a list would: why it is empty and, with `href` and `action`, what to do."""
    link = format_html('<p><a class="btn main" href="{}">{}</a></p>', href, action) if href else ""
    return format_html(
        '<div class="empty">{}<p class="empty-title">{}</p>{}{}</div>',
        _icon(icon_name, "i"),
        title,
        format_html("<p>{}</p>", text) if text else "",
        link,
    )


@register.simple_tag
def progress(done: int, total: int, label: str = "Progress") -> SafeString:
    """Work done out of `total`, as a bar and in words; without a total the bar only says that it is running."""
    name = f"p{uuid.uuid4().hex[:8]}"
    if total <= 0:
        return format_html(
            '<div class="progress"><label for="{0}">{1}</label><progress id="{0}"></progress></div>', name, label
        )
    return format_html(
        '<div class="progress"><label for="{0}">{1}</label><span class="num">{2} of {3}</span>'
        '<progress id="{0}" value="{4}" max="{5}"></progress></div>',
        name,
        label,
        formats.grouped(done),
        formats.grouped(total),
        min(done, total),
        total,
    )


@register.simple_tag
def bar(label: str = "", *, good: int = 0, wait: int = 0, bad: int = 0, mute: int = 0) -> SafeString:
    """One bar showing how a whole divides into states; `label` says the same in words (made up when left out)."""
    counts = {"good": good, "wait": wait, "bad": bad, "mute": mute}
    total = sum(counts.values()) or 1
    rects: list[tuple[str, str, str]] = []
    left = 0.0
    for kind, count in counts.items():
        width = 100 * count / total
        if count:
            rects.append((kind, f"{left:.2f}%", f"{width:.2f}%"))
        left += width
    words = label or ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return format_html(
        '<svg class="bar" role="img" aria-label="{}" width="100%" height="8">{}</svg>',
        words,
        format_html_join("", '<rect class="{}" x="{}" y="0" width="{}" height="8"/>', rects),
    )


@register.simple_block_tag
def note(content: str, kind: str = "info", title: str = "") -> SafeString:
    """A note to read before going on: `{% note "bad" "What happened" %}why and what to do{% endnote %}`."""
    return format_html(
        '<div class="note {}"{}>{}<div class="note-body">{}<div>{}</div></div></div>',
        kind,
        _mark_safe(' role="alert"') if kind == "bad" else "",
        _icon(NOTE_ICONS[kind], "i"),
        format_html("<b>{}</b>", title) if title else "",
        content,
    )


@register.simple_block_tag
def step(content: str, number: int, kind: str, title: str) -> SafeString:
    """One step of a checklist inside `<ol class="steps">`; kind: done, now, wait, bad or later."""
    marks = {"done": "check", "wait": "clock", "bad": "triangle-alert"}
    spoken = {"done": "done", "now": "now", "wait": "waiting", "bad": "needs attention", "later": "not yet"}[kind]
    mark = _icon(marks[kind], "i") if kind in marks else format_html("{}", number)
    return format_html(
        '<li class="step {}"{}><span class="step-mark" aria-hidden="true">{}</span><div class="step-body">'
        '<h3>{}<span class="sr"> ({})</span></h3>{}</div></li>',
        kind,
        _mark_safe(' aria-current="step"') if kind == "now" else "",
        mark,
        title,
        spoken,
        content,
    )


@register.simple_block_tag
def menu(content: str, label: str, text: str = "") -> SafeString:
    """A row's actions behind three dots (or behind `text`); its body is a run of `<a>` and `<form><button>`."""
    inner = (
        format_html("<span>{}</span>{}", text, _icon("chevron-down", "i")) if text else _icon("ellipsis-vertical", "i")
    )
    return format_html(
        '<details class="menu" data-menu><summary class="btn {}" aria-label="{}">{}</summary>'
        '<div class="menu-list">{}</div></details>',
        "" if text else "quiet icon",
        label,
        inner,
        content,
    )


@register.simple_tag(takes_context=True)
def sort_th(context: Context, label: str, key: str, css_class: str = "") -> SafeString:
    """A column head that sorts: `?sort=key`, pressed again `?sort=-key`; the cursor is dropped, filters stay."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    now = params.get("sort", "")
    order = {key: "ascending", f"-{key}": "descending"}.get(now, "none")
    params["sort"] = f"-{key}" if order == "ascending" else key
    for name in ("after", "before", "page"):
        params.pop(name, None)
    arrow = {"ascending": "arrow-up", "descending": "arrow-down", "none": "chevrons-up-down"}[order]
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"><a href="?{}">{}{}</a></th>',
        css_class,
        order,
        params.urlencode(),
        label,
        _icon(arrow, "i"),
    )


@register.inclusion_tag("tenantry/components/pager.html", takes_context=True)
def pager(context: Context, after: str = "", before: str = "", words: str = "") -> dict[str, object]:
    """Previous and next by cursor: `?before=` and `?after=`; an empty cursor means there is nothing that way."""
    request: HttpRequest = context["request"]

    def link(name: str, cursor: str) -> str:
        params = request.GET.copy()
        for old in ("after", "before", "page"):
            params.pop(old, None)
        params[name] = cursor
        return f"?{params.urlencode()}"

    return {
        "next": link("after", after) if after else "",
        "previous": link("before", before) if before else "",
        "words": words,
    }


@register.inclusion_tag("tenantry/components/nav.html", takes_context=True)
def main_nav(context: Context) -> dict[str, object]:
    """The navigation's entries with the current one marked."""
    here = context.get("nav") or nav.current(context.get("request"))
    return {
        "entries": [
            {
                "label": entry.label,
                "icon": entry.icon,
                "href": nav.address(entry.url_name, entry.path),
                "is_current": entry.key == here,
                "count": count() if (count := context.get(f"nav_count_{entry.key}")) else 0,
            }
            for entry in nav.ENTRIES
        ]
    }


@register.simple_tag
def url_or(url_name: str, fallback: str = "/") -> str:
    """The URL called `url_name`, or `fallback` while no such page exists."""
    return nav.address(url_name, fallback)


@register.simple_tag
def explain_code(code: str) -> SafeString:
    """A code of Microsoft's as a link to the page that explains it; nothing for none."""
    if not code:
        return _mark_safe("")
    address = f"{nav.address('web:help-errors', '/help/errors/')}?{urlencode({'q': code})}"
    return format_html('<a class="mono break" href="{}" title="What this code means">{}</a>', address, code)


@register.simple_tag
def server_now() -> str:
    """The server's time, by which the scripts correct the viewer's clock."""
    return formats.iso(clock.now())


@register.filter
def grouped(number: int | str | None) -> str:
    """`1204` as `1 204`; nothing for None."""
    return "" if number is None or number == "" else formats.grouped(int(number))


@register.filter
def initials(name: object) -> str:
    """One or two letters of a person's name."""
    return formats.initials(str(name))
