"""Every address of the console, taken from the resolver: none is open to strangers by accident."""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

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


@pytest.mark.usefixtures("database", "clock")
def test_every_page_carries_a_strict_policy(eve: Client) -> None:
    answer = eve.get("/accounts/login/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
