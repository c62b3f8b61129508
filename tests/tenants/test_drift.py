"""Drift watch: each change is noticed by the schedule and by the failing call, and told once (AC-5.4)."""

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from tests.tenants.conftest import Trip

from entrasim.state import Group
from tenantry.graph import errors
from tenantry.reach import roles
from tenantry.tenants import actions
from tenantry.tenants.actions import DriftNews, drifting
from tenantry.tenants.models import Connection, ConnectionState, RolePath
from tenantry.tenants.policies import Drift

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR


@pytest.fixture
def news() -> Iterator[list[DriftNews]]:
    """Everything an alerting domain would hear."""
    heard: list[DriftNews] = []
    listener = actions.on_drift(heard.append)
    yield heard
    drifting._listeners.remove(listener)


@pytest.fixture
def ready(trip: Trip) -> Trip:
    """A connected customer in which everything works."""
    trip.connect()
    trip.give_role()
    assert trip.look(minutes=20).state == ConnectionState.READY
    return trip


def heard_of(news: list[DriftNews], trip: Trip) -> list[tuple[Drift, bool]]:
    return [(each.drift, each.is_over) for each in news if each.tenant_id == trip.tenant_id]


def disable(trip: Trip) -> None:
    trip.tenant.disable_app(trip.app)


def withdraw(trip: Trip) -> None:
    trip.tenant.withdraw_consent(trip.app)


def unassign(trip: Trip) -> None:
    trip.tenant.remove_role(trip.principal().id, PAA)


def less(trip: Trip) -> None:
    trip.tenant.remove_permission(trip.app, "User.EnableDisableAccount.All")


def vanish(trip: Trip) -> None:
    trip.tenant.vanish()


@pytest.mark.parametrize(
    ("change", "drift"),
    [
        (disable, Drift.APP_DISABLED),
        (withdraw, Drift.CONSENT_WITHDRAWN),
        (unassign, Drift.ROLE_REMOVED),
        (less, Drift.RECONSENT),
        (vanish, Drift.TENANT_GONE),
    ],
)
def test_ac_5_4_each_change_is_noticed_by_schedule_within_a_day_and_told_once(
    ready: Trip, news: list[DriftNews], change: Callable[[Trip], None], drift: Drift
) -> None:
    """AC-5.4: state, event, alert, once per change, with cause, fix and who."""
    change(ready)
    for _ in range(4):
        ready.look(hours=9)
    assert heard_of(news, ready) == [(drift, False)]
    told = next(each for each in news if each.tenant_id == ready.tenant_id)
    assert told.cause
    assert told.fix
    assert told.who
    events = ready.events("tenants.drift_found")
    assert [event.details["drift"] for event in events] == [str(drift)]


def test_what_is_mended_is_told_to_be_over_and_a_second_change_is_news(ready: Trip, news: list[DriftNews]) -> None:
    """AC-5.4: begin and end, then anew."""
    unassign(ready)
    ready.look(hours=9)
    ready.give_role()
    ready.look(hours=9)
    unassign(ready)
    ready.look(hours=9)
    removed = Drift.ROLE_REMOVED
    assert heard_of(news, ready) == [(removed, False), (removed, True), (removed, False)]
    assert len({each.key for each in news if each.tenant_id == ready.tenant_id}) == 1


def test_ac_5_4_a_failing_call_tells_before_the_schedule_does(ready: Trip, news: list[DriftNews]) -> None:
    """AC-5.4: at the next failing call."""
    withdraw(ready)
    error = errors.NotConsented("AADSTS700016: Application was not found in the directory.", code="AADSTS700016")
    actions.note_failure(tenant_id=ready.tenant_id, error=error)
    assert heard_of(news, ready) == [(Drift.CONSENT_WITHDRAWN, False)]
    ready.look(minutes=1)
    assert heard_of(news, ready) == [(Drift.CONSENT_WITHDRAWN, False)]  # the look says the same


def test_a_set_up_that_was_never_finished_is_no_drift(trip: Trip, news: list[DriftNews]) -> None:
    """The missing role of a new connection stands in the checklist and alerts nobody."""
    trip.connect()
    trip.look(hours=2)
    assert heard_of(news, trip) == []


def test_an_assignment_near_its_end_is_told_14_and_3_days_before(trip: Trip, news: list[DriftNews]) -> None:
    """AC-3.2: reminded twice, then told as lost."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    ends_at = (trip.clock.now() + dt.timedelta(days=20)).replace(microsecond=0)
    trip.tenant.assign_by_pim(trip.principal().id, PAA, ends_at=ends_at)
    trip.look(minutes=20)
    assert heard_of(news, trip) == []
    trip.look(days=6.5)
    assert heard_of(news, trip)[-1] == (Drift.ROLE_ENDS_IN_14_DAYS, False)
    trip.look(days=4)
    assert len(heard_of(news, trip)) == 1
    trip.look(days=7)
    assert (Drift.ROLE_ENDS_IN_3_DAYS, False) in heard_of(news, trip)
    trip.look(days=3)
    assert heard_of(news, trip)[-2:] == [(Drift.ROLE_REMOVED, False), (Drift.ROLE_ENDS_IN_3_DAYS, True)]


def test_a_role_made_eligible_is_told_as_that(trip: Trip, news: list[DriftNews]) -> None:
    """Active became eligible: not "removed"."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    trip.tenant.assign_by_pim(trip.principal().id, PAA)
    trip.look(minutes=20)
    trip.tenant.make_eligible(trip.principal().id, PAA)
    trip.look(hours=9)
    assert heard_of(news, trip) == [(Drift.ROLE_ELIGIBLE, False)]


def by_group(trip: Trip) -> Group:
    """The role comes through a group."""
    trip.tenant.add_sku("AAD_PREMIUM")
    connection = trip.connect()
    Connection.objects.filter(pk=connection.pk).update(path=RolePath.GROUP, path_is_chosen=True)
    group = trip.tenant.add_group(f"{connection.app_display_name} Enterprise App", assignable=True)
    trip.tenant.add_member(group, trip.principal())
    trip.tenant.assign_role(group.id, PAA)
    trip.look(minutes=20)
    assert trip.look(minutes=20).state == ConnectionState.READY
    return group


def test_ac_7_6_leaving_the_group_is_told(trip: Trip, news: list[DriftNews]) -> None:
    """AC-7.6: noticed as in AC-5.4."""
    group = by_group(trip)
    trip.tenant.remove_member(group, trip.principal())
    trip.look(hours=9)
    assert heard_of(news, trip) == [(Drift.LEFT_GROUP, False)]


def test_a_lost_licence_that_the_road_stands_on_is_told_and_one_that_it_does_not_is_not(
    trip: Trip, news: list[DriftNews]
) -> None:
    """P1 with the path by group."""
    by_group(trip)
    trip.tenant.remove_sku("AAD_PREMIUM")
    trip.look(hours=9)
    assert heard_of(news, trip) == [(Drift.LICENCE_LOST, False)]


def test_a_renamed_app_is_told_and_nothing_stops(ready: Trip, news: list[DriftNews]) -> None:
    """AC-8.1: under its new name from then on."""
    ready.principal().display_name = "Helpful Hand"
    assert ready.look(hours=9).state == ConnectionState.READY
    assert heard_of(news, ready) == [(Drift.APP_RENAMED, False)]
    assert "Helpful Hand" in ready.page()


def test_a_drift_check_of_a_settled_tenant_takes_at_most_six_calls_the_daily_review_included(ready: Trip) -> None:
    """Measured: the token, the batches of a look, and the review of other enterprise apps."""
    ready.look(hours=9)
    ready.clock.travel(hours=9)
    before = len(ready.tenant.journal())
    actions.check_connection(tenant_id=ready.tenant_id)
    actions.read_neighbours(tenant_id=ready.tenant_id)
    calls = [entry.path for entry in ready.tenant.journal()[before:] if not entry.in_batch]
    assert 2 <= len(calls) <= 6, calls
