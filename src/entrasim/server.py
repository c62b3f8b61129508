"""The simulator as a running server: HTTPS for programs, plain HTTP for browsers, plain HTTP for control."""

import dataclasses
import datetime as dt
import functools
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
from entrasim.keeping.keeper import Keeper, Machine, Ports, SignIns
from entrasim.keys import SigningKeys
from entrasim.linter import Linter
from entrasim.refresh_tokens import RefreshTokens
from entrasim.state import World
from entrasim.throttle import Throttle

_log = logging.getLogger("entrasim.server")
_THREADS = 16
_KEPT_CONNECTIONS = 512
_IDLE_SECONDS = 120
_LOOK_SECONDS = 0.05
"""How often a server looks whether it is to stop, instead of twice a second."""
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
        self.expiration_interval = _LOOK_SECONDS

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

    def __init__(self, clock: Clock | None = None, world: World | None = None, *, keeper: Keeper | None = None) -> None:
        """Build it, or wake it as it was kept.

        Args:
            clock: its time; the machine's, as far ahead as it was kept, when None.
            world: what there is; nothing when None. What was kept takes its place.
            keeper: where changes are kept over restarts; `stop` closes it.

        Raises:
            CannotKeepError: what was kept cannot be read.
        """
        kept = keeper.load() if keeper else None
        machine, sign_ins = (kept.machine, kept.sign_ins) if kept else (Machine(), SignIns())
        self._keeper, self._kept_ports = keeper, machine.ports
        self.clock: Clock = clock or SystemClock(dt.timedelta(seconds=machine.clock_offset_seconds))
        self.world = kept.world if kept else world or World()
        first_party.register(self.world)
        self.context = Context(
            world=self.world,
            clock=self.clock,
            keys=SigningKeys(machine.signing_key_pem, machine.signing_certificate_pem),
            journal=Journal(),
            faults=Faults(self.clock),
            throttle=Throttle(self.clock),
            linter=Linter(self.clock, knows_every_link=kept is None),
            codes=Codes(self.clock, sign_ins.codes),
            refresh_tokens=RefreshTokens(self.clock, sign_ins.refresh_tokens),
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
            port: of HTTPS; for 0 that of the run whose world was kept, where it is free.
            browser_port: of plain HTTP, likewise.
            control_port: of the control address, likewise.
            ca_dir: where to keep the certificate authority's certificate; a directory that `stop` removes when None.
        """
        if self._running:
            raise RuntimeError("the simulator runs already")
        app = App(self.context)
        self._scratch = tempfile.TemporaryDirectory(prefix="entrasim-")
        certificates = self._certificates(ca_dir or Path(self._scratch.name))
        before = self._kept_ports
        ports = Ports(
            https=self._serve(app, port, before.https, certificates),
            browser=self._serve(app, browser_port, before.browser),
            control=self._serve(self._control(), control_port, before.control),
        )
        self.login_url = self.graph_url = f"https://localhost:{ports.https}"
        self.browser_url = f"http://localhost:{ports.browser}"
        self.control_url = f"http://localhost:{ports.control}"
        self.context.login_url = self.login_url
        self.context.graph_url = self.graph_url
        self.context.browser_url = self.browser_url
        if self._keeper is not None:
            self._kept_ports = ports
            self.context.save = functools.partial(self._keeper.save, self.context, ports)
            self._keeper.save(self.context, ports, everything=self._keeper.is_new)

    def stop(self) -> None:
        """Stop listening, wait for the threads, and keep everything where a keeper was given.

        Raises:
            NotKeptError: something could not be written.
        """
        for running in self._running:
            running.server.stop()
        for running in self._running:
            running.thread.join()
        self._running.clear()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
        if self._keeper is not None:
            keeper, self._keeper = self._keeper, None
            try:
                keeper.save(self.context, self._kept_ports, everything=True)
            finally:
                keeper.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(
        self, app: WSGIApplication, port: int, before: int = 0, certificates: BuiltinSSLAdapter | None = None
    ) -> int:
        """Listen on `port`; for 0 on the one from `before`, or on any when that is taken."""
        server = _Server(port or before, app)
        server.ssl_adapter = certificates
        try:
            server.prepare()
        except OSError:
            if port or not before:
                raise
            return self._serve(app, 0, certificates=certificates)
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
