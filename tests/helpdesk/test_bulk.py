"""Several users at once: who is in it, who is left out, one effect each, results that survive leaving."""

import re
import uuid
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from tests.helpdesk.conftest import Place

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

    from tenantry.directory.models import DirectoryUser


def _ask(place: Place, browser: "Client", users: "list[DirectoryUser]", kind: str = "block") -> "Page":
    return browser.post(
        reverse("helpdesk:bulk", args=(place.customer.pk,)),
        {"kind": kind, "object_ids": [str(user.object_id) for user in users]},
    )


def _start(place: Place, browser: "Client", page: "Page", **changes: str) -> "Page":
    found = re.search(r'name="confirmation" value="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    form = {"confirmation": found.group(1), "justification": "Lost device", "ticket": ""} | changes
    return browser.post(reverse("helpdesk:bulk_start", args=(place.customer.pk,)), form)


@pytest.fixture
def users(place: Place) -> "list[DirectoryUser]":
    return [place.add_user(f"User {number}") for number in range(3)]


@pytest.mark.parametrize("kind", ["block", "revoke-sessions"])
def test_a_bulk_run_does_each_user_once_and_shows_each_result(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client", kind: str
) -> None:
    page = _ask(place, as_alice, users, kind)
    assert "User 0" in page.content.decode()
    answer = _start(place, as_alice, page)
    run_url = answer.headers["Location"]
    text = as_alice.get(run_url).content.decode()
    assert "hx-get" in text
    assert "0 of 3" in text
    place.run_jobs()
    text = as_alice.get(run_url).content.decode()
    assert "3 of 3" in text
    assert "hx-get" not in text
    assert "All done" in text
    assert [place.effects(user) for user in users] == [1, 1, 1]
    if kind == "block":
        assert not any(place.in_tenant(user).account_enabled for user in users)


def test_who_cannot_be_done_is_left_out_with_the_reason(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    guest = place.add_user("Guest Gunnar", guest=True)
    page = _ask(place, as_alice, [*users, guest], "revoke-sessions")
    text = page.content.decode()
    assert "Left out" in text
    assert "a guest signs in at home" in text
    answer = _start(place, as_alice, page)
    place.run_jobs()
    assert place.writes(guest) == []
    assert "3 of 3" in as_alice.get(answer.headers["Location"]).content.decode()


def test_starting_the_same_run_twice_is_one_run(place: Place, users: "list[DirectoryUser]", as_alice: "Client") -> None:
    page = _ask(place, as_alice, users)
    first, second = _start(place, as_alice, page), _start(place, as_alice, page)
    assert first.headers["Location"] == second.headers["Location"]
    place.run_jobs()
    assert [place.effects(user) for user in users] == [1, 1, 1]


def test_users_touched_after_the_page_was_opened_are_left_out(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    page = _ask(place, as_alice, users)
    place.clock.travel(seconds=5)
    place.do(users[0], "revoke-sessions")
    answer = _start(place, as_alice, page)
    place.run_jobs()
    text = as_alice.get(answer.headers["Location"]).content.decode()
    assert "after the page was opened" in text
    assert place.in_tenant(users[0]).account_enabled is True
    assert [place.effects(user) for user in users] == [1, 1, 1]


def test_one_failing_user_does_not_stop_the_others(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    place.tenant.add_restricted_unit(name="Emergency", members=[str(users[1].object_id)])
    answer = _start(place, as_alice, _ask(place, as_alice, users))
    place.run_jobs()
    text = as_alice.get(answer.headers["Location"]).content.decode()
    assert "Protected account" in text
    assert "2 done and read back" in text
    assert "1 not done" in text


def test_an_old_bulk_page_comes_again_with_what_was_typed(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    page = _ask(place, as_alice, users)
    place.clock.travel(minutes=11)
    late = _start(place, as_alice, page, justification="Asked at the door")
    assert late.status_code == 409
    assert "Asked at the door" in late.content.decode()
    assert _start(place, as_alice, late).status_code == 302


def test_a_missing_justification_is_said_and_nothing_starts(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    from tenantry.helpdesk.models import BulkRun

    answer = _start(place, as_alice, _ask(place, as_alice, users), justification="")
    assert answer.status_code == 422
    assert not BulkRun.objects.filter(tenant_id=place.tenant_id).exists()


def test_limits_and_strangers_are_refused(place: Place, users: "list[DirectoryUser]", as_alice: "Client") -> None:
    url = reverse("helpdesk:bulk", args=(place.customer.pk,))
    many = as_alice.post(url, {"kind": "block", "object_ids": [str(uuid.uuid4()) for _ in range(201)]})
    assert many.status_code == 400
    assert "at most 200" in many.content.decode()
    assert as_alice.post(url, {"kind": "block", "object_ids": []}).status_code == 400
    assert as_alice.post(url, {"kind": "block", "object_ids": ["x"]}).status_code == 400
    assert as_alice.post(url, {"kind": "block", "object_ids": [str(uuid.uuid4())]}).status_code == 404
    assert as_alice.post(url, {"kind": "nothing", "object_ids": [str(users[0].object_id)]}).status_code == 400
    reset = as_alice.post(url, {"kind": "reset-password", "object_ids": [str(users[0].object_id)]})
    assert reset.status_code == 403
    # The selection is gone with a reload; the list is where it is made.
    assert as_alice.get(url).headers["Location"] == reverse("directory:users", args=(place.customer.pk,))


def test_ac_5_4_a_bulk_run_waits_while_the_connection_cannot_work_and_goes_on_by_itself(
    place: Place, users: "list[DirectoryUser]", as_alice: "Client"
) -> None:
    """AC-5.4: work that cannot succeed waits instead of failing one by one."""
    from tenantry.helpdesk import tasks as helpdesk_tasks
    from tenantry.tenants.models import Connection

    answer = _start(place, as_alice, _ask(place, as_alice, users))
    ours = Connection.objects.filter(tenant_id=users[0].tenant_id, app="helpdesk")
    was = ours.values("state", "next_check_at").get()
    ours.update(state="degraded", cause="Role missing: it was there and was taken away.", fix="Assign it.", who="them")
    place.run_jobs()
    text = as_alice.get(answer.headers["Location"]).content.decode()
    assert "0 of 3" in text
    assert [place.writes(user) for user in users] == [[], [], []]
    ours.update(**was)
    place.clock.travel(minutes=2)
    helpdesk_tasks.sweep()
    place.run_jobs()
    assert "3 of 3" in as_alice.get(answer.headers["Location"]).content.decode()
    assert [place.effects(user) for user in users] == [1, 1, 1]
