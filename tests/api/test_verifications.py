"""A program that has the caller on the line: each method, each outcome, and the pass used for its ticket."""

import hashlib
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client

from tests.api.conftest import Program, made
from tests.helpdesk.conftest import dana, place
from tests.notifications.conftest import MailServerUp, no_channels, smtp
from tests.technicians.staff_helpers import new_person
from tests.verification.conftest import Desk, desk, rule
from tests.verification.duo import DuoStandIn
from tests.verification.test_duo import duo
from tests.verification.test_manager import boss, vouch
from tests.verification.test_passes import acts_about, code_in
from tests.verification.test_text_messages import NUMBER, twilio
from tests.verification.twilio import Twilio

if TYPE_CHECKING:
    from entrasim.state import User
    from tenantry.directory.models import DirectoryUser
    from tenantry.safeguards.policies import Strength
    from tenantry.technicians.models import Technician

__all__ = ["boss", "dana", "desk", "duo", "no_channels", "place", "rule", "smtp", "twilio"]

RESET = {"justification": "Forgotten password", "ticket": "T-1"}


def _looks_after(desk: Desk) -> "Technician":
    from tenantry.customers.models import CustomerGroup
    from tenantry.technicians.models import Team

    person, now = new_person("engineer"), desk.place.clock.now()
    team = Team.objects.create(name=f"Line {person.pk}", created_at=now)
    team.members.add(person)
    group = CustomerGroup.objects.create(name=f"Line {person.pk}", created_at=now)
    group.teams.add(team)
    group.customers.add(desk.place.customer)
    return person


class Line:
    """A program with Dana on the line; its holder sees this customer alone, so the database holds it there too."""

    def __init__(self, desk: Desk, dana: "DirectoryUser") -> None:
        from django.core.cache import cache

        cache.clear()  # attempts of other tests
        self.desk, self.dana, self.program = desk, dana, made(_looks_after(desk))
        self.user = f"/customers/{desk.place.customer.pk}/users/{dana.object_id}"

    def start(self, method: str = "own_sign_in", *, ticket: str = "T-1", key: str = "") -> str:
        """Begin, and answer where to read it."""
        body = {"deed": "reset-password", "ticket": ticket, "method": method}
        answer = self.program.post(f"{self.user}/verifications", body, key=key)
        assert answer.status_code == 201, answer.content
        where: str = answer["Location"].removeprefix("/api/v1")
        told = self.program.get(where).json()
        assert {name: told[name] for name in answer.json()} == answer.json()
        assert not {"link", "number", "sent_to"} & set(answer.json()), "kept for the key, so without them"
        return where

    def read(self, where: str) -> dict[str, Any]:
        found: dict[str, Any] = self.program.get(where).json()
        return found

    def say(self, where: str, code: str, *, key: str = "") -> Any:  # noqa: ANN401  Django's test response
        return self.program.post(f"{where}/code", {"code": code}, key=key)

    def told(self, where: str, code: str) -> tuple[str, str, int]:
        """Give a code: state, what was wrong, tries left."""
        answer = self.say(where, code)
        assert answer.status_code == 200, answer.content
        found = answer.json()
        return found["state"], found["wrong"], found["tries_left"]


@pytest.fixture
def line(desk: Desk, dana: "DirectoryUser") -> Line:
    dana.mail = f"dana-{uuid.uuid4().hex[:6]}@kestrel.example"
    dana.mobile_phone, dana.usage_location = NUMBER, "DE"
    dana.save()
    return Line(desk, dana)


def _other_than(code: str) -> str:
    return "000000" if code != "000000" else "000001"


def _rows_kept(program: Program) -> str:
    """Every kept answer of a program's as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM api_keptanswer k WHERE token_id = %s", [program.token.pk])
        return "\n".join(row[0] for row in cursor.fetchall())


def test_a_callers_sign_in_makes_a_pass_that_a_program_uses_once_for_its_ticket(
    line: Line, rule: "Callable[[Strength], None]", run_jobs: Callable[[], None]
) -> None:
    """Issue 4: a pass is bound to user, action and ticket, used once; over the API as on the screens."""
    from tenantry.safeguards.policies import Strength

    rule(Strength.GOOD)
    program, user, desk = line.program, line.user, line.desk
    refused = program.post(f"{user}/reset-password", RESET).json()
    assert (refused["code"], "/verifications" in refused["remedy"]) == ("caller_proof_required", True)

    where = line.start()
    waiting = line.read(where)
    assert (waiting["state"], waiting["strength"], waiting["deed"]) == ("waiting", 0, "reset-password")
    assert line.say(where, waiting["number"]).status_code == 404, "nobody's guess ends a sign-in that is under way"
    desk.sign_in(waiting["link"].removeprefix("http://testserver"), desk.place.in_tenant(line.dana))
    verified = line.read(where)
    assert (verified["state"], verified["link"]) == ("passed", "")
    assert verified["number"] == waiting["number"]

    other_ticket = program.post(f"{user}/reset-password", {**RESET, "ticket": "T-2"})
    assert other_ticket.json()["code"] == "caller_proof_required"
    answer = program.post(f"{user}/reset-password", RESET)
    assert answer.status_code == 202, answer.content
    assert line.read(where)["state"] == "used"
    run_jobs()
    again = {**RESET, "again": answer.json()["operation"]["id"]}
    assert program.post(f"{user}/reset-password", again).json()["code"] == "caller_proof_required"


def test_the_link_is_for_whoever_began_and_a_stopped_attempt_opens_nothing(line: Line) -> None:
    where = line.start(ticket="T-9")
    link = line.read(where)["link"]
    assert made(new_person("owner")).get(where).json()["link"] == ""
    assert made(new_person("engineer")).get(where).status_code == 404
    assert line.program.post(f"{where}/stop", {}).json()["state"] == "stopped"
    assert line.program.post(f"{where}/stop", {}).status_code == 409
    assert Client().get(link.removeprefix("http://testserver")).status_code in {404, 410}
    differs = line.start(ticket="T-9")
    assert line.program.post(f"{differs}/stop", {"why": "number_differs"}).json()["state"] == "stopped"


def test_a_code_by_mail_right_wrong_denied_and_too_late_are_told_apart(
    line: Line, smtp: MailServerUp, rule: "Callable[[Strength], None]", caplog: pytest.LogCaptureFixture
) -> None:
    """Issue 4, caller verification (b) over the API: distinct outcomes; the code is kept and logged nowhere."""
    from tenantry.audit.models import Event
    from tenantry.safeguards.policies import Strength

    rule(Strength.BASIC)
    program, dana, clock = line.program, line.dana, line.desk.place.clock
    first = line.start("mail_code", key="first")
    where = line.start("mail_code", key="first")
    assert (where, len(smtp.box.got)) == (first, 1), "one key is one mail"
    assert smtp.box.got[-1][0] == [dana.mail]
    assert dana.mail not in str(line.read(where))
    assert line.read(where)["sent_to"] == "d…@kestrel.example"
    code = code_in(smtp)
    wrong = _other_than(code)
    one, two = (line.say(where, wrong, key="wrong") for _ in range(2))
    assert (one.status_code, two["Idempotent-Replayed"]) == (200, "true")
    assert one.json() == two.json()
    assert (one.json()["state"], one.json()["wrong"], one.json()["tries_left"]) == ("waiting", "wrong_code", 4)
    assert line.say(where, code, key="wrong").json()["code"] == "idempotency_key_reused"
    for nothing in ("", "  ", "0" * 21, 493021):
        assert program.post(f"{where}/code", {"code": nothing}).status_code == 422, "spends no try"
    assert line.told(where, f" {code[:3]} {code[3:]} ") == ("passed", "", 3)
    again = line.say(where, code)
    assert (again.status_code, again.json()["code"]) == (409, "ended")
    assert program.post(f"{line.user}/reset-password", {**RESET, "ticket": "T-3"}).status_code == 403
    used = program.post(f"{line.user}/reset-password", RESET)
    assert used.status_code == 202, used.content
    assert line.read(where)["state"] == "used"
    assert acts_about(dana) == ["started", "wrong_answer", "passed", "pass_used"]
    assert line.read(where)["denied_late"] is False
    late_no = program.post(f"{where}/stop", {"why": "denied"}).json()
    assert (late_no["state"], late_no["denied_late"]) == ("used", True)

    failing = line.start("mail_code", ticket="T-2")
    other = code_in(smtp)
    outcomes = [line.told(failing, _other_than(other)) for _ in range(5)]
    assert [left for _, _, left in outcomes] == [4, 3, 2, 1, 0]
    assert [state for state, _, _ in outcomes] == ["waiting"] * 4 + ["failed"]
    late = line.start("mail_code", ticket="T-2")
    clock.travel(seconds=61)
    assert line.told(late, code_in(smtp))[0] == "timed_out"
    denied = line.start("mail_code", ticket="T-2")
    assert program.post(f"{denied}/stop", {"why": "denied"}).json()["state"] == "denied"
    smtp.box.refuses.add(dana.mail)
    assert line.read(line.start("mail_code", ticket="T-2"))["state"] == "not_sent"
    listed = program.get(f"{line.user}/verifications").json()["items"]
    assert sorted(each["state"] for each in listed) == ["denied", "failed", "not_sent", "timed_out", "used"]

    kept, log = _rows_kept(program), caplog.text
    record = str(list(Event.objects.filter(target_id=str(dana.object_id)).values_list("summary", "details")))
    for secret in (code, other):
        assert secret not in kept
        assert secret not in log
        assert secret not in record
    for guess in (f'{{"code": "{wrong}"}}', f"POST /api/v1{where}/code\n" + f'{{"code": "{wrong}"}}'):
        assert hashlib.sha256(guess.encode()).hexdigest() not in kept, "a reader of the table could search for it"


def test_a_code_by_text_message_goes_to_the_directorys_number_alone(line: Line, twilio: Twilio) -> None:
    """Issue 4, caller verification (c) over the API: a number that the caller dictates is not even taken."""
    path, clock = f"{line.user}/verifications", line.desk.place.clock
    told = {"deed": "reset-password", "method": "text_code", "number": "+491510000000"}
    assert line.program.post(path, told).status_code == 422
    where = line.start("text_code")
    assert [to for to, _ in twilio.sendings] == [NUMBER]
    assert line.read(where)["sent_to"] == "+49 … 789"
    assert line.told(where, _other_than(twilio.code_for(NUMBER))) == ("waiting", "wrong_code", 4)
    twilio.fails_with = [503]
    code = twilio.code_for(NUMBER)
    assert line.told(where, _other_than(code)) == ("waiting", "provider_silent", 3)
    assert line.told(where, code)[0] == "passed"
    assert line.read(where)["strength"] == 2
    late, checks = line.start("text_code", ticket="T-2"), len(twilio.requests)
    clock.travel(seconds=60)
    assert line.told(late, twilio.code_for(NUMBER))[0] == "timed_out"
    assert len(twilio.requests) == checks
    assert code not in _rows_kept(line.program)
    assert NUMBER not in _rows_kept(line.program)


def test_a_push_is_approved_denied_or_runs_out_while_a_program_reads(line: Line, duo: DuoStandIn) -> None:
    """Issue 4, caller verification (d) over the API."""
    from tenantry.verification import actions

    duo.add_user(line.dana.user_principal_name)
    for result, state, strength in (("approve", "passed", 3), ("deny", "denied", 0), ("", "timed_out", 0)):
        where = line.start("duo_push", ticket=f"T-{state}")
        assert (line.read(where)["number"], line.read(where)["sent_to"]) == ("493021", "Pixel 9")
        assert line.say(where, "493021").status_code == 404, "the code on the device is no answer"
        if result:
            next(each for each in duo.pushes.values() if each.result == "waiting").result = result
            actions.ask_about_pushes()
        else:
            line.desk.place.clock.travel(seconds=61)
        assert (line.read(where)["state"], line.read(where)["strength"]) == (state, strength)
    assert "493021" not in _rows_kept(line.program)


def test_a_manager_vouches_with_the_number_that_the_program_told_the_caller(line: Line, boss: "User") -> None:
    """Issue 4, caller verification (e) over the API."""
    where = line.start("manager")
    waiting = line.read(where)
    assert (waiting["manager"], len(waiting["number"])) == ("Bo Head", 2)
    vouch(line.desk, waiting["link"].removeprefix("http://testserver"), waiting["number"], boss)
    assert (line.read(where)["state"], line.read(where)["strength"]) == ("passed", 2)
    line.desk.place.tenant.update_user(str(line.dana.object_id), manager_id=None)
    body = {"deed": "reset-password", "ticket": "T-2", "method": "manager"}
    refused = line.program.post(f"{line.user}/verifications", body, key="nobody")
    assert (refused.status_code, refused.json()["code"]) == (422, "no_manager")
    line.desk.place.tenant.update_user(str(line.dana.object_id), manager_id=boss.id)
    assert line.program.post(f"{line.user}/verifications", body, key="nobody").status_code == 201, "not kept"


def test_a_program_reads_which_methods_there_are_and_what_suffices(
    line: Line, rule: "Callable[[Strength], None]"
) -> None:
    from tenantry.safeguards.policies import Strength

    rule(Strength.GOOD)
    path = f"{line.user}/verification-methods"
    found = line.program.get(f"{path}?deed=reset-password").json()
    methods = {each["method"]: each for each in found["items"]}
    assert (found["wanted"], len(methods)) == (2, 5)
    assert methods["own_sign_in"]["usable"]
    assert "proves too little" in methods["mail_code"]["obstacle"]
    assert "No Duo" in methods["duo_push"]["obstacle"]
    body = {"deed": "reset-password", "method": "duo_push"}
    refused = line.program.post(f"{line.user}/verifications", body)
    assert (refused.status_code, refused.json()["code"]) == (403, "method_not_usable")
    for wrong in ("", "?deed=", "?deed=delete"):
        assert line.program.get(path + wrong).status_code == 422


# --- what cannot be one transaction -----------------------------------------------------------------------------------


def test_a_request_that_is_cut_off_is_not_done_twice_and_its_record_stands(
    line: Line, smtp: MailServerUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Promise: no effect without a record. A code that went out, and a try that was spent, are not rolled back."""
    from tenantry.api import idempotency
    from tenantry.verification.models import Verification

    def cut_off(*_: object) -> None:
        raise RuntimeError("the process was killed before the answer was kept")

    body = {"deed": "reset-password", "ticket": "T-1", "method": "mail_code"}
    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_kept", cut_off)
        assert line.program.post(f"{line.user}/verifications", body, key="cut").status_code == 500
    assert acts_about(line.dana) == ["started"]
    again = line.program.post(f"{line.user}/verifications", body, key="cut")
    assert (again.status_code, again["Idempotent-Replayed"], len(smtp.box.got)) == (201, "true", 1)
    where = again["Location"].removeprefix("/api/v1")

    wrong = _other_than(code_in(smtp))
    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_kept", cut_off)
        assert line.say(where, wrong, key="try").status_code == 500
    assert acts_about(line.dana) == ["started", "wrong_answer"]
    told = line.say(where, wrong, key="try")
    assert (told.status_code, told.json()["code"]) == (409, "request_under_way")
    assert (line.read(where)["tries_left"], Verification.objects.filter(object_id=line.dana.object_id).count()) == (
        4,
        1,
    )


def test_of_two_requests_with_one_key_at_the_same_moment_one_sends(line: Line, smtp: MailServerUp) -> None:
    """Issue 4: a race with two real threads on PostgreSQL."""
    body, start, answers = {"deed": "block", "method": "mail_code"}, threading.Barrier(2), []

    def send() -> None:
        try:
            start.wait(timeout=30)
            answers.append(line.program.post(f"{line.user}/verifications", body, key="race"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(smtp.box.got) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer["Location"] for answer in answers if answer.status_code == 201}) == 1
    assert all(answer.json()["code"] == "request_under_way" for answer in answers if answer.status_code == 409)


def test_a_stolen_token_does_not_write_to_a_whole_company(
    line: Line, smtp: MailServerUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenantry.kit.limits import Limit
    from tenantry.verification.actions import starting

    monkeypatch.setattr(starting, "SENDINGS", Limit(name=f"sent-{uuid.uuid4()}", most=2, seconds=60))
    body = {"deed": "reset-password", "method": "mail_code"}
    answers = [line.program.post(f"{line.user}/verifications", body) for _ in range(3)]
    assert [each.status_code for each in answers] == [201, 201, 409]
    assert answers[-1].json()["code"] == "too_many_attempts"
    assert len(smtp.box.got) == 2
    assert line.read(line.start())["state"] == "waiting", "a link sends nothing"
