"""A technician of its own for each test, and browsers at addresses of their own: the limits count by address."""

import itertools
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher
from django.test import Client
from tests.conftest import SharedClock

from tenantry.technicians.models import Technician

PASSWORD = "plum kettle harbour 9"
_hosts = itertools.count(1)


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own hasher with little work: these tests hash some hundred times."""
    monkeypatch.setattr(ScryptPasswordHasher, "work_factor", 2**4)


@pytest.fixture
def browser(database: None) -> Callable[[], Client]:
    """Make signed-out browsers, each at another network address."""

    def make() -> Client:
        number = next(_hosts)
        return Client(REMOTE_ADDR=f"10.9.{number // 250}.{number % 250 + 1}")

    return make


@pytest.fixture
def visitor(browser: Callable[[], Client]) -> Client:
    """One signed-out browser."""
    return browser()


@pytest.fixture
def technician(database: None, clock: SharedClock) -> Technician:
    """A fresh technician with the password `PASSWORD` and no second factor."""
    return Technician.objects.create_user(
        f"noor-{uuid.uuid4().hex[:8]}@harbour-it.example",
        PASSWORD,
        display_name="Noor Haddad",
        created_at=clock.now(),
    )


@pytest.fixture
def no_owner(database: None) -> Iterator[None]:
    """A deployment nobody owns yet; whoever owned it owns it again afterwards."""
    owners = list(Technician.objects.filter(role="owner").values_list("pk", flat=True))
    Technician.objects.update(role="engineer")
    yield
    Technician.objects.update(role="engineer")
    Technician.objects.filter(pk__in=owners).update(role="owner")


@pytest.fixture
def as_technician(browser: Callable[[], Client], technician: Technician) -> Client:
    """A browser in which the fresh technician has signed in with the password."""
    client = browser()
    client.post("/accounts/login/", {"login": technician.email, "password": PASSWORD})
    assert client.session.get("_auth_user_id") == str(technician.pk)
    return client
