"""The page that asks: what it names, what it refuses, and that pressing twice is one effect."""

import re
import threading
import uuid
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from tests.helpdesk.conftest import PASSWORD, Place

if TYPE_CHECKING:
    from django.test import Client
    from django.test.client import _MonkeyPatchedWSGIResponse as Page

    from tenantry.directory.models import DirectoryUser
    from tenantry.helpdesk.confirmation import Confirmation
    from tenantry.technicians.models import Technician


def _url(place: Place, user: "DirectoryUser", slug: str = "reset-password") -> str:
    return reverse("helpdesk:confirm", args=(place.customer.pk, user.object_id, slug))


def _token(page: "Page") -> str:
    found = re.search(r'name="confirmation" value="([^"]+)"', page.content.decode())
    assert found, page.content.decode()
    return found.group(1)


def _form(token: str, **changes: str) -> dict[str, str]:
    return {
        "confirmation": token,
        "justification": "Forgotten password",
        "ticket": "T-1",
        "source": "typed",
        "password": PASSWORD,
        "must_change": "on",
    } | changes


def _operations(user: "DirectoryUser") -> int:
    from tenantry.helpdesk.models import Operation

    return Operation.objects.filter(object_id=user.object_id).count()


def test_opening_the_page_changes_nothing_and_names_customer_and_user(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    page = as_alice.get(_url(place, dana))
    text = page.content.decode()
    assert page.status_code == 200
    assert place.customer.name in text
    assert dana.user_principal_name in text
    assert "Reset the password of Dana Doe?" in text
    assert "Reset the password of <bdi>Dana Doe</bdi>?" in text  # a name from right to left stays in its place
    assert 'name="must_change"' in text
    assert "checked" in text
    assert _operations(dana) == 0


def test_a_reset_from_the_page_to_the_password_shown_once(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    page = as_alice.get(_url(place, dana))
    answer = as_alice.post(_url(place, dana), _form(_token(page), source="words", password=""), follow=True)
    assert "Waiting" in answer.content.decode()
    place.run_jobs()
    shown_at = answer.redirect_chain[-1][0]
    assert "Show password" in as_alice.get(shown_at).content.decode()
    operation_id = shown_at.rstrip("/").rsplit("/", 1)[-1]
    reveal = reverse("helpdesk:reveal", args=(place.customer.pk, operation_id))
    first = as_alice.post(reveal)
    password = place.in_tenant(dana).password
    assert password
    assert f'data-copy="{password}"' in first.content.decode()
    assert "data-secret" in first.content.decode()
    assert "no-store" in first.headers["Cache-Control"]
    second = as_alice.post(reveal, follow=True)
    assert password not in second.content.decode()
    assert "It was shown to Alice Moreau" in second.content.decode()


@pytest.mark.parametrize("source", ["words", "random"])
def test_generated_passwords_are_accepted_by_the_tenant(
    place: Place, dana: "DirectoryUser", as_alice: "Client", source: str
) -> None:
    from tenantry.helpdesk.models import Operation

    as_alice.post(_url(place, dana), _form(_token(as_alice.get(_url(place, dana))), source=source, password=""))
    place.run_jobs()
    assert Operation.objects.get(object_id=dana.object_id).state == "done"
    assert place.in_tenant(dana).password != "Before-the-reset-1"


def test_a_double_click_is_one_effect(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    form = _form(_token(as_alice.get(_url(place, dana))))
    first, second = (as_alice.post(_url(place, dana), form) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    place.run_jobs()
    assert (_operations(dana), place.effects(dana)) == (1, 1)


def test_going_back_and_posting_again_after_it_is_done_leads_to_the_same_operation(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    form = _form(_token(as_alice.get(_url(place, dana))))
    first = as_alice.post(_url(place, dana), form)
    place.run_jobs()
    place.clock.travel(minutes=30)
    again = as_alice.post(_url(place, dana), form)
    place.run_jobs()
    assert again.headers["Location"] == first.headers["Location"]
    assert place.effects(dana) == 1


def test_a_second_tab_opened_before_the_first_was_sent_is_a_conflict_and_sends_nothing(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    one, two = (_token(as_alice.get(_url(place, dana))) for _ in range(2))
    as_alice.post(_url(place, dana), _form(one))
    place.run_jobs()
    late = as_alice.post(_url(place, dana), _form(two))
    place.run_jobs()
    assert late.status_code == 409
    assert "Already done" in late.content.decode()
    assert "Alice Moreau" in late.content.decode()
    assert PASSWORD not in late.content.decode()
    assert place.effects(dana) == 1


def test_an_old_page_comes_again_with_what_was_typed_but_never_the_password(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    token = _token(as_alice.get(_url(place, dana)))
    place.clock.travel(minutes=11)
    late = as_alice.post(_url(place, dana), _form(token, justification="Asked at the door"))
    text = late.content.decode()
    assert late.status_code == 409
    assert "open for more than ten minutes" in text
    assert "Asked at the door" in text
    assert PASSWORD not in text
    assert "type it again" in text
    assert _operations(dana) == 0
    assert as_alice.post(_url(place, dana), _form(_token(late))).status_code == 302


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"justification": "no"}, "at least 3"),
        ({"justification": ""}, "required"),
        ({"password": "short"}, "8 to 256"),
        ({"password": "alllowercaseletters"}, "three of"),
        ({"password": "Pässword-1234"}, "English keyboard"),
        ({"ticket": "T" * 65}, "at most 64"),
    ],
)
def test_what_cannot_be_accepted_is_said_at_its_field(
    place: Place, dana: "DirectoryUser", as_alice: "Client", changes: dict[str, str], words: str
) -> None:
    answer = as_alice.post(_url(place, dana), _form(_token(as_alice.get(_url(place, dana))), **changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert _operations(dana) == 0


def test_a_typed_password_must_not_hold_the_user_name(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    name = dana.user_principal_name.split("@")[0]
    token = _token(as_alice.get(_url(place, dana)))
    answer = as_alice.post(_url(place, dana), _form(token, password=f"A1-{name}-longer"))
    assert "user name" in answer.content.decode()
    assert _operations(dana) == 0


def test_a_confirmation_fits_one_user_one_kind_one_customer_and_one_technician(
    place: Place, dana: "DirectoryUser", as_alice: "Client", charlie: "Technician"
) -> None:
    from django.test import Client

    other = place.add_user("Noor Hassan")
    token = _token(as_alice.get(_url(place, dana)))
    assert as_alice.post(_url(place, other), _form(token)).status_code == 403
    assert as_alice.post(_url(place, dana, "block"), _form(token)).status_code == 403
    assert as_alice.post(_url(place, dana), _form(f"{token}x")).status_code == 403
    assert as_alice.post(_url(place, dana), _form("")).status_code == 403
    browser = Client()
    browser.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(_url(place, dana), _form(token)).status_code == 403
    assert _operations(dana) == _operations(other) == 0


def test_a_user_of_another_customer_is_not_found(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    from tenantry.customers.models import Customer

    stranger = Customer.objects.create(name=f"Elsewhere {uuid.uuid4().hex[:8]}", created_at=place.clock.now())
    assert as_alice.get(reverse("helpdesk:confirm", args=(stranger.pk, dana.object_id, "block"))).status_code == 404
    assert as_alice.get(_url(place, dana, "delete-everything")).status_code == 404
    operation = place.ask(dana)
    assert as_alice.get(reverse("helpdesk:operation", args=(stranger.pk, operation.pk))).status_code == 404


def test_somebody_signed_out_is_asked_to_sign_in(place: Place, dana: "DirectoryUser", eve: "Client") -> None:
    answer = eve.get(_url(place, dana))
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def test_only_the_one_who_asked_sees_the_password(place: Place, dana: "DirectoryUser", charlie: "Technician") -> None:
    from django.test import Client

    operation = place.do(dana)
    browser = Client()
    browser.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get(reverse("helpdesk:operation", args=(place.customer.pk, operation.pk))).content.decode()
    assert "Only Alice Moreau" in page
    answer = browser.post(reverse("helpdesk:reveal", args=(place.customer.pk, operation.pk)))
    assert answer.status_code == 403
    assert PASSWORD not in answer.content.decode()
    operation.refresh_from_db()
    assert operation.password_shown_at is None


def test_a_password_nobody_asks_to_see_is_thrown_away_after_15_minutes(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    from tenantry.helpdesk import tasks

    operation = place.do(dana)
    place.clock.travel(minutes=14)
    tasks.discard()
    operation.refresh_from_db()
    assert operation.password_sealed is not None
    place.clock.travel(seconds=61)
    tasks.discard()
    after = type(operation).objects.get(pk=operation.pk)
    assert after.password_sealed is None
    assert after.password_discarded_at is not None
    page = as_alice.get(reverse("helpdesk:operation", args=(place.customer.pk, operation.pk)))
    assert "thrown away" in page.content.decode()
    reveal = as_alice.post(reverse("helpdesk:reveal", args=(place.customer.pk, operation.pk)), follow=True)
    assert PASSWORD not in reveal.content.decode()


def test_a_password_can_be_thrown_away_unseen(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    from tenantry.audit.models import Event

    operation = place.do(dana)
    as_alice.post(reverse("helpdesk:discard", args=(place.customer.pk, operation.pk)))
    operation.refresh_from_db()
    assert operation.password_sealed is None
    assert Event.objects.filter(target_id=str(dana.object_id), action="helpdesk.password_discarded").count() == 1


def test_the_password_is_not_shown_before_the_reset_is_proven(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    operation = place.ask(dana)
    answer = as_alice.post(reverse("helpdesk:reveal", args=(place.customer.pk, operation.pk)), follow=True)
    assert PASSWORD not in answer.content.decode()
    operation.refresh_from_db()
    assert operation.password_sealed is not None
    assert operation.password_shown_at is None


def test_the_fragment_polls_while_open_and_stops_when_ended(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    operation = place.ask(dana)
    status = reverse("helpdesk:operation_status", args=(place.customer.pk, operation.pk))
    page = as_alice.get(reverse("helpdesk:operation", args=(place.customer.pk, operation.pk))).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page
    assert f'hx-get="{status}"' in as_alice.get(status).content.decode()
    place.run_jobs()
    fragment = as_alice.get(status).content.decode()
    assert "hx-get" not in fragment
    assert "<html" not in fragment


def test_an_operation_that_is_open_is_shown_instead_of_the_form(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    place.ask(dana)
    text = as_alice.get(_url(place, dana, "block")).content.decode()
    assert "still going on" in text
    assert 'name="confirmation"' not in text


def test_two_technicians_at_once_are_one_open_operation(place: Place, dana: "DirectoryUser") -> None:
    """Real threads, real transactions: the database decides who was first."""
    from django.db import connection

    from tenantry.helpdesk import actions
    from tenantry.helpdesk.kinds import BY_SLUG
    from tenantry.kit.errors import Conflict

    tokens = [
        actions.confirm(technician=place.alice, customer_id=place.customer.pk, user=dana, kind=BY_SLUG["block"])
        for _ in range(4)
    ]
    barrier = threading.Barrier(len(tokens))
    results: list[str] = []

    def press(token: "Confirmation") -> None:
        try:
            barrier.wait(timeout=20)
            results.append(str(place.ask(dana, "block", confirmation=token).pk))
        except Conflict:
            results.append("conflict")
        finally:
            connection.close()

    _run_together([threading.Thread(target=press, args=(token,)) for token in tokens])
    assert len(results) == len(tokens)
    assert results.count("conflict") == len(tokens) - 1
    place.run_jobs()
    assert place.effects(dana) == 1


def test_two_workers_on_one_operation_are_one_effect(place: Place, dana: "DirectoryUser") -> None:
    from django.db import connection

    from tenantry.helpdesk import runner

    operation = place.ask(dana)
    barrier = threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait(timeout=20)
            runner.run(operation_id=operation.pk)
        finally:
            connection.close()

    _run_together([threading.Thread(target=work) for _ in range(3)])
    operation.refresh_from_db()
    assert (operation.state, operation.attempts) == ("done", 1)
    assert place.effects(dana) == 1


def _run_together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_the_partials_for_the_user_page_render(place: Place, dana: "DirectoryUser") -> None:
    from django.template.loader import render_to_string

    from tenantry.helpdesk.queries import action_rows, open_among, recent_operations

    place.do(dana)
    found = recent_operations(tenant_id=place.tenant_id, object_id=dana.object_id)
    rows = action_rows(
        technician=place.alice,
        customer=place.customer,
        connection=place.connection,
        user=dana,
        running=open_among(found),
    )
    text = render_to_string("helpdesk/user_actions.html", {"rows": rows})
    assert _url(place, dana, "block") in text
    text = render_to_string("helpdesk/recent_operations.html", {"operations": found, "customer_id": place.customer.pk})
    assert "Reset password" in text


def test_the_back_button_after_it_is_done_shows_what_was_done_and_no_form(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    """The browser asks for the page anew; a fresh form would do it a second time."""
    done = place.do(dana)
    text = as_alice.get(_url(place, dana)).content.decode()
    assert "Already done" in text
    assert "Alice Moreau" in text
    assert reverse("helpdesk:operation", args=(place.customer.pk, done.pk)) in text
    assert f"?again={done.pk}" in text
    assert 'name="confirmation"' not in text


def test_once_more_is_done_only_by_somebody_who_was_told_of_the_first_time(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    done = place.do(dana)
    page = as_alice.get(f"{_url(place, dana)}?again={done.pk}")
    place.clock.travel(seconds=1)
    assert as_alice.post(_url(place, dana), _form(_token(page), justification="no")).status_code == 422
    assert as_alice.post(_url(place, dana), _form(_token(page))).status_code == 302
    place.run_jobs()
    assert place.effects(dana) == 2
    # The acknowledgement was of the first; the second is news again.
    assert 'name="confirmation"' not in as_alice.get(f"{_url(place, dana)}?again={done.pk}").content.decode()


@pytest.mark.parametrize("again", ["", "nonsense", "c078d476-8d50-4343-8e0f-2dd4d6604d0a"])
def test_a_link_that_names_another_operation_acknowledges_nothing(
    place: Place, dana: "DirectoryUser", as_alice: "Client", again: str
) -> None:
    place.do(dana)
    assert 'name="confirmation"' not in as_alice.get(f"{_url(place, dana)}?again={again}").content.decode()


def test_a_form_without_the_acknowledgement_is_refused_while_the_first_is_fresh(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    from tenantry.helpdesk import actions
    from tenantry.helpdesk.kinds import BY_SLUG

    done = place.do(dana)
    token = actions.confirm(
        technician=place.alice, customer_id=place.customer.pk, user=dana, kind=BY_SLUG["reset-password"]
    )
    answer = as_alice.post(_url(place, dana), _form(token.sealed()))
    assert answer.status_code == 409
    assert "Not sent again" in answer.content.decode()
    assert f"?again={done.pk}" in answer.content.decode()
    place.run_jobs()
    assert place.effects(dana) == 1


def test_an_expired_page_does_not_hide_what_was_done_in_between(
    place: Place, dana: "DirectoryUser", as_alice: "Client"
) -> None:
    token = _token(as_alice.get(_url(place, dana)))
    place.clock.travel(minutes=11)
    place.do(dana)
    answer = as_alice.post(_url(place, dana), _form(token))
    assert answer.status_code == 409
    assert 'name="confirmation"' not in answer.content.decode()
    place.run_jobs()
    assert place.effects(dana) == 1


def test_after_two_minutes_the_form_is_shown_as_usual(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    place.do(dana)
    place.clock.travel(seconds=121)
    assert as_alice.post(_url(place, dana), _form(_token(as_alice.get(_url(place, dana))))).status_code == 302


def test_another_kind_or_an_undone_one_is_no_repeat(place: Place, dana: "DirectoryUser", as_alice: "Client") -> None:
    place.do(dana, "block")
    assert 'name="confirmation"' in as_alice.get(_url(place, dana)).content.decode()
    assert 'name="confirmation"' not in as_alice.get(_url(place, dana, "block")).content.decode()
    place.clock.travel(seconds=1)
    place.do(dana, "unblock")
    assert 'name="confirmation"' in as_alice.get(_url(place, dana, "block")).content.decode()
