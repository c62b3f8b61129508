"""The test world: real PostgreSQL, the simulator over HTTPS, one travelling clock for both, fixed people.

Nothing is rolled back or reset: every test makes its own customer and tenant and looks only at those, so tests neither
depend on order nor disturb each other, and code that commits before it sends can be tested as it runs.
"""

import contextlib
import datetime as dt
import fcntl
import functools
import gc
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from pytest_django.plugin import DjangoDbBlocker

# How long an example takes says how busy the machine is, and nothing about the product.
hypothesis.settings.register_profile("tenantry", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("tenantry")

_scratch = tempfile.mkdtemp(prefix="tenantry-test-")
os.environ.update({"TENANTRY_DATA_DIR": _scratch, "TENANTRY_SECRET_KEY": "only-for-tests", "TENANTRY_DEMO": "1"})
for _name in ("TENANTRY_DATABASE_URL", "TENANTRY_PUBLIC_URL", "TENANTRY_CLIENT_ID"):
    os.environ.pop(_name, None)

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper
    from django.test import Client
    from playwright.sync_api import Browser

    from entrasim.handle import Handle, TenantHandle
    from entrasim.server import Simulator
    from tenantry.customers.models import Customer
    from tenantry.technicians.models import Technician
    from tests.contract.observer import Observer

LOGIN = "tenantry_login"
"""The account that the tests work with, its password alike where the server asks for one."""
Owner = Callable[[], contextlib.AbstractContextManager["CursorWrapper"]]
OWNER: dict[str, str] = {}
"""Settings of the connection that made the tables, once there are any."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock between the worker processes of this run."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser: one process for each file of them, and a visible skip where there is no browser.

    The journeys share a process as a folder: they share the demo, which takes long to start.
    """
    from tests.browser.stack import CHROMIUM

    for item in items:
        if item.get_closest_marker("browser") is None:
            continue
        shares = item.path.parent.name if item.path.parent.name == "browser" else item.path.stem
        item.add_marker(pytest.mark.xdist_group(f"browser:{shares}"))
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine: make browser-deps installs it"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the garbage collector pass over what stays until the end: the modules and 2,500 collected tests.

    Looking through them again and again took a fifth of the processor's time. What tests leave is still collected,
    more rarely, and pytest still looks for what was never closed.
    """
    del session
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Debian's chromium, for one file: while Playwright is open its event loop runs, and Django refuses to work."""
    from tests.browser.stack import chromium

    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One embedded server for all worker processes of this run."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    import psycopg

    from tenantry.processes import start_postgres

    root = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        root = root.parent
    with one_at_a_time(root / "postgres.lock"):
        server = start_postgres(root)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    with one_at_a_time(root / "postgres.lock"):
        server.cleanup()


@pytest.fixture(scope="session")
def database(postgres_uri: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database of this worker process, migrated once and open for the whole session: nothing is rolled back."""
    import psycopg
    from django.core.management import call_command
    from django.db import connections
    from django.test import override_settings
    from psycopg import sql
    from psycopg.conninfo import conninfo_to_dict

    from tenantry.kit import database_roles

    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with psycopg.connect(postgres_uri, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    given = conninfo_to_dict(postgres_uri)
    settings_dict = connections["default"].settings_dict
    settings_dict.update(
        NAME=name,
        HOST=str(given.get("host") or ""),
        PORT=str(given.get("port") or ""),
        USER=str(given.get("user") or ""),
        PASSWORD=str(given.get("password") or ""),
    )
    OWNER.update(settings_dict)
    # Settings may have been read before this file set the environment. In the demo nobody has to have a second factor.
    with django_db_blocker.unblock(), override_settings(IS_DEMO=True):
        with one_at_a_time(
            Path(tempfile.gettempdir()) / f"tenantry-roles-{os.getuid()}.lock"
        ):  # roles are the server's
            database_roles.admit(login=LOGIN, password=LOGIN)
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        # From here on everything runs as web and worker do: as an account that owns nothing.
        settings_dict.update(USER=LOGIN, PASSWORD=LOGIN)
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def owner(database: None) -> Owner:
    """Opens a connection of whoever owns the tables, beside the one the product has; yields its cursor."""

    @contextlib.contextmanager
    def opened() -> Iterator["CursorWrapper"]:
        from django.db import connection

        other = connection.copy()
        other.settings_dict = {**other.settings_dict, "USER": OWNER["USER"], "PASSWORD": OWNER["PASSWORD"]}
        try:
            with other.cursor() as cursor:
                yield cursor
        finally:
            other.close()

    return opened


class SharedClock:
    """The product's travelling clock; the simulator is given the same object."""

    def __init__(self) -> None:
        from tenantry.kit.clock import TravellingClock

        self.travelling = TravellingClock(dt.datetime.now(tz=dt.UTC).replace(microsecond=0))

    def now(self) -> dt.datetime:
        return self.travelling.now()

    def sleep(self, seconds: float) -> None:
        self.travelling.sleep(seconds)

    def travel(self, **step: float) -> dt.datetime:
        """Move on, e.g. `clock.travel(minutes=15)`."""
        return self.travelling.travel(dt.timedelta(**step))


@pytest.fixture(scope="session")
def clock() -> Iterator[SharedClock]:
    """The time of product and simulator; it stands still until a test travels or something waits."""
    from tenantry.kit import clock as source

    shared = SharedClock()
    previous = source.install(shared)
    yield shared
    source.install(previous)


@pytest.fixture(scope="session")
def simulator(clock: SharedClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Simulator"]:
    from entrasim.server import Simulator

    with Simulator(clock=clock) as running:
        running.context.journal.observer = contract_observer()
        yield running


@functools.cache
def contract_observer() -> "Observer | None":
    """Looks at every exchange with the simulator, where Microsoft's description stands beside the checkout."""
    from tests.contract.description import description
    from tests.contract.observer import Observer

    described = description()
    return Observer(described) if described is not None else None


@pytest.fixture(autouse=True)
def _exchanges_fit_the_description() -> Iterator[None]:
    """Every test is a contract test: what it sent and was answered is as Microsoft describes it."""
    yield
    observer = contract_observer.cache_info().currsize and contract_observer()
    if observer:
        broken, observer.broken = observer.broken, []
        assert not broken, "exchanges that do not fit Microsoft's description:\n" + "\n".join(broken)


@pytest.fixture(scope="session")
def stack(simulator: "Simulator", database: None) -> Iterator["Handle"]:
    """The product pointed at the simulator, with our help-desk app registered there by certificate."""
    from django.test import override_settings

    from tenantry.graph.clouds import Cloud
    from tenantry.kit.keys import ClientCredential
    from tenantry.kit.sealed import Secret
    from tenantry.reach import permissions
    from tests.support import self_signed

    key_pem, certificate_pem = self_signed("tenantry test")
    elevation = simulator.handle.register_app(
        display_name="Tenantry Elevation",
        certificate_pem=certificate_pem,
        redirect_uris=["http://testserver/connect/return"],
        required_app_roles=sorted(permissions.ELEVATION_REQUIRED),
    )
    credential = ClientCredential(private_key_pem=Secret(key_pem), certificate_pem=certificate_pem)
    app = simulator.handle.register_app(
        display_name="Tenantry Help Desk",
        certificate_pem=certificate_pem,
        redirect_uris=[
            "http://testserver/connect/return",
            "http://testserver/connect/administrator/return",
            "http://testserver/verify/return",
        ],
        id_token_claims=["auth_time"],
        required_app_roles=sorted(permissions.HELPDESK_REQUIRED),
    )
    with override_settings(
        CLOUD=Cloud(
            "simulated",
            simulator.login_url,
            simulator.graph_url,
            f"{simulator.browser_url}/portal/{{tenant}}/roles",
            f"{simulator.browser_url}/portal/{{tenant}}/groups",
        ),
        LOGIN_BROWSER_URL=simulator.browser_url,
        CA_FILE=str(simulator.ca_file),
        CLIENT_ID=app.app_id,
        CLIENT_CREDENTIAL=credential,
        ELEVATION_CLIENT_ID=elevation.app_id,
        ELEVATION_CLIENT_CREDENTIAL=credential,
        PUBLIC_URL="http://testserver",
        ALLOWED_HOSTS=["testserver"],
    ):
        yield simulator.handle


@pytest.fixture
def sim(stack: "Handle") -> "Handle":
    """The simulator's handle."""
    return stack


@pytest.fixture(scope="session")
def alice(database: None, clock: SharedClock) -> "Technician":
    """A technician with access."""
    from tenantry.technicians.models import Technician

    return Technician.objects.create_user(
        "alice@harbour-it.example", display_name="Alice Moreau", role="owner", created_at=clock.now()
    )


@pytest.fixture(scope="session")
def charlie(database: None, clock: SharedClock) -> "Technician":
    """Another technician: an engineer who sees every customer through a team, and owns nothing."""
    from tenantry.technicians.models import Team, Technician

    person = Technician.objects.create_user(
        "charlie@harbour-it.example", display_name="Charlie Osei", role="engineer", created_at=clock.now()
    )
    team = Team.objects.create(name="Everybody", sees_everything=True, created_at=clock.now())
    team.members.add(person)
    return person


@pytest.fixture
def as_alice(alice: "Technician") -> "Client":
    """A signed-in browser of Alice's, with CSRF checks off (the browser tests have them on)."""
    from django.test import Client

    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    # Tests travel for days; when a session ends is for the tests of sessions to say.
    session = client.session
    session.pop("tenantry_session", None)
    session.save()
    return client


@pytest.fixture
def eve(database: None) -> "Client":
    """Somebody who is signed out."""
    from django.test import Client

    return Client()


@pytest.fixture
def customer(alice: "Technician", clock: SharedClock) -> "Iterator[Customer]":
    """A fresh customer without a tenant. What it was connected to rests afterwards: sweeps of later tests skip it."""
    from tenantry.customers.models import Customer
    from tenantry.directory.models import DirectorySync
    from tenantry.tenants.models import Connection

    made = Customer.objects.create(name=f"Kestrel Logistics {uuid.uuid4().hex[:8]}", created_at=clock.now())
    yield made
    Connection.objects.filter(tenant__customer=made).update(next_check_at=None)
    DirectorySync.objects.filter(tenant__customer=made).update(next_at=None)


@pytest.fixture
def tenant(sim: "Handle") -> "TenantHandle":
    """A fresh tenant without licences or consent."""
    tag = uuid.uuid4().hex[:8]
    return sim.new_tenant(name=f"Kestrel {tag}", domain=f"kestrel-{tag}.example")


@pytest.fixture(scope="session")
def run_jobs(database: None) -> Callable[[], None]:
    """Run every job that waits, as the worker would, until none is left."""
    from tests.support import run_waiting_jobs

    return run_waiting_jobs
