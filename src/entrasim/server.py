"""The simulator as a running server: HTTPS for programs, plain HTTP for browsers, plain HTTP for control."""

import dataclasses
import importlib
import importlib.util
import logging
import socket
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import trustme
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

from entrasim import first_party
from entrasim.app import App, Context
from entrasim.clock import Clock, SystemClock
from entrasim.codes import Codes
from entrasim.errors import Dropped
from entrasim.faults import Faults
from entrasim.handle import Handle
from entrasim.journal import Journal
from entrasim.keys import SigningKeys
from entrasim.linter import Linter
from entrasim.refresh_tokens import RefreshTokens
from entrasim.state import World
from entrasim.throttle import Throttle

_log = logging.getLogger("entrasim.server")
_THREADS = 16
_KEPT_CONNECTIONS = 512
_IDLE_SECONDS = 120
_LOOPBACK = "127.0.0.1"


class _Gateway(wsgi.Gateway_10):
    """Closes the connection without an answer when the application says so."""

    def respond(self) -> None:
        try:
            super().respond()
        except Dropped:
            # Cheroot must believe that everything was sent, and then find the connection gone.
            self.req.ready = False
            self.req.sent_headers = True
            self.req.close_connection = True
            _shut(self.req.conn.socket)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        _log.debug("the client was gone already: %s", error)


class _Server(wsgi.Server):
    """A cheroot server that logs through logging."""

    timeout = _IDLE_SECONDS
    shutdown_timeout = 1
    keep_alive_conn_limit = _KEPT_CONNECTIONS

    def __init__(self, port: int, app: WSGIApplication) -> None:
        super().__init__((_LOOPBACK, port), app, numthreads=_THREADS, server_name="localhost", request_queue_size=256)
        self.gateway = _Gateway
        self.timeout = _IDLE_SECONDS
        self.shutdown_timeout = 1
        self.keep_alive_conn_limit = _KEPT_CONNECTIONS

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        _log.log(min(level, logging.DEBUG), msg, exc_info=traceback)


@dataclasses.dataclass(slots=True)
class _Running:
    server: Any
    thread: threading.Thread


class Simulator:
    """A world and the servers that show it.

    Attributes:
        world: everything there is.
        clock: its time.
        handle: for setting up, scripting faults and looking.
        login_url: base address of the identity provider, HTTPS.
        graph_url: base address of Graph without `/v1.0`, HTTPS.
        browser_url: the same pages over plain HTTP, for browsers without the throw-away certificate authority.
        control_url: the handle as JSON, loopback only.
        ca_file: PEM of the certificate authority that clients must trust.
    """

    def __init__(self, clock: Clock | None = None, world: World | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.world = world or World()
        first_party.register(self.world)
        self.context = Context(
            world=self.world,
            clock=self.clock,
            keys=SigningKeys(),
            journal=Journal(),
            faults=Faults(self.clock),
            throttle=Throttle(self.clock),
            linter=Linter(self.clock),
            codes=Codes(self.clock),
            refresh_tokens=RefreshTokens(self.clock),
        )
        self.handle = Handle(self.context)
        self.context.handle = self.handle
        self.login_url = self.graph_url = self.browser_url = self.control_url = ""
        self.ca_file = Path()
        self._running: list[_Running] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def start(self, port: int = 0, browser_port: int = 0, control_port: int = 0, ca_dir: Path | None = None) -> None:
        """Listen on loopback; 0 chooses a free port.

        Args:
            port: of HTTPS.
            browser_port: of plain HTTP.
            control_port: of the control address.
            ca_dir: where to keep the certificate authority's certificate; a directory that `stop` removes when None.
        """
        if self._running:
            raise RuntimeError("the simulator runs already")
        app = App(self.context)
        self._scratch = tempfile.TemporaryDirectory(prefix="entrasim-")
        secure = _Server(port, app)
        secure.ssl_adapter = self._certificates(ca_dir or Path(self._scratch.name))
        plain = _Server(browser_port, app)
        control = _Server(control_port, self._control())
        self.login_url = self.graph_url = f"https://localhost:{self._serve(secure)}"
        self.browser_url = f"http://localhost:{self._serve(plain)}"
        self.control_url = f"http://localhost:{self._serve(control)}"
        self.context.login_url = self.login_url
        self.context.graph_url = self.graph_url
        self.context.browser_url = self.browser_url

    def stop(self) -> None:
        """Stop listening and wait for the threads."""
        for running in self._running:
            running.server.stop()
        for running in self._running:
            running.thread.join()
        self._running.clear()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, server: _Server) -> int:
        server.prepare()
        thread = threading.Thread(target=server.serve, name="entrasim", daemon=True)
        thread.start()
        self._running.append(_Running(server, thread))
        return int(server.bind_addr[1])

    def _certificates(self, directory: Path) -> BuiltinSSLAdapter:
        directory.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA(organization_name="entrasim throw-away authority")
        leaf = authority.issue_cert("localhost", _LOOPBACK, "::1")
        self.ca_file = directory / "entrasim-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        # Key and chain are read at once and need not stay anywhere.
        with tempfile.TemporaryDirectory(prefix="entrasim-key-") as scratch:
            chain, key = Path(scratch) / "chain.pem", Path(scratch) / "key.pem"
            chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
            key.write_bytes(leaf.private_key_pem.bytes())
            return BuiltinSSLAdapter(str(chain), str(key))

    def _control(self) -> WSGIApplication:
        if importlib.util.find_spec("entrasim.control") is None:
            return _no_control
        app: WSGIApplication = importlib.import_module("entrasim.control").ControlApp(self)
        return app


def _no_control(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("501 Not Implemented", [("Content-Type", "text/plain")])
    return [b"no control application is installed"]
