"""Odd input through the address: every list answers it, none with an error of its own."""

import base64
import json
from typing import TYPE_CHECKING

import pytest
from tests.tenants.conftest import Trip

from tenantry.audit.views import _harmless
from tenantry.kit import cursors

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.customers.models import Customer

LISTS = ("/customers/", "/customers/{customer}/", "/customers/{customer}/users/", "/users/", "/activity/")
NAMES = (
    *("q", "show", "sort", "after", "before", "signin", "licence", "type", "source", "rights"),
    *("text", "action", "result", "customer", "target", "since", "until"),
)
ODD = (
    "\0",
    "a\0b",
    "\N{SUPERSCRIPT TWO}",
    "\N{FULLWIDTH DIGIT ONE}",
    "-1",
    "9" * 30,
    "9" * 5_000,
    "\N{GRINNING FACE}" * 300,
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "O'Brien",
    "'; --",
    "%",
    "_",
    "\\",
    ":* & | ! ( )",
    "<b>",
    "9999-12-31",
    "0001-01-01",
    "infinity",
)


def forged(place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


FORGED = (
    *(forged([order, "\ud800", "0" * 32]) for order in ("name", "upn")),
    *(forged(["created", key, "0" * 32]) for key in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "x")),
    forged(["name", 1, 2]),
    forged(["\ud800", "0" * 32]),
    forged(["\0", "00000000-0000-4000-8000-000000000000"]),
    forged(["name", "x", None]),
    forged({"name": "x"}),
    forged(None),
    base64.urlsafe_b64encode(b"[" * 2_900).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    "é",
    "a",
)


def test_no_odd_value_of_any_parameter_breaks_a_list(trip: Trip) -> None:
    trip.connect()
    for address in LISTS:
        for value in ODD:
            answer = trip.client.get(address.format(customer=trip.customer.pk), dict.fromkeys(NAMES, value))
            assert answer.status_code == 200, (address, value[:40])


def test_a_forged_cursor_starts_the_list_over(trip: Trip) -> None:
    trip.connect()
    users = f"/customers/{trip.customer.pk}/users/"
    lists = [("/customers/", ""), ("/activity/", ""), *((users, sort) for sort in ("name", "upn", "created"))]
    for url, sort in lists:
        for cursor in FORGED:
            for name in ("after", "before"):
                answer = trip.client.get(url, {name: cursor, "sort": sort})
                assert answer.status_code == 200, (url, name, cursor[:60])


def test_a_nul_in_the_address_is_left_out_wherever_it_is_read(as_alice: "Client", customer: "Customer") -> None:
    page = as_alice.get(f"/customers/?q=%0%000{customer.name.replace(' ', '+')}").content.decode()
    assert customer.name in page


def test_a_nul_in_a_cookie_is_no_session_and_no_error(eve: "Client") -> None:
    eve.cookies["tenantry"] = "abcdefghijklmnop\0"
    answer = eve.get("/customers/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_cursor_that_was_made_here_is_read_again() -> None:
    place = ["name", "Dana O'Brien \N{GRINNING FACE}" * 20, "0" * 32]
    assert cursors.unpack(cursors.pack(*place), parts=3) == place
    assert cursors.unpack(cursors.pack(*place), parts=2) is None


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\N{NO-BREAK SPACE}=1", "\uff1d1", "\uff201"],
)
def test_what_a_spreadsheet_would_run_is_quoted_in_the_export(text: str) -> None:
    assert _harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Dana O'Brien", "a=b", "", "  spaced", "1-2"])
def test_plain_text_is_exported_as_it_is(text: str) -> None:
    assert _harmless(text) == text
