"""Codes by text message: whose number, how the provider is asked, and what each of its answers means."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse
from tests.conftest import SharedClock
from tests.helpdesk.conftest import Place
from tests.verification.conftest import Desk
from tests.verification.test_passes import SOMEBODY, acts_about
from tests.verification.twilio import ACCOUNT, KEY, SECRET, SERVICE, Twilio

from tenantry.directory import phones
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.kit.sealed import Secret
from tenantry.safeguards.policies import Strength
from tenantry.verification import actions
from tenantry.verification.actions.changing import Credentials
from tenantry.verification.models import State, TextSender, Verification
from tenantry.verification.policies import Method, Wrong

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician

NUMBER = "+4915123456789"
GIVEN = Credentials(account=ACCOUNT, key=KEY, secret=Secret(SECRET), service=SERVICE)


@pytest.fixture
def twilio(clock: SharedClock, tmp_path: Path, alice: "Technician") -> Iterator[Twilio]:
    running = Twilio(clock, tmp_path)
    with override_settings(TWILIO_URL=running.url, ALERTS_CA_FILE=str(running.ca_file)):
        actions.set_sender(actor=SOMEBODY, technician=alice, given=GIVEN)
        yield running
        TextSender.objects.all().delete()
        Verification.objects.filter(is_open_there=True).update(is_open_there=False)
    running.close()


@pytest.fixture
def dana(dana: "DirectoryUser", clock: SharedClock) -> "DirectoryUser":
    """With a number that has been there for long."""
    dana.mobile_phone, dana.usage_location = "0151 2345 6789", "DE"
    dana.mobile_phone_since = dana.created_at = clock.now() - dt.timedelta(days=400)
    dana.save()
    return dana


@pytest.mark.parametrize(
    ("text", "country", "e164", "obstacle"),
    [
        ("+49 151 23456789", "", NUMBER, ""),
        ("0151/2345-6789", "DE", NUMBER, ""),
        ("Mobil: +49 (0)151 23456789", "", NUMBER, ""),
        ("+1 (206) 555-0142", "DE", "+12065550142", ""),
        (None, "DE", "", "not read yet"),
        ("  ", "DE", "", "are not read"),
        ("0151 23456789", "", "", "no country code"),
        ("ask reception", "DE", "", "no telephone number"),
        ("+49 30 901820", "", "", "no mobile number"),
        ("+49 151 23456789 ext. 7", "", "", "extension"),
        ("+49 151 23456789 / +49 151 23456780", "", "", "no telephone number"),
        ("+49 151 2", "", "", "no number that exists"),
    ],
)
def test_a_directorys_number_becomes_one_that_can_be_sent_to_or_says_why_not(
    text: str | None, country: str, e164: str, obstacle: str
) -> None:
    found = phones.number_of(text, country=country)
    assert found.e164 == e164
    assert obstacle in found.obstacle
    assert bool(found.e164) != bool(found.obstacle)


def test_from_the_directorys_number_to_the_pass(desk: Desk, dana: "DirectoryUser", twilio: Twilio) -> None:
    """Issue 4, caller verification (c): the number is the directory's, the code is never seen here."""
    place = desk.place
    verify = reverse("verification:start", args=(place.customer.pk, dana.object_id, "reset-password"))
    offered = desk.client.get(verify).content.decode()
    assert "It goes to +49 … 789" in offered
    assert "Look twice" not in offered
    cache.clear()
    begun = desk.client.post(verify, {"ticket": "T-1", "method": "text_code", "number": "+491510000000"})
    row = Verification.objects.get(object_id=dana.object_id)
    assert (row.state, row.sent_to, row.is_open_there) == (State.WAITING, "+49 … 789", True)
    assert [to for to, _ in twilio.sendings] == [NUMBER]
    code = twilio.code_for(NUMBER)
    shown = desk.client.get(begun["Location"]).content.decode()
    assert "They say they did not call" in shown
    desk.client.post(reverse("verification:code", args=(place.customer.pk, row.pk)), {"code": f"{code[:3]} {code[3:]}"})
    row.refresh_from_db()
    assert (row.state, row.strength, row.is_open_there) == (State.PASSED, Strength.GOOD, False)
    assert acts_about(dana) == ["started", "passed"]
    actions.close_ended_codes()
    assert twilio.cancelled == []  # it was used up there
    kept = str({field.attname: getattr(row, field.attname) for field in Verification._meta.fields})
    assert code not in kept
    assert NUMBER not in kept


def answer(desk: Desk, row: Verification, code: str) -> Verification:
    place = desk.place
    return actions.answer_code(
        actor=SOMEBODY, technician=place.alice, customer_id=place.customer.pk, verification_id=row.pk, code=code
    )


def test_wrong_code_denial_and_time_are_three_outcomes_and_no_code_outlives_its_attempt(
    desk: Desk, dana: "DirectoryUser", twilio: Twilio
) -> None:
    """Issue 4: distinct results; the code is good for a minute here, though the provider keeps it for ten."""
    place = desk.place
    row = desk.start(dana, method=Method.TEXT_CODE)
    first = twilio.code_for(NUMBER)
    for left in (4, 3, 2, 1, 0):
        answer(desk, row, "000000" if first != "000000" else "000001")
        row.refresh_from_db()
        assert (row.tries_left, row.last_wrong) == (left, Wrong.CODE)
    assert row.state == State.FAILED
    late = desk.start(dana, method=Method.TEXT_CODE)
    assert twilio.cancelled == [row.provider_reference]  # else the same code would go out again
    code = twilio.code_for(NUMBER)
    checks = len(twilio.requests)
    place.clock.travel(seconds=60)
    assert answer(desk, late, code).state == State.TIMED_OUT
    assert len(twilio.requests) == checks  # what is too late is not even asked
    denied = desk.start(dana, method=Method.TEXT_CODE)
    desk.client.post(reverse("verification:stop", args=(place.customer.pk, denied.pk)), {"why": "denied"})
    denied.refresh_from_db()
    assert denied.state == State.DENIED
    assert actions.close_ended_codes() == 1
    assert twilio.pending == {}
    assert actions.close_ended_codes() == 0
    told = acts_about(dana)
    assert told.count("wrong_answer") == 4
    assert {"failed", "timed_out", "denied_by_the_caller"} <= set(told)
    assert told.count("code_cancelled") == 3


def test_what_the_provider_refuses_is_told_and_what_it_forgot_begins_again(
    desk: Desk, dana: "DirectoryUser", twilio: Twilio
) -> None:
    """404 after it was approved or expired, 60202, 60203, no answer: each has words and an outcome of its own."""
    from tenantry.audit.models import Event

    gone = desk.start(dana, method=Method.TEXT_CODE)
    code = twilio.code_for(NUMBER)
    twilio.pending.clear()
    assert answer(desk, gone, code).state == State.FAILED
    gone.refresh_from_db()
    assert (gone.last_wrong, gone.tries_left, gone.is_open_there) == (Wrong.CODE_GONE, 4, False)
    page = desk.client.get(reverse("verification:progress", args=(desk.place.customer.pk, gone.pk))).content.decode()
    assert "Begin again" in page
    assert "last try" not in page

    used_up = desk.start(dana, method=Method.TEXT_CODE)
    next(iter(twilio.pending.values())).checks = 5
    assert answer(desk, used_up, twilio.code_for(NUMBER)).last_wrong == Wrong.CODE_TRIES
    twilio.pending.clear()

    silent = desk.start(dana, method=Method.TEXT_CODE)
    code = twilio.code_for(NUMBER)
    twilio.fails_with = [503]
    assert answer(desk, silent, code).last_wrong == Wrong.NO_ANSWER
    assert answer(desk, silent, code).last_wrong == Wrong.CODE_GONE  # the right code was taken, unheard

    rows = [desk.start(dana, method=Method.TEXT_CODE) for _ in range(3)]
    assert [row.state for row in rows] == [State.WAITING, State.WAITING, State.NOT_SENT]
    told = Event.objects.filter(target_id=str(dana.object_id), action="verification.not_sent").get()
    assert "60203" in told.summary
    assert "ten minutes" in told.summary
    desk.place.clock.travel(minutes=10)
    for status in (500, 302):
        twilio.fails_with = [status]
        assert desk.start(dana, method=Method.TEXT_CODE).state == State.NOT_SENT
    with override_settings(TWILIO_URL="https://localhost:1"):
        assert desk.start(dana, method=Method.TEXT_CODE).state == State.NOT_SENT


def test_a_number_that_changed_lately_warns_on_the_screens_and_stands_in_the_record(
    desk: Desk, dana: "DirectoryUser", twilio: Twilio, clock: SharedClock
) -> None:
    """Issue 4: recently changed numbers warn."""
    from tenantry.audit.models import Event

    dana.mobile_phone_changed_at = clock.now() - dt.timedelta(days=3)
    dana.save()
    verify = reverse("verification:start", args=(desk.place.customer.pk, dana.object_id, "reset-password"))
    assert "This number is new" in desk.client.get(verify).content.decode()
    row = desk.start(dana, method=Method.TEXT_CODE)
    page = desk.client.get(reverse("verification:progress", args=(desk.place.customer.pk, row.pk))).content.decode()
    assert "New number" in page
    started = Event.objects.get(target_id=str(dana.object_id), action="verification.started")
    assert "changed lately" in started.summary
    assert started.details["number_changed_at"] == dana.mobile_phone_changed_at.isoformat()
    now = clock.now()
    for changed, created, words in ((29, 400, "is new"), (31, 400, ""), (None, 5, "account itself is new")):
        found = phones.warning(
            now=now,
            changed_at=now - dt.timedelta(days=changed) if changed else None,
            created_at=now - dt.timedelta(days=created),
        )
        assert (words in found) if words else not found
    assert "not known" in phones.known_since(now=now, since=now - dt.timedelta(days=5))
    assert phones.known_since(now=now, since=now - dt.timedelta(days=40)) == ""


def test_without_a_number_or_a_provider_the_method_says_why(desk: Desk, dana: "DirectoryUser", place: Place) -> None:
    TextSender.objects.all().delete()
    with pytest.raises(NotAllowed, match="Nobody sends text messages"):
        desk.start(dana, method=Method.TEXT_CODE)
    dana.mobile_phone = ""
    dana.save()
    with pytest.raises(NotAllowed, match="no mobile number"):
        desk.start(dana, method=Method.TEXT_CODE)


def test_credentials_are_tried_before_they_are_kept_sealed_and_never_shown(
    twilio: Twilio, as_alice: "Client", charlie: "Technician"
) -> None:
    from tenantry.audit.models import Event

    form: dict[str, Any] = {"account": ACCOUNT, "key": KEY, "secret": SECRET, "service": SERVICE}
    url, page = reverse("verification:set-sender"), reverse("verification:settings")
    for field, value, words in (
        ("account", KEY, "account SID is AC"),
        ("key", "SKnonsense", "API key is SK"),
        ("service", f"VA{'0' * 32}", "no such Verify service"),
        ("secret", "not-the-secret-at-all", "does not accept the credentials"),
        ("secret", "short", "neither an auth token"),
    ):
        refused = as_alice.post(url, form | {field: value})
        assert refused.status_code == 422, field
        assert words in refused.content.decode()
    before = TextSender.objects.get()
    assert as_alice.post(url, form).status_code == 302
    row = TextSender.objects.get()
    assert row.pk != before.pk
    assert SECRET.encode() not in bytes(row.secret_sealed)
    shown = as_alice.get(page).content.decode()
    assert "Harbour IT" in shown
    assert SECRET not in shown
    told = str(list(Event.objects.filter(target_id=str(row.pk)).values("summary", "details")))
    assert SECRET not in told
    twilio.accepts = False
    assert "does not accept" in as_alice.post(reverse("verification:test-sender"), follow=True).content.decode()
    assert not TextSender.objects.get().is_working
    with pytest.raises(NotAllowed):
        actions.set_sender(actor=SOMEBODY, technician=charlie, given=GIVEN)
    with pytest.raises(Invalid):
        actions.set_sender(actor=SOMEBODY, technician=twilio_owner(), given=dataclasses.replace(GIVEN, account="AC"))
    as_alice.post(reverse("verification:remove-sender"))
    assert not TextSender.objects.exists()
    assert as_alice.post(reverse("verification:test-sender")).status_code == 404


def twilio_owner() -> "Technician":
    from tenantry.technicians.models import Technician

    return Technician.objects.filter(role="owner").earliest("created_at")
