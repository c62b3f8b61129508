"""A new password by a one-time link: burnt by being read, useless without its code, ended by time or revoked."""

import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from tests.helpdesk.conftest import PASSWORD, Place

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.helpdesk.models import Operation


@pytest.fixture(autouse=True)
def no_counts(database: None) -> Iterator[None]:
    """Wrong tries of another test are not counted here."""
    from tenantry.technicians.models import SharedEntry

    SharedEntry.objects.filter(key__contains="secret-wrong").delete()
    yield
    SharedEntry.objects.filter(key__contains="secret-wrong").delete()


@pytest.fixture
def done(place: Place, dana: "DirectoryUser") -> "Operation":
    return place.do(dana)


def _url(place: Place, operation: "Operation", name: str) -> str:
    return reverse(f"helpdesk:{name}", args=(place.customer.pk, operation.pk))


def _made(place: Place, operation: "Operation", client: Client) -> tuple[str, str]:
    """The link's path and its code, from the page that shows both once."""
    page = client.post(_url(place, operation, "share")).content.decode()
    path = re.search(r"http://testserver(/secret/[^\"<]+/)", page)
    code = re.search(r'data-copy="(\d{6})"', page)
    assert path is not None, page
    assert code is not None
    return path[1], code[1]


def test_the_user_reads_it_once_with_the_code(place: Place, done: "Operation", as_alice: Client, eve: Client) -> None:
    from tenantry.audit.models import Event

    path, code = _made(place, done, as_alice)
    opened = eve.get(path)
    assert opened.status_code == 200
    assert PASSWORD not in opened.content.decode()
    assert opened.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in opened.headers["Cache-Control"]
    assert eve.get(path).status_code == 200, "opening burns nothing: scanners of mail open links"
    shown = eve.post(path, {"code": f"{code[:3]} {code[3:]}"})
    assert PASSWORD in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    for answer in (eve.get(path), eve.post(path, {"code": code})):
        assert answer.status_code == 404
        assert PASSWORD not in answer.content.decode()
    done.refresh_from_db()
    assert done.password_sealed is None
    assert "read through the one-time link" in as_alice.get(_url(place, done, "operation")).content.decode()
    assert as_alice.post(_url(place, done, "reveal")).status_code == 302, "nobody sees it a second time"
    tags = list(
        Event.objects.filter(target_id=str(done.object_id), kind="fact").order_by("pk").values_list("action", flat=True)
    )
    assert tags == ["helpdesk.secret_link_made", "helpdesk.password_shown"]


def test_neither_token_nor_code_nor_password_is_stored(place: Place, done: "Operation", as_alice: Client) -> None:
    from django.db import connection

    path, code = _made(place, done, as_alice)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l::text || o::text FROM helpdesk_secretlink l JOIN helpdesk_operation o ON o.id = operation_id"
        )
        text = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_event e WHERE target_id = %s", [str(done.object_id)])
        text += cursor.fetchone()[0]
    for planted in (path.split("/")[2], PASSWORD):
        assert planted not in text
    assert f'"{code}"' not in text


def test_five_wrong_codes_end_the_link(place: Place, done: "Operation", as_alice: Client, eve: Client) -> None:
    path, code = _made(place, done, as_alice)
    wrong = "000000" if code != "000000" else "111111"
    for left in (4, 3, 2, 1):
        answer = eve.post(path, {"code": wrong})
        assert answer.status_code == 400
        assert f"{left} tries are left" in answer.content.decode()
    assert eve.post(path, {"code": wrong}).status_code == 404
    assert eve.post(path, {"code": code}).status_code == 404
    done.refresh_from_db()
    assert done.password_sealed is not None, "the password still waits for the technician"


def test_a_guesser_is_shut_out(place: Place, done: "Operation", as_alice: Client, eve: Client) -> None:
    path, code = _made(place, done, as_alice)
    for number in range(20):
        assert eve.get(f"/secret/guess-{number}/").status_code == 404
    answer = eve.post(path, {"code": code})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "600"


def test_a_link_ends_by_time_by_a_new_one_and_by_being_revoked(
    place: Place, done: "Operation", as_alice: Client, eve: Client
) -> None:
    from tenantry.helpdesk import tasks

    first, _ = _made(place, done, as_alice)
    second, _ = _made(place, done, as_alice)
    assert (eve.get(first).status_code, eve.get(second).status_code) == (404, 200)
    assert as_alice.post(_url(place, done, "unshare")).status_code == 302
    assert eve.get(second).status_code == 404
    assert as_alice.post(_url(place, done, "unshare")).status_code == 409
    third, _ = _made(place, done, as_alice)
    place.clock.travel(minutes=30)
    tasks.discard()
    assert eve.get(third).status_code == 200, "while a link lives the password waits for it"
    place.clock.travel(minutes=30)
    assert eve.get(third).status_code == 404
    tasks.discard()
    done.refresh_from_db()
    assert done.password_sealed is None


def test_what_nobody_threw_away_is_not_shown_after_its_time_either(
    place: Place, done: "Operation", as_alice: Client, eve: Client
) -> None:
    """No right outlives its time, with a worker that stands still too; and no chain of links makes it longer."""
    made = [_made(place, done, as_alice)[0]]
    for _ in range(3):
        place.clock.travel(minutes=24)
        made.append(_made(place, done, as_alice)[0])
    place.clock.travel(minutes=4)  # 76 minutes after it was done
    assert [eve.get(path).status_code for path in made] == [404] * 4
    for name in ("reveal", "share"):
        answer = as_alice.post(_url(place, done, name))
        assert (answer.status_code, PASSWORD in answer.content.decode()) == (302, False)
    done.refresh_from_db()
    assert (done.password_sealed is None, done.password_shown_at) == (False, None)


def test_of_two_who_open_it_at_once_one_reads(place: Place, done: "Operation", as_alice: Client) -> None:
    from django.db import connections

    path, code = _made(place, done, as_alice)
    barrier = threading.Barrier(2)
    seen: list[int] = []

    def read() -> None:
        try:
            barrier.wait()
            seen.append(Client().post(path, {"code": code}).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [200, 404]


def test_for_some_customers_technicians_never_see_a_password(
    place: Place, dana: "DirectoryUser", as_alice: Client, eve: Client
) -> None:
    from tenantry.audit.models import Event

    url = reverse("customers:passwords", args=(place.customer.pk,))
    assert as_alice.post(url, {"hides": "yes"}).status_code == 302
    page = as_alice.get(reverse("helpdesk:confirm", args=(place.customer.pk, dana.object_id, "reset-password")))
    assert 'value="typed"' not in page.content.decode()
    token = page.context["form"].initial["confirmation"]
    typed = {"confirmation": token, "justification": "Forgotten", "source": "typed", "password": PASSWORD}
    answer = as_alice.post(
        reverse("helpdesk:confirm", args=(place.customer.pk, dana.object_id, "reset-password")), typed
    )
    assert answer.status_code == 422
    done = place.do(dana)
    assert "Show password" not in as_alice.get(_url(place, done, "operation")).content.decode()
    refused = as_alice.post(_url(place, done, "reveal"))
    assert refused.status_code == 403
    assert PASSWORD not in refused.content.decode()
    path, code = _made(place, done, as_alice)
    for answer in (as_alice.get(path), as_alice.post(path, {"code": code})):
        assert answer.status_code == 403
        assert PASSWORD not in answer.content.decode()
    assert PASSWORD in eve.post(path, {"code": code}).content.decode()  # from where the link was made, as it happens
    activity = as_alice.get("/activity/", {"customer": str(place.customer.pk)}).content.decode()
    for words in ("opened near its maker", "Ask the user whether it was them", "Exception", "A technician opened it"):
        assert words in activity
    again = place.do(place.add_user("Otto Other"))
    path, code = _made(place, again, as_alice)
    user = Client(REMOTE_ADDR="198.51.100.77")
    assert PASSWORD in user.post(path, {"code": code}).content.decode()
    near = Event.objects.filter(customer_id=place.customer.pk, action="helpdesk.secret_link_opened_near_its_maker")
    assert [event.target_id for event in near] == [str(dana.object_id)]
    assert as_alice.post(url, {"hides": "no"}).status_code == 302


def test_who_is_switched_off_reads_nothing_through_the_link_they_made(
    place: Place, dana: "DirectoryUser", eve: Client
) -> None:
    """Issue 4: switching off kills at once, what waits to be read included."""
    from tenantry.audit.models import Event
    from tenantry.helpdesk import queries
    from tenantry.helpdesk.models import LinkState, Operation
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.models import Technician
    from tenantry.technicians.staff import changing

    leaver = Technician.objects.create_user(
        f"leaver-{dana.object_id.hex[:8]}@harbour-it.example",
        display_name="Leaver",
        role="administrator",
        created_at=place.clock.now(),
    )
    operation = place.do(dana)
    Operation.objects.filter(pk=operation.pk).update(technician_id=leaver.pk, technician_name="Leaver")
    browser = Client()
    browser.force_login(leaver, backend="django.contrib.auth.backends.ModelBackend")
    path, code = _made(place, operation, browser)
    changing.deactivate(actor=actor_for(place.alice), technician=place.alice, target_id=leaver.pk)
    answer = eve.post(path, {"code": code})
    assert (answer.status_code, PASSWORD in answer.content.decode()) == (404, False)
    operation.refresh_from_db()
    assert operation.password_sealed is None
    link = queries.newest_link(operation)
    assert link is not None
    assert queries.state_of_link(link) == LinkState.SWITCHED_OFF
    event = Event.objects.get(target_id=str(dana.object_id), action="helpdesk.password_discarded")
    assert "Leaver was switched off" in event.summary
