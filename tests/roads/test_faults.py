"""Do it for me when something breaks: wherever it stops, the page says where it stands, and doing it again goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from tests.roads.conftest import Road
from tests.roads.test_do_it import PAA, held, take_group
from tests.technicians.staff_helpers import new_person

from entrasim.handle import Handle
from tenantry.audit.models import Event, Result
from tenantry.graph.calls import role_giving
from tenantry.roads.actions import settle
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState


class Killed(BaseException):
    """The process is gone: nothing behind this point runs."""


def kill_at(monkeypatch: pytest.MonkeyPatch, name: str, *, after: bool) -> None:
    """The process dies in this call, before it is sent or before its answer is seen; and cleans up nothing."""
    real: Callable[..., Any] = getattr(role_giving, name)

    def dies(**given: Any) -> None:  # noqa: ANN401  passed on
        if after:
            real(**given)
        raise Killed

    def is_dead(**_: Any) -> None:  # noqa: ANN401  as above
        raise Killed

    monkeypatch.setattr(role_giving, name, dies)
    monkeypatch.setattr(role_giving, "delegated_grants", is_dead)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["create_role_group", "add_group_member", "assign_role"])
def test_a_process_killed_at_any_change_leaves_work_that_is_found_told_and_gone_on_with(
    road: Road, monkeypatch: pytest.MonkeyPatch, call: str, after: bool
) -> None:
    """J7; every step is resumable."""
    tenant = road.trip.tenant
    tenant.add_sku("AAD_PREMIUM")
    tenant.assign_licence(tenant.admin, "AAD_PREMIUM")
    take_group(road)
    road.trip.look(hours=10)
    query = road.sign_in(road.leave())
    with monkeypatch.context() as patched:
        kill_at(patched, call, after=after)
        with pytest.raises(Killed):
            road.come_back(query)
    assert "being done at this moment" in road.page()
    road.trip.clock.travel(minutes=4)
    settle()
    work = road.work()
    assert (work.state, work.error_code) == (WorkState.STOPPED, "broke_off")
    assert work.remains
    assert "sent" not in road.states()
    outcomes = Event.objects.filter(customer_id=road.trip.customer.pk, kind="outcome", action__startswith="roads.")
    assert outcomes.filter(result=Result.UNKNOWN).exists()
    page = road.page()
    assert "broke off" in page
    assert "Possibly a delegated grant" in page
    road.trip.look(minutes=1)
    work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    assert len(tenant.state.groups) == 1
    assert road.grants() == 0


def test_two_technicians_at_once_make_one_assignment_and_the_second_is_told(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    dora, other = new_person("administrator"), Client()
    other.force_login(dora, backend="django.contrib.auth.backends.ModelBackend")
    first = road.sign_in(road.leave())
    mine, road.trip.client = road.trip.client, other
    second = road.sign_in(road.leave())
    road.trip.client = mine
    real = role_giving.assign_role

    def meanwhile(**given: Any) -> None:  # noqa: ANN401  passed on
        monkeypatch.setattr(role_giving, "assign_role", real)
        road.come_back(second, other)
        real(**given)

    monkeypatch.setattr(role_giving, "assign_role", meanwhile)
    road.come_back(first)
    states = dict(
        Work.objects.filter(customer_id=road.trip.customer.pk)
        .exclude(message="")
        .values_list("technician_name", "state")
    )
    assert sorted(states.values()) == [WorkState.DONE, WorkState.STOPPED]
    assert states[dora.display_name] == WorkState.STOPPED
    assert Work.objects.get(technician_id=dora.pk, error_code="busy").customer_id == road.trip.customer.pk
    assert held(road) == 1
    assert road.grants() == 0
    assert not Work.objects.filter(customer_id=road.trip.customer.pk).exclude(remains=[]).exists()


def test_a_page_that_was_closed_is_told_and_begun_anew(road: Road) -> None:
    url = road.leave()
    road.trip.clock.travel(minutes=31)
    settle()
    assert road.work().error_code == "expired"
    assert "Nobody came back from Microsoft." in road.page()
    road.come_back(road.sign_in(url))  # too late: its state opens nothing any more
    assert held(road) == 0
    assert road.do().state == WorkState.DONE


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize("is_there", [True, False])
def test_already_exists_in_any_shape_counts_only_after_a_read(road: Road, status: int, is_there: bool) -> None:
    url = road.leave()
    query = road.sign_in(url)
    code, message = {
        400: ("Request_BadRequest", "A conflicting object with the specified property value is in the directory."),
        409: ("RoleAssignmentExists", "The Role assignment already exists."),
    }[status]  # fmt: skip
    road.trip.tenant.fault(
        "error",
        method="POST",
        path="/roleManagement/directory/roleAssignments",
        status=status,
        code=code,
        message=message,
    )
    if is_there:
        real = role_giving.assign_role

        def somebody_was_faster(**given: Any) -> None:  # noqa: ANN401  passed on
            road.trip.give_role()
            real(**given)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(role_giving, "assign_role", somebody_was_faster)
            road.come_back(query)
    else:
        road.come_back(query)
    work = road.work()
    assert (work.state == WorkState.DONE) == is_there, (work.message, work.steps)
    assert held(road) == int(is_there)
    if not is_there:
        road.trip.look(minutes=1)
        assert road.do().state == WorkState.DONE


def test_what_microsoft_shows_later_is_called_done_when_a_look_finds_it(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AC-X.3: done means read back, however late."""
    monkeypatch.setattr(role_giving, "assign_role", lambda **_: None)  # taken, and nothing to see yet
    work = road.do()
    assert work.state == WorkState.WAITING
    assert "a look does not show all of them yet" in road.page()
    settle()
    assert road.work().state != WorkState.DONE or not road.work().steps
    road.trip.give_role()
    road.trip.look(minutes=1)
    settle()
    work.refresh_from_db()
    assert work.state == WorkState.DONE
    intent = Event.objects.get(customer_id=road.trip.customer.pk, kind="intent", action=RoadEvent.ROLE_ASSIGNED)
    assert intent.outcomes.order_by("-id")[0].result == Result.DONE
    assert "What was done" in road.page()


def test_a_role_taken_away_before_the_look_is_not_called_done(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    real = role_giving.assign_role

    def and_somebody_takes_it(**given: Any) -> None:  # noqa: ANN401  passed on
        real(**given)
        road.trip.tenant.remove_role(road.trip.principal().id, PAA)

    monkeypatch.setattr(role_giving, "assign_role", and_somebody_takes_it)
    assert road.do().state == WorkState.WAITING
    assert held(road) == 0


def test_an_administrator_who_loses_their_role_on_the_way_is_refused_and_nothing_is_changed(road: Road) -> None:
    user = road.trip.tenant.add_user(name="Petra Privileged", roles=["Privileged Role Administrator"])
    road.trip.tenant.add_user(name="Gustav Global", roles=["Global Administrator"])
    query = road.sign_in(road.leave())  # consents
    road.come_back({**query, "error": "access_denied"})
    query = road.sign_in(road.leave(), user)
    road.trip.tenant.remove_role(user.id, "Privileged Role Administrator")
    road.come_back(query)
    work = road.work()
    assert work.state == WorkState.STOPPED, (work.message, work.steps)
    assert held(road) == 0


def test_an_administrator_of_another_tenant_changes_nothing_here_or_there(road: Road, sim: Handle) -> None:
    elsewhere = sim.new_tenant(name="Falcon")
    url = road.leave().replace(road.trip.tenant.id, elsewhere.id)
    query = road.sign_in(url, elsewhere.admin)
    road.come_back(query)
    work = road.work()
    assert work.state == WorkState.STOPPED
    assert held(road) == 0
    assert not [entry for entry in elsewhere.journal() if entry.effect and "roleManagement" in entry.path]


def test_the_newest_work_is_the_newest_though_the_clock_stands_still(road: Road) -> None:
    made = []
    for _ in range(5):
        road.page()
        work = road.work()
        made.append(work.pk)
        Work.objects.filter(pk=work.pk).update(state=WorkState.STOPPED, message="Ended")
    assert len(set(made)) == 5
    times = list(Work.objects.filter(pk__in=made).order_by("created_at").values_list("pk", "created_at"))
    assert [pk for pk, _ in times] == made
    assert len({at for _, at in times}) == 5
