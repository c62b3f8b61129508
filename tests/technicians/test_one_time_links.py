"""One-time links: once, not for long, and nothing of them kept that could be used."""

import base64
import logging
import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.test import Client, override_settings
from tests.conftest import SharedClock
from tests.technicians.helpers import acts_of, is_signed_in, path_of, token_of

from tenantry.kit.logs import Redact
from tenantry.technicians import actions, queries
from tenantry.technicians.errors import LinkUnusable
from tenantry.technicians.models import LinkPurpose, OneTimeLink, Technician
from tenantry.technicians.queries import LinkState


def test_a_sign_in_link_signs_in_once(technician: Technician, visitor: Client, browser: Callable[[], Client]) -> None:
    page = path_of(actions.create_sign_in_link(technician))
    answer = visitor.post(page)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(visitor, technician)

    late = browser()
    answer = late.post(page)
    assert answer.status_code == 410
    assert b"This link was used" in answer.content
    assert b"tenantry link" in answer.content
    assert not is_signed_in(late)


def test_opening_a_link_changes_nothing_and_offers_one_button(technician: Technician, visitor: Client) -> None:
    url = actions.create_sign_in_link(technician)
    for method in (visitor.get, visitor.head, visitor.get):
        assert method(path_of(url)).status_code == 200
    page = visitor.get(path_of(url))
    assert b"data-autosubmit" in page.content
    assert page.content.count(b"<button") == 1
    assert technician.email.encode() in page.content
    assert queries.find_link(token=token_of(url), purpose=LinkPurpose.SIGN_IN).state == LinkState.READY
    assert not is_signed_in(visitor)


def test_of_two_requests_at_the_same_moment_one_gets_the_link(technician: Technician) -> None:
    for _ in range(5):
        token = token_of(actions.create_sign_in_link(technician))
        start = threading.Barrier(4)
        outcomes: list[str] = []

        def use(token: str = token, start: threading.Barrier = start, outcomes: list[str] = outcomes) -> None:
            try:
                start.wait(timeout=10)
                actions.use_sign_in_link(token=token, network_address="")
                outcomes.append("signed in")
            except LinkUnusable as refusal:
                outcomes.append(refusal.state)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["signed in", "used", "used", "used"]


@pytest.mark.parametrize(("is_demo", "minutes"), [(False, 15), (True, 24 * 60)])
def test_a_sign_in_link_expires(
    technician: Technician, visitor: Client, clock: SharedClock, is_demo: bool, minutes: int
) -> None:
    with override_settings(IS_DEMO=is_demo):
        page = path_of(actions.create_sign_in_link(technician))
    clock.travel(minutes=minutes, seconds=-1)
    assert visitor.get(page).status_code == 200
    clock.travel(seconds=1)
    for answer in (visitor.get(page), visitor.post(page)):
        assert answer.status_code == 410
        assert b"This link has expired" in answer.content
    assert not is_signed_in(visitor)


def test_an_unknown_link_is_not_found(visitor: Client, technician: Technician) -> None:
    setup_token_on_wrong_page = token_of(actions.create_sign_in_link(technician))
    for page in ("/welcome/no-such-token/", "/setup/no-such-token/", f"/setup/{setup_token_on_wrong_page}/"):
        for answer in (visitor.get(page), visitor.post(page)):
            assert answer.status_code == 404
            assert b"Unknown link" in answer.content


def test_a_link_of_somebody_switched_off_does_nothing(technician: Technician, visitor: Client) -> None:
    page = path_of(actions.create_sign_in_link(technician))
    Technician.objects.filter(pk=technician.pk).update(is_active=False)
    assert visitor.get(page).status_code == 404
    assert visitor.post(page).status_code == 404
    assert not is_signed_in(visitor)


def test_only_the_digest_of_256_random_bits_is_stored(technician: Technician) -> None:
    token = token_of(actions.create_sign_in_link(technician))
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(l::text, ' ') FROM technicians_onetimelink l")
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(e::text, ' ') FROM audit_event e")
        recorded = cursor.fetchone()[0]
    assert token not in stored
    assert token not in recorded


def test_the_button_needs_the_form_of_the_page(technician: Technician) -> None:
    page = path_of(actions.create_sign_in_link(technician))
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(page).status_code == 403
    assert OneTimeLink.objects.get(technician=technician).used_at is None


def test_the_address_of_a_link_page_travels_nowhere(technician: Technician, visitor: Client) -> None:
    page = path_of(actions.create_sign_in_link(technician))
    opened = visitor.get(page)
    assert opened["Referrer-Policy"] == "strict-origin"  # "no-referrer" would void the page's own form: Origin: null
    assert "no-store" in opened["Cache-Control"]
    used = visitor.post(page)
    assert used["Referrer-Policy"] == "strict-origin"
    assert visitor.get(page)["Referrer-Policy"] == "no-referrer"


def test_a_link_replaces_whoever_was_signed_in(technician: Technician, alice: Technician, visitor: Client) -> None:
    visitor.post(path_of(actions.create_sign_in_link(alice)))
    assert is_signed_in(visitor, alice)
    old_session = visitor.session.session_key
    visitor.post(path_of(actions.create_sign_in_link(technician)))
    assert is_signed_in(visitor, technician)
    assert visitor.session.session_key != old_session


def test_making_and_using_a_link_is_recorded(technician: Technician, visitor: Client) -> None:
    visitor.post(path_of(actions.create_sign_in_link(technician)))
    assert [(action, summary) for action, summary, _ in acts_of(technician)] == [
        ("technicians.one_time_link_created", "A one-time sign-in link for Noor Haddad was made."),
        ("technicians.one_time_link_used", "A one-time sign-in link was used."),
        ("technicians.signed_in", "Signed in with a one-time link."),
    ]


def test_links_do_not_reach_the_logs(technician: Technician, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(Redact())  # what the product's own handler does
    url = actions.create_sign_in_link(technician)
    for _ in range(2):
        visitor.get(path_of(url))
        visitor.post(path_of(url))
    assert token_of(url) not in caplog.text
    assert "struck" in caplog.text  # the refused requests were logged, without the token
