"""A tenant moves under our feet, at random; after settling, the connection tells the truth, always.

The truth is read from the simulator's own state by other code than the product's.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from typing import ClassVar

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import SharedClock
from tests.tenants.conftest import Trip

from entrasim.handle import Handle
from tenantry.customers.models import Customer
from tenantry.reach import roles
from tenantry.tenants.models import ConnectionState, PimStatus
from tenantry.tenants.queries.overview import overview_of

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
NO_ROLE = {ConnectionState.ROLE_MISSING, ConnectionState.DEGRADED}
WITH_ROLE = {ConnectionState.PROPAGATING, ConnectionState.READY}


@dataclasses.dataclass(frozen=True)
class World:
    """Where the tenants move."""

    client: Client
    sim: Handle
    clock: SharedClock
    run_jobs: Callable[[], None]


class Moves(RuleBasedStateMachine):
    world: ClassVar[World]
    trip: Trip

    @initialize()
    def connect(self) -> None:
        from django.conf import settings as django_settings

        tag = uuid.uuid4().hex[:8]
        customer = Customer.objects.create(name=f"Moving {tag}", created_at=self.world.clock.now())
        tenant = self.world.sim.new_tenant(name=f"Moving {tag}", domain=f"moving-{tag}.example")
        app = self.world.sim.context.world.apps[django_settings.CLIENT_ID]
        self.trip = Trip(self.world.client, customer, tenant, app, self.world.clock, self.world.run_jobs)
        self.trip.connect()

    @property
    def is_there(self) -> bool:
        return any(p.app_id == self.trip.app.app_id for p in self.trip.tenant.state.service_principals.values())

    @property
    def principal(self) -> str:
        return self.trip.principal().id

    @precondition(lambda self: self.is_there)
    @rule(role=st.sampled_from([PAA, roles.USER_ADMINISTRATOR, roles.GLOBAL_ADMINISTRATOR]))
    def assign(self, role: str) -> None:
        self.trip.tenant.assign_role(self.principal, role)

    @precondition(lambda self: self.is_there)
    @rule(role=st.sampled_from([PAA, roles.USER_ADMINISTRATOR, roles.GLOBAL_ADMINISTRATOR]))
    def remove(self, role: str) -> None:
        self.trip.tenant.remove_role(self.principal, role)

    @precondition(lambda self: self.is_there)
    @rule()
    def make_eligible(self) -> None:
        self.trip.tenant.make_eligible(self.principal, PAA)

    @precondition(lambda self: self.is_there)
    @rule(days=st.integers(1, 40))
    def assign_until(self, days: int) -> None:
        end = self.world.clock.now() + dt.timedelta(days=days)
        self.trip.tenant.assign_by_pim(self.principal, PAA, ends_at=end)

    @precondition(lambda self: self.is_there)
    @rule(assignable=st.booleans(), with_role=st.booleans())
    def join_group(self, assignable: bool, with_role: bool) -> None:
        group = self.trip.tenant.add_group(f"Desk {uuid.uuid4().hex[:4]}", assignable=assignable)
        self.trip.tenant.add_member(group, self.principal)
        if with_role and assignable:
            self.trip.tenant.assign_role(group.id, PAA)

    @precondition(lambda self: self.is_there)
    @rule()
    def leave_groups(self) -> None:
        for group in self.trip.tenant.state.groups.values():
            self.trip.tenant.remove_member(group, self.principal)

    @precondition(lambda self: self.is_there)
    @rule(name=st.sampled_from(["Quickpass", "Tenantry Help Desk", "Desk ☂"]))
    def rename(self, name: str) -> None:
        self.trip.principal().display_name = name

    @precondition(lambda self: self.is_there)
    @rule(disabled=st.booleans())
    def disable(self, disabled: bool) -> None:
        self.trip.tenant.disable_app(self.trip.app, disabled=disabled)

    @precondition(lambda self: self.is_there)
    @rule()
    def withdraw(self) -> None:
        self.trip.tenant.withdraw_consent(self.trip.app)

    @rule()
    def consent_again(self) -> None:
        self.trip.tenant.consent(app=self.trip.app)

    @rule()
    def buy(self) -> None:
        self.trip.tenant.add_sku("AAD_PREMIUM_P2")

    @rule()
    def lose(self) -> None:
        self.trip.tenant.set_sku_status("AAD_PREMIUM_P2", "Suspended")

    @rule(hours=st.integers(1, 200))
    def wait(self, hours: int) -> None:
        self.world.clock.travel(hours=hours)

    @invariant()
    def the_board_tells_the_truth(self) -> None:
        if not hasattr(self, "trip"):
            return
        self.trip.client.post(f"/customers/{self.trip.customer.pk}/check/", {"tenant_id": str(self.trip.tenant_id)})
        self.trip.run_jobs()
        connection = self.trip.connection()
        state = self.trip.tenant.state
        now = self.world.clock.now()
        if not self.is_there or not self.trip.principal().account_enabled:
            assert connection.state == ConnectionState.OFFLINE
            return
        groups = {g.id for g in state.groups.values() if g.is_assignable_to_role and self.principal in g.members}
        in_force = {
            a.role_definition_id
            for a in state.role_assignments.values()
            if a.principal_id in {self.principal, *groups} and (a.ends_at is None or a.ends_at > now)
        }
        has_role = bool(in_force & {PAA, roles.GLOBAL_ADMINISTRATOR})
        assert connection.state in (WITH_ROLE if has_role else NO_ROLE), connection.cause
        assert connection.app_display_name == self.trip.principal().display_name
        has_p2 = any(sku.capability_status == "Enabled" for sku in state.skus.values())
        assert connection.tenant.pim_status == (PimStatus.AVAILABLE if has_p2 else PimStatus.NOT_AVAILABLE)
        overview = overview_of(self.trip.customer)
        assert all(feature.is_ready for feature in overview.features) == (connection.state == ConnectionState.READY), [
            (feature.label, feature.word) for feature in overview.features
        ]


@pytest.mark.usefixtures("stack")
def test_whatever_a_tenant_does_the_state_is_true_after_a_look(
    as_alice: Client, sim: Handle, clock: SharedClock, run_jobs: Callable[[], None]
) -> None:
    """J3, J4, J7, AC-5.4, AC-7.6 under a random administrator."""

    Moves.world = World(as_alice, sim, clock, run_jobs)
    run_state_machine_as_test(
        Moves,
        settings=settings(
            max_examples=8,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_a_look_at_a_settled_tenant_takes_at_most_six_requests(trip: Trip) -> None:
    """Drift check: batches, not one request a fact."""
    from tenantry.graph import transport
    from tenantry.tenants.actions import check_connection

    trip.connect()
    trip.give_role()
    trip.look(minutes=1)
    with transport.stopwatch() as watch:
        check_connection(tenant_id=trip.tenant_id)
    assert watch.requests <= 6


def test_from_consent_to_the_first_green_feature_under_25_requests(trip: Trip) -> None:
    """The console's own requests; the mirror's first read, which runs beside it, is not counted."""
    from tenantry.graph import transport
    from tenantry.tenants.actions import check_connection

    with transport.stopwatch() as watch:
        trip.accept(trip.leave())
        trip.give_role()
        check_connection(tenant_id=trip.tenant_id)
    assert trip.connection().role_seen_at is not None
    assert watch.requests < 25
