"""The second belt: what a forgotten filter finds in a technician's scope."""

import threading
import uuid
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import pytest
from django.db import Error, connection, transaction

from tenantry.kit import clock, scoping

if TYPE_CHECKING:
    from tenantry.technicians.models import Technician

WITHOUT_POLICY: Final = {
    "customers_customergroup": "what the policies are computed from",
    "technicians_technician": "what the policies are computed from",
    "technicians_team": "what the policies are computed from",
    "technicians_microsoftaccount": "about technicians",
    "technicians_browsersession": "about technicians",
    "technicians_onetimelink": "about technicians",
    "technicians_sharedentry": "counters of the rate limits",
    "api_apitoken": "about technicians",
    "registrations_appregistration": "about the provider's own tenant",
    "registrations_certificate": "about the provider's own tenant",
    "notifications_alertchannel": "about the deployment",
    "audit_anchor": "the chain over the record: hashes and counts",
    "audit_checkpoint": "the chain over the record: hashes and counts",
    "audit_customercheckpoint": "the chain over the record: hashes and counts",
    "audit_link": "the chain over the record: hashes and counts",
    "audit_unsealed": "the chain over the record: which events wait for their link",
    "custody_check": "about the deployment",
    "custody_keeper": "about the deployment",
    "streams_attempt": "about the deployment: places in the chain and outcomes",
    "streams_stream": "about the deployment",
    "panic_emergencystop": "about the deployment",
    "safeguards_storedrule": "about the deployment",
    "verification_textsender": "about the deployment",
}
"""Tables that belong to no customer, and why."""


class World:
    """A technician with one customer through a team, and a customer of somebody else's."""

    def __init__(self, role: str) -> None:
        from tenantry.audit.models import Event
        from tenantry.customers.models import Customer, CustomerGroup
        from tenantry.technicians.models import Team, Technician
        from tenantry.tenants.models import Tenant

        tag, now = uuid.uuid4().hex[:8], clock.now()
        self.technician = Technician.objects.create_user(
            f"rls-{tag}@harbour-it.example", display_name=f"Robin {tag}", role=role, created_at=now
        )
        self.mine = Customer.objects.create(name=f"Mine {tag}", created_at=now)
        self.foreign = Customer.objects.create(name=f"Foreign {tag}", created_at=now)
        team = Team.objects.create(name=f"Team {tag}", created_at=now)
        team.members.add(self.technician)
        group = CustomerGroup.objects.create(name=f"Group {tag}", created_at=now)
        group.teams.add(team)
        group.customers.add(self.mine)
        for customer in (self.mine, self.foreign):
            Tenant.objects.create(
                tenant_id=uuid.uuid4(),
                customer=customer,
                display_name=customer.name,
                primary_domain="x",
                created_at=now,
            )
            Event.objects.create(
                recorded_at=now, kind="fact", action="test", actor_kind="system", customer_id=customer.pk,
                customer_name=customer.name,
            )  # fmt: skip
        self.scope = scoping.of_technician(self.technician.pk)


@pytest.fixture(scope="module")
def world(database: None) -> World:
    return World("engineer")


@pytest.fixture
def theirs(world: World) -> Iterator[World]:
    """The same, within the technician's scope."""
    with scoping.scoped(world.scope):
        yield world


def _customers() -> set[uuid.UUID]:
    """A query that forgets the filter."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_customer")
        return {row[0] for row in cursor.fetchall()}


def test_a_query_that_forgets_the_filter_finds_only_the_technicians_customers(theirs: World) -> None:
    from tenantry.audit.models import Event
    from tenantry.customers.models import Customer
    from tenantry.tenants.models import Tenant

    assert set(Customer.objects.values_list("pk", flat=True)) == {theirs.mine.pk} == _customers()
    assert set(Tenant.objects.values_list("customer_id", flat=True)) == {theirs.mine.pk}
    assert set(Event.objects.values_list("customer_id", flat=True)) - {None} == {theirs.mine.pk}


def test_a_foreign_row_is_neither_changed_deleted_nor_made(theirs: World) -> None:
    from tenantry.customers.models import Customer
    from tenantry.tenants.models import Tenant

    assert Customer.objects.filter(pk=theirs.foreign.pk).update(name="taken over") == 0
    assert Tenant.objects.filter(customer_id=theirs.foreign.pk).delete()[0] == 0
    with pytest.raises(Error, match="row-level security"):
        Tenant.objects.filter(customer_id=theirs.mine.pk).update(customer_id=theirs.foreign.pk)
    with pytest.raises(Error, match="row-level security"), transaction.atomic():
        Tenant.objects.create(tenant_id=uuid.uuid4(), customer_id=theirs.foreign.pk, created_at=clock.now())
    with scoping.scoped(scoping.SYSTEM):
        assert Customer.objects.get(pk=theirs.foreign.pk).name == theirs.foreign.name
        assert Tenant.objects.filter(customer_id=theirs.foreign.pk).count() == 1


CHAIN: Final = ("audit_link", "audit_anchor", "audit_checkpoint", "audit_customercheckpoint", "audit_unsealed")
"""Read by the application's role, written by the functions of sealing alone."""


@pytest.mark.parametrize("statement", [
    "UPDATE audit_event SET summary = ''",
    *(f"UPDATE {table} SET {'event_id' if table == 'audit_unsealed' else 'sequence'} = 1" for table in CHAIN
      if table != "audit_customercheckpoint"),
    "UPDATE audit_customercheckpoint SET customer_sequence = 1",
    *(f"{act} {table}{more}" for table in ("audit_event", *CHAIN)
      for act, more in (("DELETE FROM", ""), ("TRUNCATE", " CASCADE"))),
    *(f"INSERT INTO {table} DEFAULT VALUES" for table in CHAIN),
])  # fmt: skip
def test_the_record_is_neither_changed_nor_emptied_nor_its_chain_written_by_the_applications_role(
    theirs: World, statement: str
) -> None:
    with pytest.raises(Error, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_intent_in_a_technicians_scope_is_sealed_with_what_waits_of_others_and_the_chain_stays_whole(
    theirs: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AC 4 (audit): whoever seals, the chain is whole, and an intent does not wait behind events it may not see."""
    from tenantry.audit import actions
    from tenantry.audit.chain import sealing
    from tenantry.audit.chain.verifying import verify
    from tenantry.audit.models import Event, Link, Unsealed
    from tenantry.kit.actor import Actor

    class Tag(StrEnum):
        TRIED = "tests.tried"

    def begin(customer_id: uuid.UUID) -> int:
        about = actions.About(customer_id=customer_id, customer_name="x", tenant_id=uuid.uuid4(), target_name="x")
        return actions.begin(actor=Actor(kind="system", id=None, name="x"), action=Tag.TRIED, about=about).event_id

    with scoping.scoped(scoping.SYSTEM):
        sealing.seal_all()
        waiting = [
            Event.objects.create(recorded_at=clock.now(), kind="fact", action="test", actor_kind="system",
                                 customer_id=theirs.foreign.pk).pk
            for _ in range(3)
        ]  # fmt: skip
        monkeypatch.setattr(sealing, "BATCH", 4)
    mine = begin(theirs.mine.pk)
    assert Link.objects.filter(event_id=mine).exists()
    assert not Event.objects.filter(pk__in=waiting).exists()
    assert not Unsealed.objects.exists()
    assert verify(customer_id=theirs.mine.pk).is_whole
    with scoping.scoped(scoping.SYSTEM):
        assert begin(theirs.foreign.pk) > mine
        verdict = verify()
    assert (verdict.problems, verdict.unsealed) == ([], 0)


def test_without_a_scope_no_customer_exists_and_switched_off_or_unknown_technicians_see_none(world: World) -> None:
    with scoping.scoped(scoping.NOBODY):
        assert _customers() == set()
    with scoping.scoped(scoping.of_technician(uuid.uuid4())):
        assert _customers() == set()
    other = World("help_desk")
    type(other.technician).objects.filter(pk=other.technician.pk).update(is_active=False)
    with scoping.scoped(other.scope):
        assert _customers() == set()


def test_who_sees_everything_by_role_or_team_sees_everything(
    world: World, alice: "Technician", charlie: "Technician"
) -> None:
    for technician in (alice, charlie):
        with scoping.scoped(scoping.of_technician(technician.pk)):
            assert {world.mine.pk, world.foreign.pk} <= _customers()


def _undone(scope: str) -> set[uuid.UUID]:
    """What is there in `scope`, first asked inside a transaction that fails."""
    with transaction.atomic(), scoping.scoped(scope):
        found = _customers()
        if found:
            raise UndoneError(found)
    return found


class UndoneError(Exception):
    """Carries out of a transaction what was found."""


def test_the_scope_survives_rollbacks_savepoints_and_reconnection(world: World) -> None:
    assert world.foreign.pk in _customers()
    with pytest.raises(UndoneError) as within:
        _undone(world.scope)
    assert within.value.args[0] == {world.mine.pk}
    assert world.foreign.pk in _customers()
    with scoping.scoped(world.scope):
        assert _customers() == {world.mine.pk}
        with transaction.atomic():
            with pytest.raises(UndoneError) as within:
                _undone(scoping.SYSTEM)
            assert world.foreign.pk in within.value.args[0]
            assert _customers() == {world.mine.pk}
            with pytest.raises(Error):
                _broken()
            assert _customers() == {world.mine.pk}
        connection.close()
        assert _customers() == {world.mine.pk}
    connection.close()
    assert world.foreign.pk in _customers()


def _broken() -> None:
    """A statement that fails, in a savepoint and in another scope."""
    with transaction.atomic(), scoping.scoped(scoping.SYSTEM), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")


def test_a_request_has_its_technicians_scope_to_the_last_line_and_leaves_none_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.test import Client

    from tenantry.audit import queries, views

    client = Client()
    client.force_login(world.technician, backend="django.contrib.auth.backends.ModelBackend")
    seen: list[set[uuid.UUID]] = []

    def forgets_the_filter(acts: object) -> Iterator[str]:
        del acts
        for _ in range(2):
            seen.append(_customers())
            yield "line"

    monkeypatch.setattr(views, "_lines", forgets_the_filter)
    type(world.technician).objects.filter(pk=world.technician.pk).update(role="auditor")
    answer = client.get("/activity/export.csv")
    assert answer.status_code == 200
    parts = iter(answer.streaming_content)  # type: ignore[attr-defined]
    next(parts)
    assert world.foreign.pk in _customers()  # between the lines another's work may run in this thread
    assert len(list(parts)) == 1
    assert seen == [{world.mine.pk}] * 2

    def fails(*args: object, **kwargs: object) -> None:
        seen.append(_customers())
        raise ZeroDivisionError

    monkeypatch.setattr(queries, "page", fails)
    with pytest.raises(ZeroDivisionError):
        client.get("/activity/")
    assert seen[-1] == {world.mine.pk}
    assert scoping.current() == scoping.SYSTEM
    assert world.foreign.pk in _customers()
    type(world.technician).objects.filter(pk=world.technician.pk).update(role="engineer")


def test_threads_do_not_share_a_scope(world: World) -> None:
    other, start = World("engineer"), threading.Barrier(2)
    seen: dict[uuid.UUID, list[set[uuid.UUID]]] = {world.mine.pk: [], other.mine.pk: []}

    def work(own: World) -> None:
        try:
            for _ in range(5):
                start.wait(timeout=30)
                with scoping.scoped(own.scope):
                    seen[own.mine.pk].append(_customers())
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in (world, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {own.mine.pk: [{own.mine.pk}] * 5 for own in (world, other)}


def test_every_table_has_a_policy_or_a_reason_to_have_none(database: None) -> None:
    """A new table fails here until it says to whom it belongs."""
    from django.apps import apps

    with connection.cursor() as cursor:
        cursor.execute("SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE c.relrowsecurity")
        guarded = {row[0] for row in cursor.fetchall()}
    ours = {model._meta.db_table for model in apps.get_models() if model.__module__.startswith("tenantry.")}
    assert ours - guarded == set(WITHOUT_POLICY)
