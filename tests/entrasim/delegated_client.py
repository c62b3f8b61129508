"""Signing a person in with MSAL as an app would, and calling Graph in that person's name."""

import os
import urllib.parse
import warnings
from typing import Any

import msal
from tests.entrasim.client import Client
from tests.entrasim.surfer import Page, Surfer

from entrasim.handle import TenantHandle
from entrasim.server import Simulator
from entrasim.state import AppRegistration, User

BACK = "https://console.example/signed-in"


class Person:
    """A person with a browser, before an app that uses MSAL unchanged."""

    def __init__(
        self, simulator: Simulator, tenant: TenantHandle, app: AppRegistration, user: User, *, back: str = BACK
    ) -> None:
        self.simulator, self.tenant, self.app, self.user, self.back = simulator, tenant, app, user, back
        self.surfer = Surfer(simulator.login_url, str(simulator.ca_file))
        self.page: Page
        self._flow: dict[str, Any] = {}
        # requests prefers these over the `verify` it is given.
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            os.environ.pop(name, None)
        given: dict[str, Any] = {
            "authority": f"{simulator.login_url}/{tenant.id}",
            "instance_discovery": False,
            "verify": str(simulator.ca_file),
        }
        self.msal: Any = (
            msal.ConfidentialClientApplication(app.app_id, client_credential=app.secrets[0], **given)
            if app.secrets
            else msal.PublicClientApplication(app.app_id, **given)
        )

    def open(self, *scopes: str, **options: str) -> Page:
        """Go to the sign-in address and sign in where that is asked; the page that comes then."""
        with warnings.catch_warnings():
            # MSAL prefers form_post; the query is what this small browser can read back.
            warnings.simplefilter("ignore", UserWarning)
            self._flow = self._begin(list(scopes), options)
        self.page = self.surfer.get(self._flow["auth_uri"])
        if self.page.heading == "Sign in":
            self.page = self.surfer.sign_in(self.user.user_principal_name, self.user.password or "")
        return self.page

    def _begin(self, scopes: list[str], options: dict[str, str]) -> dict[str, Any]:
        flow: dict[str, Any] = self.msal.initiate_auth_code_flow(scopes, redirect_uri=self.back, **options)
        return flow

    def accept(self, *, everybody: bool = False) -> Page:
        """Press Accept on the consent page."""
        self.page = self.surfer.press("Accept", **({"everybody": "yes"} if everybody else {}))
        return self.page

    def redeem(self) -> dict[str, Any]:
        """The tokens for the code that the last page sent back."""
        sent = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.page.location).query))
        found: dict[str, Any] = self.msal.acquire_token_by_auth_code_flow(self._flow, sent)
        return found

    def signed_in(self, *scopes: str) -> Client:
        """A client of Graph in this person's name; the person accepts what is asked."""
        page = self.open(*scopes)
        if page.heading == "Permissions requested":
            self.accept()
        answer = self.redeem()
        assert "access_token" in answer, answer
        client = Client(self.simulator, self.tenant, self.app)
        client.use_token(answer["access_token"])
        return client
