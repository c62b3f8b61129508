"""A small Graph client for the simulator's own tests; it behaves, so that the linter keeps quiet."""

import uuid
from typing import Any

import orjson
import urllib3

from entrasim.handle import TenantHandle
from entrasim.server import Simulator
from entrasim.state import AppRegistration

DEFAULT_SCOPE = "https://graph.microsoft.com/.default"


class Answer:
    """Status, JSON and headers."""

    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.data = response.data

    @property
    def json(self) -> Any:  # noqa: ANN401  any JSON
        return orjson.loads(self.data)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.json["error"]["message"])

    @property
    def value(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.data
        found: list[dict[str, Any]] = self.json["value"]
        return found


class Client:
    """An app in a tenant."""

    def __init__(self, simulator: Simulator, tenant: TenantHandle, app: AppRegistration) -> None:
        self.simulator, self.tenant, self.app = simulator, tenant, app
        self.pool = urllib3.PoolManager(ca_certs=str(simulator.ca_file), retries=False)
        self._token: str | None = None

    def ask_token(self, *, tenant: str = "", authorization: str = "", **form: str) -> Answer:
        fields = {"grant_type": "client_credentials", "scope": DEFAULT_SCOPE, "client_id": self.app.app_id}
        if not authorization and "client_assertion" not in form:
            fields["client_secret"] = self.app.secrets[0] if self.app.secrets else ""
        fields.update(form)
        url = f"{self.simulator.login_url}/{tenant or self.tenant.id}/oauth2/v2.0/token"
        return Answer(
            self.pool.request(
                "POST",
                url,
                fields={k: v for k, v in fields.items() if v},
                encode_multipart=False,
                headers={"Authorization": authorization} if authorization else None,
            )
        )

    @property
    def token(self) -> str:
        if self._token is None:
            answer = self.ask_token()
            assert answer.status == 200, answer.data
            self._token = answer.json["access_token"]
        return self._token

    def forget_token(self) -> None:
        self._token = None

    def use_token(self, token: str) -> None:
        """Call with a token in hand, as with that of a person."""
        self._token = token

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None, plain: bool = False
    ) -> Answer:
        url = path if path.startswith("https:") else f"{self.simulator.graph_url}/v1.0{path}"
        sent = {"client-request-id": str(uuid.uuid4()), "Authorization": f"Bearer {self.token}", **(headers or {})}
        if plain:
            sent.pop("client-request-id")
        data = None
        if body is not None:
            data = orjson.dumps(body)
            sent["Content-Type"] = "application/json"
        return Answer(self.pool.request(method, url, headers=sent, body=data))

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def patch(self, path: str, body: object) -> Answer:
        return self.call("PATCH", path, body)

    def post(self, path: str, body: object = None) -> Answer:
        return self.call("POST", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def everything(self, path: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        rows = list(answer.value)
        while "@odata.nextLink" in answer.json:
            answer = self.get(answer.json["@odata.nextLink"])
            rows.extend(answer.value)
        return rows

    def reset(self, user_id: str, password: str = "Quiet-Harbour-88") -> Answer:
        return self.patch(f"/users/{user_id}", {"passwordProfile": {"password": password}})
