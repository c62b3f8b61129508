"""Connections tell their changes: raised and resolved with the state, once, through the real consent and checks."""

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from tests.notifications.conftest import Hook
from tests.tenants.conftest import PAA, Trip

from tenantry.audit.models import Event
from tenantry.graph import errors
from tenantry.graph.apps import App
from tenantry.kit.actor import system
from tenantry.notifications import tasks
from tenantry.notifications.models import Alert, AlertKind
from tenantry.registrations.actions.watching import watch
from tenantry.registrations.queries import standing
from tenantry.tenants import actions as tenants

if TYPE_CHECKING:
    from entrasim.handle import Handle


def alerts_of(trip: Trip) -> list[Alert]:
    return list(Alert.objects.filter(tenant_id=trip.tenant_id, kind=AlertKind.CONNECTION).order_by("opened_at"))


def ready(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    assert trip.look(minutes=16).state == "ready"


def flush(trip: Trip, **step: float) -> None:
    trip.clock.travel(**step)
    tasks.sweep()
    trip.run_jobs()


def test_ac_5_4_a_lost_role_raises_one_alert_and_its_return_resolves_it(trip: Trip, hook: Hook) -> None:
    """AC-5.4: role loss is noticed, the state goes to Degraded: role missing; event and alert."""
    ready(trip)
    assert alerts_of(trip) == []
    trip.tenant.remove_role(principal_id=trip.principal().id, role=PAA)
    assert trip.look(hours=9).state == "degraded"
    trip.look(minutes=10)
    trip.look(minutes=10)
    (alert,) = alerts_of(trip)
    assert (alert.state, alert.severity, alert.code) == ("open", "critical", "role_missing")
    assert "Role missing" in alert.cause
    assert alert.who
    assert alert.link == trip.page_url
    assert hook.receiver.events_of(trip.tenant_id) == ["opened"]
    trip.give_role()
    trip.look(minutes=10)
    assert trip.look(minutes=20).state == "ready"
    (alert,) = alerts_of(trip)
    assert alert.state == "resolved"
    flush(trip, minutes=6)
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "resolved"]


def test_withdrawn_consent_is_told_once_and_disconnecting_ends_it(trip: Trip, hook: Hook) -> None:
    ready(trip)
    trip.tenant.withdraw_consent(trip.app)
    assert trip.look(hours=9).state == "offline"
    trip.look(minutes=10)
    (alert,) = alerts_of(trip)
    assert (alert.code, alert.state) == ("withdrawn", "open")
    trip.client.post(f"/customers/{trip.customer.pk}/disconnect/", {"tenant_id": trip.tenant.id})
    flush(trip, seconds=1)
    alert.refresh_from_db()
    assert alert.state == "resolved"
    assert "Disconnected by Alice Moreau." in alert.resolution
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "resolved"]


def test_setting_a_connection_up_raises_nothing(trip: Trip, hook: Hook) -> None:
    trip.connect()
    trip.look(minutes=1)
    trip.give_role()
    trip.look(minutes=1)
    assert alerts_of(trip) == []
    assert hook.receiver.of_tenant(trip.tenant_id) == []


def test_our_own_credential_is_one_alert_of_the_deployment(trip: Trip, hook: Hook, sim: "Handle") -> None:
    from django.test import override_settings
    from tests.support import self_signed

    from tenantry.graph import tokens
    from tenantry.kit.keys import ClientCredential
    from tenantry.kit.sealed import Secret

    ready(trip)
    key, certificate = self_signed("not registered")
    bad = ClientCredential(private_key_pem=Secret(key), certificate_pem=certificate)
    with override_settings(CLIENT_CREDENTIAL=bad):
        tokens.forget(trip.tenant_id)
        assert trip.look(hours=9).error_code == "our_credential"
    assert alerts_of(trip) == []
    (alert,) = Alert.objects.filter(kind=AlertKind.OUR_CREDENTIAL, state="open", key="helpdesk")
    assert alert.customer_id is None
    tokens.forget(trip.tenant_id)
    assert trip.look(minutes=10).state == "ready"
    alert.refresh_from_db()
    assert alert.state == "resolved"
    flush(trip, minutes=6)
    assert hook.receiver.events_of(None) == ["opened", "resolved"]


def test_ac_3_2_an_end_that_is_near_is_told_twice_and_then_the_loss(trip: Trip, hook: Hook) -> None:
    """AC-3.2: 14 and 3 days before the end; when it has ended, the connection tells, and the warning is over."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    ends_at = (trip.clock.now() + dt.timedelta(days=20)).replace(microsecond=0)
    trip.tenant.assign_by_pim(trip.principal().id, PAA, ends_at=ends_at)
    trip.look(minutes=20)
    assert hook.receiver.of_tenant(trip.tenant_id) == []
    told = []
    for days in (6.5, 4, 7, 3):
        trip.look(days=days)
        told.append(
            [
                (got.json["data"]["event"], got.json["data"]["alert"]["code"])
                for got in hook.receiver.of_tenant(trip.tenant_id)
            ]
        )
    assert told[0] == told[1] == [("opened", "role_ends_in_14_days")]
    assert told[2] == [*told[1], ("changed", "role_ends_in_3_days")]
    assert told[3] == [*told[2], ("opened", "role_missing")]
    flush(trip, minutes=10)
    assert hook.receiver.events_of(trip.tenant_id)[-1] == "resolved"
    assert Alert.objects.get(tenant_id=trip.tenant_id, kind=AlertKind.ROLE_END_NEAR).state == "resolved"
    assert [alert.state for alert in alerts_of(trip)] == ["open"]


def test_an_outage_does_not_call_over_what_nobody_can_see(trip: Trip, hook: Hook) -> None:
    """A warning stays open while the tenant cannot be asked, and is neither ended nor told again."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    ends_at = (trip.clock.now() + dt.timedelta(days=10)).replace(microsecond=0)
    trip.tenant.assign_by_pim(trip.principal().id, PAA, ends_at=ends_at)
    trip.look(minutes=20)
    warning = Alert.objects.get(tenant_id=trip.tenant_id, kind=AlertKind.ROLE_END_NEAR)
    trip.tenant.disable_app(trip.app)
    assert trip.look(hours=9).state == "offline"
    flush(trip, hours=1)
    warning.refresh_from_db()
    assert warning.state == "open"
    trip.principal().account_enabled = True
    trip.look(hours=2)
    flush(trip, minutes=10)
    warning.refresh_from_db()
    assert warning.state == "open"
    assert [got.json["data"]["alert"]["kind"] for got in hook.receiver.of_tenant(trip.tenant_id)].count(
        "role_end_near"
    ) == 1
    trip.tenant.remove_role(principal_id=trip.principal().id, role=PAA)
    trip.give_role()
    trip.look(hours=9)
    trip.look(hours=9)
    warning.refresh_from_db()
    assert warning.state == "resolved"


def test_ac_8_1_a_renamed_app_is_information_and_each_new_name_is_news(trip: Trip, hook: Hook) -> None:
    ready(trip)
    trip.principal().display_name = "Helpful Hand"
    trip.look(hours=9)
    trip.look(hours=9)
    trip.principal().display_name = "Other Hand"
    trip.look(hours=9)
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "changed"]
    alert = Alert.objects.get(tenant_id=trip.tenant_id)
    assert (alert.kind, alert.severity) == ("app_renamed", "info")
    assert "Other Hand" in alert.cause


def test_a_bad_day_of_one_tenant_changes_the_cause_of_one_alert(trip: Trip, hook: Hook) -> None:
    ready(trip)
    trip.tenant.remove_role(principal_id=trip.principal().id, role=PAA)
    trip.look(hours=9)
    trip.tenant.withdraw_consent(trip.app)
    trip.look(hours=1)
    (alert,) = alerts_of(trip)
    assert alert.code == "withdrawn"
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "changed"]


def test_ac_4_5_pim_that_becomes_available_is_information_once_and_over_when_it_goes(trip: Trip, hook: Hook) -> None:
    """AC-4.5: a flip raises an event, told once; permanent assignments go on."""
    ready(trip)
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    assert trip.look(hours=9).state == "ready"
    trip.look(hours=9)
    alert = Alert.objects.get(tenant_id=trip.tenant_id)
    assert (alert.kind, alert.severity, alert.state) == ("pim_became_available", "info", "open")
    assert alert.cause
    assert alert.fix
    assert hook.receiver.events_of(trip.tenant_id) == ["opened"]
    assert len(trip.events("tenants.pim_changed")) == 1
    trip.tenant.remove_sku("AAD_PREMIUM_P2")
    trip.look(hours=9)
    flush(trip, minutes=6)
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "resolved"]


def test_ac_5_4_a_tenant_that_is_gone_is_told_once_by_the_failing_call_and_over_when_it_is_back(
    trip: Trip, hook: Hook
) -> None:
    """AC-5.4: at the next failing call, before the schedule; one alert of the tenant, not of the connection."""
    ready(trip)
    trip.tenant.vanish()
    error = errors.TenantGone("AADSTS90002: Tenant not found.", code="AADSTS90002")
    tenants.note_failure(tenant_id=trip.tenant_id, error=error)
    trip.look(hours=9)
    trip.look(hours=9)
    alert = Alert.objects.get(tenant_id=trip.tenant_id)
    assert (alert.kind, alert.severity, alert.state) == ("tenant_gone", "critical", "open")
    assert hook.receiver.events_of(trip.tenant_id) == ["opened"]
    assert [event.details["drift"] for event in trip.events("tenants.drift_found")] == ["tenant_gone"]
    assert "/help/errors/?q=AADSTS90002" in trip.page()
    trip.tenant.state.gone = False
    assert "/help/errors/?q=" in trip.page()  # until a look proves that it is over
    assert trip.look(hours=9).state == "ready"
    assert "/help/errors/?q=" not in trip.page()
    flush(trip, minutes=6)
    assert hook.receiver.events_of(trip.tenant_id) == ["opened", "resolved"]


def test_our_certificate_near_its_end_is_told_at_each_step_and_another_one_ends_it(hook: Hook, trip: Trip) -> None:
    """Drift watch: our certificate near expiry, from the schedule, once per step, with an event each."""
    ours = standing(App.HELPDESK)
    told = []
    for days in (40, 20, 19, 5, -1):
        near = dataclasses.replace(ours, not_after=trip.clock.now() + dt.timedelta(days=days, hours=1))
        before = [received.json["data"]["event"] for received in hook.receiver.of_tenant(None)]
        watch(near, actor=system("test"))
        trip.run_jobs()
        told.append(hook.receiver.events_of(None)[len(before) :])
    # 19 days is another certificate's end, since the end is part of the change.
    assert told == [[], ["opened"], ["changed"], ["changed"], ["changed"]]
    alert = Alert.objects.get(kind=AlertKind.CREDENTIAL_EXPIRING, state="open", key="helpdesk")
    assert alert.severity == "critical"
    assert alert.customer_id is None
    watch(dataclasses.replace(ours, not_after=trip.clock.now() + dt.timedelta(days=700)), actor=system("test"))
    flush(trip, minutes=6)
    assert hook.receiver.events_of(None)[-1] == "resolved"
    acts = Event.objects.filter(action__in=["registrations.expiry_found", "registrations.expiry_over"])
    assert acts.count() == 5
