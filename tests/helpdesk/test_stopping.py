"""An outcome that stays unknown: after ten minutes somebody may stop waiting, and it is never called done."""

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from tests.helpdesk.conftest import Place

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.directory.models import DirectoryUser
    from tenantry.helpdesk.models import Operation


def _url(place: Place, operation: "Operation", name: str = "stop") -> str:
    return reverse(f"helpdesk:{name}", args=(place.customer.pk, operation.pk))


@pytest.fixture
def unknown(place: Place, dana: "DirectoryUser") -> "Operation":
    """A reset that was sent, and whose account cannot be read since."""
    operation = place.ask(dana)
    place.tenant.fault("lost", method="PATCH", path=f"/users/{dana.object_id}", times=1)
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", times=4)
    place.run_jobs()
    place.tenant.fault("error", method="GET", path=f"/users/{dana.object_id}", status=503, times=100_000)
    operation.refresh_from_db()
    assert operation.state == "unknown"
    return operation


def test_before_ten_minutes_nobody_is_offered_to_stop_and_a_post_changes_nothing(
    place: Place, unknown: "Operation", as_alice: "Client"
) -> None:
    place.pass_time(unknown, seconds=60, steps=9)
    assert "Stop waiting" not in as_alice.get(_url(place, unknown, "operation")).content.decode()
    as_alice.post(_url(place, unknown), {"justification": "The user is at the desk"})
    unknown.refresh_from_db()
    assert unknown.state == "unknown"


def test_after_ten_minutes_it_ends_unresolved_and_others_are_possible_again(
    place: Place, dana: "DirectoryUser", unknown: "Operation", as_alice: "Client"
) -> None:
    from tenantry.audit.models import Event
    from tenantry.helpdesk import runner

    place.pass_time(unknown, seconds=61, steps=10)
    assert unknown.state == "unknown"
    page = as_alice.get(_url(place, unknown, "operation")).content.decode()
    assert "Stop waiting" in page
    assert 'http-equiv="refresh"' not in page, "typing must not be cut off"

    ended = as_alice.post(_url(place, unknown), {"justification": "The user is at the desk"}, follow=True)
    text = ended.content.decode()
    assert "Unresolved" in text
    assert 'class="state good"' not in text
    assert "Alice Moreau stopped waiting" in text
    unknown.refresh_from_db()
    assert (unknown.state, unknown.next_at, unknown.password_sealed) == ("given_up", None, None)
    assert unknown.password_discarded_at is not None
    assert not unknown.is_open

    outcome = Event.objects.filter(intent_id=unknown.intent_id).latest("id")
    assert (outcome.result, "Alice Moreau stopped waiting" in outcome.summary) == ("unknown", True)
    act = Event.objects.get(target_id=str(dana.object_id), action="helpdesk.stopped_waiting")
    assert (act.actor_name, act.justification) == ("Alice Moreau", "The user is at the desk")

    sent = len(place.writes(dana))
    place.pass_time(unknown, seconds=600, steps=3)
    runner.run(operation_id=unknown.pk)
    unknown.refresh_from_db()
    assert unknown.state == "given_up"
    assert len(place.writes(dana)) == sent
    assert place.ask(dana, "block").state == "waiting"


def test_a_worker_that_has_it_at_this_moment_writes_nothing_more(
    place: Place, unknown: "Operation", as_alice: "Client"
) -> None:
    from tenantry.helpdesk.models import OperationState
    from tenantry.helpdesk.runner import rows
    from tenantry.helpdesk.runner.words import Words

    place.pass_time(unknown, seconds=61, steps=10)
    place.clock.travel(hours=1)
    taken = rows.take(unknown.pk)
    assert taken is not None
    as_alice.post(_url(place, unknown), {"justification": "The user is at the desk"})
    with pytest.raises(rows.LeaseLost):
        rows.finish(taken, state=OperationState.DONE, words=Words("Done"))
    unknown.refresh_from_db()
    assert unknown.state == "given_up"


def test_stopping_asks_why_and_keeps_what_was_typed(place: Place, unknown: "Operation", as_alice: "Client") -> None:
    place.pass_time(unknown, seconds=61, steps=10)
    answer = as_alice.post(_url(place, unknown), {"justification": "no"})
    assert answer.status_code == 422
    assert 'value="no"' in answer.content.decode()
    unknown.refresh_from_db()
    assert unknown.state == "unknown"


def test_what_has_ended_in_the_meantime_stays_as_it_is(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    operation = place.do(dana)
    answer = as_alice.post(_url(place, operation), {"justification": "Too late"}, follow=True)
    assert answer.status_code == 200
    operation.refresh_from_db()
    assert operation.state == "done"
    assert as_alice.get(_url(place, operation)).status_code == 302
