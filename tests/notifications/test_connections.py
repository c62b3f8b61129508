"""Connections tell their changes: raised and resolved with the state, once, through the real consent and checks."""

from typing import TYPE_CHECKING

from tests.notifications.conftest import Hook
from tests.tenants.conftest import PAA, Trip

from tenantry.notifications import tasks
from tenantry.notifications.models import Alert, AlertKind

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
    assert hook.receiver.events == ["opened"]
    trip.give_role()
    trip.look(minutes=10)
    assert trip.look(minutes=20).state == "ready"
    (alert,) = alerts_of(trip)
    assert alert.state == "resolved"
    flush(trip, minutes=6)
    assert hook.receiver.events == ["opened", "resolved"]


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
    assert hook.receiver.events == ["opened", "resolved"]


def test_setting_a_connection_up_raises_nothing(trip: Trip, hook: Hook) -> None:
    trip.connect()
    trip.look(minutes=1)
    trip.give_role()
    trip.look(minutes=1)
    assert alerts_of(trip) == []
    assert hook.receiver.got == []


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
    assert hook.receiver.events == ["opened", "resolved"]
