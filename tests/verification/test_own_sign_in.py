"""The caller signs in to their own tenant: journey, and everything that does not count."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from tests.entrasim.surfer import Surfer
from tests.helpdesk.conftest import Place
from tests.helpdesk.test_confirming import _form, _token, _url
from tests.verification.conftest import Desk, at_microsoft
from tests.verification.test_passes import acts_about

from tenantry.helpdesk.guarding import Shown
from tenantry.kit.errors import NotAllowed
from tenantry.safeguards.policies import Strength
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import Method, Wrong

if TYPE_CHECKING:
    from entrasim.handle import Handle
    from tenantry.directory.models import DirectoryUser

Rule = Callable[[Strength], None]


def test_from_the_confirmation_over_the_callers_sign_in_to_the_reset(
    desk: Desk, dana: "DirectoryUser", place: Place, rule: Rule
) -> None:
    """Issue 4: caller verified by own Entra sign-in; the pass is used with the operation, and stands in the record."""
    from tenantry.helpdesk.models import Operation

    rule(Strength.GOOD)
    cache.clear()
    client, url = desk.client, _url(place, dana)
    page = client.get(f"{url}?ticket=T-1")
    assert "Verify the caller" in page.content.decode()
    refused = client.post(url, _form(_token(page)))
    assert refused.status_code == 422
    assert "Verify the caller first, for this user and this ticket" in refused.content.decode()
    verify = reverse("verification:start", args=(place.customer.pk, dana.object_id, "reset-password"))
    offered = client.get(f"{verify}?ticket=T-1").content.decode()
    assert 'value="T-1"' in offered
    assert "It proves too little here" in offered  # the code by mail
    begun = client.post(verify, {"ticket": "T-1", "method": "own_sign_in"})
    row = Verification.objects.get(object_id=dana.object_id)
    progress = begun["Location"]
    shown = client.get(progress).content.decode()
    link = desk.link(row)
    assert link in shown
    assert f"<b>{row.number}</b>" in shown
    caller = Client()
    asked = caller.get(link).content.decode()
    assert f"<b>{row.number}</b>" in asked
    assert "Alice Moreau" in asked
    assert dana.user_principal_name not in asked
    desk.sign_in(link, place.in_tenant(dana), as_=caller)
    assert "You are verified" in caller.get(link).content.decode()
    polled = client.get(reverse("verification:status", args=(place.customer.pk, row.pk)))
    assert polled["HX-Refresh"] == "true"
    done = polled.content.decode()
    assert "Caller verified" in done
    assert f"{url}?ticket=T-1" in done
    assert link not in client.get(progress).content.decode()

    confirm = client.get(f"{url}?ticket=T-1")
    assert "Caller verified" in confirm.content.decode()
    other_ticket = client.post(url, _form(_token(confirm), ticket="T-2"))
    assert other_ticket.status_code == 422
    form = _form(_token(client.get(f"{url}?ticket=T-1")))
    made, again = client.post(url, form), client.post(url, form)
    assert made["Location"] == again["Location"]
    operation = Operation.objects.get(object_id=dana.object_id)
    assert operation.grounds["pass"] == str(row.pk)
    assert operation.grounds["caller_verified"] == "own_sign_in"
    assert operation.grounds["caller_strength"] == "good"
    row.refresh_from_db()
    assert (row.state, row.used_for) == (State.USED, f"operation {operation.pk}")
    assert acts_about(dana) == ["started", "passed", "pass_used"]
    place.run_jobs()
    place.clock.travel(minutes=3)
    spent = client.post(url, _form(_token(client.get(f"{url}?ticket=T-1"))))
    assert spent.status_code == 422


def test_a_second_factor_that_the_token_proves_makes_it_strong(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    place.tenant.tell_methods_in_id_tokens()
    for methods, strength in ((("pwd",), Strength.GOOD), (("pwd", "mfa"), Strength.STRONG)):
        place.tenant.sign_in_methods(str(dana.object_id), *methods)
        row = desk.start(dana)
        desk.sign_in(desk.link(row), place.in_tenant(dana))
        row.refresh_from_db()
        assert (row.state, row.strength) == (State.PASSED, strength)


def test_another_account_does_not_count_and_five_of_them_end_it(
    desk: Desk, dana: "DirectoryUser", place: Place
) -> None:
    mallory = place.add_user("Mallory", password="Not-dana-at-all-1")
    row = desk.start(dana)
    link = desk.link(row)
    for left in (4, 3, 2, 1, 0):
        client = desk.sign_in(link, place.in_tenant(mallory))
        row.refresh_from_db()
        assert (row.tries_left, row.last_wrong) == (left, Wrong.ACCOUNT)
    assert row.state == State.FAILED
    assert "another account" in client.get(link).content.decode()
    assert desk.link(row) == ""
    assert acts_about(dana) == ["started", *["wrong_answer"] * 4, "failed"]


def test_an_account_of_another_tenant_never_comes_back(
    desk: Desk, dana: "DirectoryUser", sim: "Handle", place: Place
) -> None:
    elsewhere = sim.new_tenant(name="Elsewhere", domain=f"else-{uuid.uuid4().hex[:8]}.example")
    twin = elsewhere.add_user(name="Dana Doe", password="Elsewhere-but-same-1")
    row = desk.start(dana)
    _, address = desk.leave(desk.link(row), twin)
    assert address == ""
    row.refresh_from_db()
    assert row.state == State.WAITING


def test_a_sign_in_from_before_the_question_does_not_count(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    """The caller's browser carries the wish to be asked again, and can drop it: `auth_time` tells."""
    surfer = Surfer(desk.simulator.browser_url)
    caller = Client()

    def leave(link: str, *, drop: bool) -> str:
        left = urlsplit(caller.post(link)["Location"])
        query = [each for each in parse_qsl(left.query) if not drop or each[0] not in {"prompt", "max_age"}]
        page = at_microsoft(surfer, urlunsplit(left._replace(query=urlencode(query))), place.in_tenant(dana))
        assert page.location, page.text
        parts = urlsplit(page.location)
        return f"{parts.path}?{parts.query}"

    first = desk.start(dana)
    caller.get(leave(desk.link(first), drop=False))
    first.refresh_from_db()
    assert first.state == State.PASSED
    place.clock.travel(minutes=9)
    second = desk.start(dana, ticket="T-2")
    caller.get(leave(desk.link(second), drop=True))
    second.refresh_from_db()
    assert (second.state, second.last_wrong) == (State.WAITING, Wrong.OLD_SIGN_IN)


def test_without_auth_time_nothing_is_proven(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    before = place.app.further.pop("optionalClaims")
    try:
        row = desk.start(dana)
        desk.sign_in(desk.link(row), place.in_tenant(dana))
    finally:
        place.app.further["optionalClaims"] = before
    row.refresh_from_db()
    assert (row.state, row.last_wrong) == (State.WAITING, Wrong.NO_TIME)


def test_an_answer_works_once_and_only_in_the_browser_that_left(
    desk: Desk, dana: "DirectoryUser", place: Place
) -> None:
    row = desk.start(dana)
    caller, address = desk.leave(desk.link(row), place.in_tenant(dana))
    assert Client().get(address).status_code == 404
    thief = Client()
    thief.cookies["tenantry-verify"] = f"{'a' * 43}.{'b' * 43}"
    assert thief.get(address).status_code == 404
    row.refresh_from_db()
    assert row.state == State.WAITING
    assert caller.get(address).status_code == 302
    row.refresh_from_db()
    assert row.state == State.PASSED
    assert Client().get(address).status_code == 404


def test_i_did_not_call_takes_the_pass_back_and_opening_the_page_changes_nothing(
    desk: Desk, dana: "DirectoryUser", place: Place
) -> None:
    row = desk.start(dana)
    link = desk.link(row)
    eve = Client()
    page = eve.get(link)
    assert page["Referrer-Policy"] == "strict-origin"
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]
    row.refresh_from_db()
    assert (row.state, row.tries_left) == (State.WAITING, 5)
    desk.sign_in(link, place.in_tenant(dana))
    assert eve.post(f"{link}decline/").status_code == 302
    assert "You did not call" in eve.get(link).content.decode()
    row.refresh_from_db()
    assert row.state == State.DENIED
    told = desk.client.get(reverse("verification:progress", args=(place.customer.pk, row.pk))).content.decode()
    assert "Hang up" in told
    assert acts_about(dana) == ["started", "passed", "denied_by_the_caller"]


def test_a_technician_who_hears_another_number_takes_the_proof_back(
    desk: Desk, dana: "DirectoryUser", place: Place
) -> None:
    row = desk.start(dana)
    desk.sign_in(desk.link(row), place.in_tenant(dana))
    desk.client.post(reverse("verification:stop", args=(place.customer.pk, row.pk)), {"why": "differs"})
    row.refresh_from_db()
    assert row.state == State.STOPPED


def test_a_code_typed_for_a_sign_in_spends_none_of_its_tries(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    """What is answered at Microsoft cannot be ended by digits in a form of ours."""
    row = desk.start(dana)
    before = (row.state, row.tries_left)
    page = reverse("verification:code", args=(place.customer.pk, row.pk))
    assert desk.client.post(page, {"code": "12345678"}).status_code == 404
    row.refresh_from_db()
    assert (row.state, row.tries_left) == before
    assert acts_about(dana) == ["started"]


def test_guessers_are_shut_out_and_links_end(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    cache.clear()
    row = desk.start(dana)
    link = desk.link(row)
    eve = Client(REMOTE_ADDR="203.0.113.99")
    for number in range(20):
        assert eve.get(f"/verify/{'x' * 42}{number % 10}/").status_code == 404
    assert eve.get(link).status_code == 429
    assert Client().get(link).status_code == 200
    place.clock.travel(minutes=10)
    assert Client().get(link).status_code == 404
    cache.clear()


def test_a_blocked_account_and_a_user_without_address_are_told_why(
    desk: Desk, dana: "DirectoryUser", place: Place
) -> None:

    dana.account_enabled, dana.mail = False, ""
    dana.save()
    for method, words in ((Method.OWN_SIGN_IN, "blocked"), (Method.MAIL_CODE, "no mail address")):
        with pytest.raises(NotAllowed, match=words):
            desk.start(dana, method=method)


def test_going_without_the_proof_stands_out_in_the_record(
    desk: Desk, dana: "DirectoryUser", place: Place, rule: Rule
) -> None:
    from tenantry.audit.models import Event
    from tenantry.helpdesk.models import Operation

    rule(Strength.BASIC)
    with pytest.raises(NotAllowed) as refused:  # whatever else the rule asks for
        place.ask(dana, shown=Shown(override_reason="Known voice, site on fire"))
    assert refused.value.code == "step_up_missing"
    url = _url(place, dana)
    form = _form(_token(desk.client.get(url)), override_reason="Known voice, site on fire")
    assert desk.client.post(url, form).status_code == 302
    event = Event.objects.get(action="safeguards.verification_overridden", target_id=str(dana.object_id))
    assert "site on fire" in event.summary
    assert event.actor_name == "Alice Moreau"
    found = desk.client.get("/activity/", {"customer": str(place.customer.pk), "action": event.action}).content.decode()
    assert "Exception" in found, "it stands out: other facts are only recorded"
    assert Operation.objects.get(object_id=dana.object_id).grounds["override"] == "Known voice, site on fire"


def test_for_an_approval_the_pass_is_used_at_asking_and_its_strength_is_kept(
    desk: Desk, dana: "DirectoryUser", place: Place, rule: Callable[..., None]
) -> None:
    from tenantry.safeguards.models import ApprovalRequest

    rule(Strength.GOOD, needs_approval=True)
    row = desk.start(dana)
    desk.sign_in(desk.link(row), place.in_tenant(dana))
    url = _url(place, dana)
    form = _form(_token(desk.client.get(f"{url}?ticket=T-1")))
    asked, again = desk.client.post(url, form), desk.client.post(url, form)
    assert asked["Location"] == again["Location"]
    request = ApprovalRequest.objects.get(object_id=dana.object_id)
    assert request.payload["strength"] == Strength.GOOD
    assert ["Caller", "Verified by Alice Moreau: Own Microsoft sign-in, good"] in request.lines
    row.refresh_from_db()
    assert (row.state, row.used_for) == (State.USED, f"request {request.pk}")


def test_what_waits_is_not_done_when_the_caller_says_meanwhile_that_they_did_not_call(
    desk: Desk, dana: "DirectoryUser", place: Place, rule: Callable[..., None], run_jobs: Callable[[], None]
) -> None:
    """Issue 4, caller verification: the pass was used by the request; nothing is done on the strength of it."""
    from tenantry.helpdesk.models import Operation
    from tenantry.safeguards import actions
    from tenantry.safeguards.models import ApprovalRequest
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.models import Technician

    second = Technician.objects.create_user(
        f"second-{dana.object_id.hex[:8]}@harbour-it.example",
        display_name="Second",
        role="owner",
        created_at=place.clock.now(),
    )
    rule(Strength.GOOD, needs_approval=True)
    row = desk.start(dana)
    link = desk.link(row)
    desk.sign_in(link, place.in_tenant(dana))
    url = _url(place, dana)
    assert desk.client.post(url, _form(_token(desk.client.get(f"{url}?ticket=T-1")))).status_code == 302
    request = ApprovalRequest.objects.get(object_id=dana.object_id)
    assert Client().post(f"{link}decline/").status_code == 302
    with pytest.raises(NotAllowed, match="did not call"):
        actions.approve(actor=actor_for(second), technician=second, request_id=request.pk, stepped_up=True)
    actions.withdraw(actor=actor_for(place.alice), technician=place.alice, request_id=request.pk)

    rule(Strength.GOOD)
    row = desk.start(dana)
    link = desk.link(row)
    desk.sign_in(link, place.in_tenant(dana))
    assert desk.client.post(url, _form(_token(desk.client.get(f"{url}?ticket=T-1")))).status_code == 302
    assert Client().post(f"{link}decline/").status_code == 302
    run_jobs()
    operation = Operation.objects.get(object_id=dana.object_id)
    assert (operation.state, operation.error_code) == ("refused", "caller_denied")
    assert place.writes(dana) == []
    type(second).objects.filter(pk=second.pk).update(role="auditor", is_active=False)
