"""A simulator of its own for these tests: no product, no database, a clock that stands still until a test moves it."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator

import pytest
from tests.entrasim.client import Client
from tests.support import self_signed

from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator
from entrasim.state import AppRegistration
from entrasim.tables.permissions import APPLICATION


class StandingClock:
    """Time that only a test, or a client that waits, moves on."""

    def __init__(self) -> None:
        self._now = dt.datetime.now(tz=dt.UTC).replace(microsecond=0)

    def now(self) -> dt.datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += dt.timedelta(seconds=seconds)

    def travel(self, **step: float) -> dt.datetime:
        self._now += dt.timedelta(**step)
        return self._now


@pytest.fixture(scope="session")
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="session")
def simulator(clock: StandingClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def sim(simulator: Simulator) -> Handle:
    return simulator.handle


@pytest.fixture(scope="session")
def certificate() -> tuple[str, str]:
    """A private key and its certificate."""
    return self_signed("entrasim tests")


@pytest.fixture
def tenant(sim: Handle) -> TenantHandle:
    tag = uuid.uuid4().hex[:8]
    return sim.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example", plan="p1")


@pytest.fixture
def app(sim: Handle) -> AppRegistration:
    """An app that asks for everything there is."""
    return sim.register_app(display_name="Every permission", secret="s3cret", required_app_roles=list(APPLICATION))


@pytest.fixture
def client(simulator: Simulator, tenant: TenantHandle, app: AppRegistration) -> Client:
    """That app in the tenant as Privileged Authentication Administrator."""
    principal = tenant.consent(app)
    tenant.assign_role(principal.id, "Privileged Authentication Administrator")
    return Client(simulator, tenant, app)


ClientFor = Callable[..., Client]


@pytest.fixture
def client_for(simulator: Simulator, tenant: TenantHandle, sim: Handle) -> ClientFor:
    """A client of a new app with just these permissions and roles."""

    def make(*permissions: str, roles: tuple[str, ...] = (), at: TenantHandle | None = None) -> Client:
        place = at or tenant
        app = sim.register_app(secret="s3cret", required_app_roles=permissions)
        principal = place.consent(app)
        for role in roles:
            place.assign_role(principal.id, role)
        return Client(simulator, place, app)

    return make
