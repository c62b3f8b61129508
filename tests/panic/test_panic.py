"""The emergency stop: nothing is sent, everybody is out, two owners lift it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tests.conftest import SharedClock
from tests.helpdesk.conftest import Place, dana, place

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician

__all__ = ["dana", "place"]

PAGE = "/settings/emergency-stop/"


@pytest.fixture(autouse=True)
def off_again(alice: "Technician", charlie: "Technician", clock: SharedClock) -> Iterator[None]:
    """Whatever a test pressed is off for the next one of this process, and its people can sign in again."""
    yield
    for person in (alice, charlie):
        person.refresh_from_db()  # pressing ended their sessions, those of the next tests too
    from tenantry.notifications.models import Alert
    from tenantry.panic.models import EmergencyStop

    EmergencyStop.objects.filter(lifted_at=None).update(lifted_at=clock.now())
    Alert.objects.filter(kind="emergency_stop").delete()


@pytest.fixture
def owners(alice: "Technician", clock: SharedClock) -> "Iterator[tuple[Technician, Technician]]":
    from tenantry.technicians.models import Technician

    second = Technician.objects.create_user(
        f"owner-{uuid.uuid4().hex[:8]}@harbour-it.example",
        display_name="Second Owner",
        role="owner",
        created_at=clock.now(),
    )
    yield alice, second
    Technician.objects.filter(pk=second.pk).update(role="auditor", is_active=False)


def _browser(technician: "Technician") -> Client:
    technician.refresh_from_db()
    client = Client()
    client.force_login(technician, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _press(technician: "Technician") -> None:
    from tenantry.panic import actions
    from tenantry.technicians.actions import actor_for

    actions.press(actor=actor_for(technician), technician=technician, reason="An account was taken")


def _lift(technician: "Technician | None") -> bool:
    from tenantry.kit.actor import system
    from tenantry.panic import actions
    from tenantry.technicians.actions import actor_for

    actor = actor_for(technician) if technician is not None else system("command line")
    return actions.lift(actor=actor, technician=technician, reason="It was a drill").lifted_at is not None


def test_pressing_signs_everybody_out_and_refuses_every_change(
    owners: "tuple[Technician, Technician]", charlie: "Technician"
) -> None:
    from tenantry.technicians.actions import create_sign_in_link

    alice, _ = owners
    elsewhere, there = _browser(charlie), _browser(alice)
    link = create_sign_in_link(charlie)
    assert there.post(PAGE, {"reason": "x"}).status_code == 400
    assert there.post(PAGE, {"reason": "An account was taken"}).status_code == 302
    for client in (elsewhere, there):
        assert client.get("/customers/").status_code == 302, "the session has ended"
    assert Client().get(link).status_code == 410, "links that were handed out have ended"
    again = _browser(alice)
    assert again.get("/customers/").status_code == 200, "reading goes on"
    answer = again.post("/customers/add/", {"name": "New one"})
    assert answer.status_code == 403
    assert "emergency stop is on" in answer.content.decode()
    assert Client().post("/handover/abc/").status_code == 403, "strangers change nothing either"
    assert "An account was taken" in again.get(PAGE).content.decode()
    alerts = again.get("/alerts/").content.decode()
    assert "The emergency stop is on" in alerts


def test_what_waits_is_not_sent_until_two_owners_lift_it(
    owners: "tuple[Technician, Technician]", place: Place, dana: "DirectoryUser", run_jobs: Callable[[], None]
) -> None:
    operation = place.ask(dana)
    _press(owners[0])
    run_jobs()
    operation.refresh_from_db()
    assert (operation.state, operation.error_code) == ("waiting", "emergency_stop")
    assert place.writes(dana) == []
    assert not _lift(owners[0])
    with pytest.raises(Conflict, match="agreed already"):
        _lift(owners[0])
    assert place.pass_time(operation, seconds=60).state == "waiting"
    assert _lift(owners[1])
    assert place.pass_time(operation, seconds=60).state == "done"
    assert place.effects(dana) == 1


def test_an_effect_needs_ordinary_times_and_taking_back_does_not(
    owners: "tuple[Technician, Technician]", place: Place
) -> None:
    from tenantry.audit import actions as audit
    from tenantry.audit.actions import About
    from tenantry.helpdesk.events import HelpdeskEvent
    from tenantry.kit.actor import system
    from tenantry.panic.queries import Stopped

    _press(owners[0])
    about = About(customer_id=place.customer.pk, tenant_id=place.tenant_id)
    with pytest.raises(Stopped):
        audit.begin(actor=system("test"), action=HelpdeskEvent.RESET_PASSWORD, about=about)
    audit.begin(actor=system("test"), action=HelpdeskEvent.RESET_PASSWORD, about=about, is_taking_back=True)


def test_who_may_press_and_who_may_lift(
    owners: "tuple[Technician, Technician]", charlie: "Technician", clock: SharedClock
) -> None:
    from tenantry.technicians.models import Technician

    with pytest.raises(NotAllowed):
        _press(charlie)
    with pytest.raises(Conflict, match="not on"):
        _lift(owners[0])
    administrator = Technician.objects.create_user(
        f"admin-{uuid.uuid4().hex[:8]}@harbour-it.example",
        display_name="Admin",
        role="administrator",
        created_at=clock.now(),
    )
    _press(administrator)
    with pytest.raises(Conflict, match="on already"):
        _press(owners[0])
    with pytest.raises(NotAllowed):
        _lift(administrator)
    with pytest.raises(NotAllowed, match="several owners"):
        _lift(None)
    assert not _lift(owners[0])
    clock.travel(hours=1)
    assert not _lift(owners[1]), "the first agreement has run out, so this is the first again"
    assert _lift(owners[0])


def test_an_owner_switches_off_whoever_was_taken_before_the_stop_is_lifted(
    owners: "tuple[Technician, Technician]", place: Place, dana: "DirectoryUser", run_jobs: Callable[[], None],
    clock: SharedClock,
) -> None:  # fmt: skip
    """Issue 4, kill switch: else what waits in the name of who was taken would be sent in the moment of the lifting."""
    from tenantry.helpdesk.models import Operation
    from tenantry.technicians.models import Technician

    def person(role: str) -> Technician:
        tag = uuid.uuid4().hex[:8]
        return Technician.objects.create_user(
            f"{role}-{tag}@harbour-it.example", display_name=f"{role} {tag}", role=role, created_at=clock.now()
        )

    taken, administrator = person("administrator"), person("administrator")
    operation = place.ask(dana)
    Operation.objects.filter(pk=operation.pk).update(technician_id=taken.pk, technician_name=taken.display_name)
    _press(owners[0])
    run_jobs()
    url = f"/settings/technicians/{taken.pk}/switch-off/"
    assert _browser(administrator).post(url).status_code == 403
    assert _browser(owners[1]).post(f"/settings/technicians/{owners[0].pk}/switch-off/").status_code == 403
    assert _browser(owners[1]).post(url.replace("switch-off", "role"), {"role": "auditor"}).status_code == 403
    assert _browser(owners[1]).post(url).status_code == 302
    assert not _lift(owners[0])
    assert _lift(owners[1])
    assert place.pass_time(operation, seconds=60).state == "refused"
    assert place.writes(dana) == []


def test_who_agreed_and_is_no_owner_any_more_did_not_agree(owners: "tuple[Technician, Technician]") -> None:
    from tenantry.technicians.models import Technician

    _press(owners[0])
    assert not _lift(owners[1])
    Technician.objects.filter(pk=owners[1].pk).update(role="auditor")
    assert not _lift(owners[0])
    Technician.objects.filter(pk=owners[1].pk).update(role="owner")
    assert _lift(owners[1])


def test_the_command_line_stands_in_for_the_second_of_a_single_owner(alice: "Technician") -> None:
    from tenantry.technicians.models import Technician

    others = list(Technician.objects.filter(role="owner").exclude(pk=alice.pk).values_list("pk", flat=True))
    Technician.objects.filter(pk__in=others).update(role="auditor")
    try:
        _press(alice)
        with pytest.raises(NotAllowed, match="agrees in the console first"):
            _lift(None)
        assert not _lift(alice)
        assert _lift(None)
    finally:
        Technician.objects.filter(pk__in=others).update(role="owner")


def test_of_two_owners_at_once_both_count(owners: "tuple[Technician, Technician]") -> None:
    from django.db import connections

    _press(owners[0])
    barrier = threading.Barrier(2)
    found: list[bool] = []

    def agree(owner: "Technician") -> None:
        try:
            barrier.wait()
            found.append(_lift(owner))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=agree, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [False, True]


def test_a_reason_is_needed(owners: "tuple[Technician, Technician]") -> None:
    from tenantry.kit.actor import system
    from tenantry.panic import actions

    with pytest.raises(Invalid):
        actions.press(actor=system("command line"), technician=None, reason="  ")
