"""An administrator beside Alice, who signs in at Microsoft when the console asks."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.conftest import SharedClock
from tests.entrasim.surfer import Surfer
from tests.tenants.conftest import Trip

from tenantry.customers.models import Customer
from tenantry.roads.models import Work

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle
    from entrasim.server import Simulator
    from entrasim.state import User


@dataclass
class Road:
    """One customer's road, walked in the administrator's name."""

    trip: Trip
    simulator: "Simulator"

    @property
    def url(self) -> str:
        return reverse("roads:road", args=[self.trip.customer.pk, "helpdesk"])

    def page(self) -> str:
        answer = self.trip.client.get(self.url)
        assert answer.status_code == 200
        return answer.content.decode()

    def fields(self) -> dict[str, str]:
        """The hidden fields of the form that the page shows."""
        page = self.page()
        found = dict(re.findall(r'name="(work_id|digest)" value="([^"]+)"', page))
        assert set(found) == {"work_id", "digest"}, page
        return found

    def leave(self, **given: str) -> str:
        """Confirm the plan; returns Microsoft's address."""
        self.trip.clock.travel(seconds=1)  # so that the newest work is the newest
        data = {**self.fields(), "justification": "Help desk set-up", **given}
        answer = self.trip.client.post(self.url, data)
        assert answer.status_code == 302, answer.content.decode()
        return answer.headers["Location"]

    def sign_in(self, url: str, user: "User | None" = None) -> dict[str, str]:
        """What the administrator does at Microsoft; returns the query that comes back."""
        person = user or self.trip.tenant.admin
        surfer = Surfer(self.simulator.browser_url)
        page = surfer.get(url)
        if page.heading != "Permissions requested":
            page = surfer.sign_in(person.user_principal_name, person.password or "")
        if any(button.startswith("Accept") for form in page.forms for button in form.buttons):
            page = surfer.press("Accept")
        assert page.location, page.text
        return page.sent

    def come_back(self, query: dict[str, str], client: Client | None = None) -> Any:  # noqa: ANN401  a response
        return (client or self.trip.client).get(reverse("roads:sign_in_return"), query)

    def do(self, user: "User | None" = None, **given: str) -> Work:
        """The whole road."""
        answer = self.come_back(self.sign_in(self.leave(**given), user))
        assert answer.status_code == 302
        return self.work()

    def work(self) -> Work:
        return Work.objects.filter(customer_id=self.trip.customer.pk).order_by("-created_at")[0]

    def states(self) -> list[str]:
        return [step["state"] for step in self.work().steps]

    def writes(self) -> list[str]:
        """What was written in the tenant over Graph."""
        return [
            f"{entry.method} {entry.path}"
            for entry in self.trip.tenant.journal()
            if entry.method != "GET" and not entry.path.endswith(("$batch", "/token")) and entry.effect
        ]

    def grants(self) -> int:
        return len(self.trip.tenant.state.oauth2_permission_grants)


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

    run_jobs()
    return Trip(as_alice, customer, tenant, sim.context.world.apps[settings.CLIENT_ID], clock, run_jobs)


@pytest.fixture
def road(trip: Trip, simulator: "Simulator") -> Road:
    """A connected customer without its role."""
    trip.connect()
    return Road(trip, simulator)


@pytest.fixture
def stranger_id() -> uuid.UUID:
    return uuid.uuid4()
