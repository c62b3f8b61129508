"""The WSGI application: Graph under `/v1.0`, everything else login endpoints and pages."""

import contextlib
import dataclasses
import importlib
import importlib.util
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from entrasim import routes
from entrasim.clock import Clock
from entrasim.codes import Codes
from entrasim.errors import Dropped
from entrasim.faults import TOKEN_PATH, Faults
from entrasim.graph import Graph, trickle
from entrasim.journal import Journal
from entrasim.keys import SigningKeys
from entrasim.linter import Linter
from entrasim.refresh_tokens import RefreshTokens
from entrasim.state import World
from entrasim.throttle import Throttle
from entrasim.web import GraphRequest

if TYPE_CHECKING:
    from entrasim.handle import Handle

PageHandler = Callable[..., Response]


class Save(Protocol):
    """Writes what changed."""

    def __call__(self, *, directories: bool) -> None:
        """Write codes and registrations, and with `directories` the touched tenants."""
        ...


GRAPH_AUDIENCE = "https://graph.microsoft.com"
PAGE_MODULES = ("entrasim.login_pages", "entrasim.portal")
"""Each has `rules() -> list[(methods, path, handler)]`; a handler takes (Context, Request, **path args)."""

_log = logging.getLogger("entrasim")
_GRAPH = ("/v1.0/", "/beta/")
_PUBLISHED = ("/openid-configuration", "/keys", "/discovery/instance", ".css", ".svg")
"""Endings of addresses behind which nothing ever changes."""


@dataclasses.dataclass(slots=True)
class Context:
    """What handlers of requests get."""

    world: World
    clock: Clock
    keys: SigningKeys
    journal: Journal
    faults: Faults
    throttle: Throttle
    linter: Linter
    codes: Codes
    refresh_tokens: RefreshTokens
    handle: "Handle" = dataclasses.field(init=False)
    save: "Save" = lambda **_: None  # where the world is kept: returns once the changes are in the file
    graph: Graph = dataclasses.field(init=False)
    login_url: str = ""
    graph_url: str = ""
    browser_url: str = ""

    @property
    def audiences(self) -> frozenset[str]:
        """Resources that a token may be asked for and that Graph here takes."""
        return frozenset({GRAPH_AUDIENCE, self.graph_url} - {""})


def _may_change(request: Request) -> bool:
    """Whether a request can change what is kept."""
    if request.path.startswith(_GRAPH):
        return request.method != "GET"
    if request.path.endswith(TOKEN_PATH):
        return request.form.get("grant_type") != "client_credentials"
    return not request.path.endswith(_PUBLISHED)


class App:
    """A WSGI callable."""

    def __init__(self, context: Context) -> None:
        self._context = context
        routes.load()
        context.graph = Graph(context)
        self._map = Map([Rule(path, methods=list(methods), endpoint=page) for methods, path, page in self._pages()])

    def _pages(self) -> list[tuple[Iterable[str], str, PageHandler]]:
        pages: list[tuple[Iterable[str], str, PageHandler]] = [
            (methods, path, handler) for methods, path, handler, _ in routes.LOGIN_ROUTES
        ]
        for name in PAGE_MODULES:
            if importlib.util.find_spec(name) is not None:
                pages.extend(importlib.import_module(name).rules())
        return pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, or raise Dropped for the gateway to close the connection."""
        request = Request(environ)
        try:
            # What is answered is kept, and so is what has no answer because the connection was cut on purpose.
            with self._kept(request):
                is_graph = request.path.startswith(_GRAPH)
                response = self._graph(request) if is_graph else self._login(request)
        except (Dropped, ConnectionError):
            raise
        except Exception:  # noqa: BLE001  whatever broke is logged and answered; the server goes on
            _log.exception("entrasim failed at %s %s", request.method, request.path)
            response = Response("entrasim failed; see its log", status=500, mimetype="text/plain")
        return response(environ, start_response)

    @contextlib.contextmanager
    def _kept(self, request: Request) -> Iterator[None]:
        try:
            yield
        finally:
            # A page that is only read may hand out a code, and changes no directory.
            if _may_change(request):
                self._context.save(directories=request.method != "GET")
            else:
                self._context.world.take_touched()

    def _graph(self, request: Request) -> Response:
        version, _, path = request.path[1:].partition("/")
        asked = GraphRequest(
            method=request.method,
            path=f"/{path}",
            query_string=request.query_string.decode("latin-1"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
            base_url=request.host_url.rstrip("/"),
        )
        graph = self._context.graph
        outcome = graph.answer(asked) if version == "v1.0" else graph.unsimulated(asked)
        if outcome.drop:
            raise Dropped
        reply = outcome.reply
        data = reply.data()
        if outcome.slow is not None:
            response = Response(trickle(data, outcome.slow), status=reply.status)
            response.headers["Content-Length"] = str(len(data))
        else:
            response = Response(data, status=reply.status)
        if reply.body is not None:
            response.content_type = (
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            )
        else:
            response.headers.remove("Content-Type")
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Date"] = self._context.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        response.headers.extend(reply.headers)
        return response

    def _login(self, request: Request) -> Response:
        try:
            handler, args = self._map.bind_to_environ(request.environ).match()
        except HTTPException as error:
            found = error.get_response(request.environ)
            return Response(found.get_data(), status=found.status_code, headers=dict(found.headers))
        page: Any = handler
        response: Response = page(self._context, request, **args)
        return response
