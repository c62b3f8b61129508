"""The canary account: every write proven end to end on an account of our own, which never outlives its run (AC-6.3)."""

import pytest
from django.urls import reverse
from tests.tenants import test_leaving
from tests.tenants.conftest import Trip
from tests.tenants.test_leaving import leave

from entrasim.handle import Handle
from tenantry.reach import roles
from tenantry.tenants import actions, tasks
from tenantry.tenants.actions import canary as canary_actions
from tenantry.tenants.models import CanaryRun, Connection, ConnectionState

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR


def both(trip: Trip, sim: Handle) -> None:
    """Both apps, and the elevation app may delete accounts too."""
    elevation = test_leaving.both(trip, sim)
    trip.tenant.assign_role(elevation, roles.USER_ADMINISTRATOR)
    trip.look(minutes=20)
    trip.look(hours=9)


def begin(trip: Trip, *, confirmed: bool = True) -> int:
    given = {"tenant_id": trip.tenant.id, **({"confirmed": "1"} if confirmed else {})}
    return trip.client.post(reverse("tenants:canary", args=[trip.customer.pk]), given).status_code


def last(trip: Trip) -> CanaryRun:
    found = CanaryRun.objects.filter(tenant_id=trip.tenant_id).order_by("-started_at").first()
    assert found is not None
    return found


def states(trip: Trip) -> dict[str, str]:
    return {step: kept["state"] for step, kept in last(trip).steps.items()}


def accounts_there(trip: Trip) -> list[str]:
    """Canaries in the tenant, the recycle bin included."""
    everybody = [*trip.tenant.state.users.values(), *trip.tenant.state.deleted_users.values()]
    return [user.user_principal_name for user in everybody if "canary" in user.user_principal_name.lower()]


def features(trip: Trip) -> str:
    return trip.client.get(reverse("tenants:features", args=[trip.customer.pk])).content.decode()


def test_ac_6_3_a_run_proves_every_write_and_leaves_nothing(trip: Trip, sim: Handle) -> None:
    """AC-6.3: each step recorded before and read back after; READY by it; gone, from the recycle bin too."""
    both(trip, sim)
    Connection.objects.filter(tenant_id=trip.tenant_id, app="helpdesk").update(
        state=ConnectionState.PROPAGATING, role_seen_at=trip.clock.now(), probed_at=None
    )
    assert begin(trip) == 302
    trip.run_jobs()
    done = ("created", "reset", "unblocked", "revoked", "blocked", "deleted", "purged")
    assert states(trip) == dict.fromkeys(done, "done")
    assert last(trip).finished_at is not None
    assert accounts_there(trip) == []
    kinds = [event.kind for event in trip.events("tenants.canary")]
    assert kinds == ["intent", "outcome"] * 7
    assert trip.connection().state == ConnectionState.READY
    assert "canary" in trip.connection().proof
    page = features(trip)
    assert page.count("Read back") >= 7
    assert "The account was read back as gone" in page


def test_without_the_elevation_app_it_is_not_offered_and_says_why(trip: Trip) -> None:
    trip.connect()
    trip.give_role()
    trip.look(minutes=20)
    assert "takes the elevation app, which is not connected here" in features(trip)
    assert begin(trip) == 403
    assert not CanaryRun.objects.filter(tenant_id=trip.tenant_id).exists()


def test_an_account_that_could_not_be_deleted_again_is_never_made(trip: Trip, sim: Handle) -> None:
    """Privileged Role Administrator alone deletes nobody, by Microsoft's table."""
    test_leaving.both(trip, sim)
    assert "but not delete it" in features(trip)
    assert begin(trip) == 403
    assert accounts_there(trip) == []


def test_it_takes_a_yes_and_one_run_at_a_time(trip: Trip, sim: Handle) -> None:
    both(trip, sim)
    assert begin(trip, confirmed=False) == 403
    assert begin(trip) == 302
    assert begin(trip) == 403
    assert CanaryRun.objects.filter(tenant_id=trip.tenant_id).count() == 1
    assert leave(trip) == 403  # the account could not be removed afterwards
    trip.run_jobs()


@pytest.mark.parametrize("point", ["clean", "_reset"])
def test_a_worker_that_dies_in_the_middle_leaves_an_account_that_the_sweep_removes(
    trip: Trip, sim: Handle, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """No canary outlives its run: found again by its name, whatever was known of it."""
    both(trip, sim)
    begin(trip)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(canary_actions._Runner, point, die)
        with pytest.raises(SystemExit):
            actions.run_canary(run_id=last(trip).pk)
    assert len(accounts_there(trip)) == 1
    tasks.canary_sweep()
    trip.run_jobs()
    assert len(accounts_there(trip)) == 1  # its lease still stands
    trip.clock.travel(minutes=4)
    tasks.canary_sweep()
    trip.run_jobs()
    assert accounts_there(trip) == []
    assert last(trip).finished_at is not None


def test_a_lost_answer_to_the_creation_is_found_by_name_and_goes_on(trip: Trip, sim: Handle) -> None:
    """Unknown outcome: nothing is made twice."""
    both(trip, sim)
    begin(trip)
    trip.tenant.fault("lost", method="POST", path="/users", times=1)
    trip.run_jobs()
    assert states(trip)["created"] == "done"
    assert last(trip).finished_at is not None
    made = [entry for entry in trip.tenant.journal() if entry.method == "POST" and entry.path.endswith("/users")]
    assert len(made) == 1
    assert accounts_there(trip) == []


def test_a_refused_reset_ends_the_proof_names_the_step_and_still_cleans_up(trip: Trip, sim: Handle) -> None:
    """The role was taken away: the run says where it stopped."""
    both(trip, sim)
    trip.tenant.remove_role(trip.principal().id, PAA)
    begin(trip)
    trip.run_jobs()
    found = states(trip)
    assert found["created"] == "done"
    assert found["reset"] == "failed"
    assert "blocked" not in found
    assert found["deleted"] == "done"
    assert accounts_there(trip) == []


def test_a_deletion_that_fails_is_tried_until_a_read_shows_it_gone(trip: Trip, sim: Handle) -> None:
    """The row is not finished before; the page says so in red."""
    both(trip, sim)
    begin(trip)
    trip.tenant.fault(
        "error", method="DELETE", path="/users/*", times=1, status=403, code="Authorization_RequestDenied"
    )
    trip.run_jobs()
    assert last(trip).finished_at is None
    assert "The account is still there, or may be" in features(trip)
    trip.clock.travel(minutes=5)
    tasks.canary_sweep()
    trip.run_jobs()
    assert last(trip).finished_at is not None
    assert accounts_there(trip) == []
