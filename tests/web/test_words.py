"""Times, numbers, spelling: the words the server puts on the page."""

import datetime as dt

import pytest

from tenantry.web import formats, spelling

NOON = dt.datetime(2026, 11, 12, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (dt.timedelta(seconds=3), "just now"),
        (dt.timedelta(seconds=50), "1 min ago"),
        (dt.timedelta(minutes=4), "4 min ago"),
        (dt.timedelta(hours=5), "5 h ago"),
        (dt.timedelta(days=1), "1 day ago"),
        (dt.timedelta(days=12), "12 days ago"),
        (dt.timedelta(days=45), "28 Sep 2026"),
        (dt.timedelta(seconds=-10), "in a moment"),
        (dt.timedelta(minutes=-11), "in 11 min"),
    ],
)
def test_a_moment_is_said_relative_to_now(ago: dt.timedelta, words: str) -> None:
    assert formats.relative(NOON - ago, now=NOON) == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (dt.timedelta(0), "time is up"),
        (dt.timedelta(seconds=-5), "time is up"),
        (dt.timedelta(seconds=59), "59 s left"),
        (dt.timedelta(seconds=80), "1 min 20 s left"),
        (dt.timedelta(minutes=10, seconds=30), "11 min left"),
        (dt.timedelta(minutes=15), "15 min left"),
        (dt.timedelta(hours=2), "2 h left"),
        (dt.timedelta(hours=2, minutes=5), "2 h 5 min left"),
        (dt.timedelta(days=1), "1 day left"),
        (dt.timedelta(days=211), "211 days left"),
    ],
)
def test_the_time_left_is_never_said_shorter_than_it_is(left: dt.timedelta, words: str) -> None:
    assert formats.remaining(NOON + left, now=NOON) == words


def test_other_zones_are_shown_in_utc() -> None:
    budapest = dt.timezone(dt.timedelta(hours=1))
    moment = dt.datetime(2026, 1, 1, 0, 30, 15, tzinfo=budapest)
    assert formats.exact(moment) == "31 Dec 2025, 23:30 UTC"
    assert formats.precise(moment) == "31 Dec 2025, 23:30:15 UTC"
    assert formats.clock_time(moment) == "23:30:15 UTC"
    assert formats.iso(moment) == "2025-12-31T23:30:15Z"


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        formats.exact(dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_numbers_are_grouped_so_that_they_do_not_break() -> None:
    assert formats.grouped(999) == "999"
    assert formats.grouped(1204) == "1\u202f204"
    assert formats.grouped(-1234567) == "-1\u202f234\u202f567"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Alice Moreau", "AM"),
        ("Zoë", "Z"),
        ("Dana van der O'Brien", "DO"),
        ("みらい", "み"),
        ("  ", "?"),
        ("(x) y", "Y"),
    ],
)
def test_initials_come_from_the_first_and_last_word(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


@pytest.mark.parametrize(
    ("secret", "parts"),
    [
        ("maple-orbit-7-canyon", ["maple", "-orbit", "-7", "-canyon"]),
        ("kR7$vQ2m!x", ["kR7$", "vQ2m", "!x"]),
        ("a--b", ["a", "-", "-b"]),
        ("-lead", ["-lea", "d"]),
        ("", []),
    ],
)
def test_groups_joined_are_the_secret_again(secret: str, parts: list[str]) -> None:
    assert spelling.groups(secret) == parts
    assert "".join(spelling.groups(secret)) == secret


def test_words_are_said_as_words_and_signs_by_name() -> None:
    assert spelling.spell("maple-Orbit-7") == "maple, dash, capital orbit, dash, seven"
    assert spelling.spell("aB7$ é") == "alfa, capital bravo, seven, dollar, space, é"


def test_letters_inside_a_random_string_are_said_one_by_one() -> None:
    assert spelling.spell("7cat") == "seven, charlie, alfa, tango"
    assert spelling.spell("BAD-cat") == "capital bravo, capital alfa, capital delta, dash, cat"
