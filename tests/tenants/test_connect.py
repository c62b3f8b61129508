"""Leaving for Microsoft and coming back (J0, J1)."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from tests.technicians.staff_helpers import new_person
from tests.tenants.conftest import Trip

from tenantry.audit.models import Event
from tenantry.reach import permissions, roles
from tenantry.tenants.models import Connection, ConnectionState, ConsentAttempt, ConsentOutcome, Tenant

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response


def text_of(trip: Trip, answer: "Response") -> str:
    """The page an answer leads to, with its messages."""
    return trip.client.get(answer.headers["Location"]).content.decode()


def test_ac_0_2_the_connect_page_says_who_is_needed_the_alternative_and_each_permission(trip: Trip) -> None:
    page = trip.client.get(reverse("tenants:connect", args=[trip.customer.pk])).content.decode()
    assert "A Global Administrator of" in page
    assert "not in this version yet" in page
    for permission in permissions.wanted():
        assert permission.name in page
        assert permission.reason.replace("'", "&#x27;") in page
    assert f'value="{roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR}"' in page
    assert page.count("checked") == 1


def test_ac_1_1_connect_sends_the_browser_to_admin_consent_with_a_single_use_state(trip: Trip) -> None:
    answer = trip.client.post(
        reverse("tenants:connect", args=[trip.customer.pk]), {"wanted_role": roles.USER_ADMINISTRATOR}
    )
    url = urlsplit(answer.headers["Location"])
    query = parse_qs(url.query)
    assert answer.headers["Location"].startswith(f"{settings.LOGIN_BROWSER_URL}/organizations/adminconsent?")
    assert query["client_id"] == [settings.CLIENT_ID]
    assert query["redirect_uri"] == [f"{settings.PUBLIC_URL}/connect/return"]
    state = query["state"][0]
    assert len(state) >= 43  # 256 bits
    attempt = trip.attempt()
    assert bytes(attempt.state_digest) == hashlib.sha256(state.encode()).digest()
    assert attempt.customer_id == trip.customer.pk
    assert attempt.technician_name == "Alice Moreau"
    assert attempt.expires_at - attempt.created_at == dt.timedelta(minutes=30)
    assert str(attempt.wanted_role_id) == roles.USER_ADMINISTRATOR
    assert [event.actor_name for event in trip.events("tenants.consent_started")] == ["Alice Moreau"]


def test_the_form_keeps_what_was_typed_and_refuses_a_role_that_is_not_on_offer(trip: Trip) -> None:
    url = reverse("tenants:connect", args=[trip.customer.pk])
    answer = trip.client.post(url, {"wanted_role": roles.GLOBAL_ADMINISTRATOR})
    assert answer.status_code == 400
    assert "Choose one of the roles" in answer.content.decode()
    assert not ConsentAttempt.objects.filter(customer=trip.customer).exists()


def test_ac_1_2_and_1_4_after_accept_the_customers_page_shows_what_was_read_back(trip: Trip) -> None:
    answer = trip.accept(trip.leave())
    assert answer.headers["Location"] == trip.page_url
    connection = trip.connection()
    assert connection.state == ConnectionState.CONSENTED
    assert connection.tenant_id == trip.tenant_id
    assert connection.tenant.primary_domain == trip.tenant.domain
    assert connection.consented_at == trip.attempt().answered_at
    assert connection.consented_by == "an administrator of the tenant"
    assert connection.connected_by == "Alice Moreau"
    assert permissions.names(connection.permission_ids) == permissions.HELPDESK_REQUIRED
    page = trip.page()
    assert trip.tenant.domain in page
    assert "User-PasswordProfile.ReadWrite.All" in page
    assert trip.events("tenants.connected")[0].tenant_id == trip.tenant_id


def test_ac_6_1_the_users_can_be_read_at_once_while_password_functions_wait(trip: Trip) -> None:
    from tenantry.directory.models import DirectoryUser

    dana = trip.tenant.add_user(name="Dana Doe")
    trip.connect()
    page = trip.page()
    assert reverse("directory:users", args=[trip.customer.pk]) in page
    assert DirectoryUser.objects.filter(tenant_id=trip.tenant_id, object_id=dana.id).exists()
    assert trip.connection().state == ConnectionState.ROLE_MISSING


ERRORS: list[tuple[str, dict[str, str], ConsentOutcome, str]] = [
    (
        "declined",
        {"error": "access_denied", "error_description": "AADSTS65004: User declined to consent."},
        ConsentOutcome.DECLINED,
        "The consent was declined",
    ),
    (
        "not an administrator",
        {"error": "access_denied", "error_description": "AADSTS90094: An administrator must consent."},
        ConsentOutcome.NOT_ADMIN,
        "That account may not consent",
    ),
    (
        "other directory",
        {"error": "access_denied", "error_description": "AADSTS50020: User account does not exist in tenant."},
        ConsentOutcome.OTHER_DIRECTORY,
        "That account belongs to another directory",
    ),
    ("no tenant", {}, ConsentOutcome.ERROR, "Microsoft reported an error"),
    ("no guid", {"tenant": "kestrel.example"}, ConsentOutcome.ERROR, "Microsoft reported an error"),
]


@pytest.mark.parametrize(("query", "outcome", "title"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_ac_1_3_errors_end_on_the_customers_page_with_their_message_and_nothing_stored(
    trip: Trip, query: dict[str, str], outcome: ConsentOutcome, title: str
) -> None:
    answer = trip.come_back(trip.leave(), client=None, **query)
    assert answer.headers["Location"] == trip.page_url
    assert trip.attempt().outcome == outcome
    assert title in trip.page()
    assert not trip.is_connected()
    assert not Tenant.objects.filter(customer=trip.customer).exists()
    assert trip.events("tenants.consent_ended")[0].details["outcome"] == outcome


def test_ac_1_3_a_replayed_state_changes_nothing_and_says_so(trip: Trip) -> None:
    state = trip.leave()
    trip.accept(state)
    before = (trip.connection().state_since, len(trip.events()))
    answer = trip.come_back(state, tenant=trip.tenant.id)
    assert answer.headers["Location"] == trip.page_url
    assert "already used" in text_of(trip, answer)
    assert (trip.connection().state_since, len(trip.events())) == before


def test_ac_1_3_a_replay_cannot_turn_a_decline_into_a_consent(trip: Trip) -> None:
    state = trip.leave()
    trip.come_back(state, error="access_denied", error_description="AADSTS65004: declined")
    trip.tenant.consent(app=trip.app)
    trip.come_back(state, tenant=trip.tenant.id)
    assert not trip.is_connected()
    assert trip.attempt().outcome == ConsentOutcome.DECLINED


def test_ac_1_3_a_wrong_state_lands_on_the_customer_of_this_session_with_a_message(trip: Trip) -> None:
    trip.leave()
    trip.tenant.consent(app=trip.app)
    answer = trip.come_back("not-a-state-of-ours", tenant=trip.tenant.id)
    assert answer.headers["Location"] == trip.page_url
    assert "was not asked for" in text_of(trip, answer)
    assert not trip.is_connected()
    assert trip.attempt().outcome == ConsentOutcome.OPEN


def test_ac_1_3_an_answer_without_any_trip_lands_on_the_list_with_a_message(trip: Trip) -> None:
    answer = trip.client.get(reverse("tenants:consent_return"))
    assert answer.headers["Location"] == reverse("customers:list")
    assert "was not asked for" in text_of(trip, answer)


def test_ac_1_3_an_expired_state_says_so_and_stores_nothing(trip: Trip) -> None:
    state = trip.leave()
    trip.clock.travel(minutes=30)
    answer = trip.accept(state)
    assert answer.headers["Location"] == trip.page_url
    assert "The answer came too late" in trip.page()
    assert not trip.is_connected()


def test_ac_1_3_a_state_of_another_session_or_technician_is_not_used(trip: Trip) -> None:
    state = trip.leave()
    stranger = Client()
    stranger.force_login(new_person("administrator"), backend="django.contrib.auth.backends.ModelBackend")
    foreign = trip.accept(state, client=stranger)
    assert "another session" in stranger.get(foreign.headers["Location"]).content.decode()
    assert not trip.is_connected()
    assert trip.attempt().outcome == ConsentOutcome.OPEN
    trip.come_back(state, tenant=trip.tenant.id)
    assert trip.is_connected()


def test_ac_1_3_a_tenant_bound_to_another_customer_is_refused_not_moved(
    trip: Trip, clock: object, customer: object
) -> None:
    from tenantry.customers.models import Customer

    first = trip.connect()
    trip.customer = Customer.objects.create(name=f"Second {uuid.uuid4().hex[:8]}", created_at=trip.clock.now())
    answer = trip.accept(trip.leave())
    assert answer.headers["Location"] == trip.page_url
    assert "belongs to another customer" in trip.page()
    assert not trip.is_connected()
    first.refresh_from_db()
    assert first.tenant.customer_id != trip.customer.pk


def test_admin_consent_true_proves_nothing_when_the_tenant_never_consented(trip: Trip) -> None:
    answer = trip.come_back(trip.leave(), tenant=trip.tenant.id)
    assert answer.headers["Location"] == trip.page_url
    assert "Microsoft is still setting up" in trip.page()
    assert not trip.is_connected()
    trip.clock.travel(minutes=11)
    from tenantry.tenants import tasks

    tasks.sweep()
    trip.run_jobs()
    assert trip.attempt().outcome == ConsentOutcome.UNPROVEN
    assert "could not be proven" in trip.page()
    assert not trip.is_connected()


def test_a_consent_that_replicates_late_is_found_by_the_worker_and_the_page_goes_on_by_itself(trip: Trip) -> None:
    trip.tenant.set_lag(consent=45.0)
    trip.accept(trip.leave())
    assert trip.attempt().outcome == ConsentOutcome.VERIFYING
    fragment = trip.poll().content.decode()
    assert "every 2s" in fragment
    trip.clock.travel(seconds=60)
    from tenantry.tenants import tasks

    tasks.sweep()
    trip.run_jobs()
    assert trip.is_connected()
    assert "Set-up" in trip.poll().content.decode()


def test_a_tenant_that_does_not_exist_ends_unproven(trip: Trip) -> None:
    trip.come_back(trip.leave(), tenant=str(uuid.uuid4()))
    trip.clock.travel(minutes=11)
    from tenantry.tenants import tasks

    tasks.sweep()
    trip.run_jobs()
    assert trip.attempt().outcome == ConsentOutcome.UNPROVEN


def test_a_tenant_without_the_expected_domain_is_asked_about_and_connected_only_after_a_yes(trip: Trip) -> None:
    trip.customer.domain = "expected.example"
    trip.customer.save()
    trip.accept(trip.leave())
    assert trip.attempt().outcome == ConsentOutcome.UNEXPECTED_TENANT
    page = trip.page()
    assert "Is this the right tenant?" in page
    assert "expected.example" in page
    assert not trip.is_connected()
    yes = reverse("tenants:accept", args=[trip.customer.pk, trip.attempt().pk])
    assert trip.client.get(yes).status_code == 405
    assert trip.client.post(yes).status_code == 302
    assert trip.is_connected()
    assert trip.client.post(yes).status_code == 409
    assert trip.events("tenants.tenant_accepted")


def test_a_tenant_with_the_expected_domain_is_connected_without_a_question(trip: Trip) -> None:
    trip.customer.domain = trip.tenant.domain
    trip.customer.save()
    trip.accept(trip.leave())
    assert trip.is_connected()


def test_a_no_puts_the_question_away_and_nothing_is_connected(trip: Trip) -> None:
    trip.customer.domain = "expected.example"
    trip.customer.save()
    trip.accept(trip.leave())
    attempt = trip.attempt()
    trip.client.post(reverse("tenants:dismiss", args=[trip.customer.pk, attempt.pk]))
    assert "Is this the right tenant?" not in trip.page()
    assert trip.client.post(reverse("tenants:accept", args=[trip.customer.pk, attempt.pk])).status_code == 409
    assert not trip.is_connected()


def test_ac_8_3_a_forged_return_for_a_tenant_that_consented_long_ago_is_not_attached_silently(trip: Trip) -> None:
    trip.tenant.consent(app=trip.app)
    trip.clock.travel(days=3)
    trip.come_back(trip.leave(), tenant=trip.tenant.id)
    assert trip.attempt().outcome == ConsentOutcome.EARLIER_CONSENT
    assert not trip.is_connected()
    assert "knows us already" in trip.page()
    trip.client.post(reverse("tenants:accept", args=[trip.customer.pk, trip.attempt().pk]))
    connection = trip.connection()
    assert connection.app_existed_before
    assert "was there already when you connected" in trip.page()


def test_an_attempt_of_another_customer_cannot_be_accepted_through_this_one(
    trip: Trip, elsewhere: Callable[..., Any]
) -> None:
    from tenantry.customers.models import Customer

    trip.customer.domain = "expected.example"
    trip.customer.save()
    trip.accept(trip.leave())
    other = Customer.objects.create(name=f"Other {uuid.uuid4().hex[:8]}", created_at=trip.clock.now())
    answer = trip.client.post(reverse("tenants:accept", args=[other.pk, trip.attempt().pk]))
    assert answer.status_code == 404
    assert not Connection.objects.filter(tenant__customer=other).exists()


def test_ac_1_5_connect_is_refused_by_the_server_for_a_connected_customer(trip: Trip) -> None:
    trip.connect()
    answer = trip.client.post(
        reverse("tenants:connect", args=[trip.customer.pk]), {"wanted_role": roles.USER_ADMINISTRATOR}
    )
    assert answer.status_code == 409
    assert "is connected to" in answer.content.decode()
    page = trip.page()
    assert "Connect M365" not in page
    assert "Re-consent" in page
    assert "Disconnect" in page


def test_ac_1_5_re_consent_goes_to_the_known_tenant_and_must_come_back_for_it(
    trip: Trip, elsewhere: Callable[..., Any]
) -> None:
    trip.connect()
    trip.clock.travel(seconds=1)
    answer = trip.client.post(
        reverse("tenants:connect", args=[trip.customer.pk]),
        {"wanted_role": roles.USER_ADMINISTRATOR, "reconsent": "1"},
    )
    url = urlsplit(answer.headers["Location"])
    assert url.path == f"/{trip.tenant.id}/adminconsent"
    other = elsewhere()
    other.consent(app=trip.app)
    trip.come_back(parse_qs(url.query)["state"][0], tenant=other.id)
    assert trip.attempt().outcome == ConsentOutcome.OTHER_TENANT
    assert trip.connection().tenant_id == trip.tenant_id
    trip.accept(trip.leave(role=roles.USER_ADMINISTRATOR, reconsent=True))
    assert str(trip.connection().wanted_role_id) == roles.USER_ADMINISTRATOR
    assert trip.events("tenants.reconsented")


def test_two_tabs_with_two_trips_end_in_one_connection(trip: Trip) -> None:
    first, second = trip.leave(), trip.leave()
    trip.accept(second)
    trip.come_back(first, tenant=trip.tenant.id)
    assert Connection.objects.filter(tenant__customer=trip.customer).count() == 1


def test_two_tabs_with_two_tenants_keep_the_first(trip: Trip, elsewhere: Callable[..., Any]) -> None:
    first, second = trip.leave(), trip.leave()
    trip.accept(first)
    other = elsewhere()
    other.consent(app=trip.app)
    trip.come_back(second, tenant=other.id)
    assert trip.connection().tenant_id == trip.tenant_id
    assert not Tenant.objects.filter(tenant_id=other.id).exists()


def test_ac_1_6_nothing_delegated_is_stored_and_ac_x_1_no_state_or_token_in_record_or_database(
    trip: Trip, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import connection as database

    state = trip.leave()
    answer = trip.accept(state)
    trip.client.get(answer.headers["Location"])
    trip.run_jobs()
    written = "".join(f"{event.summary}{event.details}{event.exchanges}" for event in Event.objects.all())
    assert state not in written
    assert "eyJ" not in written
    assert state not in caplog.text
    assert "eyJ" not in caplog.text
    with database.cursor() as cursor:
        for table in ("tenants_consentattempt", "tenants_connection", "tenants_tenant", "procrastinate_jobs"):
            cursor.execute(f"SELECT string_agg(t::text, '') FROM {table} t")  # names of our own tables
            content = cursor.fetchone()[0] or ""
            assert state not in content
            assert "eyJ" not in content
            assert "refresh_token" not in content


def test_disconnect_names_what_remains_removes_the_mirror_and_keeps_the_record(trip: Trip) -> None:
    from tenantry.directory.models import DirectoryUser

    trip.tenant.add_user(name="Dana Doe")
    trip.connect()
    url = reverse("tenants:disconnect", args=[trip.customer.pk])
    page = trip.client.get(url).content.decode()
    assert trip.customer.name in page
    assert "Tenantry Help Desk" in page
    assert trip.is_connected()
    wrong = trip.client.post(url, {"tenant_id": str(uuid.uuid4())})
    assert wrong.status_code == 409
    assert trip.client.post(url, {"tenant_id": trip.tenant.id}).status_code == 302
    assert not trip.is_connected()
    assert not DirectoryUser.objects.filter(tenant_id=trip.tenant_id).exists()
    assert trip.events("tenants.disconnected")
    assert "Connect M365" in trip.page()
    trip.run_jobs()
    assert trip.client.post(url, {"tenant_id": trip.tenant.id}).status_code == 404


def test_a_disconnected_tenant_can_be_connected_again_here_with_one_question_before(trip: Trip) -> None:
    """AC-8.3: the earlier consent is told before the browser leaves, and not asked about a second time after it."""
    trip.connect()
    trip.client.post(reverse("tenants:disconnect", args=[trip.customer.pk]), {"tenant_id": trip.tenant.id})
    trip.clock.travel(days=2)
    trip.accept(trip.leave(go_on=True))
    assert trip.is_connected()


def test_an_archived_customer_is_not_connected(trip: Trip) -> None:
    trip.client.post(reverse("customers:archive", args=[trip.customer.pk]))
    answer = trip.client.post(
        reverse("tenants:connect", args=[trip.customer.pk]), {"wanted_role": roles.USER_ADMINISTRATOR}
    )
    assert answer.status_code == 403


def test_without_an_app_registration_the_page_says_where_to_register_it(trip: Trip, settings: Any) -> None:  # noqa: ANN401
    settings.CLIENT_ID = ""
    page = trip.client.get(reverse("tenants:connect", args=[trip.customer.pk])).content.decode()
    assert reverse("registrations:apps") in page
    answer = trip.client.post(
        reverse("tenants:connect", args=[trip.customer.pk]), {"wanted_role": roles.USER_ADMINISTRATOR}
    )
    assert answer.status_code == 403
