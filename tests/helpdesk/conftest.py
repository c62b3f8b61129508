"""A connected tenant with one end user, Dana, for the help desk's tests."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SharedClock

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle
    from entrasim.journal import JournalEntry
    from entrasim.state import AppRegistration, ServicePrincipal, User
    from tenantry.customers.models import Customer
    from tenantry.directory.models import DirectoryUser
    from tenantry.helpdesk.models import Operation
    from tenantry.technicians.models import Technician
    from tenantry.tenants.models import Connection

PASSWORD = "Canary-velvet-tundra-77"


@dataclass
class Place:
    """One customer with its tenant in the simulator, our connection to it, and the clock."""

    customer: "Customer"
    tenant: "TenantHandle"
    app: "AppRegistration"
    principal: "ServicePrincipal"
    connection: "Connection"
    alice: "Technician"
    clock: SharedClock
    run_jobs: Callable[[], None]
    users: dict[str, "User"] = field(default_factory=dict)

    @property
    def tenant_id(self) -> uuid.UUID:
        return uuid.UUID(self.tenant.id)

    def add_user(self, name: str, **fields: Any) -> "DirectoryUser":  # noqa: ANN401  fields of the simulator's user
        """A user in the tenant and in our mirror."""
        from tenantry.directory.models import DirectoryUser

        user = self.tenant.add_user(name=name, **fields)
        self.users[user.id] = user
        return DirectoryUser.objects.create(
            tenant_id=self.tenant_id,
            object_id=uuid.UUID(user.id),
            user_principal_name=user.user_principal_name,
            display_name=user.display_name,
            account_enabled=user.account_enabled,
            user_type=user.user_type,
            is_synced=bool(user.on_premises_sync_enabled),
        )

    def in_tenant(self, user: "DirectoryUser") -> "User":
        """The user as the tenant holds it now."""
        return self.tenant.user(str(user.object_id))

    def ask(
        self,
        user: "DirectoryUser",
        slug: str = "reset-password",
        password: str = PASSWORD,
        **options: Any,  # noqa: ANN401  passed on
    ) -> "Operation":
        """Ask for an operation as Alice would, without running it."""
        from tenantry.helpdesk import actions
        from tenantry.helpdesk.guarding import Shown
        from tenantry.helpdesk.kinds import BY_SLUG
        from tenantry.kit.actor import Actor
        from tenantry.kit.sealed import Secret

        kind = BY_SLUG[slug]
        again = options.pop("again", None)
        confirmation = options.pop("confirmation", None) or actions.confirm(
            technician=self.alice, customer_id=self.customer.pk, user=user, kind=kind, again=again
        )
        return actions.request_operation(
            actor=Actor("technician", self.alice.pk, self.alice.display_name, "203.0.113.7"),
            technician=self.alice,
            customer_id=self.customer.pk,
            object_id=user.object_id,
            kind=kind,
            confirmation=confirmation,
            justification=options.pop("justification", "Forgotten password"),
            password=Secret(password) if slug == "reset-password" else None,
            shown=options.pop("shown", Shown(stepped_up=True)),
            **options,
        )

    def do(self, user: "DirectoryUser", slug: str = "reset-password", **options: Any) -> "Operation":  # noqa: ANN401  as above
        """Ask and run what waits; returns the operation as it stands after."""
        operation = self.ask(user, slug, **options)
        self.run_jobs()
        operation.refresh_from_db()
        return operation

    def pass_time(self, operation: "Operation", *, seconds: float = 0.0, steps: int = 1) -> "Operation":
        """Let time pass in steps, sweeping and working after each, as the worker would."""
        from tenantry.helpdesk import tasks

        for _ in range(steps):
            self.clock.travel(seconds=seconds)
            tasks.sweep()
            self.run_jobs()
        operation.refresh_from_db()
        return operation

    def writes(self, user: "DirectoryUser") -> "list[JournalEntry]":
        """The requests to change this user that the tenant received."""
        return [
            entry
            for entry in self.tenant.journal()
            if entry.method in {"PATCH", "POST"} and str(user.object_id) in entry.path
        ]

    def effects(self, user: "DirectoryUser") -> int:
        """How many requests changed this user."""
        return sum(1 for entry in self.writes(user) if entry.effect)


@pytest.fixture
def place(
    sim: "Handle",
    tenant: "TenantHandle",
    customer: "Customer",
    alice: "Technician",
    clock: SharedClock,
    run_jobs: Callable[[], None],
) -> Place:
    from django.conf import settings

    from tenantry.directory.models import DirectorySync
    from tenantry.reach import permissions, roles
    from tenantry.tenants.models import Connection, ConnectionState, Tenant

    run_jobs()  # what other tests left behind is not ours to measure
    app = sim.context.world.apps[settings.CLIENT_ID]
    principal = tenant.consent(app)
    tenant.assign_role(principal.id, roles.USER_ADMINISTRATOR)
    row = Tenant.objects.create(
        tenant_id=uuid.UUID(tenant.id),
        customer=customer,
        display_name=customer.name,
        primary_domain=tenant.domain,
        created_at=clock.now(),
    )
    now = clock.now()
    DirectorySync.objects.create(tenant=row, roles_read_at=now)
    connection = Connection.objects.create(
        tenant=row,
        state=ConnectionState.READY,
        state_since=now,
        consented_at=now - dt.timedelta(days=2),
        permission_ids=sorted(permissions.permission(name).id for name in permissions.HELPDESK_REQUIRED),
        service_principal_id=uuid.UUID(principal.id),
        app_display_name=principal.display_name,
        wanted_role_id=uuid.UUID(roles.USER_ADMINISTRATOR),
        active_role_ids=[roles.USER_ADMINISTRATOR],
        role_seen_at=now - dt.timedelta(days=1),
        checked_at=now,
    )
    return Place(customer, tenant, app, principal, connection, alice, clock, run_jobs)


@pytest.fixture
def dana(place: Place) -> "DirectoryUser":
    """An end user without roles."""
    return place.add_user("Dana Doe", password="Before-the-reset-1")
