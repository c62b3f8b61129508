"""Receivers that really listen: an HTTP server and an SMTP server on this machine, and channels that lead to them."""

import dataclasses
import json
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import override_settings
from tests.tenants.conftest import trip  # noqa: F401  the same trip to Microsoft

if TYPE_CHECKING:
    from tenantry.customers.models import Customer
    from tenantry.notifications.models import Alert, AlertChannel
    from tenantry.technicians.models import Technician


@dataclasses.dataclass
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    """Answers each POST with the next status of `answers`, then with 204; keeps what it got."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.got: list[Received] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Received(self.path, headers, body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def of_tenant(self, tenant_id: uuid.UUID | None) -> list[Received]:
        """What came about one tenant, or the deployment: the sweep looks at other tests' tenants too."""
        about = [(received, received.json["data"]["alert"]["tenant"] or {}) for received in self.got]
        return [received for received, tenant in about if tenant.get("id") == (str(tenant_id) if tenant_id else None)]

    def events_of(self, tenant_id: uuid.UUID | None) -> list[str]:
        return [received.json["data"]["event"] for received in self.of_tenant(tenant_id)]

    @property
    def events(self) -> list[str]:
        return [received.json["data"]["event"] for received in self.got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@dataclasses.dataclass
class Hook:
    """A webhook channel, its receiver and its secret."""

    channel: "AlertChannel"
    secret: str
    receiver: Receiver
    url: str

    def deliveries(self) -> list[Any]:
        from tenantry.notifications.models import Delivery

        return list(Delivery.objects.filter(channel=self.channel).order_by("created_at", "number"))

    def fresh(self) -> "AlertChannel":
        self.channel.refresh_from_db()
        return self.channel


@pytest.fixture
def no_channels(database: None, run_jobs: Callable[[], None]) -> Iterator[None]:
    """Channels are of the whole deployment: a test leaves none behind, and hears nothing of earlier alerts."""
    from tenantry.notifications.models import Alert, AlertChannel, Delivery

    run_jobs()
    Delivery.objects.all().delete()
    Alert.objects.all().delete()
    AlertChannel.objects.all().delete()
    with override_settings(IS_DEMO=True):  # receivers listen on this machine, also when this folder is run alone
        yield
    AlertChannel.objects.all().delete()


@pytest.fixture
def hook(no_channels: None, receiver: Receiver, alice: "Technician") -> Hook:
    from tenantry.notifications import actions
    from tenantry.technicians.actions import actor_for

    url = f"http://127.0.0.1:{receiver.port}/hooks/canary-path-token?key=canary-query"
    channel, secret = actions.add_webhook(actor=actor_for(alice), technician=alice, url=url)
    return Hook(channel, secret.reveal(), receiver, url)


class Mailbox:
    """What the SMTP server took, and whom it refuses."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], str]] = []
        self.refuses: set[str] = set()
        self.signed_in: list[tuple[str, str]] = []

    async def handle_RCPT(self, *given: Any) -> str:  # noqa: ANN401, N802  aiosmtpd calls it so
        _, _, envelope, address, _ = given
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *given: Any) -> str:  # noqa: ANN401, N802  aiosmtpd calls it so
        envelope = given[2]
        self.got.append((list(envelope.rcpt_tos), envelope.content.decode("utf-8", "replace")))
        return "250 OK"


@dataclasses.dataclass
class MailServerUp:
    """A running SMTP server with STARTTLS and sign-in."""

    box: Mailbox
    port: int
    ca_file: Path


def _free_port() -> int:
    """Aiosmtpd cannot say which port it got, so one is looked for first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@pytest.fixture
def smtp(tmp_path: Path, no_channels: None) -> Iterator[MailServerUp]:
    """A real SMTP server; the console is set to it."""
    import trustme
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword
    from django.test import override_settings

    from tenantry.kit.mail_server import mail_server_of

    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    box = Mailbox()

    def authenticate(*given: Any) -> AuthResult:  # noqa: ANN401  aiosmtpd's five
        data = given[4]
        if isinstance(data, LoginPassword):
            box.signed_in.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=box.signed_in[-1:] == [("alerts", "canary-mail-p@ss")], handled=False)

    controller = Controller(
        box,
        hostname="127.0.0.1",
        port=_free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticate,
    )
    controller.start()
    port = controller.port
    server = mail_server_of(f"smtp://alerts:canary-mail-p%40ss@127.0.0.1:{port}?tls=starttls")
    with override_settings(
        MAIL_SERVER=server, MAIL_FROM="Tenantry <alerts@harbour-it.example>", ALERTS_CA_FILE=str(ca_file)
    ):
        yield MailServerUp(box, port, ca_file)
    controller.stop()


@pytest.fixture
def raise_one(customer: "Customer") -> Callable[..., "Alert"]:
    """Raise an alert about one tenant of the test's own."""
    from tenantry.notifications import actions
    from tenantry.notifications.models import AlertKind

    tenant_id = uuid.uuid4()

    def make(**changes: Any) -> "Alert":  # noqa: ANN401  any argument of raise_alert
        given: dict[str, Any] = {
            "customer_id": customer.pk,
            "customer_name": customer.name,
            "tenant_id": tenant_id,
            "tenant_name": "kestrel.example",
            "kind": AlertKind.CONNECTION,
            "key": "helpdesk",
            "code": "role_missing",
            "title": f"{customer.name}: Degraded",
            "cause": "The role is missing.",
            "fix": "Assign it.",
            "who": "a Global Administrator of the tenant",
            "link": f"/customers/{customer.pk}/",
        }
        return actions.raise_alert(**{**given, **changes})

    return make
