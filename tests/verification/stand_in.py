"""What the stand-ins for providers have in common: a server of their own over HTTPS that answers JSON."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import trustme


class Refused(Exception):
    """The provider's refusal: a status and the document that goes with it."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class StandIn:
    """One provider.

    Attributes:
        url: where the console is pointed at.
        ca_file: PEM of the certificate authority that it must trust.
        requests: method and path of what came in.
        fails_with: statuses of the next answers; the effect happens all the same.
        failure: the document of such an answer.
    """

    failure: ClassVar[dict[str, Any]]

    def __init__(self, folder: Path) -> None:
        self.requests: list[tuple[str, str]] = []
        self.fails_with: list[int] = []
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca_file = folder / f"{type(self).__name__.lower()}-ca.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        authority.issue_cert("localhost").configure_cert(context)
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def _answer(self, body: bytes) -> None:
                provider.requests.append((self.command, self.path))
                try:
                    status, document = provider.handle(self.command, self.path, dict(self.headers), body)
                except Refused as refusal:
                    status, document = refusal.status, refusal.body
                if provider.fails_with:
                    status, document = provider.fails_with.pop(0), provider.failure
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and document of one request.

        Raises:
            Refused
        """
        raise NotImplementedError

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
