"""One request to Graph and its answer, apart from HTTP: requests inside a $batch are the same thing."""

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from entrasim.effective import View
from entrasim.errors import bad_request
from entrasim.odata.query import Query
from entrasim.state import Tenant
from entrasim.tokens import GraphToken

if TYPE_CHECKING:
    from entrasim.app import Context

_JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS


@dataclasses.dataclass(slots=True)
class GraphRequest:
    """What came in. `path` starts behind `/v1.0`; header names are lower case."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str  # scheme and host the client used
    request_id: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))
    in_batch: bool = False

    @property
    def client_request_id(self) -> str:
        """The client's own id, empty when it sent none."""
        return self.headers.get("client-request-id", "")

    @property
    def url(self) -> str:
        """The whole address as asked."""
        query = f"?{self.query_string}" if self.query_string else ""
        return f"{self.base_url}/v1.0{self.path}{query}"


@dataclasses.dataclass(slots=True)
class Reply:
    """What goes out: a status, JSON (None: no body) and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def data(self) -> bytes:
        """The body as bytes."""
        return b"" if self.body is None else orjson.dumps(self.body, option=_JSON_OPTIONS)


@dataclasses.dataclass(slots=True)
class Call:
    """One request with everything that its handler may need. The tenant's lock is held while the handler runs."""

    context: "Context"
    request: GraphRequest
    tenant: Tenant
    token: GraphToken
    args: dict[str, str]
    query: Query
    view: View
    effect: bool = False  # set by a handler once it changed something

    def json(self) -> dict[str, Any]:
        """The body.

        Raises:
            GraphError: 400, not a JSON object.
        """
        try:
            body = orjson.loads(self.request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
                "JSON format.",
                code="BadRequest",
            ) from error
        if not isinstance(body, dict):
            raise bad_request("Invalid JSON: an object was expected.", code="BadRequest")
        return body

    def metadata(self, fragment: str) -> str:
        """The `@odata.context` of an answer."""
        selected = f"({','.join(self.query.select)})" if self.query.select else ""
        name, entity, rest = fragment.partition("/$entity")
        return f"{self.request.base_url}/v1.0/$metadata#{name}{selected}{entity}{rest}"


Handler = Callable[[Call], Reply]


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """One simulated operation. `operation` is its key in `tables.operations`; None needs no permission of its own."""

    method: str
    rule: str
    area: str
    summary: str
    handler: Handler
    operation: str | None


ROUTES: list[Route] = []
"""Every operation of Graph that is simulated, filled by the modules of `entrasim.routes`."""


def route(method: str, rule: str, *, area: str, summary: str, operation: str | None) -> Callable[[Handler], Handler]:
    """Register a handler. `rule` is a Werkzeug rule behind `/v1.0`."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, rule, area, summary, handler, operation))
        return handler

    return register
