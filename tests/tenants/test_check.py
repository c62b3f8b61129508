"""Looking at a tenant: roles, propagation, trouble and healing (J2, AC-5.4, J6, AC-8.1, 8.2, 8.4)."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from tests.tenants.conftest import PAA, Trip

from tenantry.graph import errors
from tenantry.kit.keys import ClientCredential
from tenantry.kit.sealed import Secret
from tenantry.reach import permissions, roles
from tenantry.tenants import actions
from tenantry.tenants.models import ConnectionState
from tenantry.tenants.queries import is_propagating

if TYPE_CHECKING:
    from entrasim.handle import Handle


def refused(message: str = "Insufficient privileges to complete the operation.") -> errors.Refused:
    return errors.Refused(message, code="Authorization_RequestDenied", status=403)


def test_ac_2_1_and_2_2_the_checklist_links_the_roles_page_and_names_what_to_type(trip: Trip) -> None:
    trip.connect()
    page = trip.page()
    assert settings.CLOUD.portal_roles_url(trip.tenant_id) in page
    assert 'data-copy="Privileged Authentication Administrator"' in page
    assert "+ Add assignments" in page
    assert 'data-copy="Tenantry Help Desk"' in page


def test_ac_2_3_the_missing_role_is_named_and_the_step_turns_green_when_it_is_read(trip: Trip) -> None:
    connection = trip.connect()
    assert connection.state == ConnectionState.ROLE_MISSING
    page = trip.page()
    assert "Privileged Authentication Administrator is missing" in page
    version = trip.poll().content.decode().split("?v=")[1].split('"')[0]
    still = trip.poll(version)
    assert still.headers["HX-Reswap"] == "none"
    assert b'id="looked"' in still.content
    trip.give_role()
    trip.look(seconds=20)
    changed = trip.poll(version)
    assert "HX-Reswap" not in changed.headers
    assert "Role found" in changed.content.decode()


def test_ac_2_4_a_role_limited_to_a_unit_is_reported_with_the_unit(trip: Trip) -> None:
    trip.connect()
    unit = trip.tenant.add_restricted_unit(name="Warehouse")
    trip.give_role(scope=f"/administrativeUnits/{unit.id}")
    connection = trip.look(seconds=20)
    assert connection.state == ConnectionState.ROLE_MISSING
    assert "limited to unit" in connection.cause
    assert "Warehouse" in connection.cause or unit.id in connection.cause
    assert connection.role_seen_at is None


def test_ac_2_7_the_whole_direct_path_passes_without_any_premium_licence(trip: Trip) -> None:
    assert trip.tenant.state.skus == {}
    trip.connect()
    trip.give_role()
    assert trip.look(seconds=20).state == ConnectionState.READY
    page = trip.page()
    assert "Role missing" not in page


def test_ac_2_5_without_just_in_time_grants_no_second_role_is_asked_for_and_its_absence_is_no_warning(
    trip: Trip,
) -> None:
    trip.connect()
    trip.give_role()
    assert trip.look(seconds=20).state == ConnectionState.READY
    connection = trip.connection()
    assert roles.PRIVILEGED_ROLE_ADMINISTRATOR not in connection.active_role_ids
    assert connection.cause == ""
    assert "Privileged Role Administrator" not in trip.page()


def test_a_role_that_comes_through_a_group_counts(trip: Trip) -> None:
    trip.connect()
    group = trip.tenant.add_group(name="Help desk apps", assignable=True, members=[trip.principal().id])
    trip.tenant.assign_role(principal_id=group.id, role=PAA)
    connection = trip.look(seconds=20)
    assert PAA in connection.active_role_ids
    assert connection.state == ConnectionState.READY


def test_a_stronger_role_counts_and_a_weaker_one_does_not(trip: Trip) -> None:
    trip.connect()
    trip.give_role(roles.USER_ADMINISTRATOR)
    connection = trip.look(seconds=20)
    assert connection.state == ConnectionState.ROLE_MISSING
    assert "User Administrator, which does not do the same" in connection.cause
    trip.give_role(roles.GLOBAL_ADMINISTRATOR)
    assert trip.look(seconds=20).state == ConnectionState.READY


def test_ac_6_2_and_6_3_propagation_counts_down_from_the_first_positive_check_and_a_probe_ends_it(trip: Trip) -> None:
    trip.connect()
    trip.tenant.set_lag(role_assignment=300.0)
    trip.give_role()
    connection = trip.look(seconds=20)
    seen_at = connection.role_seen_at
    assert connection.state == ConnectionState.PROPAGATING
    assert seen_at is not None
    assert is_propagating(connection)
    assert "data-countdown" in trip.page()
    connection = trip.look(minutes=2)
    assert (connection.state, connection.role_seen_at) == (ConnectionState.PROPAGATING, seen_at)
    connection = trip.look(minutes=5)
    assert connection.state == ConnectionState.READY
    assert connection.proven_at == connection.checked_at
    assert "fresh token" in connection.proof


def test_ac_6_4_refusals_by_the_clock(trip: Trip) -> None:
    trip.connect()
    trip.tenant.set_lag(role_assignment=3600.0)
    trip.give_role()
    connection = trip.look(seconds=20)
    seen_at = connection.role_seen_at
    assert seen_at is not None
    trip.clock.travel(seconds=14 * 60 + 59 - (trip.clock.now() - seen_at).total_seconds())
    actions.note_refused(tenant_id=trip.tenant_id, error=refused(), predicted=True)
    assert trip.connection().state == ConnectionState.PROPAGATING
    assert not trip.events("tenants.mismatch")
    trip.clock.travel(seconds=2)
    actions.note_refused(tenant_id=trip.tenant_id, error=refused(), predicted=True)
    connection = trip.connection()
    assert connection.state == ConnectionState.NEEDS_ATTENTION
    assert "Privileged Authentication Administrator" in connection.cause
    assert trip.events("tenants.mismatch")[0].details["code"] == "Authorization_RequestDenied"
    assert trip.look(seconds=70).state == ConnectionState.NEEDS_ATTENTION
    actions.note_worked(tenant_id=trip.tenant_id, proof="A password was reset and read back.")
    connection = trip.connection()
    assert connection.state == ConnectionState.READY
    assert connection.proof == "A password was reset and read back."


def test_a_refusal_that_was_predicted_or_is_about_a_protected_user_says_nothing_about_the_connection(
    trip: Trip,
) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    trip.look(minutes=20)
    actions.note_refused(tenant_id=trip.tenant_id, error=refused(), predicted=False)
    protected = "This user is a member of a restricted management administrative unit. Management rights are limited."
    actions.note_refused(tenant_id=trip.tenant_id, error=refused(protected), predicted=True)
    assert trip.connection().state == ConnectionState.READY


def test_ac_5_4_a_role_taken_away_is_noticed_within_24_hours_by_the_sweep_alone(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    assert trip.look(seconds=20).state == ConnectionState.READY
    trip.tenant.remove_role(principal_id=trip.principal().id, role=PAA)
    passed = 0
    while trip.connection().state == ConnectionState.READY:
        passed += 1
        assert passed < 24
        trip.look(hours=1)
    connection = trip.connection()
    assert connection.state == ConnectionState.DEGRADED
    assert connection.cause.startswith("Role missing")
    changed = trip.events("tenants.state_changed")[-1]
    assert changed.details["to"] == "degraded"
    assert "Show users" in trip.page()


def test_ac_5_4_a_role_taken_away_is_noticed_at_the_next_failing_call_and_heals_when_given_back(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    trip.tenant.remove_role(principal_id=trip.principal().id, role=PAA)
    trip.clock.travel(minutes=20)
    actions.note_refused(tenant_id=trip.tenant_id, error=refused(), predicted=True)
    trip.run_jobs()
    assert trip.connection().state == ConnectionState.DEGRADED
    trip.give_role()
    assert trip.look(minutes=2).state == ConnectionState.READY


def test_ac_1_5_a_permission_taken_away_turns_off_only_its_feature_and_re_consent_heals(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    trip.tenant.remove_permission(app=trip.app, name="User.RevokeSessions.All")
    actions.request_check(tenant_id=trip.tenant_id)
    trip.run_jobs()
    connection = trip.connection()
    assert connection.state == ConnectionState.RECONSENT_NEEDED
    assert "User.RevokeSessions.All" in connection.cause
    page = trip.page()
    assert page.count("Permission missing") == 1
    trip.accept(trip.leave(reconsent=True))
    trip.run_jobs()
    assert trip.connection().state == ConnectionState.READY


def test_ac_8_1_and_8_2_the_app_is_shown_under_the_name_it_has_in_the_tenant(trip: Trip) -> None:
    trip.tenant.consent(app=trip.app, display_name="Quickpass")
    trip.come_back(trip.leave(), tenant=trip.tenant.id)
    trip.run_jobs()
    page = trip.page()
    assert 'data-copy="Quickpass"' in page
    assert "(older name)" in page
    assert "the app is not listed until you search" in page


def test_ac_8_4_a_look_alike_with_our_name_and_another_app_id_is_never_ours(trip: Trip, sim: "Handle") -> None:
    impostor = sim.register_app(display_name="Tenantry Help Desk", secret="x", required_app_roles=[])
    look_alike = trip.tenant.consent(app=impostor)
    trip.tenant.assign_role(principal_id=look_alike.id, role=PAA)
    trip.connect()
    connection = trip.look(seconds=20)
    assert str(connection.service_principal_id) == trip.principal().id != look_alike.id
    assert connection.active_role_ids == []
    assert connection.state == ConnectionState.ROLE_MISSING


def test_consent_withdrawn_goes_offline_with_cause_fix_and_who_and_heals_by_itself(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    trip.tenant.withdraw_consent(app=trip.app)
    actions.request_check(tenant_id=trip.tenant_id)
    trip.run_jobs()
    connection = trip.connection()
    assert connection.state == ConnectionState.OFFLINE
    assert all((connection.cause, connection.fix, connection.who))
    assert "Re-consent" in connection.fix
    assert "Consent withdrawn" in trip.page()
    trip.tenant.consent(app=trip.app)
    connection = trip.look(minutes=2)
    assert connection.state != ConnectionState.OFFLINE


def test_a_disabled_enterprise_app_is_told_apart_and_heals(trip: Trip) -> None:
    trip.connect()
    trip.tenant.disable_app(app=trip.app)
    actions.request_check(tenant_id=trip.tenant_id)
    trip.run_jobs()
    assert trip.connection().state == ConnectionState.OFFLINE
    assert trip.connection().error_code == "app_disabled"
    trip.tenant.disable_app(trip.app, disabled=False)
    assert trip.look(minutes=2).state == ConnectionState.ROLE_MISSING


def test_our_own_refused_credential_says_that_we_must_act(trip: Trip) -> None:
    trip.connect()
    with override_settings(CLIENT_CREDENTIAL=ClientCredential(client_secret=Secret("no-such-secret"))):
        actions.check_connection(tenant_id=trip.tenant_id)
    connection = trip.connection()
    assert connection.error_code == "our_credential"
    assert connection.who.startswith("you")
    assert trip.look(minutes=2).state == ConnectionState.ROLE_MISSING


def test_a_tenant_that_is_gone_says_so(trip: Trip) -> None:
    trip.connect()
    trip.tenant.vanish()
    actions.check_connection(tenant_id=trip.tenant_id)
    assert trip.connection().error_code == "tenant_gone"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("throttled", {"retry_after": "2.128"}),
        ("error", {"status": 503, "code": "ServiceUnavailable"}),
        ("refused_before", {}),
        ("lost", {}),
        ("not_found", {}),
        ("no_roles", {}),
    ],
)
def test_a_passing_fault_on_the_check_path_is_no_false_alarm(trip: Trip, kind: str, options: dict[str, Any]) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    events = len(trip.events())
    path = "/servicePrincipals*" if kind == "not_found" else "*"
    trip.tenant.fault(kind=kind, path=path, times=1, **options)
    actions.check_connection(tenant_id=trip.tenant_id)
    connection = trip.connection()
    assert connection.state == ConnectionState.READY
    assert len(trip.events()) == events


def test_an_outage_is_shown_only_when_it_lasts_and_heals(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    trip.tenant.fault(kind="error", path="*", times=100, status=503, code="ServiceUnavailable")
    actions.check_connection(tenant_id=trip.tenant_id)
    assert trip.connection().state == ConnectionState.READY
    assert trip.connection().failures == 1
    for _ in range(2):
        actions.check_connection(tenant_id=trip.tenant_id)
    connection = trip.connection()
    assert (connection.state, connection.error_code) == (ConnectionState.OFFLINE, "unreachable")
    trip.tenant.clear_faults()
    assert trip.look(hours=1).state == ConnectionState.READY


def test_one_bad_tenant_does_not_stop_the_others(trip: Trip, elsewhere: Callable[..., Any]) -> None:
    from tenantry.customers.models import Customer

    trip.connect()
    trip.tenant.vanish()
    good = Trip(
        trip.client,
        Customer.objects.create(name=f"Good {uuid.uuid4().hex[:8]}", created_at=trip.clock.now()),
        elsewhere(),
        trip.app,
        trip.clock,
        trip.run_jobs,
    )
    good.connect()
    good.give_role()
    assert good.look(seconds=20).state == ConnectionState.READY
    assert trip.connection().state == ConnectionState.OFFLINE


def test_what_other_domains_note_is_shown_and_a_look_heals_it(trip: Trip) -> None:
    trip.connect()
    error = errors.NotConsented("The client application is missing service principal.", code="AADSTS7000229")
    actions.note_failure(tenant_id=trip.tenant_id, error=error)
    assert trip.connection().state == ConnectionState.OFFLINE
    trip.run_jobs()
    assert trip.connection().state == ConnectionState.ROLE_MISSING
    actions.note_failure(tenant_id=trip.tenant_id, error=errors.Throttled("slow down"))
    assert trip.connection().failures == 0


def test_choosing_another_role_is_recorded_and_a_role_that_is_there_counts_at_once(trip: Trip) -> None:
    trip.connect()
    trip.give_role(roles.USER_ADMINISTRATOR)
    assert trip.look(seconds=20).state == ConnectionState.ROLE_MISSING
    url = reverse("tenants:role", args=[trip.customer.pk])
    assert "Choose the role" in trip.client.get(url).content.decode()
    wrong = trip.client.post(url, {"wanted_role": roles.USER_ADMINISTRATOR, "tenant_id": str(uuid.uuid4())})
    assert wrong.status_code == 409
    trip.client.post(url, {"wanted_role": roles.USER_ADMINISTRATOR, "tenant_id": trip.tenant.id})
    assert trip.events("tenants.role_chosen")[0].details["to"] == roles.USER_ADMINISTRATOR
    assert trip.look(seconds=20).state == ConnectionState.READY


def test_test_again_asks_for_a_look_and_refuses_another_tenants_form(trip: Trip) -> None:
    trip.connect()
    trip.clock.travel(seconds=5)
    before = trip.connection().checked_at
    url = reverse("tenants:check", args=[trip.customer.pk])
    assert trip.client.post(url, {"tenant_id": str(uuid.uuid4())}).status_code == 409
    assert trip.client.post(url, {"tenant_id": "junk"}).status_code == 400
    assert trip.client.get(url).status_code == 405
    trip.client.post(url, {"tenant_id": trip.tenant.id})
    assert "Looking now" in trip.page()
    trip.run_jobs()
    assert trip.connection().checked_at != before


def test_a_poll_reads_the_database_only_and_changes_nothing(trip: Trip) -> None:
    trip.connect()
    requests = len(trip.tenant.journal())
    events = len(trip.events())
    for _ in range(3):
        trip.poll()
        trip.page()
    assert len(trip.tenant.journal()) == requests
    assert len(trip.events()) == events


def test_polling_stops_when_the_connection_is_settled(trip: Trip) -> None:
    trip.connect()
    assert "every 2s" in trip.page()
    trip.give_role()
    trip.look(seconds=20)
    assert "hx-trigger" not in trip.poll().content.decode().split("<h1>", 1)[0]


def test_the_checks_write_nothing_and_the_simulator_has_no_complaint(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    graph = [entry for entry in trip.tenant.journal() if "/oauth2/" not in entry.path]
    assert graph
    assert not [entry for entry in graph if entry.effect]
    assert trip.tenant.lint() == []


def test_every_state_change_is_recorded_with_its_cause(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(seconds=20)
    moves = [(e.details["from"], e.details["to"]) for e in trip.events("tenants.state_changed")]
    assert moves == [("consented", "role_missing"), ("role_missing", "ready")]
    assert permissions.missing(permissions.names(trip.connection().permission_ids)) == ()
