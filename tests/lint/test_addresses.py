"""Every address of the console, taken from the resolver: none is open to strangers by accident."""

import re
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

if TYPE_CHECKING:
    from tenantry.customers.models import Customer
    from tenantry.technicians.models import Technician
    from tests.conftest import Owner

# Open to people who are not signed in, and why.
OPEN = {
    "accounts/login/": "sign-in",
    "accounts/inactive/": "says that the account was switched off",
    "accounts/logout/": "signing out when signed out already leads home",
    "accounts/2fa/authenticate/": "second factor of a sign-in under way",
    "accounts/2fa/webauthn/login/": "passkey sign-in",
    "welcome/<str:token>/": "one-time sign-in link",
    "setup/<str:token>/": "one-time owner set-up link",
    "styleguide/": "samples without data; 404 outside debug and the demo",
    "styleguide/<slug:page>/": "samples without data; 404 outside debug and the demo",
}
SAMPLES = {"uuid": str(uuid.uuid4()), "str": "x" * 43, "int": "1", "slug": "block", "path": "x"}


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if route.startswith("api/v1/"):
            continue  # a token or 401, and no cookie counts: tests/api
        if isinstance(entry, URLResolver):
            yield from addresses(entry, route)
        elif isinstance(entry, URLPattern):
            yield route


def filled(route: str) -> str:
    def value(match: re.Match[str]) -> str:
        return SAMPLES[match.group(1) or "str"]

    return "/" + re.sub(
        r"<(?:(\w+):)?\w+>", value, re.sub(r"[\^$]|\\Z", "", re.sub(r"\(\?P<(\w+)>[^)]*\)", "<str:x>", route))
    )


@pytest.mark.usefixtures("database", "clock")
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in_from_every_address_that_is_not_meant_for_strangers(method: str) -> None:
    """Default deny: a new address is closed unless it is named in OPEN with its reason."""
    loose = []
    for route in addresses():
        if any(route.replace("^", "").rstrip("$") == name for name in OPEN):
            continue
        answer = getattr(Client(), method)(filled(route))
        is_closed = answer.status_code in {404, 405, 410} or (
            answer.status_code == 302 and "/accounts/login/" in answer["Location"]
        )
        if not is_closed:
            loose.append(f"{method} {route}: {answer.status_code}")
    assert loose == []


@pytest.mark.usefixtures("database", "clock")
def test_every_post_without_a_csrf_token_is_refused(alice: object) -> None:
    from tenantry.technicians.models import Technician

    assert isinstance(alice, Technician)
    loose = []
    for route in addresses():
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
        answer = client.post(filled(route))
        if answer.status_code not in {403, 404, 405, 410}:
            loose.append(f"{route}: {answer.status_code}")
    assert loose == []


POLICY = {
    **dict.fromkeys(("default-src", "object-src", "base-uri", "frame-ancestors"), "'none'"),
    **dict.fromkeys(("script-src", "style-src", "font-src", "connect-src", "manifest-src"), "'self'"),
    "img-src": "'self' data:",
}
COOKIES = {"tenantry", "tenantry-csrf", "tenantry-handover", "tenantry-verify"}


def complaints(answer: Any, *, is_file: bool = False) -> Iterator[str]:  # noqa: ANN401  Django's or its test client's
    """What is wrong with the headers and cookies of an answer."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer.get("Content-Security-Policy", "").split(";"))
    form = policy.pop("form-action", "")
    if policy != POLICY or form.split()[:1] != ["'self'"] or len(form.split()) > 2:
        yield f"policy {policy} {form}"
    wanted: dict[str, set[str | None]] = {
        "X-Frame-Options": {"DENY"},
        "X-Content-Type-Options": {"nosniff"},
        "Referrer-Policy": {"same-origin", "no-referrer", "strict-origin"},
        "Cross-Origin-Opener-Policy": {"same-origin"},
        "Cross-Origin-Resource-Policy": {"same-origin"},
        "Strict-Transport-Security": {"max-age=31536000; includeSubDomains"},
        "Access-Control-Allow-Origin": {None},
        "Server": {None},
        "X-Powered-By": {None},
    }
    yield from (f"{name}: {answer.get(name)}" for name, good in wanted.items() if answer.get(name) not in good)
    if not is_file and "no-store" not in answer.get("Cache-Control", ""):
        yield "may be kept by a browser"
    kind = answer.get("Content-Type", "").lower().replace('"', "")
    if answer.status_code == 200 and kind.startswith(("text/", "application/xml")) and "charset=utf-8" not in kind:
        yield f"type {kind}"
    for name, cookie in answer.cookies.items():
        if name not in COOKIES or not cookie["httponly"] or cookie["samesite"] != "Lax" or cookie["path"] != "/":
            yield f"cookie {cookie.OutputString()}"
        if cookie["domain"]:
            yield f"cookie for {cookie['domain']}"


@pytest.mark.usefixtures("database", "clock", "stack")
def test_every_answer_carries_every_header_and_only_guarded_cookies(alice: "Technician", customer: "Customer") -> None:
    """AC 4 (headers, cookies, policy): every address for a stranger and an owner, with refusals, files and probes."""
    wrong = []
    with override_settings(SECURE_HSTS_SECONDS=31536000):  # as over TLS
        owner, stranger = (Client(raise_request_exception=False, enforce_csrf_checks=True) for _ in range(2))
        owner.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
        seen = 0
        routes = [*addresses(), "no-such-page/", "api/v1/customers", "api/v1/nothing", "healthz", "readyz"]
        for route in routes:
            path = filled(re.sub(r"<uuid:customer_id>", str(customer.pk), route))
            for who, client in (("owner", owner), ("stranger", stranger)):
                for verb in ("get", "post"):  # the post has no token: a refusal is an answer too
                    answer = getattr(client, verb)(path, secure=True)
                    seen += answer.status_code == 200
                    wrong += [f"{who} {verb} {path} {answer.status_code}: {what}" for what in complaints(answer)]
        assert seen > 40
        for path in ("/static/tenantry/css/base.css", "/static/nothing.css"):
            answer = stranger.get(path, secure=True)
            wrong += [f"{path} {answer.status_code}: {what}" for what in complaints(answer, is_file=True)]
            answer.close()
        foreign = stranger.get("/accounts/login/", secure=True, headers={"host": "elsewhere.example"})
        assert foreign.status_code == 400
        wrong += [f"another host: {what}" for what in complaints(foreign)]
        for origin in ("https://elsewhere.example", "null"):
            answer = owner.get("/customers/", secure=True, headers={"origin": origin})
            wrong += [f"origin {origin}: {what}" for what in complaints(answer)]
    assert wrong == []


@pytest.mark.usefixtures("database", "clock")
def test_methods_that_nothing_serves_are_refused(eve: Client) -> None:
    """ASVS 13.4.4, 4.1.4: neither TRACE nor what nobody has heard of reaches a page."""
    for method in ("TRACE", "CONNECT", "PROPFIND"):
        for path in ("/accounts/login/", "/", "/api/v1/customers", "/healthz"):
            answer = eve.generic(method, path)
            assert answer.status_code == 405, (method, path)
            assert b"tenantry" not in answer.content.lower()


@pytest.mark.usefixtures("database", "clock")
def test_a_file_is_read_past_and_kept_nowhere(alice: "Technician") -> None:
    """ASVS 5.2.1: no form takes a file; one that is sent fills neither memory nor disk, and the form is read."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.test import RequestFactory

    big = SimpleUploadedFile("../../evil.html", b"<script>" * 500_000, content_type="text/html")
    request = RequestFactory().post("/customers/add/", {"name": "Kestrel", "file": big})
    assert request.POST["name"] == "Kestrel"
    assert dict(request.FILES) == {}
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/customers/add/", {"name": "x" * 3_000_000}).status_code == 400


@pytest.mark.usefixtures("clock")
def test_opening_an_address_changes_nothing_in_any_table(
    alice: "Technician", customer: "Customer", owner: "Owner"
) -> None:
    """AC 4: GETs change nothing. Every row of every table is as before, but for sessions and the counters of limits."""
    counted = {"django_session", "technicians_browsersession", "technicians_sharedentry"}

    def rows() -> dict[str, object]:
        with owner() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
            names = [name for (name,) in cursor.fetchall() if name not in counted]
            found = {}
            for name in names:
                cursor.execute(f'SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM "{name}" t')
                found[name] = cursor.fetchone()
            return found

    client = Client(raise_request_exception=False)
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    alice.refresh_from_db()
    before = rows()
    assert len(before) > 50
    for route in addresses():
        path = filled(re.sub(r"<uuid:customer_id>", str(customer.pk), route))
        for visitor in (client, Client(raise_request_exception=False)):
            assert visitor.get(path).status_code < 500, path
            assert visitor.head(path).status_code < 500, path
    after = rows()
    assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}
