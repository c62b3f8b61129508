"""A console whose settings name no app, an own tenant to register in, and an administrator who signs in."""

import dataclasses
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SharedClock
from tests.entrasim.surfer import Page, Surfer

from tenantry.audit.models import Event
from tenantry.graph.apps import App
from tenantry.graph.people import Person, arrive, depart
from tenantry.kit.actor import system
from tenantry.kit.keys import ClientCredential
from tenantry.registrations import actions
from tenantry.registrations.models import AppRegistration, Certificate, CertificateState
from tenantry.registrations.queries import forget

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle
    from entrasim.state import AppRegistration as Registered
    from entrasim.state import User

ACTOR = system("test")
LOOPBACK = "http://localhost:54321"


@dataclasses.dataclass
class Home:
    """The provider's own tenant, as the administrator and as the simulator see it."""

    sim: "Handle"
    tenant: "TenantHandle"
    clock: SharedClock

    @property
    def id(self) -> uuid.UUID:
        return uuid.UUID(self.tenant.id)

    def browse(self, url: str, user: "User | None" = None) -> Page:
        """Open an address, sign in where that is asked, and accept."""
        who = user or self.tenant.admin
        surfer = Surfer(self.sim.context.browser_url, None)
        page = surfer.get(url)
        if page.heading == "Sign in":
            page = surfer.sign_in(who.user_principal_name, who.password or "")
        if page.heading == "Permissions requested":
            page = surfer.press("Accept")
        return page

    def person(self, user: "User | None" = None) -> Person:
        """Somebody who signed in through Microsoft's public client."""
        departure = depart(scopes=("Application.ReadWrite.All",), redirect_uri=LOOPBACK)
        return arrive(flow=departure.flow, answer=self.browse(departure.url, user).sent)

    def registered(self, app: App = App.HELPDESK) -> "Registered":
        """The registration as it stands at Microsoft."""
        return self.sim.context.world.apps[AppRegistration.objects.get(app=app).client_id]

    def here(self) -> "list[Registered]":
        """Everything that is registered in this tenant."""
        return [app for app in self.sim.context.world.apps.values() if app.home_tenant_id == self.tenant.id]

    def create(self, app: App = App.HELPDESK, **agreed: Any) -> actions.Sight:  # noqa: ANN401  fields of Agreed
        return actions.create(actor=ACTOR, person=self.person(), app=app, agreed=actions.Agreed(**agreed))

    def writes(self) -> list[str]:
        """What changed this tenant through Graph."""
        return [f"{e.method} {e.path}" for e in self.tenant.journal() if e.effect and "/oauth2/" not in e.path]

    def acts(self) -> list[tuple[str, str]]:
        """Intents and their newest outcome, oldest first."""
        found = []
        for event in Event.objects.filter(tenant_id=self.tenant.id, kind="intent").order_by("id"):
            end = Event.objects.filter(intent_id=event.pk).order_by("-id").first()
            found.append((event.action.removeprefix("registrations."), end.result if end else ""))
        return found

    def certificate(self, state: str = CertificateState.CURRENT, app: App = App.HELPDESK) -> Certificate:
        return Certificate.objects.get(registration__app=app, state=state)


@pytest.fixture
def bare(sim: "Handle", settings: Any) -> Iterator[None]:  # noqa: ANN401  pytest-django's settings
    """Neither settings nor database know a registration, before and after."""
    for name in ("CLIENT_ID", "ELEVATION_CLIENT_ID"):
        setattr(settings, name, "")
    for name in ("CLIENT_CREDENTIAL", "ELEVATION_CLIENT_CREDENTIAL"):
        setattr(settings, name, ClientCredential())
    settings.PUBLIC_URL = "https://console.example"
    AppRegistration.objects.all().delete()
    forget()
    yield
    AppRegistration.objects.all().delete()
    forget()


@pytest.fixture
def home(bare: None, sim: "Handle", tenant: "TenantHandle", clock: SharedClock) -> Home:
    """The provider's own tenant; this console keeps nothing yet."""
    return Home(sim, tenant, clock)


@pytest.fixture
def stranger(home: Home) -> Callable[..., "User"]:
    """Somebody of the own tenant without a role."""

    def make(*roles: str) -> "User":
        return home.tenant.add_user(name=f"Sam {uuid.uuid4().hex[:6]}", roles=roles, password="Correct-Horse-8-Battery")

    return make
