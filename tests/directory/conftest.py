"""A connected tenant whose mirror the tests read as the worker would."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.conftest import SharedClock

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle
    from entrasim.journal import JournalEntry
    from entrasim.state import AppRegistration, User
    from tenantry.customers.models import Customer
    from tenantry.directory.models import DirectorySync, DirectoryUser
    from tenantry.technicians.models import Technician


@dataclass
class Mirror:
    """A tenant in the simulator, its customer, and our mirror of it."""

    customer: "Customer"
    tenant: "TenantHandle"
    app: "AppRegistration"
    clock: SharedClock

    @property
    def tenant_id(self) -> uuid.UUID:
        return uuid.UUID(self.tenant.id)

    @property
    def row(self) -> "DirectorySync":
        from tenantry.directory.models import DirectorySync

        return DirectorySync.objects.get(pk=self.tenant_id)

    def sync(self) -> "DirectorySync":
        """One round, as the job does it; roles and the rest are due in each."""
        from tenantry.directory import sync
        from tenantry.directory.models import DirectorySync

        DirectorySync.objects.filter(pk=self.tenant_id).update(roles_read_at=None)
        sync.run(self.tenant_id)
        return self.row

    def names(self) -> set[str]:
        """Display names in the mirror, without removed users and without the first administrator."""
        from tenantry.directory.models import DirectoryUser

        users = DirectoryUser.objects.filter(tenant_id=self.tenant_id, removed_at=None)
        return set(users.exclude(object_id=self.tenant.admin.id).values_list("display_name", flat=True))

    def mirrored(self, user: "User") -> "DirectoryUser":
        from tenantry.directory.models import DirectoryUser

        return DirectoryUser.objects.get(tenant_id=self.tenant_id, object_id=user.id)

    def pages_read(self) -> "list[JournalEntry]":
        return [entry for entry in self.tenant.journal() if entry.path.endswith("/users/delta")]


@pytest.fixture
def new_mirror(
    sim: "Handle", alice: "Technician", clock: SharedClock, run_jobs: Callable[[], None]
) -> Callable[[], Mirror]:
    """Makes a connected tenant with a fresh customer each time."""
    from django.conf import settings

    from tenantry.customers.models import Customer
    from tenantry.directory.models import DirectorySync
    from tenantry.reach import permissions, roles
    from tenantry.tenants.models import Connection, ConnectionState, Tenant

    run_jobs()

    def make() -> Mirror:
        tag = uuid.uuid4().hex[:8]
        tenant = sim.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example", plan="p2")
        app = sim.context.world.apps[settings.CLIENT_ID]
        principal = tenant.consent(app)
        now = clock.now()
        customer = Customer.objects.create(name=f"Kestrel Logistics {tag}", created_at=now)
        row = Tenant.objects.create(
            tenant_id=uuid.UUID(tenant.id),
            customer=customer,
            display_name=customer.name,
            primary_domain=tenant.domain,
            created_at=now,
        )
        Connection.objects.create(
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
        DirectorySync.objects.create(tenant=row, next_at=now)
        return Mirror(customer, tenant, app, clock)

    return make


@pytest.fixture
def mirror(new_mirror: Callable[[], Mirror]) -> Mirror:
    """A connected tenant that was never read."""
    return new_mirror()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for ten users a page, so that a small tenant has many."""
    from tenantry.graph.calls import users

    monkeypatch.setattr(users, "_LONG_PAGES", {"Prefer": "odata.maxpagesize=10"})
