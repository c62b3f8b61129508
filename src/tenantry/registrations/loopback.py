"""The answer of a sign-in in a browser on this machine: one request to http://localhost, on a free port.

Only the loopback address is listened on, only until the answer with our `state` came, and nothing of the request is
logged: it carries the code.
"""

import http.server
import secrets
import threading
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

_DONE = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Signed in</title>"
    b"<p>You can close this page and go back to the command.</p></html>"
)


class NoAnswer(Exception):
    """Nobody came back in time."""


class Loopback:
    """A listener for one answer. Use as a context manager."""

    def __init__(self) -> None:
        self._answer: dict[str, str] = {}
        self._arrived = threading.Event()
        self._state = ""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10.0  # browsers open connections that they do not use

            def do_GET(self) -> None:
                outer._take(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the signature of http.server
                """Say nothing: the address carries the code."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="sign-in answer", daemon=True)

    @property
    def redirect_uri(self) -> str:
        """The address to come back to."""
        return f"http://localhost:{self._server.server_address[1]}"

    def expect(self, state: str) -> None:
        """Take the answer that carries `state`, once; every other request is turned away."""
        self._state = state

    def wait(self, *, seconds: float) -> Mapping[str, str]:
        """Wait for the answer.

        Raises:
            NoAnswer: nobody came in `seconds`.
        """
        if not self._arrived.wait(seconds):
            raise NoAnswer
        return self._answer

    def _take(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        query = dict(parse_qsl(urlsplit(handler.path).query))
        is_ours = bool(self._state) and secrets.compare_digest(query.get("state", "").encode(), self._state.encode())
        handler.send_response(200 if is_ours else 404)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.send_header("Referrer-Policy", "no-referrer")
        handler.send_header("Cache-Control", "no-store")
        handler.end_headers()
        if is_ours:
            handler.wfile.write(_DONE)
            self._state = ""
            self._answer = query
            self._arrived.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
