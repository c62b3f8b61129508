"""Passes: a state machine over everything that can happen to one, and races for it."""

import re
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.helpdesk.conftest import Place
from tests.notifications.conftest import MailServerUp
from tests.verification.conftest import LINK, Desk

from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict
from tenantry.safeguards.policies import Deed, Strength
from tenantry.verification import actions, queries
from tenantry.verification.models import State, Verification
from tenantry.verification.policies import Method

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser

CODE = re.compile(r"\b(\d{6})\b")
SOMEBODY = Actor("system", None, "Somebody", "198.51.100.9")


def code_in(server: MailServerUp) -> str:
    found = CODE.search(server.box.got[-1][1].partition("Read this code")[2])
    assert found
    return found.group(1)


def acts_about(user: "DirectoryUser") -> list[str]:
    from tenantry.audit.models import Event

    events = Event.objects.filter(target_id=str(user.object_id), action__startswith="verification.").order_by("pk")
    return [str(action).partition(".")[2] for action in events.values_list("action", flat=True)]


@pytest.fixture
def world(desk: Desk, dana: "DirectoryUser", smtp: MailServerUp) -> tuple[Desk, "DirectoryUser", MailServerUp]:
    dana.mail = f"dana-{uuid.uuid4().hex[:6]}@kestrel.example"
    dana.save()
    return desk, dana, smtp


def test_a_pass_is_good_once_for_its_user_deed_and_ticket_whatever_happens_before(  # noqa: C901  one machine
    world: tuple[Desk, "DirectoryUser", MailServerUp],
) -> None:
    """Issue 4, caller verification: the model of a pass, walked at random."""
    desk, dana, server = world
    place = desk.place
    other = place.add_user("Otto Other")

    class Passes(RuleBasedStateMachine):
        row: Verification
        code = ""
        state = State.WAITING
        tries = 5
        waited = 0.0
        ticket = ""

        @initialize()
        def begin(self) -> None:
            self.ticket = f"T-{uuid.uuid4().hex[:8]}"
            self.row = desk.start(dana, method=Method.MAIL_CODE, ticket=self.ticket)
            self.code, self.state, self.tries, self.waited = code_in(server), State.WAITING, 5, 0.0

        def _now(self) -> State:
            if self.state == State.WAITING and self.waited >= 60:
                return State.TIMED_OUT
            if self.state == State.PASSED and self.waited >= 900:
                return State.LAPSED
            return self.state

        def _answer(self, code: str) -> None:
            now = self._now()
            given: dict[str, Any] = {
                "actor": SOMEBODY,
                "technician": place.alice,
                "customer_id": place.customer.pk,
                "verification_id": self.row.pk,
                "code": code,
            }
            if now == State.WAITING:
                actions.answer_code(**given)
                self.tries -= 1
                if code.replace(" ", "") == self.code:
                    self.state, self.waited = State.PASSED, 0.0
                elif not self.tries:
                    self.state = State.FAILED
            elif now == State.TIMED_OUT:
                assert actions.answer_code(**given).state == State.TIMED_OUT
                self.state = State.TIMED_OUT
            else:
                with pytest.raises(Conflict):
                    actions.answer_code(**given)

        @rule(spaced=st.booleans())
        def right_code(self, *, spaced: bool) -> None:
            self._answer(f"{self.code[:3]} {self.code[3:]}" if spaced else self.code)

        @rule(code=st.sampled_from(["000000", "", "999999", "1"]))
        def wrong_code(self, code: str) -> None:
            if code != self.code:
                self._answer(code)

        @rule()
        def deny(self) -> None:
            if self.state not in {State.DENIED, State.USED, State.STOPPED}:
                self.state = State.DENIED
            actions.decline(actor=SOMEBODY, row=Verification.objects.get(pk=self.row.pk))

        @rule(seconds=st.sampled_from([10, 61, 400, 901]))
        def time_passes(self, seconds: int) -> None:
            place.clock.travel(seconds=seconds)
            self.waited += seconds

        @rule()
        def sweep(self) -> None:
            actions.expire_due()
            self.state = self._now()

        @rule()
        def use(self) -> None:
            if self._now() == State.PASSED:
                with transaction.atomic():
                    actions.use_up(actor=SOMEBODY, pass_id=self.row.pk, used_for="a test")
                self.state = State.USED
            else:
                with pytest.raises(Conflict), transaction.atomic():
                    actions.use_up(actor=SOMEBODY, pass_id=self.row.pk, used_for="a test")

        @invariant()
        def is_found_only_where_it_is_good(self) -> None:
            fits: dict[str, Any] = {
                "tenant_id": dana.tenant_id,
                "object_id": dana.object_id,
                "deed": Deed.RESET_PASSWORD,
                "ticket": self.ticket,
            }
            found = actions.usable_pass(**fits)
            assert (found is not None) == (self._now() == State.PASSED)
            assert found is None or (found.id, found.strength) == (self.row.pk, Strength.BASIC)
            for change in (
                {"object_id": other.object_id},
                {"deed": Deed.UNBLOCK_SIGN_IN},
                {"ticket": f"{self.ticket}0"},
                {"ticket": ""},
                {"tenant_id": uuid.uuid4()},
            ):
                assert actions.usable_pass(**(fits | change)) is None

        def teardown(self) -> None:
            self.row.refresh_from_db()
            assert self.row.state == self.state or self._now() != self.state
            if self.state == State.USED:
                assert acts_about(dana).count("pass_used") >= 1

    run_state_machine_as_test(
        Passes,
        settings=settings(
            max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_of_two_who_use_a_pass_at_once_one_does(desk: Desk, dana: "DirectoryUser") -> None:
    row = desk.start(dana)
    Verification.objects.filter(pk=row.pk).update(
        state=State.PASSED, strength=2, decided_at=row.started_at, pass_until=row.answer_until
    )
    start, ended = threading.Barrier(2), []

    def work() -> None:
        try:
            start.wait(timeout=30)
            try:
                with transaction.atomic():
                    actions.use_up(actor=SOMEBODY, pass_id=row.pk, used_for="a race")
                ended.append("used")
            except Conflict as refusal:
                ended.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ended) == ["pass_gone", "used"]
    assert acts_about(dana).count("pass_used") == 1


def test_a_pass_is_not_used_outside_the_transaction_of_its_act(desk: Desk, dana: "DirectoryUser") -> None:
    row = desk.start(dana)
    with pytest.raises(RuntimeError, match="transaction"):
        actions.use_up(actor=SOMEBODY, pass_id=row.pk, used_for="nothing")


def test_a_code_goes_to_the_directorys_address_and_is_kept_nowhere_in_clear(
    world: tuple[Desk, "DirectoryUser", MailServerUp],
) -> None:
    desk, dana, server = world
    row = desk.start(dana, method=Method.MAIL_CODE)
    recipients, text = server.box.got[-1]
    assert recipients == [dana.mail]
    code = code_in(server)
    link = LINK.search(text.replace("=\n", ""))
    assert link
    row.refresh_from_db()
    kept = str({field.attname: getattr(row, field.attname) for field in Verification._meta.fields})
    assert code not in kept
    assert link.group(1).split("/")[2] not in kept
    assert dana.mail not in kept
    assert row.code_digest is not None
    assert bytes(row.code_digest) != queries.digest(code)
    from tenantry.audit.models import Event

    told = str(list(Event.objects.filter(target_id=str(dana.object_id)).values_list("summary", "details")))
    assert code not in told


def test_a_mail_that_cannot_be_sent_ends_the_attempt_and_says_so(
    world: tuple[Desk, "DirectoryUser", MailServerUp],
) -> None:
    desk, dana, server = world
    server.box.refuses.add(dana.mail)
    row = desk.start(dana, method=Method.MAIL_CODE)
    assert row.state == State.NOT_SENT
    assert acts_about(dana) == ["started", "not_sent"]


def test_wrong_code_denial_and_time_are_told_apart_and_a_new_attempt_replaces_the_old(
    world: tuple[Desk, "DirectoryUser", MailServerUp], place: Place
) -> None:
    desk, dana, server = world

    def answer(row: Verification, code: str) -> Verification:
        return actions.answer_code(
            actor=SOMEBODY, technician=place.alice, customer_id=place.customer.pk, verification_id=row.pk, code=code
        )

    wrong = desk.start(dana, method=Method.MAIL_CODE)
    code = code_in(server)
    for _ in range(4):
        assert answer(wrong, f"x{code}").state == State.WAITING
    assert answer(wrong, f"x{code}").state == State.FAILED
    denied = desk.start(dana, method=Method.MAIL_CODE)
    actions.decline(actor=SOMEBODY, row=denied)
    assert denied.state == State.DENIED
    late = desk.start(dana, method=Method.MAIL_CODE)
    late_code = code_in(server)
    place.clock.travel(seconds=60)
    assert answer(late, late_code).state == State.TIMED_OUT
    old, new = desk.start(dana, method=Method.MAIL_CODE), desk.start(dana, method=Method.MAIL_CODE)
    old.refresh_from_db()
    assert (old.state, new.state) == (State.STOPPED, State.WAITING)
    assert answer(new, code_in(server)).state == State.PASSED
    assert acts_about(dana) == [
        "started", "wrong_answer", "wrong_answer", "wrong_answer", "wrong_answer", "failed",
        "started", "denied_by_the_caller", "started", "timed_out", "started", "stopped", "started", "passed",
    ]  # fmt: skip
