"""The mirror follows the tenant: first read, delta rounds, and everything that can get in the way."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.directory.conftest import Mirror

from tenantry.directory.models import DirectorySync, DirectoryUser, SyncState
from tenantry.graph import errors


def test_the_first_read_brings_every_user_with_its_properties(mirror: Mirror) -> None:
    sku = mirror.tenant.add_sku("SPE_E3")
    dana = mirror.tenant.add_user(name="Dana O'Brien", assigned_sku_ids=[sku.sku_id], mail="dana@mail.example")
    guest = mirror.tenant.add_user(name="Gil Guest", guest=True)
    synced = mirror.tenant.add_user(name="Sam Synced", synced=True, enabled=False)
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert row.users == row.users_read == row.users_expected == 4  # with the administrator
    assert row.finished_at is not None
    assert (row.cause, row.lease, row.gaps) == ("", None, {})
    found = mirror.mirrored(dana)
    assert found.display_name == "Dana O'Brien"
    assert found.user_principal_name == dana.user_principal_name
    assert found.domain == mirror.tenant.domain
    assert found.mail == "dana@mail.example"
    assert found.sku_ids == [uuid.UUID(sku.sku_id)]
    assert found.last_password_change_at == dana.last_password_change_date_time
    assert found.account_enabled
    assert mirror.mirrored(guest).is_guest
    assert mirror.mirrored(synced).is_synced
    assert not mirror.mirrored(synced).account_enabled


def test_many_pages_are_read_with_one_request_each(mirror: Mirror, short_pages: None) -> None:
    for number in range(34):
        mirror.tenant.add_user(name=f"User {number:02}")
    row = mirror.sync()
    assert row.users == 35
    assert len(mirror.pages_read()) == 4
    assert mirror.tenant.lint() == []


def test_a_delta_round_brings_only_what_changed(mirror: Mirror) -> None:
    dana = mirror.tenant.add_user(name="Dana Doe")
    mirror.tenant.add_user(name="Bob Bell")
    mirror.sync()
    mirror.tenant.update_user(dana, display_name="Dana Deer", account_enabled=False)
    mirror.tenant.add_user(name="Carol Cole")
    row = mirror.sync()
    assert mirror.names() == {"Dana Deer", "Bob Bell", "Carol Cole"}
    assert not mirror.mirrored(dana).account_enabled
    assert row.users == 4
    assert row.generation == 1


def test_a_changed_mobile_number_is_kept_with_the_time_it_was_noticed(mirror: Mirror) -> None:
    """Issue 4: recently changed numbers warn, and Microsoft does not tell when one changed."""
    dana = mirror.tenant.add_user(name="Dana Doe", mobile_phone="+49 151 23456789", usage_location="DE")
    erin = mirror.tenant.add_user(name="Erin Eden")
    first = mirror.clock.now()
    mirror.sync()
    found = mirror.mirrored(dana)
    assert (found.mobile_phone, found.usage_location) == ("+49 151 23456789", "DE")
    assert (found.mobile_phone_since, found.mobile_phone_changed_at) == (first, None)
    assert mirror.mirrored(erin).mobile_phone == ""
    mirror.clock.travel(days=50)
    mirror.tenant.update_user(dana.id, display_name="Dana Doe-Smith")
    mirror.sync()
    assert mirror.mirrored(dana).mobile_phone_changed_at is None
    mirror.clock.travel(days=1)
    mirror.tenant.update_user(dana.id, mobile_phone="+49 151 23456780")
    mirror.tenant.update_user(erin.id, mobile_phone="+49 151 23456781")
    second = mirror.clock.now()
    mirror.sync()
    for user in (dana, erin):
        found = mirror.mirrored(user)
        assert (found.mobile_phone_since, found.mobile_phone_changed_at) == (second, second)
    mirror.clock.travel(days=1)
    mirror.tenant.expire_delta_tokens()
    mirror.sync()  # a full read of the same number is no change
    assert mirror.mirrored(dana).mobile_phone_changed_at == second


def test_deleted_users_keep_their_row_until_they_are_gone_and_come_back_when_restored(mirror: Mirror) -> None:
    dana = mirror.tenant.add_user(name="Dana Doe")
    bob = mirror.tenant.add_user(name="Bob Bell")
    mirror.sync()
    mirror.tenant.delete_user(dana)
    mirror.tenant.delete_user(bob)
    row = mirror.sync()
    assert mirror.mirrored(dana).removed_at is not None
    assert row.users == 1
    mirror.tenant.restore_user(dana)
    mirror.tenant.purge_user(bob)
    row = mirror.sync()
    assert mirror.mirrored(dana).removed_at is None
    assert not DirectoryUser.objects.filter(tenant_id=mirror.tenant_id, object_id=bob.id).exists()
    assert row.users == 2


def test_agent_users_are_left_out(mirror: Mirror) -> None:
    mirror.tenant.add_user(name="Robot", is_agent=True)
    mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    assert mirror.names() == {"Dana Doe"}


def test_an_unchanged_tenant_costs_one_request(mirror: Mirror) -> None:
    from tenantry.directory import sync

    mirror.sync()
    before = len(mirror.tenant.journal())
    sync.run(mirror.tenant_id)
    assert len(mirror.tenant.journal()) == before + 1
    assert mirror.row.finished_at == mirror.clock.now()


@pytest.mark.parametrize("is_late", [False, True], ids=["refused token", "token older than seven days"])
def test_a_full_read_after_410_leaves_no_gap_in_the_list(mirror: Mirror, short_pages: None, is_late: bool) -> None:
    from tenantry.directory import merge

    people = [mirror.tenant.add_user(name=f"User {number:02}") for number in range(25)]
    mirror.sync()
    mirror.tenant.purge_user(people[3])
    mirror.tenant.add_user(name="Nora New")
    if is_late:
        mirror.clock.travel(days=8)
    else:
        mirror.tenant.expire_delta_tokens()
    # The second of the new pages fails, so the list can be looked at in the middle of the read.
    seen: list[int] = []
    original = merge.merge

    def watching(**values: Any) -> None:  # noqa: ANN401  passed on
        original(**values)
        seen.append(DirectoryUser.objects.filter(tenant_id=mirror.tenant_id, removed_at=None).count())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", watching)
        row = mirror.sync()
    assert min(seen) >= 26
    assert row.state == SyncState.CURRENT
    assert row.generation == 2
    assert mirror.names() == {f"User {number:02}" for number in range(25) if number != 3} | {"Nora New"}


def test_a_killed_worker_s_read_goes_on_where_it_stopped(mirror: Mirror, short_pages: None) -> None:
    from tenantry.directory import merge, sync

    for number in range(35):
        mirror.tenant.add_user(name=f"User {number:02}")
    original = merge.merge
    merged = 0

    class Killed(BaseException):
        """What a SIGKILL looks like from inside: nothing runs after it."""

    def dying(**values: Any) -> None:  # noqa: ANN401  passed on
        nonlocal merged
        if merged == 2:
            raise Killed
        merged += 1
        original(**values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", dying)
        with pytest.raises(Killed):
            mirror.sync()
    row = mirror.row
    assert row.lease is not None
    assert row.next_link
    assert row.users_read == 20
    read_before = len(mirror.pages_read())
    sync.run(mirror.tenant_id)
    assert mirror.row.users_read == 20, "the lease of the dead worker still holds"
    mirror.clock.travel(seconds=sync.LEASE.total_seconds() + 1)
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert row.users == 36
    assert len(mirror.pages_read()) == read_before + 2, "only the pages that were missing"


def test_two_workers_do_not_read_one_tenant_at_once(mirror: Mirror, short_pages: None) -> None:
    from tenantry.directory import merge, sync

    for number in range(15):
        mirror.tenant.add_user(name=f"User {number:02}")
    original = merge.merge
    inner: list[int] = []

    def nested(**values: Any) -> None:  # noqa: ANN401  passed on
        before = len(mirror.tenant.journal())
        sync.run(mirror.tenant_id)
        inner.append(len(mirror.tenant.journal()) - before)
        original(**values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", nested)
        mirror.sync()
    assert max(inner) <= 1, "at most the page fetched ahead, none for the second worker"
    assert mirror.row.users == 16


def test_a_disconnect_in_the_middle_of_a_read_leaves_nothing_behind(mirror: Mirror, short_pages: None) -> None:
    from tenantry.directory import actions, merge, sync

    for number in range(15):
        mirror.tenant.add_user(name=f"User {number:02}")
    original = merge.merge

    def forgetting(**values: Any) -> None:  # noqa: ANN401  passed on
        original(**values)
        actions.forget_tenant(tenant_id=mirror.tenant_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", forgetting)
        sync.run(mirror.tenant_id)
    assert not DirectorySync.objects.filter(pk=mirror.tenant_id).exists()
    assert not DirectoryUser.objects.filter(tenant_id=mirror.tenant_id).exists()


@pytest.mark.parametrize("kind", ["throttled", "error", "refused_before"])
def test_a_passing_fault_is_waited_out(mirror: Mirror, short_pages: None, kind: str) -> None:
    for number in range(25):
        mirror.tenant.add_user(name=f"User {number:02}")
    by_kind: dict[str, dict[str, Any]] = {"throttled": {"retry_after": "2.128"}, "error": {"status": 503}}
    mirror.tenant.fault(kind, path="/users/delta", times=2, **by_kind.get(kind, {}))
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert row.users == 26


def test_a_slow_page_is_still_read(mirror: Mirror) -> None:
    mirror.tenant.add_user(name="Dana Doe")
    mirror.tenant.fault("slow", path="/users/delta", times=1, seconds=0.01, chunk=400)
    mirror.sync()
    assert mirror.names() == {"Dana Doe"}


def test_a_tenant_that_does_not_answer_is_explained_and_tried_again_later_and_later(mirror: Mirror) -> None:
    mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    mirror.tenant.fault("error", path="/users/delta", times=100, status=503)
    first = mirror.sync()
    assert first.state == SyncState.STALE
    assert "did not answer" in first.cause
    assert first.fix
    assert first.next_at is not None
    wait = first.next_at - mirror.clock.now()
    second = mirror.sync()
    assert second.next_at is not None
    assert second.next_at - mirror.clock.now() > wait
    assert mirror.names() == {"Dana Doe"}, "what was read stays"
    mirror.tenant.clear_faults()
    healed = mirror.sync()
    assert (healed.state, healed.cause, healed.failures) == (SyncState.CURRENT, "", 0)


def test_throttling_beyond_patience_is_no_failure_of_the_tenant(mirror: Mirror) -> None:
    mirror.sync()
    mirror.tenant.fault("throttled", path="/users/delta", times=1, retry_after="120")
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert "slow down" in row.cause
    assert row.next_at is not None
    assert (row.next_at - mirror.clock.now()).total_seconds() == pytest.approx(120, abs=1)


def test_consent_withdrawn_between_two_pages_is_told_and_heals_after_consent(mirror: Mirror, short_pages: None) -> None:
    from tenantry.directory import merge
    from tenantry.graph import tokens
    from tenantry.tenants.models import Connection

    for number in range(35):
        mirror.tenant.add_user(name=f"User {number:02}")
    original = merge.merge

    def withdrawing(**values: Any) -> None:  # noqa: ANN401  passed on
        original(**values)
        if mirror.row.users_read == 20:
            mirror.tenant.withdraw_consent(mirror.app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", withdrawing)
        row = mirror.sync()
    assert row.state == SyncState.STALE
    assert row.cause
    assert row.fix
    assert 20 <= row.users_read < 36
    assert Connection.objects.get(tenant_id=mirror.tenant_id).state != "ready"
    mirror.tenant.consent(mirror.app)
    tokens.forget(mirror.tenant_id)
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert row.users == 36


def test_one_bad_tenant_does_not_stop_the_others(
    new_mirror: Callable[[], Mirror], run_jobs: Callable[[], None]
) -> None:
    from tenantry.directory import tasks

    bad, good = new_mirror(), new_mirror()
    bad.tenant.vanish()
    good.tenant.add_user(name="Dana Doe")
    tasks.sweep()
    run_jobs()
    assert bad.row.state == SyncState.STALE
    assert bad.row.cause
    assert good.names() == {"Dana Doe"}


def test_the_sweep_takes_up_only_what_is_due(mirror: Mirror, run_jobs: Callable[[], None]) -> None:
    from tenantry.directory import sync, tasks

    mirror.sync()
    before = len(mirror.pages_read())
    tasks.sweep()
    run_jobs()
    assert len(mirror.pages_read()) == before
    mirror.clock.travel(seconds=sync.DELTA_EVERY.total_seconds())
    tasks.sweep()
    run_jobs()
    assert len(mirror.pages_read()) == before + 1


def test_a_request_while_a_read_runs_is_answered_by_another_read(mirror: Mirror, run_jobs: Callable[[], None]) -> None:
    from tenantry.directory import actions, merge, sync, tasks

    mirror.tenant.add_user(name="Dana Doe")
    original = merge.merge
    asked = False

    def asking(**values: Any) -> None:  # noqa: ANN401  passed on
        nonlocal asked
        original(**values)
        if not asked:
            asked = True
            mirror.clock.travel(seconds=1)
            mirror.tenant.add_user(name="Bob Bell")
            actions.request_sync(tenant_id=mirror.tenant_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", asking)
        sync.run(mirror.tenant_id)
    mirror.clock.travel(seconds=1)
    tasks.sweep()
    run_jobs()
    assert mirror.names() == {"Dana Doe", "Bob Bell"}


def test_facts_of_a_read_back_reach_the_mirror_and_leave_the_rest(mirror: Mirror) -> None:
    from tenantry.directory import actions

    dana = mirror.tenant.add_user(name="Dana Doe")
    mirror.sync()
    actions.apply_user_facts(tenant_id=mirror.tenant_id, object_id=uuid.UUID(dana.id), facts={"accountEnabled": False})
    found = mirror.mirrored(dana)
    assert not found.account_enabled
    assert found.display_name == "Dana Doe"
    actions.apply_user_facts(tenant_id=mirror.tenant_id, object_id=uuid.uuid4(), facts={"accountEnabled": False})
    assert mirror.names() == {"Dana Doe"}, "a user the mirror does not know is not made up from a part"


def test_the_last_mention_in_a_page_wins_and_partial_users_keep_what_is_not_said(mirror: Mirror) -> None:
    import orjson
    from django.db import transaction

    from tenantry.directory import merge

    def page(*users: dict[str, object]) -> None:
        with transaction.atomic():
            merge.merge(
                tenant_id=mirror.tenant_id,
                page=orjson.dumps({"value": users}).decode(),
                generation=1,
                now=mirror.clock.now(),
                is_partial=True,
            )

    one, two = str(uuid.uuid4()), str(uuid.uuid4())
    page(
        {"id": one, "userPrincipalName": "a@x.example", "displayName": "Old", "mail": "a@x.example"},
        {"id": two, "userPrincipalName": "b@x.example", "displayName": "Bob"},
        {"id": one, "userPrincipalName": "a@x.example", "displayName": "New", "mail": "a@x.example"},
        {"id": two, "@removed": {"reason": "deleted"}},
    )
    assert mirror.names() == {"New"}
    page({"id": one, "mail": None})
    found = DirectoryUser.objects.get(tenant_id=mirror.tenant_id, object_id=one)
    assert (found.display_name, found.mail) == ("New", "")
    page({"id": one, "@removed": {"reason": "changed"}})
    page({"id": one, "@removed": {"reason": "changed"}}, {"id": one, "displayName": "Back"})
    assert mirror.names() == {"Back"}


def test_names_with_nul_and_overlong_names_do_not_stop_a_read(mirror: Mirror) -> None:
    odd = mirror.tenant.add_user(name="Nil\0Null")
    long = mirror.tenant.add_user(name="\ufdfa" * 300)
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert mirror.mirrored(odd).display_name == "NilNull"
    assert len(mirror.mirrored(long).display_name) == 256


def test_a_link_to_another_host_is_never_followed(mirror: Mirror) -> None:
    from tenantry.graph.calls import users

    with pytest.raises(errors.Rejected):
        users.page_at(tenant_id=mirror.tenant_id, link="https://evil.example/v1.0/users/delta")
