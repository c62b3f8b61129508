"""A technician's trip to Microsoft's consent page and back, step by step."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from tests.conftest import SharedClock

from tenantry.audit.models import Event
from tenantry.customers.models import Customer
from tenantry.reach import roles
from tenantry.tenants import tasks
from tenantry.tenants.models import Connection, ConsentAttempt
from tenantry.tenants.queries import connection_of

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from entrasim.handle import Handle, TenantHandle
    from entrasim.state import AppRegistration, ServicePrincipal

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR


@dataclass
class Trip:
    """Alice at a customer, its tenant in the simulator, and the clock of both."""

    client: Client
    customer: Customer
    tenant: "TenantHandle"
    app: "AppRegistration"
    clock: SharedClock
    run_jobs: Callable[[], None]

    @property
    def tenant_id(self) -> uuid.UUID:
        return uuid.UUID(self.tenant.id)

    @property
    def page_url(self) -> str:
        return reverse("customers:page", args=[self.customer.pk])

    def leave(
        self, *, role: str = PAA, reconsent: bool = False, client: Client | None = None, go_on: bool = False
    ) -> str:
        """Post the connect form; returns the state that went along to Microsoft."""
        self.clock.travel(seconds=1)  # so that the newest trip is the newest
        answer = (client or self.client).post(
            reverse("tenants:connect", args=[self.customer.pk]),
            {"wanted_role": role, **({"reconsent": "1"} if reconsent else {}), **({"go_on": "1"} if go_on else {})},
        )
        assert answer.status_code == 302, answer.content.decode()
        return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]

    def come_back(self, state: str, *, client: Client | None = None, **query: str) -> "Response":
        """Arrive at the return address with what Microsoft would send."""
        given = {"admin_consent": "True", "state": state, **query}
        return (client or self.client).get(reverse("tenants:consent_return"), given)

    def accept(self, state: str, *, client: Client | None = None) -> "Response":
        """The administrator accepts, and the browser comes back."""
        self.tenant.consent(app=self.app)
        return self.come_back(state, tenant=self.tenant.id, client=client)

    def connect(self, role: str = PAA) -> Connection:
        """The whole trip, and what the worker does after it."""
        answer = self.accept(self.leave(role=role))
        assert answer.headers["Location"] == self.page_url
        self.run_jobs()
        return self.connection()

    def connection(self) -> Connection:
        """The connection as it stands."""
        found = connection_of(self.customer.pk)
        assert found is not None
        return found

    def is_connected(self) -> bool:
        """Whether anything is stored."""
        return connection_of(self.customer.pk) is not None

    def attempt(self) -> ConsentAttempt:
        """The newest trip."""
        return ConsentAttempt.objects.filter(customer=self.customer).order_by("-created_at", "-answered_at")[0]

    def principal(self) -> "ServicePrincipal":
        """Our enterprise app in the tenant."""
        return self.tenant.service_principal(self.app)

    def give_role(self, role: str = PAA, scope: str = "/") -> None:
        """An administrator of the customer assigns the role by hand."""
        self.tenant.assign_role(principal_id=self.principal().id, role=role, scope=scope)

    def look(self, **step: float) -> Connection:
        """Let time pass, then sweep and work, as the worker would."""
        if step:
            self.clock.travel(**step)
        tasks.sweep()
        self.run_jobs()
        return self.connection()

    def page(self) -> str:
        """The customer's page, following what it shows."""
        answer = self.client.get(self.page_url)
        assert answer.status_code == 200
        return answer.content.decode()

    def poll(self, version: str = "") -> "Response":
        """What htmx fetches."""
        return self.client.get(
            reverse("tenants:connection", args=[self.customer.pk]), {"v": version}, headers={"HX-Request": "true"}
        )

    def events(self, action: str = "") -> list[Event]:
        """The record of this customer, oldest first."""
        found = Event.objects.filter(customer_id=self.customer.pk).order_by("id")
        return list(found.filter(action=action) if action else found)


@pytest.fixture
def trip(
    as_alice: Client,
    customer: Customer,
    tenant: "TenantHandle",
    sim: "Handle",
    clock: SharedClock,
    run_jobs: Callable[[], None],
) -> Trip:
    from django.conf import settings

    run_jobs()  # what other tests left behind is not ours to measure
    return Trip(as_alice, customer, tenant, sim.context.world.apps[settings.CLIENT_ID], clock, run_jobs)


@pytest.fixture
def elsewhere(sim: "Handle") -> Callable[..., Any]:
    """Make another tenant."""

    def make(**options: Any) -> Any:  # noqa: ANN401  options of the simulator's handle
        tag = uuid.uuid4().hex[:8]
        return sim.new_tenant(name=f"Falcon {tag}", domain=f"falcon-{tag}.example", **options)

    return make
