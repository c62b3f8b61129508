"""Duo push: each customer's own application, whose device, and what each answer means."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse
from tests.conftest import SharedClock
from tests.verification.conftest import Desk
from tests.verification.duo import HOST, KEY, SECRET, DuoStandIn
from tests.verification.test_passes import SOMEBODY, acts_about

from tenantry.kit.errors import NotAllowed, NotHere
from tenantry.kit.sealed import Secret
from tenantry.safeguards.policies import Strength
from tenantry.verification import actions
from tenantry.verification.models import DuoAccount, State, Verification
from tenantry.verification.policies import Method

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.technicians.models import Technician


@pytest.fixture
def duo(desk: Desk, clock: SharedClock, tmp_path: Path) -> Iterator[DuoStandIn]:
    running = DuoStandIn(clock, tmp_path)
    with override_settings(DUO_URL=running.url, ALERTS_CA_FILE=str(running.ca_file)):
        actions.set_duo(
            actor=SOMEBODY, technician=desk.place.alice, customer_id=desk.place.customer.pk, host=HOST, key=KEY,
            secret=Secret(SECRET),
        )  # fmt: skip
        yield running
        Verification.objects.filter(method=Method.DUO_PUSH, state=State.WAITING).update(state=State.STOPPED)
    running.close()


def outcome(row: Verification) -> str:
    actions.ask_about_pushes()
    actions.expire_due()
    row.refresh_from_db()
    return row.state


def test_a_push_approved_on_the_enrolled_device_is_a_strong_proof(
    desk: Desk, dana: "DirectoryUser", duo: DuoStandIn
) -> None:
    """Issue 4, caller verification (d)."""
    place = desk.place
    duo.add_user(dana.user_principal_name.upper())
    cache.clear()
    verify = reverse("verification:start", args=(place.customer.pk, dana.object_id, "reset-password"))
    begun = desk.client.post(verify, {"ticket": "T-1", "method": "duo_push"})
    row = Verification.objects.get(object_id=dana.object_id)
    assert (row.state, row.number, row.sent_to) == (State.WAITING, "493021", "Pixel 9")
    page = desk.client.get(begun["Location"]).content.decode()
    assert "<b>493021</b>" in page
    assert outcome(row) == State.WAITING
    (push,) = duo.pushes.values()
    push.result = "approve"
    assert outcome(row) == State.PASSED
    assert row.strength == Strength.STRONG
    assert acts_about(dana) == ["started", "passed"]
    assert "approved on the caller" in desk.client.get(begun["Location"]).content.decode()


def test_denied_fraud_no_answer_and_silence_are_told_apart(desk: Desk, dana: "DirectoryUser", duo: DuoStandIn) -> None:
    duo.tells_code = False
    duo.add_user("dana", aliases={"alias1": dana.user_principal_name})
    for result, state in (("deny", State.DENIED), ("fraud", State.DENIED)):
        row = desk.start(dana, method=Method.DUO_PUSH)
        assert row.number == ""
        next(each for each in duo.pushes.values() if each.result == "waiting").result = result
        assert outcome(row) == state
    late = desk.start(dana, method=Method.DUO_PUSH)
    desk.place.clock.travel(seconds=61)
    assert outcome(late) == State.TIMED_OUT
    gone = desk.start(dana, method=Method.DUO_PUSH)
    duo.pushes.clear()
    assert outcome(gone) == State.TIMED_OUT
    silent = desk.start(dana, method=Method.DUO_PUSH)
    duo.fails_with = [500]
    assert outcome(silent) == State.WAITING
    next(iter(duo.pushes.values())).result = "something new"
    assert outcome(silent) == State.WAITING  # never a pass by guessing
    told = acts_about(dana)
    assert told.count("denied_by_the_caller") == 2
    assert told.count("timed_out") == 2


def test_whom_duo_does_not_know_surely_gets_no_push(desk: Desk, dana: "DirectoryUser", duo: DuoStandIn) -> None:
    from tenantry.audit.models import Event

    def refused(words: str) -> None:
        row = desk.start(dana, method=Method.DUO_PUSH)
        assert row.state == State.NOT_SENT
        told = Event.objects.filter(target_id=str(dana.object_id), action="verification.not_sent").latest("pk")
        assert words in told.summary

    refused("knows no user")
    dana.mail = f"dana-{uuid.uuid4().hex[:6]}@kestrel.example"
    dana.save()
    user = duo.add_user("somebody", email=dana.mail, status="bypass")
    refused("“bypass”")
    user["status"] = "active"
    user["phones"][0]["capabilities"] = ["sms", "phone"]
    refused("no device")
    user["phones"][0] |= {"capabilities": ["push"], "activated": False}
    refused("no device")
    user["phones"] = []
    refused("no device")
    duo.add_user("somebody-else", email=dana.mail)
    refused("several users")
    duo.is_granted = False
    refused("lacks a grant")
    duo.fails_with = [503]
    refused("HTTP 503")
    assert duo.pushes == {}


def test_each_customers_credentials_are_tried_sealed_and_their_own(
    desk: Desk, dana: "DirectoryUser", duo: DuoStandIn, charlie: "Technician"
) -> None:
    from tenantry.customers.models import Customer

    place = desk.place
    url = reverse("verification:duo", args=(place.customer.pk,))
    form = {"host": HOST, "key": KEY, "secret": SECRET}
    for field, value, words in (
        ("host", "evil.example", "API hostname looks like"),
        ("host", f"{HOST}.evil.example", "API hostname looks like"),
        ("key", "DIshort", "integration key is DI"),
        ("secret", "short", "about 40 letters"),
        ("secret", "x" * 40, "secret key is another one"),
        ("key", "DIZZZZZZZZZZZZZZZZZZ", "does not know this integration key"),
    ):
        refused = desk.client.post(url, form | {field: value})
        assert refused.status_code == 422, field
        assert words in refused.content.decode()
    assert desk.client.post(url, form).status_code == 302
    row = DuoAccount.objects.get(customer=place.customer)
    assert SECRET.encode() not in bytes(row.secret_sealed)
    assert SECRET not in desk.client.get(url).content.decode()
    other = Customer.objects.create(name=f"Other {uuid.uuid4().hex[:6]}", created_at=place.clock.now())
    assert "Not set up" in desk.client.get(reverse("verification:duo", args=(other.pk,))).content.decode()
    duo.is_granted = False
    tested = desk.client.post(reverse("verification:test-duo", args=(place.customer.pk,)), follow=True)
    assert "lacks a grant" in tested.content.decode()
    with pytest.raises(NotAllowed):
        actions.remove_duo(actor=SOMEBODY, technician=charlie, customer_id=place.customer.pk)
    desk.client.post(reverse("verification:remove-duo", args=(place.customer.pk,)))
    assert not DuoAccount.objects.filter(customer=place.customer).exists()
    with pytest.raises(NotHere):
        actions.test_duo(actor=SOMEBODY, technician=place.alice, customer_id=place.customer.pk)
    with pytest.raises(NotAllowed, match="No Duo"):
        desk.start(dana, method=Method.DUO_PUSH)
