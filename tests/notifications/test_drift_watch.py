"""Drift watch, whole: each change of a tenant shows on the row, in the record and in one message, found by schedule and
by the failing call (AC-5.4)."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.helpdesk.conftest import Place
from tests.notifications.conftest import Hook, MailServerUp
from tests.tenants.conftest import PAA, Trip

from tenantry.directory.actions import request_sync
from tenantry.notifications import actions
from tenantry.notifications.models import Alert
from tenantry.technicians.actions import actor_for
from tenantry.tenants.models import Connection, RolePath

if TYPE_CHECKING:
    from tenantry.technicians.models import Technician

# --- how the customer stands before the change ------------------------------------------------------------------------


def directly(trip: Trip) -> None:
    trip.connect()
    trip.give_role()


def by_pim(trip: Trip) -> None:
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    trip.tenant.assign_by_pim(trip.principal().id, PAA)


def by_pim_for_a_month(trip: Trip) -> None:
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    ends_at = (trip.clock.now() + dt.timedelta(days=15)).replace(microsecond=0)
    trip.tenant.assign_by_pim(trip.principal().id, PAA, ends_at=ends_at)


def by_group(trip: Trip) -> None:
    trip.tenant.add_sku("AAD_PREMIUM")
    connection = trip.connect()
    Connection.objects.filter(pk=connection.pk).update(path=RolePath.GROUP, path_is_chosen=True)
    group = trip.tenant.add_group(f"{connection.app_display_name} Enterprise App", assignable=True)
    trip.tenant.add_member(group, trip.principal())
    trip.tenant.assign_role(group.id, PAA)


# --- what changes -----------------------------------------------------------------------------------------------------


def all_permissions_go(trip: Trip) -> None:
    trip.principal().app_role_assignments.clear()


def a_permission_is_wanting(trip: Trip) -> None:
    """As after an update of the console that needs more than was accepted."""
    trip.tenant.remove_permission(trip.app, "User.EnableDisableAccount.All")


def the_app_is_deleted(trip: Trip) -> None:
    trip.tenant.withdraw_consent(trip.app)


def the_app_is_disabled(trip: Trip) -> None:
    trip.tenant.disable_app(trip.app)


def the_tenant_goes(trip: Trip) -> None:
    trip.tenant.vanish()


def the_role_goes(trip: Trip) -> None:
    trip.tenant.remove_role(trip.principal().id, PAA)


def the_role_is_made_eligible(trip: Trip) -> None:
    trip.tenant.make_eligible(trip.principal().id, PAA)


def time_passes(trip: Trip) -> None:
    trip.clock.travel(days=2)


def the_app_leaves_the_group(trip: Trip) -> None:
    (group,) = trip.tenant.state.groups.values()
    trip.tenant.remove_member(group, trip.principal())


def the_licence_goes(trip: Trip) -> None:
    trip.tenant.remove_sku("AAD_PREMIUM")


def the_app_is_renamed(trip: Trip) -> None:
    trip.principal().display_name = "Helpful Hand"


# --- the call that fails because of it --------------------------------------------------------------------------------


def read_users(trip: Trip, _: "Technician") -> None:
    """What a technician's *Refresh* asks for."""
    request_sync(tenant_id=trip.tenant_id)
    trip.run_jobs()


def reset(trip: Trip, alice: "Technician") -> None:
    """A technician resets somebody's password, and Microsoft refuses."""
    place = Place(
        trip.customer, trip.tenant, trip.app, trip.principal(), trip.connection(), alice, trip.clock, trip.run_jobs
    )
    assert place.do(place.add_user("Dana Whitfield")).state != "done"


@dataclass(frozen=True)
class Case:
    """One change, and how it shows.

    Attributes:
        before: how the customer stood.
        change: what somebody of the customer did.
        drift: its name in the record.
        state: of the connection's row after it.
        alert: kind and code of the one alert.
        call: what of ours fails because of it at once; None where nothing does.
    """

    before: Callable[[Trip], None]
    change: Callable[[Trip], None]
    drift: str
    state: str
    alert: tuple[str, str]
    call: "Callable[[Trip, Technician], None] | None" = None


CASES = [
    Case(directly, all_permissions_go, "consent_withdrawn", "offline", ("connection", "withdrawn")),
    Case(directly, a_permission_is_wanting, "reconsent", "reconsent_needed", ("connection", "permission_missing")),
    Case(directly, the_app_is_deleted, "consent_withdrawn", "offline", ("connection", "withdrawn"), read_users),
    Case(directly, the_app_is_disabled, "app_disabled", "offline", ("connection", "app_disabled"), read_users),
    Case(directly, the_tenant_goes, "tenant_gone", "offline", ("tenant_gone", "tenant_gone"), read_users),
    Case(directly, the_role_goes, "role_removed", "degraded", ("connection", "role_missing"), reset),
    Case(by_pim, the_role_is_made_eligible, "role_eligible", "degraded", ("connection", "role_eligible_only"), reset),
    Case(by_pim_for_a_month, time_passes, "role_ends_in_14_days", "ready", ("role_end_near", "role_ends_in_14_days")),
    Case(by_group, the_app_leaves_the_group, "left_group", "degraded", ("connection", "group_not_member"), reset),
    Case(by_group, the_licence_goes, "licence_lost", "ready", ("licence_lost", "licence_lost")),
    Case(directly, the_app_is_renamed, "app_renamed", "ready", ("app_renamed", "app_renamed")),
]
"""Our certificate near its end is watched without a tenant: `test_connections`."""


def begin(trip: Trip, case: Case) -> None:
    case.before(trip)
    trip.look(minutes=20)
    assert trip.look(minutes=1).state == "ready"
    assert trip.connection().drifts == {}


def assert_told_once(trip: Trip, hook: Hook, case: Case) -> None:
    """On the row, in the record, as an alert and as one message of it; each says why, what to do and who."""
    row = trip.connection()
    assert (row.state, list(row.drifts)) == (case.state, [] if case.drift == "app_renamed" else [case.drift])
    if case.drift == "app_renamed":  # over as soon as it is told: nothing has to be done
        assert len(trip.events("tenants.app_renamed")) == 1
    else:
        assert [event.details["drift"] for event in trip.events("tenants.drift_found")] == [case.drift]
    (alert,) = Alert.objects.filter(tenant_id=trip.tenant_id)
    assert (alert.kind, alert.code.split(":")[0], alert.state) == (*case.alert, "open")
    (got,) = hook.receiver.of_tenant(trip.tenant_id)
    said = got.json["data"]
    assert said["event"] == "opened"
    assert all(said["alert"][part] for part in ("title", "cause", "fix", "who", "link"))
    assert trip.client.get(alert.link).status_code == 200
    assert (f"/road/{row.app}/" in alert.link) == (alert.kind == "role_end_near")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.change.__name__)
def test_ac_5_4_each_change_is_found_by_schedule_and_told_once(trip: Trip, hook: Hook, case: Case) -> None:
    """AC-5.4, AC-3.2, AC-7.6, AC-8.1: within a day, without anybody asking; the next looks say nothing new."""
    begin(trip, case)
    case.change(trip)
    for _ in range(3):
        trip.look(hours=9)
    assert_told_once(trip, hook, case)


@pytest.mark.parametrize("case", [case for case in CASES if case.call], ids=lambda case: case.change.__name__)
def test_ac_5_4_each_change_is_found_by_the_call_that_fails_and_the_schedule_does_not_repeat_it(
    trip: Trip, hook: Hook, alice: "Technician", case: Case
) -> None:
    """AC-5.4: at the next failing call."""
    begin(trip, case)
    case.change(trip)
    assert case.call is not None
    trip.clock.travel(minutes=70)  # tokens do not outlive an hour by much
    case.call(trip, alice)
    assert_told_once(trip, hook, case)
    trip.look(hours=9)
    assert_told_once(trip, hook, case)


def test_a_drift_is_told_by_mail_once_with_the_page_that_mends_it(
    trip: Trip, smtp: MailServerUp, alice: "Technician"
) -> None:
    """AC-3.2, AC-5.4: an end that is near leads to the road, where it is renewed for them or sent to them."""
    case = next(case for case in CASES if case.alert[0] == "role_end_near")
    begin(trip, case)
    actions.add_mail(actor=actor_for(alice), technician=alice, addresses=[f"{uuid.uuid4().hex[:8]}@harbour-it.example"])
    case.change(trip)
    for _ in range(3):
        trip.look(hours=9)
    ((_, text),) = [
        (box, text) for box, text in smtp.box.got if trip.customer.name in text or trip.tenant.domain in text
    ]
    assert f"/customers/{trip.customer.pk}/road/helpdesk/" in text
    alert = Alert.objects.get(tenant_id=trip.tenant_id)
    page = trip.client.get(alert.link).content.decode()
    assert "Sign in and do it" in page
    assert f"/customers/{trip.customer.pk}/send/" in page
