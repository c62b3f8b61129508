"""What a role or a token does not include is refused, and the record says so once, however often it is tried."""

import pytest
from tests.api.conftest import made
from tests.conftest import SharedClock
from tests.technicians.helpers import acts_of
from tests.technicians.staff_helpers import browser_of, new_person

pytestmark = pytest.mark.usefixtures("database")

REFUSED = "technicians.access_refused"


def test_a_page_and_a_form_beyond_the_role_are_recorded_once_an_hour(clock: SharedClock) -> None:
    """AC 4 (ASVS 16.3.2): who tried what, and what it takes; not the address that was typed."""
    person = new_person("help_desk")
    client = browser_of(person)
    for _ in range(3):
        assert client.get("/settings/streams/?q=not-for-the-record").status_code == 403
        assert client.get("/settings/rules/").status_code == 200  # what the role includes leaves no trace
        assert client.post("/customers/add/", {"name": "Not mine"}).status_code == 403
    wanted = [
        ("GET /settings/streams/", "settings:audit:manage"),
        ("POST /customers/add/", "customers:customers:manage"),
    ]
    expected = [
        (REFUSED, f"Asked for {what}; their role does not include {permission}.", "refused")
        for what, permission in wanted
    ]
    assert acts_of(person) == expected
    clock.travel(hours=1, seconds=1)
    client = browser_of(person)
    assert client.get("/settings/streams/").status_code == 403
    assert acts_of(person) == [*expected, expected[0]]


def test_a_route_beyond_a_token_is_recorded_too(clock: SharedClock) -> None:
    del clock
    person = new_person("engineer")
    program = made(person, permissions=["customers:customers:read"])
    for _ in range(2):
        assert program.post("/customers", {"name": "New"}).status_code == 403
    refused = [summary for action, summary, _ in acts_of(person) if action == REFUSED]
    assert refused == ["Asked for POST /api/v1/customers; their token does not include customers:customers:manage."]
