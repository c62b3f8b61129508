"""A second technician agrees, and it is done in that moment; never one's own, decided once, ended by time."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tenantry.kit.errors import Conflict, NotAllowed, NotHere
from tests.safeguards.conftest import Desk

if TYPE_CHECKING:
    from tenantry.safeguards.models import ApprovalRequest
    from tenantry.technicians.models import Technician


def _approve(request: "ApprovalRequest", technician: "Technician", **options: object) -> "ApprovalRequest":
    from tenantry.safeguards import actions
    from tenantry.technicians.actions import actor_for

    stepped_up = bool(options.pop("stepped_up", True))
    return actions.approve(
        actor=actor_for(technician, "203.0.113.9"), technician=technician, request_id=request.pk, stepped_up=stepped_up
    )


def _passwords_of_boss(desk: Desk) -> int:
    return desk.place.effects(desk.boss)


def test_a_global_administrators_password_takes_two_people(desk: Desk, run: Callable[[], None]) -> None:
    from tenantry.audit.models import Event
    from tenantry.helpdesk.models import Operation

    request = desk.request(desk.owner, desk.boss)
    run()
    assert _passwords_of_boss(desk) == 0, "nothing is done before somebody agrees"
    page = desk.browser(desk.administrator).get(f"/approvals/{request.pk}/").content.decode()
    for words in ("Reset password", desk.boss.user_principal_name, "Forgotten password", "Approve and do it now"):
        assert words in page
    answer = desk.browser(desk.administrator).post(f"/approvals/{request.pk}/approve/", {"note": "Called back"})
    assert answer.status_code == 302
    run()
    request.refresh_from_db()
    operation = Operation.objects.get(confirmation_id=request.confirmation_id)
    assert (request.state, operation.state) == ("approved", "done")
    assert operation.technician_id == desk.owner.pk, "in the name of who asked"
    assert request.secret_sealed is None
    assert _passwords_of_boss(desk) == 1
    assert operation.intent_id is not None
    grounds = Event.objects.get(pk=operation.intent_id).details["grounds"]
    assert grounds["approved_by"] == desk.administrator.display_name
    tags = list(Event.objects.filter(details__approval=str(request.pk)).values_list("action", flat=True))
    assert tags == ["safeguards.approval_asked", "safeguards.approval_given"]


def test_who_decides_is_told_who_will_see_the_password(desk: Desk) -> None:
    from tenantry.customers.models import Customer

    request = desk.request(desk.owner, desk.boss)
    assert ["Who sees the new password", desk.owner.display_name] in request.lines
    desk.browser(desk.owner).post(f"/approvals/{request.pk}/withdraw/")
    Customer.objects.filter(pk=desk.place.customer.pk).update(hides_passwords=True)
    (words,) = [text for label, text in desk.request(desk.owner, desk.boss).lines if label.startswith("Who sees")]
    assert words == f"The user alone, through a one-time link that {desk.owner.display_name} makes"


def test_nobody_decides_their_own_request_or_one_that_they_might_not_do_themselves(desk: Desk) -> None:
    request = desk.request(desk.owner, desk.boss)
    with pytest.raises(NotAllowed, match="own request"):
        _approve(request, desk.owner)
    with pytest.raises(NotAllowed, match="rules do not let"):
        _approve(request, desk.engineer)
    with pytest.raises(NotAllowed, match="does not include"):
        _approve(request, desk.help_desk)
    with pytest.raises(NotAllowed, match="Confirm that it is you"):
        _approve(request, desk.administrator, stepped_up=False)
    request.refresh_from_db()
    assert request.state == "pending"
    assert "You cannot decide this" in desk.browser(desk.engineer).get(f"/approvals/{request.pk}/").content.decode()


def test_a_stranger_to_the_customer_finds_no_request(desk: Desk) -> None:
    request = desk.request(desk.owner, desk.boss)
    desk.engineer.teams.clear()
    assert desk.browser(desk.engineer).get(f"/approvals/{request.pk}/").status_code == 404
    with pytest.raises(NotHere):
        _approve(request, type(desk.engineer).objects.get(pk=desk.engineer.pk))


def test_denied_withdrawn_and_expired_requests_do_nothing_and_keep_no_secret(
    desk: Desk, run: Callable[[], None]
) -> None:
    from tenantry.safeguards import tasks

    denied = desk.request(desk.owner, desk.boss)
    assert desk.browser(desk.administrator).post(f"/approvals/{denied.pk}/deny/", {"note": "No"}).status_code == 302
    withdrawn = desk.request(desk.owner, desk.boss)
    assert desk.browser(desk.administrator).post(f"/approvals/{withdrawn.pk}/withdraw/").status_code == 403
    assert desk.browser(desk.owner).post(f"/approvals/{withdrawn.pk}/withdraw/").status_code == 302
    expired = desk.request(desk.owner, desk.boss)
    desk.place.clock.travel(hours=1)
    with pytest.raises(Conflict, match="run out"):
        _approve(expired, desk.administrator)
    assert "Ran out" in desk.browser(desk.owner).get(f"/approvals/{expired.pk}/").content.decode()
    tasks.expire()
    run()
    for request, state in ((denied, "denied"), (withdrawn, "withdrawn"), (expired, "expired")):
        request.refresh_from_db()
        assert (request.state, request.secret_sealed) == (state, None)
        with pytest.raises(Conflict):
            _approve(request, desk.administrator)
    assert _passwords_of_boss(desk) == 0


def test_the_same_is_not_asked_for_twice_while_it_waits(desk: Desk) -> None:
    request = desk.request(desk.owner, desk.boss)
    page = desk.browser(desk.administrator).get(desk.url(desk.boss, "reset-password")).content.decode()
    assert "This waits for a second technician" in page
    assert str(request.pk) in page


def test_what_cannot_be_done_any_more_leaves_the_request_as_it_was(desk: Desk) -> None:
    from tenantry.directory.models import RoleHolding

    request = desk.request(desk.owner, desk.boss)
    RoleHolding.objects.filter(tenant_id=desk.place.tenant_id, principal_id=desk.boss.object_id).delete()
    with pytest.raises(Conflict, match="another kind of account"):
        _approve(request, desk.administrator)
    type(desk.owner).objects.filter(pk=desk.owner.pk).update(is_active=False)
    with pytest.raises(NotAllowed, match="does not work here"):
        _approve(request, desk.administrator)
    request.refresh_from_db()
    assert request.state == "pending"


def test_a_rule_made_stricter_in_between_counts(desk: Desk) -> None:
    from tenantry.safeguards import actions
    from tenantry.safeguards.policies import Deed, Rule, TargetClass
    from tenantry.technicians.actions import actor_for

    request = desk.request(desk.administrator, desk.boss)
    key = (TargetClass.GLOBAL_ADMINISTRATOR, Deed.RESET_PASSWORD)
    actions.change_rules(
        actor=actor_for(desk.owner),
        technician=desk.owner,
        wanted={key: Rule(frozenset({"owner"}), step_up=True, needs_approval=True)},
    )
    with pytest.raises(NotAllowed, match="do not let your role"):
        _approve(request, desk.owner)
    request.refresh_from_db()
    assert request.state == "pending"


def test_of_two_who_decide_at_once_one_does(desk: Desk, run: Callable[[], None]) -> None:
    from django.db import connections

    from tenantry.helpdesk.models import Operation

    second = type(desk.owner).objects.create_user(
        f"second-{desk.owner.pk.hex[:8]}@harbour-it.example",
        display_name="Second",
        role="administrator",
        created_at=desk.place.clock.now(),
    )
    request = desk.request(desk.owner, desk.boss)
    barrier = threading.Barrier(2)
    found: list[str] = []

    def decide(technician: "Technician", act: Callable[[], object]) -> None:
        try:
            barrier.wait()
            act()
            found.append("won")
        except Conflict:
            found.append("lost")
        finally:
            connections.close_all()

    def deny() -> None:
        from tenantry.safeguards import actions
        from tenantry.technicians.actions import actor_for

        actions.deny(actor=actor_for(second), technician=second, request_id=request.pk)

    threads = [
        threading.Thread(target=decide, args=(desk.administrator, lambda: _approve(request, desk.administrator))),
        threading.Thread(target=decide, args=(second, deny)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["lost", "won"]
    run()
    request.refresh_from_db()
    made = Operation.objects.filter(confirmation_id=request.confirmation_id).count()
    assert made == (1 if request.state == "approved" else 0)
    assert _passwords_of_boss(desk) == made


def test_requests_wait_an_hour_and_are_counted_for_others_only(desk: Desk) -> None:
    from tenantry.safeguards.queries import count_to_decide

    request = desk.request(desk.owner, desk.boss)
    assert request.expires_at - request.requested_at == dt.timedelta(hours=1)
    assert count_to_decide(desk.administrator) >= 1
    before = count_to_decide(desk.owner)
    desk.place.clock.travel(hours=1)
    assert count_to_decide(desk.owner) <= before
    assert count_to_decide(desk.help_desk) == 0
