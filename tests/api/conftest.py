"""Two technicians with a connected customer each, and what a program with a token of theirs can reach."""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tests.conftest import SharedClock

if TYPE_CHECKING:
    from tenantry.api.models import ApiToken
    from tenantry.customers.models import Customer, CustomerGroup
    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician
    from tenantry.tenants.models import Connection


@dataclass(frozen=True)
class Program:
    """A program with a token."""

    token: "ApiToken"
    text: str

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = "",
        **headers: str,
    ) -> Any:  # noqa: ANN401  Django's test response
        """Send a request; a write has a fresh idempotency key unless one is given, or None."""
        sent: dict[str, Any] = {"authorization": f"Bearer {self.text}", **headers}
        if key is not None and method in {"POST", "PATCH"}:
            sent["idempotency-key"] = key or str(uuid.uuid4())
        raw = b"" if body is None else json.dumps(body).encode()
        return Client(raise_request_exception=False).generic(
            method, f"/api/v1{path}", raw, content_type="application/json", headers=sent
        )

    def get(self, path: str) -> Any:  # noqa: ANN401  as above
        return self.send("GET", path)

    def post(self, path: str, body: object = None, *, key: str | None = "") -> Any:  # noqa: ANN401  as above
        return self.send("POST", path, {} if body is None else body, key=key)


def made(
    technician: "Technician",
    *,
    permissions: Sequence[str] | None = None,
    groups: Sequence[uuid.UUID] | None = None,
    days: int = 90,
) -> Program:
    """A token of this technician's: with everything their role lets them give it, unless said otherwise."""
    from tenantry.api import actions
    from tenantry.api.queries import OFFERED
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.permissions import Permission

    wanted = [each for each in OFFERED if technician.may(each)] if permissions is None else permissions
    token, secret = actions.make_token(
        actor=actor_for(technician),
        technician=technician,
        name="Ticket system",
        permissions=[Permission(each) for each in wanted],
        customer_group_ids=groups,
        days=days,
    )
    return Program(token, secret.reveal())


@pytest.fixture(autouse=True)
def no_wrong_tokens(database: None) -> None:
    """Every test comes from one address: the wrong tokens of another, within the same minute, are not counted here."""
    from tenantry.technicians.models import SharedEntry

    SharedEntry.objects.filter(key__contains="api-wrong-token").delete()


@dataclass(frozen=True)
class Office:
    """A technician with a team, a group of one customer, its connection and one user in the mirror."""

    technician: "Technician"
    customer: "Customer"
    group: "CustomerGroup"
    connection: "Connection"
    user: "DirectoryUser"

    @property
    def users(self) -> str:
        return f"/customers/{self.customer.pk}/users"

    @property
    def one(self) -> str:
        return f"{self.users}/{self.user.object_id}"


@pytest.fixture(scope="module")
def open_office(database: None, clock: SharedClock) -> Iterator[Callable[..., Office]]:
    """Opens another office; no tenant answers, as the API itself never asks Microsoft."""
    customer_ids = []

    def open_(role: str = "engineer") -> Office:
        from tenantry.customers.models import Customer, CustomerGroup
        from tenantry.directory.models import DirectorySync, DirectoryUser
        from tenantry.reach import permissions, roles
        from tenantry.technicians.models import Team, Technician
        from tenantry.tenants.models import Connection, ConnectionState, Tenant

        tag, now = uuid.uuid4().hex[:10], clock.now()
        person = Technician.objects.create_user(
            f"api-{tag}@harbour-it.example", display_name=f"Ada {tag}", role=role, created_at=now
        )
        customer = Customer.objects.create(name=f"Osprey {tag}", created_at=now)
        team = Team.objects.create(name=f"API {tag}", created_at=now)
        team.members.add(person)
        group = CustomerGroup.objects.create(name=f"API {tag}", created_at=now)
        group.teams.add(team)
        group.customers.add(customer)
        tenant = Tenant.objects.create(
            tenant_id=uuid.uuid4(),
            customer=customer,
            primary_domain=f"osprey-{tag}.example",
            display_name="Osprey",
            created_at=now,
        )
        connection = Connection.objects.create(
            tenant=tenant,
            state=ConnectionState.READY,
            state_since=now,
            consented_at=now - dt.timedelta(days=2),
            permission_ids=sorted(permissions.permission(name).id for name in permissions.HELPDESK_REQUIRED),
            service_principal_id=uuid.uuid4(),
            wanted_role_id=uuid.UUID(roles.USER_ADMINISTRATOR),
            active_role_ids=[roles.USER_ADMINISTRATOR],
            role_seen_at=now - dt.timedelta(days=1),
            checked_at=now,
        )
        DirectorySync.objects.create(tenant=tenant, state="current", users=1, finished_at=now, roles_read_at=now)
        user = DirectoryUser.objects.create(
            tenant=tenant,
            object_id=uuid.uuid4(),
            user_principal_name=f"dana-{tag}@osprey-{tag}.example",
            display_name=f"Dana {tag}",
            account_enabled=True,
            user_type="Member",
            is_synced=False,
            sku_ids=[],
        )
        customer_ids.append(customer.pk)
        return Office(person, customer, group, connection, user)

    yield open_
    from tenantry.helpdesk.models import OPEN_STATES, Operation

    # No tenant stands behind them: another test's worker must not take them up.
    left = Operation.objects.filter(customer_id__in=customer_ids, state__in=OPEN_STATES)
    left.update(state="failed", next_at=None, password_sealed=None)


@pytest.fixture(scope="module")
def ours(open_office: Callable[..., Office]) -> Office:
    return open_office()


@pytest.fixture(scope="module")
def theirs(open_office: Callable[..., Office]) -> Office:
    return open_office()


@pytest.fixture(scope="module")
def program(ours: Office) -> Program:
    """A program of our technician's, with everything a token can have."""
    return made(ours.technician)
