"""Resets that go well, and what the record and the database keep of them."""

import logging
from typing import TYPE_CHECKING

import pytest
from tests.conftest import LOGIN, Owner
from tests.helpdesk.conftest import PASSWORD, Place

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser


def test_a_reset_is_done_when_the_password_time_moved_and_the_user_can_sign_in_with_it(
    place: Place, dana: "DirectoryUser"
) -> None:
    operation = place.do(dana)
    assert operation.state == "done"
    held = place.in_tenant(dana)
    assert held.password == PASSWORD
    assert held.force_change_password_next_sign_in is True
    assert place.effects(dana) == 1
    assert operation.proof is not None
    assert operation.before is not None
    assert operation.proof["lastPasswordChangeDateTime"] > operation.before["lastPasswordChangeDateTime"]


def test_must_change_can_be_left_out(place: Place, dana: "DirectoryUser") -> None:
    place.do(dana, must_change=False)
    assert place.in_tenant(dana).force_change_password_next_sign_in is False


def test_ac_x_1_the_record_names_who_what_whom_why_and_microsofts_request_id(
    place: Place, dana: "DirectoryUser"
) -> None:
    from tenantry.audit.models import Event

    operation = place.do(dana, ticket="T-4711")
    assert operation.intent_id is not None
    intent = Event.objects.get(pk=operation.intent_id)
    assert (intent.kind, intent.actor_name, intent.ticket) == ("intent", "Alice Moreau", "T-4711")
    assert (intent.customer_id, intent.tenant_id) == (place.customer.pk, place.tenant_id)
    assert intent.target_id == str(dana.object_id)
    assert intent.justification == "Forgotten password"
    outcome = intent.outcomes.get()
    assert outcome.result == "done"
    (entry,) = place.writes(dana)
    assert [each["request_id"] for each in outcome.exchanges] == [entry.request_id]
    assert intent.recorded_at <= entry.at


def test_the_mirror_and_the_connection_learn_from_the_proof(place: Place, dana: "DirectoryUser") -> None:
    place.do(dana)
    dana.refresh_from_db()
    place.connection.refresh_from_db()
    assert dana.last_password_change_at == place.in_tenant(dana).last_password_change_date_time.replace(microsecond=0)
    assert place.connection.worked_at is not None


def test_the_password_is_nowhere_in_the_database_or_the_logs(
    place: Place, dana: "DirectoryUser", caplog: pytest.LogCaptureFixture
) -> None:
    """A planted canary, grepped for in every table and every log line, while it waits and after."""
    from django.db import connection

    def dump() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            tables = [name for (name,) in cursor.fetchall()]
            found: list[str] = []
            for table in tables:
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                found.extend(line for (line,) in cursor.fetchall())
        return "\n".join(found)

    caplog.set_level(logging.DEBUG)
    operation = place.ask(dana)
    assert PASSWORD not in dump()
    place.run_jobs()
    assert PASSWORD not in dump()
    assert PASSWORD.encode().hex() not in dump()  # binary columns print as hex
    operation.refresh_from_db()
    assert operation.state == "done"
    assert PASSWORD not in caplog.text
    assert PASSWORD not in repr(operation.__dict__)


def test_ac_5_5_a_reset_goes_through_the_password_profile_only(place: Place, dana: "DirectoryUser") -> None:
    place.do(dana)
    (entry,) = place.writes(dana)
    assert (entry.method, entry.path.split("/")[-1]) == ("PATCH", str(dana.object_id))
    assert not [each for each in place.tenant.journal() if "resetPassword" in each.path]


@pytest.mark.parametrize("slug", ["block", "revoke-sessions"])
def test_block_and_revoke_are_done_when_read_back(place: Place, dana: "DirectoryUser", slug: str) -> None:
    operation = place.do(dana, slug)
    assert operation.state == "done"
    held = place.in_tenant(dana)
    assert held.account_enabled is (slug != "block")
    assert (held.sign_in_sessions_valid_from_date_time is not None) is True or slug == "block"
    assert place.effects(dana) == 1


def test_a_blocked_user_can_be_unblocked(place: Place, dana: "DirectoryUser") -> None:
    place.do(dana, "block")
    assert place.do(dana, "unblock").state == "done"
    assert place.in_tenant(dana).account_enabled is True


def test_blocking_a_blocked_user_sends_nothing_and_says_so(place: Place) -> None:
    eve = place.add_user("Erin Early", enabled=False)
    operation = place.do(eve, "block")
    assert operation.state == "done"
    assert "already blocked" in operation.message
    assert place.writes(eve) == []


def test_a_stale_read_that_says_blocked_does_not_make_a_block_done(place: Place, dana: "DirectoryUser") -> None:
    """Our mirror knows better than one lagging read, so the write is sent."""
    place.do(dana, "block")
    place.clock.travel(seconds=1)
    place.do(dana, "unblock")
    place.tenant.fault("stale", path=f"/users/{dana.object_id}", times=1)
    operation = place.do(dana, "block")
    assert operation.state == "done"
    assert place.in_tenant(dana).account_enabled is False


def test_an_account_that_became_synced_after_the_mirror_was_read_is_refused_without_a_write(
    place: Place, dana: "DirectoryUser"
) -> None:
    place.in_tenant(dana).on_premises_sync_enabled = True
    operation = place.do(dana)
    assert operation.state == "refused"
    assert "on-premises" in operation.fix
    assert place.writes(dana) == []
    assert operation.password_sealed is None


def test_microsofts_words_on_a_bad_password_are_shown(place: Place, dana: "DirectoryUser") -> None:
    operation = place.do(dana, password="weak")
    assert operation.state == "failed"
    assert "Choose another" in operation.message
    assert "complexity" in operation.reason
    assert operation.password_sealed is None
    assert place.in_tenant(dana).password == "Before-the-reset-1"


def test_ac_11_5_a_member_of_a_restricted_unit_is_a_protected_account(place: Place, dana: "DirectoryUser") -> None:
    place.tenant.add_restricted_unit(name="Emergency", members=[str(dana.object_id)])
    operation = place.do(dana)
    assert operation.state == "refused"
    assert "Protected account" in operation.message
    assert place.effects(dana) == 0


def test_without_a_record_nothing_is_sent(place: Place, dana: "DirectoryUser", owner: Owner) -> None:
    """The insert really fails: a trigger of the database refuses it."""
    operation = place.ask(dana)
    with owner() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse_record() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;"
            "CREATE TRIGGER refuse_record BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION refuse_record()"
        )
    try:
        place.run_jobs()
        operation.refresh_from_db()
        assert (operation.state, operation.error_code) == ("waiting", "not_recorded")
        assert place.writes(dana) == []
    finally:
        with owner() as cursor:
            cursor.execute("DROP TRIGGER refuse_record ON audit_event; DROP FUNCTION refuse_record()")
    assert place.pass_time(operation, seconds=60).state == "done"


def test_a_record_that_can_never_be_written_fails_the_operation_and_sends_nothing(
    place: Place, dana: "DirectoryUser", owner: Owner
) -> None:
    operation = place.ask(dana)
    with owner() as cursor:
        cursor.execute("ALTER TABLE audit_event RENAME TO audit_event_away")
    try:
        place.run_jobs()
        place.pass_time(operation, seconds=120, steps=6)
        assert operation.state == "failed"
        assert "nothing was sent" in operation.message
        assert operation.password_sealed is None
        assert place.writes(dana) == []
    finally:
        with owner() as cursor:
            cursor.execute("ALTER TABLE audit_event_away RENAME TO audit_event")


def test_a_reset_needs_no_more_of_the_database_than_an_account_that_owns_nothing(
    place: Place, dana: "DirectoryUser"
) -> None:
    """AC 4 (row-level security): asked for in a technician's scope, done by the worker, neither as the owner."""
    from django.db import connection

    from tenantry.customers.models import CustomerGroup
    from tenantry.helpdesk import actions
    from tenantry.kit import database_roles, scoping
    from tenantry.kit.actor import Actor
    from tenantry.technicians.models import Team, Technician

    now = place.clock.now()
    robin = Technician.objects.create_user(
        f"robin-{place.tenant.id[:8]}@harbour-it.example", display_name="Robin", role="engineer", created_at=now
    )
    team = Team.objects.create(name=f"Team {place.tenant.id[:8]}", created_at=now)
    team.members.add(robin)
    group = CustomerGroup.objects.create(name=f"Group {place.tenant.id[:8]}", created_at=now)
    group.teams.add(team)
    group.customers.add(place.customer)
    place.alice = robin
    with scoping.scoped(scoping.of_technician(robin.pk)):
        operation = place.ask(dana)
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_user, current_user")
            assert cursor.fetchone() == (LOGIN, scoping.APP_ROLE)
    place.run_jobs()
    assert database_roles.examine().account == LOGIN
    assert place.in_tenant(dana).password == PASSWORD
    with scoping.scoped(scoping.of_technician(robin.pk)):
        operation.refresh_from_db()
        assert operation.state == "done"
        _, shown = actions.reveal_password(
            actor=Actor("technician", robin.pk, robin.display_name, "203.0.113.7"),
            technician=robin,
            customer_id=place.customer.pk,
            operation_id=operation.pk,
        )
        assert shown.reveal() == PASSWORD
