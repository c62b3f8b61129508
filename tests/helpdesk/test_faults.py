"""Each fault on each write: no false success, no double effect, and it heals by itself."""

import uuid
from typing import TYPE_CHECKING

import pytest
from tests.helpdesk.conftest import PASSWORD, Place

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.helpdesk.models import Operation

WRITES = {
    "reset-password": ("PATCH", "/users/{id}"),
    "block": ("PATCH", "/users/{id}"),
    "unblock": ("PATCH", "/users/{id}"),
    "revoke-sessions": ("POST", "/users/{id}/revokeSignInSessions"),
}
every_write = pytest.mark.parametrize("slug", list(WRITES))


def _target(place: Place, slug: str) -> "DirectoryUser":
    return place.add_user("Dana Doe", password="Before-the-reset-1", enabled=slug != "unblock")


def _break(place: Place, user: "DirectoryUser", slug: str, kind: str, **options: str | int) -> None:
    method, path = WRITES[slug]
    place.tenant.fault(kind, method=method, path=path.format(id=user.object_id), times=1, **options)


def _has_effect(place: Place, user: "DirectoryUser", slug: str) -> bool:
    held = place.in_tenant(user)
    return {
        "reset-password": held.password == PASSWORD,
        "block": not held.account_enabled,
        "unblock": held.account_enabled,
        "revoke-sessions": place.effects(user) > 0,
    }[slug]


def _results(operation: "Operation") -> list[str]:
    from tenantry.audit.models import Event

    return list(Event.objects.filter(intent_id=operation.intent_id).order_by("id").values_list("result", flat=True))


@every_write
def test_an_answer_lost_after_the_effect_ends_done_with_one_effect(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    _break(place, dana, slug, "lost")
    operation = place.do(dana, slug)
    assert operation.state == "done"
    assert place.effects(dana) == 1
    assert _has_effect(place, dana, slug)
    assert _results(operation) == ["unknown", "done"]


@every_write
def test_an_answer_lost_before_the_effect_is_unknown_until_sending_again_is_read_back(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    _break(place, dana, slug, "refused_before")
    operation = place.do(dana, slug)
    assert operation.state == "unknown"
    assert not _has_effect(place, dana, slug)
    assert "may or may not" in operation.reason
    place.pass_time(operation, seconds=10, steps=6)
    assert operation.state == "done"
    assert place.effects(dana) == 1
    assert _has_effect(place, dana, slug)


@every_write
@pytest.mark.parametrize(("retry_after", "wait"), [("7", 7.0), ("12.128", 12.128)])
def test_a_429_waits_as_long_as_microsoft_says(place: Place, slug: str, retry_after: str, wait: float) -> None:
    dana = _target(place, slug)
    _break(place, dana, slug, "throttled", retry_after=retry_after)
    operation = place.do(dana, slug)
    assert operation.state == "waiting"
    assert operation.next_at is not None
    assert (operation.next_at - place.clock.now()).total_seconds() == pytest.approx(wait, abs=0.01)
    assert place.pass_time(operation, seconds=wait - 1).state == "waiting"
    assert place.pass_time(operation, seconds=1.1).state == "done"
    assert place.effects(dana) == 1


@every_write
def test_a_503_on_the_write_is_never_taken_for_done_or_failed(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    _break(place, dana, slug, "error", status=503)
    operation = place.do(dana, slug)
    assert operation.state == "unknown"
    place.pass_time(operation, seconds=10, steps=6)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_a_503_on_the_read_before_is_tried_again_and_nothing_is_sent_meanwhile(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    place.tenant.fault("error", method="GET", path=f"/users/{dana.object_id}", times=20, status=503)
    operation = place.do(dana, slug)
    assert operation.state == "waiting"
    assert place.writes(dana) == []
    place.pass_time(operation, seconds=60, steps=20)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_a_slow_answer_is_waited_for(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    place.tenant.fault("slow", method="GET", path=f"/users/{dana.object_id}", times=1, seconds=0.05)
    operation = place.do(dana, slug)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_stale_reads_keep_it_open_until_a_read_shows_the_effect(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    # The read before is the first; those after the write lag.
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", times=5)
    place.run_jobs()
    operation.refresh_from_db()
    assert operation.state == "confirming"
    place.pass_time(operation, seconds=10, steps=3)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_reads_that_lag_for_more_than_five_minutes_become_unknown_and_heal_later(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", seconds=420, times=1000)
    place.run_jobs()
    place.pass_time(operation, seconds=60, steps=6)
    assert operation.state == "unknown"
    assert "no read shows it" in operation.message
    assert operation.fix
    place.pass_time(operation, seconds=60, steps=4)
    assert operation.state == "done"
    assert _results(operation) == ["unknown", "done"]
    assert place.effects(dana) == 1


@every_write
def test_a_lost_answer_and_stale_reads_end_done_without_a_false_success(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    _break(place, dana, slug, "lost")
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", times=5)
    place.run_jobs()
    operation.refresh_from_db()
    assert operation.state == "unknown"
    place.pass_time(operation, seconds=5, steps=3)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_consent_withdrawn_before_sending_fails_with_what_to_do(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    place.tenant.withdraw_consent(place.app)
    place.run_jobs()
    operation.refresh_from_db()
    assert operation.state == "failed"
    assert "Connect the tenant again" in operation.fix
    assert place.effects(dana) == 0
    place.connection.refresh_from_db()
    assert place.connection.state != "ready"


@every_write
def test_consent_withdrawn_between_sending_and_reading_back_is_unknown_and_heals_with_consent(
    place: Place, slug: str
) -> None:
    from tenantry.graph import tokens

    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", times=4)
    place.run_jobs()
    place.tenant.withdraw_consent(place.app)
    tokens.forget(place.tenant_id)
    place.pass_time(operation, seconds=30)
    assert operation.state == "unknown"
    assert "Connect the tenant again" in operation.fix
    _consent_again(place)
    place.pass_time(operation, seconds=60, steps=3)
    assert operation.state == "done"
    assert place.effects(dana) == 1


def _consent_again(place: Place) -> None:
    from tenantry.reach import roles

    principal = place.tenant.consent(place.app)
    place.tenant.assign_role(principal.id, roles.USER_ADMINISTRATOR)


@every_write
def test_a_token_without_roles_is_replaced_by_a_fresh_one(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    place.tenant.fault("no_roles", times=1)
    operation = place.do(dana, slug)
    assert operation.state == "done"
    assert place.effects(dana) == 1


@every_write
def test_a_user_just_created_is_waited_for(place: Place, slug: str) -> None:
    dana = _target(place, slug)
    place.tenant.fault("not_found", path=f"/users/{dana.object_id}", times=2)
    operation = place.do(dana, slug)
    assert operation.state == "waiting"
    assert place.pass_time(operation, seconds=15, steps=4).state == "done"
    assert place.effects(dana) == 1


def test_a_user_that_does_not_exist_any_more_fails_after_a_bounded_time(place: Place) -> None:
    dana = _target(place, "block")
    place.tenant.delete_user(place.in_tenant(dana))
    operation = place.do(dana, "block")
    assert operation.state == "waiting"
    place.pass_time(operation, seconds=60, steps=5)
    assert operation.state == "failed"
    assert operation.finished_at is not None


@every_write
def test_a_worker_that_dies_after_sending_is_followed_by_one_that_reads_first(
    place: Place, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenantry.helpdesk.runner import work

    class Killed(BaseException):
        """The process is gone."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    dana = _target(place, slug)
    operation = place.ask(dana, slug)
    with monkeypatch.context() as patch:
        patch.setattr(work, "_exchanges", die)  # the line right after the request went out
        with pytest.raises(Killed):
            place.run_jobs()
    operation.refresh_from_db()
    assert (operation.state, operation.attempts) == ("running", 1)
    assert place.pass_time(operation, seconds=30).state == "running"  # the lease is respected
    assert place.pass_time(operation, seconds=100).state == "done"
    assert place.effects(dana) == 1
    assert _results(operation) == ["unknown", "done"]


def test_a_worker_that_dies_before_sending_is_followed_by_one_that_sends(
    place: Place, dana: "DirectoryUser", monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenantry.helpdesk.runner import work

    class Killed(BaseException):
        """The process is gone."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    operation = place.ask(dana)
    with monkeypatch.context() as patch:
        patch.setattr(work, "_send", die)
        with pytest.raises(Killed):
            place.run_jobs()
    assert place.effects(dana) == 0
    assert place.pass_time(operation, seconds=125).state == "done"
    assert place.effects(dana) == 1


def test_the_job_may_run_many_times(place: Place, dana: "DirectoryUser") -> None:
    from tenantry.helpdesk import tasks

    operation = place.do(dana)
    for _ in range(3):
        tasks.run(str(operation.pk))
    tasks.run(str(uuid.uuid4()))
    assert place.effects(dana) == 1


def test_a_password_changed_by_somebody_else_before_does_not_prove_ours(place: Place, dana: "DirectoryUser") -> None:
    """The read before is stale, the write is lost, and a read after shows the other's change: not a proof."""
    earlier = place.do(dana, password="Somebody-elses-choice-1")
    assert earlier.state == "done"
    place.clock.travel(minutes=1)
    operation = place.ask(dana, again=earlier.pk)
    _break(place, dana, "reset-password", "refused_before")
    place.tenant.fault("stale", method="GET", path=f"/users/{dana.object_id}", times=1)
    place.run_jobs()
    operation.refresh_from_db()
    assert operation.state == "unknown"
    place.pass_time(operation, seconds=10, steps=6)
    assert operation.state == "done"
    assert place.in_tenant(dana).password == PASSWORD
