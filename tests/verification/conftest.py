"""A place with Dana, whose accounts the rules protect by a caller's proof; and her own browser."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.entrasim.surfer import Page, Surfer
from tests.helpdesk.conftest import Place, dana, place  # noqa: F401  the same tenant with one user
from tests.notifications.conftest import MailServerUp, no_channels, smtp  # noqa: F401  a real SMTP server

if TYPE_CHECKING:
    from django.test import Client

    from entrasim.server import Simulator
    from entrasim.state import User
    from tenantry.directory.models import DirectoryUser
    from tenantry.safeguards.policies import Strength
    from tenantry.verification.models import Verification

LINK = re.compile(r"http://testserver(/verify/[\w-]{20,}/)")


def at_microsoft(surfer: Surfer, address: str, user: "User") -> Page:
    """Through the pages at Microsoft as this person, whatever name was suggested."""
    page = surfer.get(address)
    if page.heading == "Enter password" and user.user_principal_name not in page.text:
        page = surfer.get(re.sub(r"&login_hint=[^&]*", "", address))
    if page.heading == "Enter password":
        page = surfer.press("Sign in", passwd=user.password or "")
    elif page.heading == "Sign in":
        page = surfer.sign_in(user.user_principal_name, user.password or "")
    return surfer.press("Accept") if page.heading == "Permissions requested" else page


class Desk:
    """Alice, with somebody on the telephone."""

    def __init__(self, place: Place, client: "Client", simulator: "Simulator") -> None:  # noqa: F811
        self.place = place
        self.client = client
        self.simulator = simulator

    def start(self, user: "DirectoryUser", **changes: Any) -> "Verification":  # noqa: ANN401  of the action
        from django.core.cache import cache

        from tenantry.kit.actor import Actor
        from tenantry.safeguards.policies import Deed
        from tenantry.verification import actions
        from tenantry.verification.policies import Method

        cache.clear()
        alice = self.place.alice
        given: dict[str, Any] = {
            "actor": Actor("technician", alice.pk, alice.display_name, "203.0.113.7"),
            "technician": alice,
            "customer_id": self.place.customer.pk,
            "object_id": user.object_id,
            "deed": Deed.RESET_PASSWORD,
            "ticket": "T-1",
            "method": Method.OWN_SIGN_IN,
        }
        return actions.start(**{**given, **changes})

    def link(self, row: "Verification") -> str:
        from tenantry.verification.queries import link_of

        return link_of(row).removeprefix("http://testserver")

    def sign_in(self, link: str, user: "User", *, as_: "Client | None" = None) -> "Client":
        """Open the link, sign in at Microsoft and come back; what the page says is up to the test."""
        client, address = self.leave(link, user, as_=as_)
        if address:
            client.get(address)
        return client

    def leave(self, link: str, user: "User", *, as_: "Client | None" = None) -> "tuple[Client, str]":
        """As far as the address to come back to; empty when Microsoft did not send anybody back."""
        from django.test import Client

        client = as_ or Client()
        assert client.get(link).status_code == 200
        left = client.post(link)
        assert left.status_code == 302, left.content.decode()
        page = at_microsoft(Surfer(self.simulator.browser_url), left["Location"], user)
        parts = urlsplit(page.location or "")
        return client, f"{parts.path}?{parts.query}" if parts.path.startswith("/verify/return") else ""


@pytest.fixture
def desk(place: Place, as_alice: "Client", simulator: "Simulator") -> Desk:  # noqa: F811
    return Desk(place, as_alice, simulator)


@pytest.fixture
def rule() -> "Iterator[Callable[[Strength], None]]":
    """Let the reset of an ordinary user's password ask for a strength; undone afterwards."""
    from tenantry.kit import clock
    from tenantry.safeguards.models import StoredRule

    def ask(strength: "Strength", *, needs_approval: bool = False) -> None:
        StoredRule.objects.update_or_create(
            target_class="ordinary",
            deed="reset_password",
            defaults={
                "roles": ["owner", "administrator", "engineer", "help_desk"],
                "step_up": False,
                "strength": strength,
                "needs_approval": needs_approval,
                "changed_at": clock.now(),
                "changed_by": "a test",
            },
        )

    yield ask
    StoredRule.objects.filter(target_class="ordinary", deed="reset_password").delete()
