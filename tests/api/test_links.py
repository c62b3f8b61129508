"""A program hands a new password to its user by a one-time link, also where nobody here may see it."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tests.api.conftest import Program, made
from tests.api.test_verifications import _rows_kept
from tests.api.test_writes import WISH, _code, _one, without_step_up
from tests.safeguards.conftest import Desk, desk, place, run
from tests.technicians.staff_helpers import browser_of, new_person, who

if TYPE_CHECKING:
    from tenantry.helpdesk.models import Operation

__all__ = ["desk", "place", "run", "without_step_up"]


@pytest.fixture(autouse=True)
def no_counts(database: None) -> Iterator[None]:
    """Wrong tries of another test are not counted here."""
    from tenantry.technicians.models import SharedEntry

    SharedEntry.objects.filter(key__contains="secret-wrong").delete()
    yield
    SharedEntry.objects.filter(key__contains="secret-wrong").delete()


@pytest.fixture
def hidden(desk: Desk, without_step_up: Callable[..., None]) -> Desk:
    """A customer where technicians never see passwords, and programs may reset them."""
    from tenantry.customers.actions import hide_passwords

    without_step_up()
    hide_passwords(**who(desk.owner), customer_id=desk.place.customer.pk, hides=True)
    return desk


def _asked(desk: Desk, program: Program) -> str:
    answer = program.post(f"{_one(desk, desk.dana)}/reset-password", WISH)
    assert answer.status_code == 202, answer.content
    where: str = answer["Location"].removeprefix("/api/v1")
    return where


def _opened(made_link: dict[str, Any], code: str) -> tuple[int, str]:
    path = made_link["address"].removeprefix("http://testserver")
    answer = Client().post(path, {"code": code})
    return answer.status_code, answer.content.decode()


def test_where_passwords_are_hidden_a_program_hands_one_over_by_a_link(hidden: Desk, run: Callable[[], None]) -> None:
    """Issue 4, hand-over: burnt by being read, useless without its code; both in one answer, and kept nowhere."""
    from tenantry.audit.models import Event

    program, neighbour = made(hidden.engineer), made(hidden.engineer)
    where = _asked(hidden, program)
    link = f"{where}/link"
    assert program.get(link).status_code == 404
    assert _code(program.post(link)) == (409, "nothing_to_show"), "not proven yet"
    run()
    assert _code(program.post(f"{where}/password")) == (403, "passwords_hidden")
    for other in (neighbour, made(hidden.owner)):
        assert _code(other.post(link)) == (403, "not_the_asking_token")
    assert made(new_person("engineer")).post(link).status_code == 404

    answer = program.post(link)
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (201, True)
    first = answer.json()
    hidden.place.clock.travel(seconds=1)
    second = program.post(link).json()
    assert second["address"] != first["address"]
    assert _opened(first, first["code"])[0] == 404, "the one before has ended"
    assert _opened(second, "x")[0] != 200
    read = program.get(link).json()
    assert (read["state"], read["wrong_codes"]) == ("waiting", 1)
    assert not {"address", "code"} & set(read)
    password = hidden.place.in_tenant(hidden.dana).password
    assert password
    status, page = _opened(second, second["code"])
    assert status == 200
    assert password in page
    read = program.get(link).json()
    assert (read["state"], bool(read["opened_at"]), bool(read["opened_from"])) == ("opened", True, True)
    assert program.get(where).json()["password_ready"] is False
    assert _code(program.post(link))[0] == 409

    kept = _rows_kept(program)
    events = Event.objects.filter(customer_id=hidden.place.customer.pk)
    record = str(list(events.values_list("summary", "details", "actor_name")))
    for each in (first, second):
        for secret in (each["address"], each["address"].split("/")[-2], each["code"], password):
            assert secret not in kept
            assert secret not in record
    made_event = events.filter(action="helpdesk.secret_link_made").latest("pk")
    assert made_event.actor_name.endswith("(API token: Ticket system)")


def test_a_link_is_revoked_runs_out_and_says_which(
    hidden: Desk, run: Callable[[], None], operation_of: Callable[[str], "Operation"]
) -> None:
    from tenantry.helpdesk.actions import discard_password

    program, clock = made(hidden.engineer), hidden.place.clock
    where = _asked(hidden, program)
    run()
    link = f"{where}/link"
    given = program.post(link).json()
    revoked, again = (program.post(f"{link}/revoke", {}, key="revoke") for _ in range(2))
    assert (revoked.json()["state"], again["Idempotent-Replayed"]) == ("revoked", "true")
    assert _opened(given, given["code"])[0] == 404
    assert _code(program.post(f"{link}/revoke", {})) == (409, "no_link")
    clock.travel(seconds=1)
    program.post(link)
    discard_password(**who(hidden.engineer), customer_id=hidden.place.customer.pk, operation_id=operation_of(where).pk)
    assert program.get(link).json()["state"] == "empty"
    wrong = _asked_again(hidden, program, where)
    run()
    given = program.post(f"{wrong}/link").json()
    for _ in range(5):
        _opened(given, "x")
    assert program.get(f"{wrong}/link").json()["state"] == "wrong_codes"
    clock.travel(seconds=1)
    program.post(f"{wrong}/link")
    clock.travel(seconds=3601)
    assert program.get(f"{wrong}/link").json()["state"] == "expired"
    assert program.get(wrong).json()["password_ready"] is False, "nobody threw it away yet, but its time is over"
    assert program.post(f"{wrong}/link").status_code == 409
    page = browser_of(hidden.engineer).get(f"{wrong}/").content.decode()
    assert "Nobody asked to see it in time. If it is still needed, reset again." in page


def _asked_again(desk: Desk, program: Program, where: str) -> str:
    body = {**WISH, "again": where.rpartition("/")[2]}
    answer = program.post(f"{_one(desk, desk.dana)}/reset-password", body)
    assert answer.status_code == 202, answer.content
    found: str = answer["Location"].removeprefix("/api/v1")
    return found


@pytest.fixture
def operation_of() -> Callable[[str], "Operation"]:
    from tenantry.helpdesk.models import Operation

    return lambda where: Operation.objects.get(pk=where.rpartition("/")[2])
