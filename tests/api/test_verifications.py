"""A program lets a caller prove who they are, and uses the pass for the ticket it was made for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.test import Client

from tests.api.conftest import Program, made
from tests.helpdesk.conftest import dana, place
from tests.verification.conftest import Desk, desk, rule

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser
    from tenantry.safeguards.policies import Strength

__all__ = ["dana", "desk", "place", "rule"]


def _started(program: Program, user: str, ticket: str = "T-1") -> str:
    body = {"deed": "reset-password", "ticket": ticket}
    answer = program.post(f"{user}/verifications", body, key=f"verify-{ticket}")
    assert answer.status_code == 201, answer.content
    assert "/verify/" not in answer.content.decode(), "kept for the key, so without the link"
    assert program.post(f"{user}/verifications", body, key=f"verify-{ticket}").json() == answer.json()
    where: str = answer["Location"]
    return where.removeprefix("/api/v1")


def test_a_callers_sign_in_makes_a_pass_that_a_program_uses_once_for_its_ticket(
    desk: Desk, dana: "DirectoryUser", rule: "Callable[[Strength], None]", run_jobs: Callable[[], None]
) -> None:
    """Issue 4: a pass is bound to user, action and ticket, used once; over the API as on the screens."""
    from tenantry.safeguards.policies import Strength

    rule(Strength.GOOD)
    program, user = made(desk.place.alice), f"/customers/{desk.place.customer.pk}/users/{dana.object_id}"
    reset = {"justification": "Forgotten password", "ticket": "T-1"}
    assert program.post(f"{user}/reset-password", reset).json()["code"] == "caller_proof_required"

    where = _started(program, user)
    waiting = program.get(where).json()
    assert (waiting["state"], waiting["strength"], waiting["deed"]) == ("waiting", 0, "reset-password")
    desk.sign_in(waiting["link"].removeprefix("http://testserver"), desk.place.in_tenant(dana))
    verified = program.get(where).json()
    assert (verified["state"], verified["link"]) == ("passed", "")
    assert verified["number"] == waiting["number"]

    other_ticket = program.post(f"{user}/reset-password", {**reset, "ticket": "T-2"})
    assert other_ticket.json()["code"] == "caller_proof_required"
    answer = program.post(f"{user}/reset-password", reset)
    assert answer.status_code == 202, answer.content
    assert program.get(where).json()["state"] == "used"
    run_jobs()
    again = {**reset, "again": answer.json()["operation"]["id"]}
    assert program.post(f"{user}/reset-password", again).json()["code"] == "caller_proof_required"


def test_the_link_is_for_whoever_began_and_a_stopped_attempt_opens_nothing(desk: Desk, dana: "DirectoryUser") -> None:
    from tests.technicians.staff_helpers import new_person

    program, user = made(desk.place.alice), f"/customers/{desk.place.customer.pk}/users/{dana.object_id}"
    where = _started(program, user, "T-9")
    link = program.get(where).json()["link"]
    assert made(new_person("owner")).get(where).json()["link"] == ""
    assert made(new_person("engineer")).get(where).status_code == 404
    assert program.post(f"{where}/stop", {}).json()["state"] == "stopped"
    assert program.post(f"{where}/stop", {}).status_code == 409
    assert Client().get(link.removeprefix("http://testserver")).status_code in {404, 410}
