"""Secrets that can be told apart are planted, journeys are walked, and then everything that is written is searched."""

import base64
import csv
import io
import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from django.urls import URLResolver, get_resolver, reverse
from tests.api.conftest import made
from tests.helpdesk.conftest import Place
from tests.notifications.conftest import Hook, MailServerUp
from tests.technicians.helpers import totp_code
from tests.technicians.staff_helpers import browser_of, new_person, who
from tests.verification.conftest import LINK, Desk
from tests.verification.test_passes import code_in

from tenantry.audit.chain import exporting, sealing
from tenantry.graph import tokens
from tenantry.helpdesk import passwords, views
from tenantry.kit.keys import ClientCredential
from tenantry.kit.logs import Redact, strike
from tenantry.kit.sealed import Secret
from tenantry.reach import permissions, roles
from tenantry.streams import actions as streams
from tenantry.streams.models import Stream
from tenantry.technicians.staff import inviting
from tenantry.verification.policies import Method

if TYPE_CHECKING:
    from entrasim.handle import Handle
    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician

TYPED, GENERATED = "Planted-typed-velvet-77", passwords.random("dana@kestrel.example").reveal()
SIGN_IN, WRONG = "planted sign-in kettle 9", "planted-wrong-password"
CLIENT_SECRET = "planted-client-secret-of-an-app"
JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")
_SHORT = 8  # a code of so few digits may stand anywhere by chance: only as a word of its own it counts


class Planted:
    """Everything that was planted, by name, and the search for it."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {"typed": TYPED, "generated": GENERATED, "sign-in": SIGN_IN, "wrong": WRONG}
        self.secrets |= {"client secret": CLIENT_SECRET, "mail server": "canary-mail-p@ss"}

    def found_in(self, text: str) -> list[str]:
        """The names of what stands in `text`, plain, in hexadecimal, as Base64 or quoted for an address."""
        return [name for name, secret in self.secrets.items() if _stands(secret, text)] + [
            f"a token: {token[:30]}" for token in JWT.findall(text)[:1]
        ]


def _stands(secret: str, text: str) -> bool:
    if len(secret) <= _SHORT:
        return re.search(rf"(?<![\w.+:-]){re.escape(secret)}(?![\w.+:-])", text) is not None
    raw = secret.encode()
    shapes = (secret, raw.hex(), base64.b64encode(raw).decode().rstrip("=")[:-1], secret.replace(" ", "+"))
    return any(shape in text for shape in shapes)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that any logger says at any level, written as the console writes it."""
    kept = io.StringIO()
    handler = logging.StreamHandler(kept)
    handler.addFilter(Redact())
    handler.setFormatter(logging.Formatter("{asctime} {levelname} {name} {message}", style="{"))
    root = logging.getLogger()
    # Some have a level of their own, whatever an operator chooses.
    pinned: set[str] = {str(name) for name in settings.LOGGING["loggers"]}  # type: ignore[attr-defined]
    assert {"django.template", "urllib3"} <= pinned
    names = {"", "mail.log", *logging.root.manager.loggerDict}
    free = {name for name in names if not any(f"{name}.".startswith(f"{one}.") for one in pinned)}
    before = {name: logging.getLogger(name).level for name in free}
    root.addHandler(handler)
    for name in before:
        # `mail.log` is the mail server's of the tests.
        logging.getLogger(name).setLevel(logging.ERROR if name == "mail.log" else logging.DEBUG)
    logging.getLogger("tenantry.helpdesk").debug("this level is written")
    yield kept
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    root.removeHandler(handler)


@pytest.fixture
def graph_tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that Microsoft handed out in the meantime."""
    seen: list[str] = []
    real = tokens._ask

    def told(*given: Any) -> tokens.Token:  # noqa: ANN401  passed on
        token = real(*given)
        seen.append(token.secret.reveal())
        return token

    monkeypatch.setattr(tokens, "_ask", told)
    return seen


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table, as `pg_dump` would write its columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
            "AND table_type = 'BASE TABLE' ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield from ((table, row[0]) for row in cursor.fetchall())


def test_every_address_with_a_one_time_token_is_struck_out_of_the_logs() -> None:
    """A new kind of link is found here, before it stands in a log."""
    token, seen = "Planted_token-of_a-link_0123456789abcdefghi", set()

    def walk(resolver: URLResolver, before: str) -> None:
        for entry in resolver.url_patterns:
            here = f"{before}{entry.pattern}"
            if isinstance(entry, URLResolver):
                walk(entry, here)
            elif "token>" in here:
                path = re.sub(r"<(?:\w+:)?\w*token>", token, here)
                seen.add(path)
                assert token not in strike(f"Not Found: /{path}"), path

    walk(get_resolver(), "")
    assert len(seen) >= 5


def test_planted_secrets_are_nowhere_but_where_they_belong(
    place: Place,
    dana: "DirectoryUser",
    desk: Desk,
    smtp: MailServerUp,
    hook: Hook,
    sim: "Handle",
    alice: "Technician",
    as_alice: Client,
    log: io.StringIO,
    graph_tokens: list[str],
    monkeypatch: pytest.MonkeyPatch,
    run_jobs: Callable[[], None],
) -> None:
    """Must hold (issue 4): planted secrets never appear: logs, record, jobs, database, mail, addresses, error pages."""
    planted, pages = Planted(), list[str]()
    dana.mail = f"dana-{uuid.uuid4().hex[:6]}@kestrel.example"
    dana.save()
    place.in_tenant(dana).mail = dana.mail

    # A colleague: invited, joins with a password, signs in (wrong, right), an authenticator app, a token for programs.
    invitation = inviting.invite(
        **who(alice), display_name="Bob L", email=f"bob-{uuid.uuid4().hex[:8]}@harbour-it.example", role="engineer"
    )
    assert invitation.link is not None
    planted.secrets["invitation"] = invitation.link.reveal().strip("/").rpartition("/")[2]
    bob = Client(REMOTE_ADDR="10.77.0.1")
    join = f"/join/{planted.secrets['invitation']}/"
    assert bob.get(join).status_code == 200
    assert bob.post(join, {"display_name": "Bob", "password1": SIGN_IN, "password2": SIGN_IN}).status_code == 302
    bob = Client(REMOTE_ADDR="10.77.0.2")
    address = invitation.technician.email
    pages.append(bob.post("/accounts/login/", {"login": address, "password": WRONG}).content.decode())
    bob.post("/accounts/login/", {"login": address, "password": SIGN_IN})
    bob.post("/accounts/reauthenticate/", {"password": SIGN_IN})
    totp = re.search(r"\b[A-Z2-7]{32}\b", bob.get("/accounts/2fa/totp/activate/").content.decode())
    assert totp is not None
    planted.secrets["TOTP"] = totp.group(0)
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([59_999_999]))
    bob.post("/accounts/2fa/totp/activate/", {"code": totp_code(totp.group(0), 59_999_999)})
    codes = re.findall(r"<li>(\d{8})</li>", bob.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    planted.secrets |= {f"recovery code {number}": code for number, code in enumerate(codes)}
    planted.secrets["session"] = bob.session.session_key or ""
    engineer = new_person("owner")
    planted.secrets["API token"] = made(engineer).text
    made_with = browser_of(engineer)
    planted.secrets["other session"] = made_with.session.session_key or ""

    # Where events and alerts go.
    _, secret = streams.add_webhook(
        **who(alice), url=f"http://127.0.0.1:{hook.receiver.port}/in?key=planted-key-of-a-stream", whole=False
    )
    planted.secrets |= {"stream": secret.reveal(), "webhook": hook.secret, "key of a stream": "planted-key-of-a-stream"}

    # A caller: code by mail, and the link in it.
    row = desk.start(dana, method=Method.MAIL_CODE)
    link = LINK.search(smtp.box.got[-1][1].replace("=\n", ""))
    assert link is not None
    planted.secrets |= {"caller's link": link.group(1).split("/")[2], "caller's code": code_in(smtp)}
    as_alice.post(reverse("verification:code", args=[place.customer.pk, row.pk]), {"code": "000000"})

    # Resets with a typed and a generated password, by an app with a client secret; one goes by a one-time link.
    app = sim.register_app(secret=CLIENT_SECRET, required_app_roles=sorted(permissions.HELPDESK_REQUIRED))
    place.tenant.assign_role(place.tenant.consent(app).id, roles.USER_ADMINISTRATOR)
    tokens.forget(place.tenant_id)
    with override_settings(
        CLIENT_ID=app.app_id, CLIENT_CREDENTIAL=ClientCredential(client_secret=Secret(CLIENT_SECRET))
    ):
        typed = place.do(dana, password=TYPED)
        generated = place.do(place.add_user("Robin Roe", password="Before-1"), password=GENERATED)
    assert (typed.state, generated.state) == ("done", "done")
    assert place.in_tenant(dana).password == TYPED
    shared = as_alice.post(reverse("helpdesk:share", args=[place.customer.pk, typed.pk])).content.decode()
    path = re.search(r"http://testserver(/secret/[^\"<]+/)", shared)
    number = re.search(r'data-copy="(\d{6})"', shared)
    assert path is not None
    assert number is not None
    planted.secrets |= {"one-time link": path[1].split("/")[2], "its code": number[1]}
    reader = Client(REMOTE_ADDR="10.77.0.3")
    pages.append(reader.get(path[1]).content.decode().replace(path[1], ""))
    pages.append(reader.post(path[1], {"code": "999999" if number[1] != "999999" else "888888"}).content.decode())
    pages[-1] = pages[-1].replace(path[1], "")
    assert TYPED in reader.post(path[1], {"code": number[1]}).content.decode()
    revealed = as_alice.post(reverse("helpdesk:reveal", args=[place.customer.pk, generated.pk]))
    assert GENERATED in revealed.content.decode()
    for name in ("operation", "reveal"):
        pages.append(as_alice.get(reverse(f"helpdesk:{name}", args=[place.customer.pk, generated.pk])).content.decode())

    # An error in the middle of a request that carries a password, a session and a token.
    def broken(*_: object, **__: object) -> None:
        password = TYPED
        raise RuntimeError(f"boom {len(password)}")

    with monkeypatch.context() as patch:
        patch.setattr(views, "get_customer", broken)
        crashing = Client(raise_request_exception=False)
        crashing.cookies = as_alice.cookies
        reset = reverse("helpdesk:confirm", args=[place.customer.pk, dana.object_id, "reset-password"])
        crashed = crashing.post(reset, {"password": TYPED}, headers={"authorization": f"Bearer {graph_tokens[-1]}"})
    assert crashed.status_code == 500
    pages.append(crashed.content.decode())
    run_jobs()
    sealing.seal_all()
    for stream in Stream.objects.all():
        streams.hand_over(stream.pk)
        stream.delete()
    planted.secrets |= {f"Graph token {n}": token for n, token in enumerate(graph_tokens)}
    assert graph_tokens
    assert all(planted.secrets.values())

    _search(planted, place, log, pages, smtp, hook, as_alice)


def _search(
    planted: Planted,
    place: Place,
    log: io.StringIO,
    pages: list[str],
    smtp: MailServerUp,
    hook: Hook,
    as_alice: Client,
) -> None:
    written = log.getvalue()
    assert "boom" in written  # the log was really written, errors and their traces too
    assert "DEBUG tenantry.helpdesk this level is written" in written
    for line in written.splitlines():
        assert planted.found_in(line) == [], line[:300]

    seen = set()
    for table, text in rows():
        seen.add(table)
        assert planted.found_in(text) == [], table
    assert {"procrastinate_jobs", "audit_event", "mfa_authenticator", "helpdesk_secretlink", "api_apitoken"} <= seen
    for session in Session.objects.all():
        assert planted.found_in(json.dumps(session.get_decoded(), default=str)) == []

    exported = b"".join(exporting.export()).decode() + b"".join(exporting.export_csv()).decode()
    assert place.customer.name in exported
    assert planted.found_in(exported) == []
    activity = b"".join(as_alice.get("/activity/export.csv").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(list(csv.reader(io.StringIO(activity)))) > 5
    assert planted.found_in(activity) == []

    for recipients, text in smtp.box.got:
        plain = text.replace("=\r\n", "").replace("=\n", "")
        belongs = {"caller's link", "caller's code"} if recipients[0].startswith("dana-") else {"invitation"}
        assert set(planted.found_in(plain)) <= belongs, recipients
    for received in hook.receiver.got:
        assert planted.found_in(received.body.decode()) == []
        assert set(planted.found_in(received.path)) <= {"key of a stream"}
    for entry in place.tenant.journal():
        assert planted.found_in(f"{entry.path}?{entry.query}") == [], entry.path
    for page in pages:
        assert planted.found_in(page) == []
    assert planted.found_in(repr(settings.CLIENT_CREDENTIAL) + repr(settings.MAIL_SERVER)) == []
    # The search itself finds what is there, in each shape.
    for shape in (TYPED, TYPED.encode().hex(), base64.b64encode(TYPED.encode()).decode()):
        assert planted.found_in(f"x {shape} y") == ["typed"]
