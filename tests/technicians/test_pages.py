"""Every address: closed to strangers; every page of allauth: ours in looks, or not there."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from tenantry.technicians.models import Technician

# Whoever opens a page to strangers says so here.
OPEN = {
    "account_inactive",
    "account_login",
    "handover:page",
    "handover:page_script",
    "helpdesk:secret",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "roads:sign_in_return",  # also for administrators who left from a link; technicians are asked for inside
    "technicians:microsoft",
    "technicians:microsoft-return",
    "technicians:join",
    "technicians:setup",
    "technicians:welcome",
    "verification:decline",
    "verification:page",
    "verification:return",
}
OPEN_PATHS = ("/styleguide/",)
NOT_OFFERED = (
    "signup/",
    "email/",
    "confirm-email/",
    "confirm-email/abc/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/1-abc/",
    "password/reset/key/done/",
    "login/code/",
    "login/code/confirm/",
    "signup/passkey/",
    "2fa/webauthn/signup/",
    "2fa/trust/",
    "sessions/",
    "no-such-page/",
)
_SAMPLES = {
    "UUIDConverter": uuid.UUID(int=7),
    "AnyCaseConverter": uuid.UUID(int=7),
    "IntConverter": 7,
    "StringConverter": "abc",
    "SlugConverter": "abc",
}


def _named_addresses(
    resolver: URLResolver, namespaces: tuple[str, ...] = (), known: dict[str, object] | None = None
) -> Iterator[tuple[str, str]]:
    """Each named address below `resolver` with sample arguments; patterns that are regular expressions are left out."""
    for entry in resolver.url_patterns:
        converters = entry.pattern.converters if isinstance(entry.pattern, RoutePattern) else {}
        arguments = (known or {}) | {name: _SAMPLES[type(converter).__name__] for name, converter in converters.items()}
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _named_addresses(entry, inner, arguments)
        elif isinstance(entry, URLPattern) and entry.name and isinstance(entry.pattern, RoutePattern):
            name = ":".join((*namespaces, entry.name))
            yield name, reverse(name, kwargs=arguments)


def _closed() -> list[tuple[str, str]]:
    return [
        (name, path)
        for name, path in _named_addresses(get_resolver())
        if name not in OPEN
        and not name.startswith("api-")  # tests/api: a token or 401
        and not path.startswith(OPEN_PATHS)
        and path.removeprefix("/accounts/") not in NOT_OFFERED
    ]


def test_a_stranger_is_sent_to_sign_in_from_every_page(visitor: Client) -> None:
    closed = _closed()
    assert len(closed) > 10
    for name, path in closed:
        for answer in (visitor.get(path), visitor.post(path, {"anything": "at all"})):
            assert answer.status_code == 302, (name, answer.status_code)
            assert answer["Location"].startswith("/accounts/login/") or name == "account_logout", name


def test_what_is_not_offered_is_not_there(visitor: Client, as_technician: Client) -> None:
    for page in NOT_OFFERED:
        for client in (visitor, as_technician):
            for answer in (client.get(f"/accounts/{page}"), client.post(f"/accounts/{page}")):
                assert answer.status_code == 404, page


def test_every_page_of_allauth_looks_like_the_console(
    visitor: Client, as_technician: Client, browser: Callable[[], Client], technician: Technician
) -> None:
    confirmed = as_technician
    confirmed.post("/accounts/reauthenticate/", {"password": "plum kettle harbour 9"})
    no_password = browser()
    other = Technician.objects.create_user(
        f"bare-{uuid.uuid4().hex[:8]}@harbour-it.example", display_name="Bare", created_at=technician.created_at
    )
    no_password.force_login(other)
    rendered = set()
    for name, path in _named_addresses(get_resolver()):
        if not path.startswith("/accounts/"):
            continue
        for client in (visitor, confirmed, no_password):
            answer = client.get(path)
            assert answer.status_code in {200, 302, 403, 404, 405}, (name, answer.status_code)
            if answer.status_code != 200:
                continue
            rendered.add(name)
            text = answer.content.decode()
            assert "tenantry/css/" in text, name
            assert 'class="door"' in text or 'class="shell"' in text, name
            assert not re.search(r"<script(?![^>]*\ssrc=)", text), name
            assert not re.search(r"\sstyle=|\son[a-z]+=\"|<style", text), name
            assert "placeholder=" not in text.partition("<main")[2], name
            assert not re.search(r"<button(?![^>]*class=)", text.partition("<main")[2]), name
    assert rendered >= {
        "account_change_password",
        "account_inactive",
        "account_login",
        "account_logout",
        "account_reauthenticate",
        "account_set_password",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_generate_recovery_codes",
    }


def test_overviews_lead_to_the_settings(as_technician: Client) -> None:
    for page in ("/accounts/", "/accounts/2fa/", "/accounts/2fa/webauthn/"):
        assert as_technician.get(page)["Location"] == "/settings/"


def test_pages_of_sign_in_carry_the_strict_policy(visitor: Client) -> None:
    policy = visitor.get("/accounts/login/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_cookies_cannot_be_read_by_scripts_or_sent_across_sites(as_technician: Client) -> None:
    for name in ("tenantry", "tenantry-csrf"):
        as_technician.get("/settings/")
        cookie = as_technician.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_over_tls_cookies_are_bound_to_the_host() -> None:
    names = ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE")
    shown = subprocess.run(
        [sys.executable, "-c", f"from tenantry import settings as s; print([getattr(s, n) for n in {names!r}])"],
        env={
            **os.environ,
            "TENANTRY_PUBLIC_URL": "https://console.example.com",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "['__Host-tenantry', True, '__Host-tenantry-csrf', True]"
