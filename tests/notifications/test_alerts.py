"""Alerts: once for each change, in order, held back while trouble comes and goes (AC-5.4: event and alert)."""

import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.db import connections, transaction
from tests.conftest import SharedClock
from tests.notifications.conftest import Hook

from tenantry.kit.errors import Conflict, NotHere
from tenantry.notifications import actions, queries, tasks
from tenantry.notifications.models import Alert, AlertKind, Severity
from tenantry.technicians.actions import actor_for

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.customers.models import Customer
    from tenantry.technicians.models import Technician

Raise = Callable[..., Alert]
Jobs = Callable[[], None]


def resolve(alert: Alert, words: str = "Ready.", *, is_final: bool = False) -> Alert | None:
    return actions.resolve_alert(
        tenant_id=alert.tenant_id, kind=AlertKind(alert.kind), key=alert.key, resolution=words, is_final=is_final
    )


def test_an_open_alert_is_not_raised_again_but_kept_up_to_date(hook: Hook, raise_one: Raise, run_jobs: Jobs) -> None:
    first = raise_one()
    again = raise_one(cause="The role is missing since 09:00.")
    run_jobs()
    assert again.pk == first.pk
    assert again.cause == "The role is missing since 09:00."
    assert hook.receiver.events == ["opened"]


def test_another_cause_is_a_change_and_is_told_once(hook: Hook, raise_one: Raise, run_jobs: Jobs) -> None:
    first = raise_one()
    raise_one(code="withdrawn", severity=Severity.CRITICAL, title="Offline")
    raise_one(code="withdrawn", severity=Severity.CRITICAL, title="Offline")
    run_jobs()
    assert hook.receiver.events == ["opened", "changed"]
    assert [got.json["data"]["alert"]["code"] for got in hook.receiver.got] == ["role_missing", "withdrawn"]
    assert Alert.objects.filter(tenant_id=first.tenant_id).count() == 1


def test_two_workers_that_notice_the_same_make_one_alert_and_one_message(
    hook: Hook, raise_one: Raise, run_jobs: Jobs
) -> None:
    start = threading.Barrier(4)
    made: list[uuid.UUID] = []

    def work() -> None:
        try:
            start.wait()
            made.append(raise_one().pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_jobs()
    assert len(made) == 4
    assert len(set(made)) == 1
    assert hook.receiver.events == ["opened"]


def test_two_workers_that_take_the_same_message_send_it_once(hook: Hook, raise_one: Raise) -> None:
    raise_one()
    (delivery,) = hook.deliveries()
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            actions.deliver(delivery_id=delivery.pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hook.receiver.events == ["opened"]


def test_a_change_that_is_rolled_back_is_told_to_nobody(hook: Hook, raise_one: Raise, run_jobs: Jobs) -> None:
    with transaction.atomic():
        raise_one()
        transaction.set_rollback(True)
    run_jobs()
    assert hook.receiver.got == []
    assert hook.deliveries() == []


def test_the_end_is_told_once_after_a_pause(hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock) -> None:
    alert = raise_one()
    run_jobs()
    resolve(alert)
    assert resolve(alert) is None
    tasks.sweep()
    run_jobs()
    assert hook.receiver.events == ["opened"]
    clock.travel(minutes=5)
    tasks.sweep()
    run_jobs()
    tasks.sweep()
    run_jobs()
    assert hook.receiver.events == ["opened", "resolved"]
    assert hook.receiver.got[-1].json["data"]["alert"]["resolution"] == "Ready."


def test_what_returns_before_its_end_was_told_is_not_told_at_all(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    alert = raise_one()
    run_jobs()
    for _ in range(5):
        resolve(alert)
        clock.travel(minutes=2)
        assert raise_one().pk == alert.pk
        tasks.sweep()
        run_jobs()
    assert hook.receiver.events == ["opened"]
    alert.refresh_from_db()
    assert (alert.state, alert.returns) == ("open", 5)


def test_what_keeps_coming_and_going_is_told_more_and_more_rarely(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    """Six hours of up and down, eight minutes each: a few messages, not ninety."""
    for _ in range(22):
        alert = raise_one()
        run_jobs()
        clock.travel(minutes=8)
        resolve(alert)
        for _ in range(8):
            clock.travel(minutes=1)
            tasks.sweep()
            run_jobs()
    assert 2 <= len(hook.receiver.events) <= 8
    clock.travel(hours=2)
    tasks.sweep()
    run_jobs()
    assert hook.receiver.events[-1] == "resolved"


def test_the_end_never_overtakes_the_beginning(
    hook: Hook, raise_one: Raise, run_jobs: Jobs, clock: SharedClock
) -> None:
    hook.receiver.answers = [500, 500, 500]
    alert = raise_one()
    run_jobs()
    resolve(alert, is_final=True)
    for _ in range(10):
        clock.travel(minutes=1)
        tasks.sweep()
        run_jobs()
    assert hook.receiver.events[-2:] == ["opened", "resolved"]
    assert hook.receiver.events.count("resolved") == 1


def test_acknowledging_lowers_the_bell_and_a_change_raises_it_again(
    raise_one: Raise, alice: "Technician", charlie: "Technician", no_channels: None
) -> None:
    before = queries.count_unseen(alice)
    alert = raise_one()
    assert queries.count_unseen(alice) == before + 1
    actions.acknowledge(actor=actor_for(alice), technician=alice, alert_id=alert.pk)
    assert queries.count_unseen(alice) == before
    with pytest.raises(Conflict):
        actions.acknowledge(actor=actor_for(charlie), technician=charlie, alert_id=alert.pk)
    raise_one(code="other")
    assert queries.count_unseen(alice) == before + 1
    with pytest.raises(NotHere):
        actions.acknowledge(actor=actor_for(alice), technician=alice, alert_id=uuid.uuid4())


def test_information_is_over_when_somebody_has_read_it(raise_one: Raise, alice: "Technician") -> None:
    alert = raise_one(kind=AlertKind.PIM_BECAME_AVAILABLE, severity=Severity.INFO)
    actions.acknowledge(actor=actor_for(alice), technician=alice, alert_id=alert.pk)
    alert.refresh_from_db()
    assert alert.state == "resolved"


@pytest.mark.parametrize("kind", AlertKind.values)
def test_every_kind_can_be_raised_for_a_tenant_and_for_the_deployment(
    kind: str, raise_one: Raise, no_channels: None
) -> None:
    key = uuid.uuid4().hex
    one, other = (
        raise_one(kind=AlertKind(kind), key=key),
        raise_one(kind=AlertKind(kind), key=key, customer_id=None, tenant_id=None),
    )
    assert one.pk != other.pk
    assert raise_one(kind=AlertKind(kind), key=key, customer_id=None, tenant_id=None).pk == other.pk


def test_the_page_shows_cause_fix_and_who_and_works_without_script(
    as_alice: "Client", raise_one: Raise, customer: "Customer"
) -> None:
    alert = raise_one(cause="<b>The role</b> is missing.")
    page = as_alice.get("/alerts/", {"customer": str(customer.pk)}).content.decode()
    assert "&lt;b&gt;The role&lt;/b&gt; is missing." in page
    assert "Assign it." in page
    assert "A Global Administrator of the tenant." in page
    assert f'action="/customers/{customer.pk}/check/"' in page
    answer = as_alice.post(f"/alerts/{alert.pk}/acknowledge/", {"customer": str(customer.pk)})
    assert answer.headers["Location"] == f"/alerts/?customer={customer.pk}"
    page = as_alice.get("/alerts/", {"customer": str(customer.pk)}).content.decode()
    assert "Alice Moreau looks after it" in page
    resolve(alert, "Back again.")
    page = as_alice.get("/alerts/", {"customer": str(customer.pk), "show": "resolved"}).content.decode()
    assert "Back again." in page
    assert "looks after it" not in page


def test_the_bell_counts_in_the_navigation(as_alice: "Client", raise_one: Raise, alice: "Technician") -> None:
    raise_one()
    page = as_alice.get("/customers/").content.decode()
    assert f'<span class="n bad">{queries.count_unseen(alice)}<span class="sr"> open</span></span>' in page


def test_many_alerts_come_in_pages_and_odd_cursors_start_over(
    as_alice: "Client", raise_one: Raise, customer: "Customer", no_channels: None
) -> None:
    for number in range(queries.PAGE_SIZE + 2):
        raise_one(key=str(number))
    first = as_alice.get("/alerts/", {"customer": str(customer.pk)})
    assert len(first.context["rows"]) == queries.PAGE_SIZE
    second = as_alice.get("/alerts/", {"customer": str(customer.pk), "after": first.context["page"].after})
    assert len(second.context["rows"]) == 2
    for odd in ("x", "\x00", "AAAA", "9" * 400):
        assert as_alice.get("/alerts/", {"customer": str(customer.pk), "after": odd}).status_code == 200
    assert as_alice.get("/alerts/", {"customer": "nobody"}).status_code == 404
    assert as_alice.get("/alerts/", {"customer": str(uuid.uuid4())}).status_code == 404
