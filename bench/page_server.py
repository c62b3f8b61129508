"""`python -m bench.page_server --users N`: a tenant of N users, served over HTTPS from memory.

Pages are rendered before the first request, so what it costs to serve one is writing bytes. It also hands out a token,
so that the product's own path runs whole. Prints one JSON line with its address and CA file, then serves until killed.
"""

import argparse
import base64
import json
import random
import socketserver
import ssl
import sys
import tempfile
import time
import uuid
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson
import trustme

_FIRST = (
    "Dana",
    "Bob",
    "Carol",
    "Zoë",
    "Maria",
    "Juan",
    "Peter",
    "Anna",
    "Łukasz",
    "Mei",
    "Ali",
    "Noor",
    "Жанна",
    "Kim",
)
_LAST = ("O'Brien", "Moreau", "García", "Kowalski", "Nguyen", "Patel", "Okafor", "Chen", "Müller", "Smith", "Berg")
SKU = "6fd2c87f-b296-42f0-b197-1e91e994b900"


def user(number: int, luck: random.Random) -> dict[str, object]:
    """A user as Graph writes it with the mirror's `$select`."""
    first, last = luck.choice(_FIRST), luck.choice(_LAST)
    address = f"user{number}.{luck.choice('abcdefghij')}{number % 997}@kestrel.example"
    return {
        "id": str(uuid.UUID(int=luck.getrandbits(128), version=4)),
        "userPrincipalName": address,
        "displayName": f"{first} {last}",
        "mail": address,
        "accountEnabled": number % 11 != 0,
        "userType": "Member" if number % 17 else "Guest",
        "onPremisesSyncEnabled": True if number % 3 == 0 else None,
        "passwordPolicies": None,
        "lastPasswordChangeDateTime": f"2026-{1 + number % 9:02}-{1 + number % 28:02}T10:11:12Z",
        "assignedLicenses": [{"disabledPlans": [], "skuId": SKU}] if number % 4 else [],
        "createdDateTime": f"2024-{1 + number % 12:02}-{1 + number % 28:02}T08:00:00Z",
        "externalUserState": None,
        "isManagementRestricted": None,
        "mobilePhone": f"+49 151 {number % 10**8:08}" if number % 2 else None,
        "usageLocation": "DE",
    }


def _token() -> str:
    def part(document: object) -> str:
        return base64.urlsafe_b64encode(orjson.dumps(document)).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'roles': ['User.Read.All'], 'oid': str(uuid.uuid4())})}.x"


class Pages:
    """Every answer of the server, by path and page."""

    def __init__(self, base: str, users: int, size: int) -> None:
        luck = random.Random(7)
        people = [user(number, luck) for number in range(users)]
        delta = f"{base}/v1.0/users/delta?$deltatoken=end"
        self.pages: list[bytes] = []
        for start in range(0, users, size):
            following = start + size
            link = (
                {"@odata.nextLink": f"{base}/v1.0/users/delta?$skiptoken={following // size}"}
                if following < users
                else {"@odata.deltaLink": delta}
            )
            context = {"@odata.context": f"{base}/v1.0/$metadata#users(id,userPrincipalName,displayName)"}
            self.pages.append(orjson.dumps({**context, **link, "value": people[start:following]}))
        # The same users as a plain collection, which is what the official SDK pages through in its own samples.
        self.unchanged = orjson.dumps(
            {"@odata.context": f"{base}/v1.0/$metadata#users", "@odata.deltaLink": delta, "value": []}
        )
        self.count = str(users).encode()
        self.empty = orjson.dumps({"value": []})
        self.token = orjson.dumps({"token_type": "Bearer", "expires_in": 3599, "access_token": _token()})
        self.base = base

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The body for a request."""
        if path.endswith(("/users/delta", "/users/delta()")):  # the SDK writes the second
            if "$deltatoken" in query:
                return self.unchanged
            return self.pages[int(query.get("$skiptoken", ["0"])[0])]
        if path.endswith("/users/$count"):
            return self.count
        if path.endswith("/token"):
            return self.token
        if path.endswith("/openid-configuration"):
            tenant = path.split("/")[1]
            return orjson.dumps(
                {
                    "token_endpoint": f"{self.base}/{tenant}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{self.base}/{tenant}/oauth2/v2.0/authorize",
                    "issuer": f"{self.base}/{tenant}/v2.0",
                }
            )
        return self.empty


def _handler(pages: Pages, latency: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer()

        def _answer(self) -> None:
            if latency:
                time.sleep(latency)
            parts = urlsplit(self.path)
            body = pages.answer(parts.path, parse_qs(parts.query))
            self.send_response_only(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--page-size", type=int, default=999)
    parser.add_argument("--latency-ms", type=float, default=0.0, help="wait so long before each answer")
    arguments = parser.parse_args()
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    ca_file = Path(tempfile.mkdtemp(prefix="tenantry-bench-ca-")) / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with _Server(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        base = f"https://localhost:{server.server_address[1]}"
        server.RequestHandlerClass = _handler(
            Pages(base, arguments.users, arguments.page_size), arguments.latency_ms / 1000
        )
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(json.dumps({"url": base, "ca_file": str(ca_file)}))
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
