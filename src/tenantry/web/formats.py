"""How times, spans and numbers are put into words.

The server writes everything in UTC so that a page is right without scripts; `static/tenantry/js/time.js` then says
the same in the viewer's own zone with the same words.
"""

import datetime as dt

THIN_SPACE = "\u202f"
"""Narrow no-break space: groups digits without letting a number break over two lines."""

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_JUST_NOW_SECONDS = 45
_RELATIVE_DAYS = 30
_GROUP_FROM = 1000
_SECONDS_SHOWN_BELOW = 2 * _MINUTE


def grouped(number: int) -> str:
    """`1204` as `1 204`, with narrow no-break spaces."""
    return f"{number:,}".replace(",", THIN_SPACE) if abs(number) >= _GROUP_FROM else str(number)


def iso(moment: dt.datetime) -> str:
    """The moment in UTC as `2026-11-12T14:02:31Z`; raises `ValueError` for a naive one."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact(moment: dt.datetime) -> str:
    """`12 Nov 2026, 14:02 UTC`."""
    moment = _utc(moment)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def precise(moment: dt.datetime) -> str:
    """`12 Nov 2026, 14:02:31 UTC`."""
    moment = _utc(moment)
    return f"{moment.day} {moment:%b %Y, %H:%M:%S} UTC"


def day(moment: dt.datetime) -> str:
    """`12 Nov 2026`."""
    moment = _utc(moment)
    return f"{moment.day} {moment:%b %Y}"


def clock_time(moment: dt.datetime) -> str:
    """`14:02:31 UTC`."""
    return f"{_utc(moment):%H:%M:%S} UTC"


def relative(moment: dt.datetime, *, now: dt.datetime) -> str:
    """`4 min ago`, `in 3 days`, `just now`; the date when it is more than 30 days away."""
    seconds = round((_utc(now) - _utc(moment)).total_seconds())
    ahead, seconds = seconds < 0, abs(seconds)
    if seconds < _JUST_NOW_SECONDS:
        return "in a moment" if ahead else "just now"
    if seconds < _HOUR:
        words = f"{max(1, round(seconds / _MINUTE))} min"
    elif seconds < _DAY:
        words = f"{round(seconds / _HOUR)} h"
    elif seconds < _RELATIVE_DAYS * _DAY:
        days = round(seconds / _DAY)
        words = f"{days} day" if days == 1 else f"{days} days"
    else:
        return day(moment)
    return f"in {words}" if ahead else f"{words} ago"


def remaining(until: dt.datetime, *, now: dt.datetime) -> str:
    """`11 min left`, `1 min 20 s left`, `2 h 5 min left`, `3 days left`; `time is up` once passed."""
    seconds = round((_utc(until) - _utc(now)).total_seconds())
    if seconds <= 0:
        return "time is up"
    if seconds < _SECONDS_SHOWN_BELOW:
        minutes, rest = divmod(seconds, _MINUTE)
        return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"
    if seconds < _HOUR:
        return f"{-(-seconds // _MINUTE)} min left"
    if seconds < _DAY:
        hours, rest = divmod(seconds, _HOUR)
        return f"{hours} h {rest // _MINUTE} min left" if rest >= _MINUTE else f"{hours} h left"
    days = seconds // _DAY
    return f"{days} day left" if days == 1 else f"{days} days left"


def initials(name: str) -> str:
    """One or two letters for the round mark beside a person's name; works in any script."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def _utc(moment: dt.datetime) -> dt.datetime:
    """`moment` in UTC.

    Raises:
        ValueError: when it is naive: a time without a zone cannot be shown truthfully.
    """
    if moment.tzinfo is None:
        raise ValueError("A time to show needs a zone.")
    return moment.astimezone(dt.UTC)
