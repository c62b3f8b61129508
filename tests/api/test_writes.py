"""Writes under a key, operations, approvals, passwords by token: the screens' rules, one effect for each wish."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from tests.api.conftest import Office, Program, made
from tests.conftest import SharedClock
from tests.safeguards.conftest import Desk, desk, place, run
from tests.technicians.staff_helpers import who

if TYPE_CHECKING:
    from tenantry.customers.models import Customer
    from tenantry.helpdesk.models import Operation

__all__ = ["desk", "place", "run"]

WISH = {"justification": "Left the organisation", "ticket": "T-4711"}


def _code(answer: Any) -> tuple[int, str]:  # noqa: ANN401  Django's test response
    return answer.status_code, answer.json().get("code", "")


def _named(name: str) -> "list[Customer]":
    from tenantry.customers.models import Customer

    return list(Customer.objects.filter(name=name))


def _new(office: Office) -> dict[str, Any]:
    return {"name": f"New {uuid.uuid4().hex[:10]}", "groups": [str(office.group.pk)]}


# --- idempotency ------------------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_one_effect(program: Program, ours: Office) -> None:
    """Issue 4: idempotency keys on writes."""
    body = _new(ours)
    first, again = (program.post("/customers", body, key="wish-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert len(_named(body["name"])) == 1


def test_a_key_is_for_one_request_of_one_token(program: Program, ours: Office) -> None:
    body = _new(ours)
    assert program.post("/customers", body, key="wish-2").status_code == 201
    assert _code(program.post("/customers", _new(ours), key="wish-2")) == (422, "idempotency_key_reused")
    other_address = program.post(f"{ours.one}/revoke-sessions", WISH, key="wish-2")
    assert _code(other_address) == (422, "idempotency_key_reused")
    neighbour = made(ours.technician)
    answer = neighbour.post("/customers", _new(ours), key="wish-2")
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer


def test_a_write_without_a_key_or_with_a_strange_one_is_refused(program: Program, ours: Office) -> None:
    body = _new(ours)
    for key in (None, "x" * 129, "two words", "caf\u00e9"):
        answer = program.post("/customers", body, key=key)
        assert answer.status_code == 422, key
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
    assert not _named(body["name"])


def test_a_refusal_is_not_kept_so_the_key_may_be_used_after_mending(program: Program, ours: Office) -> None:
    body = _new(ours)
    assert _code(program.post("/customers", {**body, "groups": []}, key="wish-3")) == (422, "no_group")
    assert program.post("/customers", body, key="wish-3").status_code == 201


def test_a_key_is_forgotten_after_a_day(program: Program, ours: Office, clock: SharedClock) -> None:
    from tenantry.api.models import KeptAnswer
    from tenantry.api.tasks import forget_answers

    assert program.post("/customers", _new(ours), key="wish-4").status_code == 201
    clock.travel(seconds=24 * 3600 - 1)
    assert _code(program.post("/customers", _new(ours), key="wish-4")) == (422, "idempotency_key_reused")
    clock.travel(seconds=1)
    assert program.post("/customers", _new(ours), key="wish-4").status_code == 201
    assert KeptAnswer.objects.filter(token=program.token, key="wish-4").count() == 1
    clock.travel(hours=25)
    forget_answers()
    assert not KeptAnswer.objects.filter(token=program.token).exists()


def test_of_two_at_the_same_moment_one_acts_and_both_get_its_answer(ours: Office) -> None:
    """Issue 4: a race with two real threads on PostgreSQL."""
    program = made(ours.technician)
    for _ in range(5):
        body, start = _new(ours), threading.Barrier(2)
        answers: list[Any] = []

        def send(body: dict[str, Any] = body, start: threading.Barrier = start, answers: list[Any] = answers) -> None:
            try:
                start.wait(timeout=30)
                answers.append(program.post("/customers", body, key=body["name"][4:]))
            finally:
                connection.close()

        threads = [threading.Thread(target=send) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False, True]
        assert len(_named(body["name"])) == 1


def test_a_change_sent_twice_is_recorded_once(program: Program, ours: Office) -> None:
    from tenantry.audit.models import Event

    path = f"/customers/{ours.customer.pk}"
    for _ in range(2):
        assert program.send("PATCH", path, {"domain": "osprey.example"}, key=None).status_code == 200
    changed = Event.objects.filter(customer_id=ours.customer.pk, action="customers.changed")
    assert changed.count() == 1
    assert changed.get().actor_name.endswith("(API token: Ticket system)")


# --- operations, with a tenant that answers ---------------------------------------------------------------------------


@pytest.fixture
def without_step_up(desk: Desk) -> Iterator[Callable[..., None]]:
    """Lets programs reset ordinary users, as somebody who may edit rules can decide; as before afterwards."""
    from tenantry.safeguards.models import StoredRule

    def allow(target_class: str = "ordinary", deed: str = "reset_password", **more: Any) -> None:  # noqa: ANN401
        from tenantry.safeguards import policies

        before = policies.DEFAULTS[policies.TargetClass(target_class), policies.Deed(deed)]
        StoredRule.objects.update_or_create(
            target_class=target_class,
            deed=deed,
            defaults={
                "roles": sorted(str(role) for role in before.roles),
                "step_up": False,
                "strength": 0,
                "needs_approval": before.needs_approval,
                "changed_at": desk.place.clock.now(),
                "changed_by": "test",
                **more,
            },
        )

    yield allow
    StoredRule.objects.all().delete()


def _one(desk: Desk, user: Any) -> str:  # noqa: ANN401  a row of the mirror
    return f"/customers/{desk.place.customer.pk}/users/{user.object_id}"


def _operation(answer: Any) -> "Operation":  # noqa: ANN401  Django's test response
    from tenantry.helpdesk.models import Operation

    return Operation.objects.get(pk=answer.json()["operation"]["id"])


def test_an_operation_is_accepted_then_done_in_the_tenant_and_read_back(desk: Desk, run: Callable[[], None]) -> None:
    """Promise: done means read back."""
    program = made(desk.engineer)
    desk.place.clock.travel(seconds=0.123456)
    first, again = (program.post(f"{_one(desk, desk.dana)}/block", WISH, key="block-1") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["operation"]["state"] != "done"
    where = first["Location"].removeprefix("/api/v1")
    reading = program.get(where).json()
    assert reading["open"] is True
    assert reading["created_at"] == first.json()["operation"]["created_at"], "one moment looks the same, kept or not"
    run()
    said = program.get(where).json()
    assert (said["state"], said["open"], said["ticket"]) == ("done", False, "T-4711")
    assert desk.place.effects(desk.dana) == 1
    assert desk.place.in_tenant(desk.dana).account_enabled is False
    acts = program.get(f"/activity?customer_id={desk.place.customer.pk}&search=T-4711").json()["items"]
    assert any(act["result"] == "done" and act["actor"].endswith("(API token: Ticket system)") for act in acts)


def test_what_was_done_a_moment_ago_is_not_done_again_unless_said_so(desk: Desk, run: Callable[[], None]) -> None:
    program = made(desk.engineer)
    path = f"{_one(desk, desk.dana)}/revoke-sessions"
    first = program.post(path, WISH)
    run()
    second = program.post(path, WISH)
    assert _code(second) == (409, "operation_in_between")
    assert second.json()["operation_id"] == first.json()["operation"]["id"]
    third = program.post(path, {**WISH, "again": second.json()["operation_id"]})
    assert third.status_code == 202
    run()
    assert desk.place.effects(desk.dana) == 2


def test_a_token_never_stands_in_for_fresh_proof_or_a_caller(desk: Desk, without_step_up: Callable[..., None]) -> None:
    """Default deny: the defaults ask for fresh proof before resets, and no token gives it."""
    program = made(desk.engineer)
    for user, deed in ((desk.dana, "reset-password"), (desk.dana, "unblock"), (desk.admin, "block")):
        assert _code(program.post(f"{_one(desk, user)}/{deed}", WISH)) == (403, "step_up_required"), deed
    without_step_up(strength=1)
    assert _code(program.post(f"{_one(desk, desk.dana)}/reset-password", WISH)) == (403, "caller_proof_required")
    helper = made(desk.help_desk)
    assert _code(helper.post(f"{_one(desk, desk.admin)}/block", WISH)) == (403, "rule_role")
    for user in (desk.dana, desk.admin):
        assert desk.place.writes(user) == []


def test_a_password_goes_once_to_the_token_that_asked(
    desk: Desk, without_step_up: Callable[..., None], run: Callable[[], None]
) -> None:
    without_step_up()
    program, neighbour = made(desk.engineer), made(desk.engineer)
    answer = program.post(f"{_one(desk, desk.dana)}/reset-password", {**WISH, "password": "random"})
    assert answer.status_code == 202
    where = answer["Location"].removeprefix("/api/v1")
    assert program.post(f"{where}/password").status_code == 409, "not proven yet"
    run()
    assert program.get(where).json()["password_ready"] is True
    assert _code(neighbour.post(f"{where}/password")) == (403, "not_the_asking_token")
    assert made(desk.owner).post(f"{where}/password").status_code == 403
    shown = program.post(f"{where}/password")
    password = shown.json()["password"]
    assert desk.place.in_tenant(desk.dana).password == password
    assert "no-store" in shown["Cache-Control"]
    assert program.post(f"{where}/password").status_code == 409
    assert program.get(where).json()["password_ready"] is False
    from tenantry.api.models import KeptAnswer

    assert password not in "".join(str(row.body) for row in KeptAnswer.objects.filter(token=program.token))
    acts = program.get(f"/activity?customer_id={desk.place.customer.pk}").json()["items"]
    assert any(act["action"] == "helpdesk.password_shown" for act in acts)


def test_where_technicians_never_see_passwords_neither_does_a_program(
    desk: Desk, without_step_up: Callable[..., None], run: Callable[[], None]
) -> None:
    from tenantry.customers.actions import hide_passwords

    without_step_up()
    hide_passwords(**who(desk.owner), customer_id=desk.place.customer.pk, hides=True)
    program = made(desk.engineer)
    answer = program.post(f"{_one(desk, desk.dana)}/reset-password", WISH)
    run()
    where = answer["Location"].removeprefix("/api/v1")
    assert _code(program.post(f"{where}/password")) == (403, "passwords_hidden")
    assert _operation(answer).password_sealed is not None


def test_two_people_decide_and_a_token_is_none_of_them(
    desk: Desk, without_step_up: Callable[..., None], run: Callable[[], None]
) -> None:
    """A token asks in its technician's name; approving takes a person, and a service account cannot even ask."""
    from tenantry.api import actions
    from tenantry.technicians.permissions import Permission
    from tenantry.technicians.staff.services import add_service_account

    without_step_up("administrator", "block_sign_in", needs_approval=True)
    program, colleague = made(desk.engineer), made(desk.administrator)
    answer = program.post(f"{_one(desk, desk.admin)}/block", WISH)
    assert answer.status_code == 202
    assert answer.json()["operation"] is None
    where = answer["Location"].removeprefix("/api/v1")
    assert program.get(where).json()["own"] is True
    assert colleague.post(f"{where}/approve", {}).status_code == 404, "there is no such route"
    assert program.post(f"{where}/deny", {"note": "No"}).status_code == 403, "one's own"
    assert colleague.post(f"{where}/deny", {"note": "Ask me first"}).json()["state"] == "denied"
    assert _code(colleague.post(f"{where}/deny", {}))[0] == 409
    second = program.post(f"{_one(desk, desk.admin)}/block", WISH)["Location"].removeprefix("/api/v1")
    assert colleague.post(f"{second}/withdraw", {}).status_code == 403
    assert program.post(f"{second}/withdraw", {}).json()["state"] == "withdrawn"
    run()
    assert desk.place.writes(desk.admin) == []

    service = add_service_account(
        **who(desk.owner), name="Robot", role="engineer", team_ids=[team.pk for team in desk.engineer.teams.all()]
    )
    token, secret = actions.make_token(
        **who(desk.owner), service=service, name="Key", customer_group_ids=None,
        permissions=[Permission.HELPDESK_ACT],
    )  # fmt: skip
    robot = Program(token, secret.reveal())
    assert _code(robot.post(f"{_one(desk, desk.admin)}/block", WISH)) == (403, "two_people_required")
    desk.dana.mail = desk.owner.email.upper()
    desk.dana.save(update_fields=["mail"])
    assert _code(robot.post(f"{_one(desk, desk.dana)}/block", WISH)) == (403, "own_account")
    assert robot.post(f"{_one(desk, desk.dana)}/revoke-sessions", {**WISH, "justification": ""}).status_code == 422


def test_what_was_answered_to_others_does_not_exist_in_a_technicians_scope(
    program: Program, ours: Office, theirs: Office
) -> None:
    """Row-level security: answers that are kept for a key hold customers' data."""
    from tenantry.api.models import KeptAnswer
    from tenantry.kit import scoping

    neighbour = made(theirs.technician)
    for each, office in ((program, ours), (neighbour, theirs)):
        assert each.post("/customers", _new(office), key="kept").status_code == 201
    for each in (program, neighbour):
        with scoping.scoped(scoping.of_technician(each.token.technician_id)):
            assert set(KeptAnswer.objects.values_list("token__technician_id", flat=True)) == {each.token.technician_id}
    with scoping.scoped(scoping.NOBODY):
        assert not KeptAnswer.objects.exists()


# --- several users, and passes ----------------------------------------------------------------------------------------


def test_a_run_over_several_users_is_one_effect_and_names_whom_it_leaves_out(
    desk: Desk, ours: Office, run: Callable[[], None]
) -> None:
    """Issue 4: the API has the screens' bulk runs, with the same rules, under an idempotency key."""
    from tenantry.audit.models import Event
    from tenantry.helpdesk.models import BulkRun

    program, customer = made(desk.engineer), f"/customers/{desk.place.customer.pk}"
    other = desk.place.add_user("Otto Other")
    many = [str(user.object_id) for user in (desk.dana, other, desk.boss)]
    body = {"kind": "block", "users": many, **WISH}
    first, again = (program.post(f"{customer}/bulk-runs", body, key="many") for _ in range(2))
    assert first.status_code == 202, first.content
    assert first.json() == again.json()
    assert BulkRun.objects.filter(tenant_id=desk.place.tenant_id).count() == 1
    assert {each["user_id"] for each in first.json()["operations"]} == set(many[:2])
    assert [each["user_principal_name"] for each in first.json()["skipped"]] == [desk.boss.user_principal_name]
    run()
    done = program.get(first["Location"].removeprefix("/api/v1")).json()
    assert {each["state"] for each in done["operations"]} == {"done"}
    assert not desk.place.in_tenant(desk.dana).account_enabled
    assert desk.place.in_tenant(desk.boss).account_enabled
    intent = Event.objects.get(kind="intent", action="helpdesk.block_sign_in", target_id=many[0])
    assert "API token" in intent.actor_name

    fresh = {**body, "users": [many[0], str(desk.admin.object_id)], "kind": "revoke-sessions"}
    assert _code(program.post(f"{customer}/bulk-runs", fresh)) == (403, "step_up_required")
    assert program.post(f"{customer}/bulk-runs", {**body, "kind": "reset-password"}).status_code == 422
    assert program.post(f"{customer}/bulk-runs", {**body, "users": [str(ours.user.object_id)]}).status_code == 404
    assert made(desk.help_desk).post(f"{customer}/bulk-runs", body).status_code == 403
    where = f"{customer}/bulk-runs/{done['id']}"
    assert made(ours.technician).get(where).status_code == 404
    assert program.get(f"/customers/{ours.customer.pk}/bulk-runs/{done['id']}").status_code == 404
    assert BulkRun.objects.filter(tenant_id=desk.place.tenant_id).count() == 1


def test_a_pass_is_made_under_a_key_and_its_code_given_out_once(
    desk: Desk, run: Callable[[], None], clock: SharedClock
) -> None:
    """Issue 4: Temporary Access Pass over the API; no code is kept for the key."""
    import json

    from tenantry.api.models import KeptAnswer
    from tenantry.safeguards.models import StoredRule
    from tests.helpdesk.test_access_passes import forget, want

    want(desk.place)
    desk.place.tenant.allow_access_passes()
    program, user = made(desk.owner), f"/customers/{desk.place.customer.pk}/users/{desk.dana.object_id}"
    wish = {**WISH, "minutes": 60}
    assert _code(program.post(f"{user}/access-pass", wish)) == (403, "caller_proof_required")
    rule = {"roles": ["owner"], "step_up": False, "strength": 0, "needs_approval": False}
    when = {"changed_at": clock.now(), "changed_by": "a test"}
    StoredRule.objects.update_or_create(target_class="ordinary", deed="access_pass", defaults={**rule, **when})
    try:
        answer = program.post(f"{user}/access-pass", wish, key="pass")
        assert answer.status_code == 202, answer.content
        assert not answer.json()["operation"]["password_ready"]
        run()
        where = answer["Location"].removeprefix("/api/v1")
        assert program.get(where).json()["password_ready"], program.get(where).json()
        found = desk.place.in_tenant(desk.dana).access_pass
        assert found is not None
        assert _code(made(desk.owner).post(f"{where}/password")) == (403, "not_the_asking_token")
        shown = program.post(f"{where}/password")
        assert shown.json()["password"] == found.code
        assert program.post(f"{where}/password").status_code == 409
        kept = json.dumps(list(KeptAnswer.objects.filter(token=program.token).values_list("body", flat=True)))
        assert found.code not in kept
        assert program.post(f"{user}/access-pass", wish, key="pass").json() == answer.json()
        assert program.post(f"{user}/access-pass", {**wish, "minutes": 5}).status_code == 422
    finally:
        forget(desk.place)
