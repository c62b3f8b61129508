"""Making, using, ending tokens; the page of them; service accounts; the emergency stop."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client, override_settings

from tenantry.kit.errors import Conflict, Invalid, NotAllowed, NotHere
from tests.api.conftest import Office, Program, made
from tests.conftest import SharedClock
from tests.technicians.staff_helpers import browser_of, new_person, who

if TYPE_CHECKING:
    from tenantry.api.models import ApiToken
    from tenantry.technicians.models import Technician

PAGE = "/settings/tokens/"


def _code(answer: Any) -> tuple[int, str]:  # noqa: ANN401  Django's test response
    return answer.status_code, answer.json().get("code", "")


def _works(program: Program) -> bool:
    status = program.get("/token").status_code
    assert status in {200, 401}
    return bool(status == 200)


def _acts(token: "ApiToken") -> list[str]:
    from tenantry.audit.models import Event

    found = Event.objects.filter(target_kind="token", target_id=str(token.pk)).order_by("pk")
    return list(found.values_list("action", flat=True))


@pytest.fixture
def service(ours: Office, alice: "Technician") -> "Technician":
    """A help-desk service account of our team."""
    from tenantry.technicians.staff.services import add_service_account

    teams = [team.pk for team in ours.technician.teams.all()]
    return add_service_account(**who(alice), name="Ticket system", role="help_desk", team_ids=teams)


def _made_for(service: "Technician", maker: "Technician", permissions: list[str] | None = None) -> Program:
    from tenantry.api import actions
    from tenantry.api.queries import OFFERED
    from tenantry.technicians.permissions import Permission

    wanted = [each for each in OFFERED if service.may(each)] if permissions is None else permissions
    token, secret = actions.make_token(
        **who(maker),
        service=service,
        name="Key",
        permissions=[Permission(each) for each in wanted],
        customer_group_ids=None,
    )
    return Program(token, secret.reveal())


# --- a token's life ---------------------------------------------------------------------------------------------------


def test_a_token_is_kept_as_a_digest_and_says_what_it_is(ours: Office) -> None:
    from django.db import connection

    program = made(ours.technician, permissions=["customers:customers:read"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM api_apitoken t WHERE id = %s", [program.token.pk])
        row = cursor.fetchone()[0]
    assert program.text[8:] not in row
    assert program.text.startswith("tnt_")
    assert len(program.text) >= 40
    said = program.get("/token").json()
    assert (said["permissions"], said["technician"]) == (["customers:customers:read"], ours.technician.display_name)
    assert program.get("/customers").status_code == 200
    assert _code(program.get(ours.users)) == (403, "token_too_small")


def test_a_token_ends_at_its_time_when_revoked_and_with_its_technician(ours: Office, clock: SharedClock) -> None:
    """Promise: no right outlives its time."""
    from tenantry.api import actions

    short = made(ours.technician, days=1)
    clock.travel(seconds=24 * 3600 - 1)
    assert _works(short)
    clock.travel(seconds=1)
    assert not _works(short)

    revoked = made(ours.technician)
    actions.revoke_token(**who(ours.technician), token_id=revoked.token.pk)
    assert not _works(revoked)
    assert _acts(revoked.token) == ["api.token_made", "api.token_revoked"]
    with pytest.raises(Conflict):
        actions.revoke_token(**who(ours.technician), token_id=revoked.token.pk)


def test_switching_somebody_off_revokes_their_tokens_for_good(alice: "Technician", ours: Office) -> None:
    from tenantry.technicians.models import Technician
    from tenantry.technicians.staff import changing

    person = new_person("engineer")
    person.teams.set(ours.technician.teams.all())
    program = made(person)
    assert _works(program)
    changing.deactivate(**who(alice), target_id=person.pk)
    assert not _works(program)
    Technician.objects.filter(pk=person.pk).update(is_active=True)  # whatever lets them back in
    assert not _works(program)
    assert _acts(program.token) == ["api.token_made", "api.token_revoked"]


def test_a_role_that_is_taken_away_is_taken_from_the_token_too(alice: "Technician") -> None:
    from tenantry.technicians.staff import changing

    person = new_person("engineer")
    program = made(person)
    changing.change_role(**who(alice), target_id=person.pk, role="auditor")
    assert _code(program.post("/customers", {"name": "New"})) == (403, "role_too_small")
    assert "customers:customers:manage" not in program.get("/token").json()["permissions"]


def test_nobody_gives_a_token_more_than_their_own_or_what_the_api_does_not_offer(ours: Office) -> None:
    from tenantry.technicians.permissions import Permission

    helper = new_person("help_desk")
    for permissions in (
        ["customers:customers:manage"],
        ["customers:customers:read", "approvals:requests:decide"],
        [Permission.TECHNICIANS_MANAGE],
        [Permission.API_TOKENS_MANAGE],
        [],
    ):
        with pytest.raises(Invalid):
            made(helper, permissions=permissions)
    with pytest.raises(Invalid):
        made(ours.technician, permissions=[Permission.CONNECTIONS_CHECK])
    for days in (0, 366):
        with pytest.raises(Invalid):
            made(ours.technician, days=days)
    with pytest.raises(NotAllowed):
        made(new_person("auditor"), permissions=["customers:customers:read"])


def test_too_many_requests_are_told_when_to_come_back(ours: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from tenantry.api import middleware
    from tenantry.kit.limits import Limit

    tag = uuid.uuid4().hex
    monkeypatch.setattr(middleware, "REQUESTS", Limit(name=f"requests-{tag}", most=2, seconds=60))
    monkeypatch.setattr(middleware, "WRONG_TOKENS", Limit(name=f"wrong-{tag}", most=2, seconds=60))
    busy, other = made(ours.technician), made(ours.technician)
    assert [busy.get("/token").status_code for _ in range(3)] == [200, 200, 429]
    answer = busy.get("/token")
    assert _code(answer) == (429, "too_many_requests")
    assert answer["Retry-After"] == "60"
    assert other.get("/token").status_code == 200, "counted for each token"

    wrong = Program(busy.token, "tnt_" + "x" * 43)
    assert [wrong.get("/token").status_code for _ in range(3)] == [401, 401, 429]
    assert other.get("/token").status_code == 200, "a right token is not held up by a neighbour's wrong ones"


def test_a_token_works_outside_the_demo_without_the_second_factor_of_a_session(ours: Office) -> None:
    """The factor was asked for when the token was made; the token itself has none to show."""
    with override_settings(IS_DEMO=False):
        assert made(ours.technician).get("/customers").status_code == 200


def test_a_host_that_is_not_served_is_a_bad_request_of_a_program_and_of_a_browser(ours: Office) -> None:
    program, wrong = made(ours.technician), {"host": "evil.example"}
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        answer = program.send("GET", "/token", **wrong)
        page = Client(raise_request_exception=False).get("/customers/", headers=wrong)
    assert _code(answer) == (400, "malformed")
    assert page.status_code == 400


# --- the page ---------------------------------------------------------------------------------------------------------


def _send(client: Client, path: str = PAGE, **fields: Any) -> Any:  # noqa: ANN401  Django's test response
    data = {"name": "Report", "permissions": ["customers:customers:read"], "days": "30", **fields}
    return client.post(path, data)


def test_the_page_shows_a_new_token_once_and_the_token_works(ours: Office) -> None:
    browser = browser_of(ours.technician)
    answer = _send(browser, groups=[str(ours.group.pk)])
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    text = re.findall(r"tnt_[\w-]{40,}", answer.content.decode())[0]
    assert _works(Program(ours.technician.api_tokens.get(name="Report"), text))
    later = browser.get(PAGE).content.decode()
    assert text not in later
    assert text[:8] in later
    assert ours.group.name in later


def test_the_page_offers_and_takes_only_ones_own(ours: Office, theirs: Office) -> None:
    helper = new_person("help_desk")
    helper.teams.set(ours.technician.teams.all())
    page = browser_of(helper).get(PAGE).content.decode()
    assert 'value="helpdesk:users:act"' in page
    assert 'value="customers:customers:manage"' not in page
    assert str(theirs.group.pk) not in page
    wrongs: list[dict[str, Any]] = [
        {"permissions": ["customers:customers:manage"]},
        {"permissions": []},
        {"groups": [str(theirs.group.pk)]},
        {"days": "366"},
        {"name": ""},
    ]
    for wrong in wrongs:
        assert _send(browser_of(helper), **wrong).status_code == 400, wrong
    assert not helper.api_tokens.exists()


def test_making_a_token_asks_for_fresh_proof(database: None) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from tenantry.technicians.middleware import ENROLLED
    from tenantry.technicians.models import Technician

    person = new_person("engineer")
    person.set_password("plum kettle harbour 9")
    person.save()
    TOTP.activate(person, str(generate_totp_secret()))
    with override_settings(IS_DEMO=False):
        browser = browser_of(Technician.objects.get(pk=person.pk))
        session = browser.session
        session[ENROLLED] = str(person.pk)
        session.save()
        answer = _send(browser)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert not person.api_tokens.exists()


def test_one_revokes_ones_own_and_those_who_manage_technicians_everybodys(
    ours: Office, theirs: Office, alice: "Technician"
) -> None:
    program = made(ours.technician)
    path = f"{PAGE}{program.token.pk}/revoke/"
    assert browser_of(theirs.technician).post(path).status_code == 404
    assert _works(program)
    assert program.text[:8] not in browser_of(theirs.technician).get(PAGE).content.decode()
    assert ours.technician.display_name in browser_of(alice).get(PAGE).content.decode()
    assert browser_of(alice).post(path).status_code == 302
    assert not _works(program)


# --- service accounts -------------------------------------------------------------------------------------------------


def test_a_service_account_works_with_the_role_teams_and_token_it_has(
    service: "Technician", alice: "Technician", ours: Office, theirs: Office
) -> None:
    """Issue 4: tokens per technician or service account, scoped to permissions and customer groups."""
    program = _made_for(service, alice)
    assert program.get(ours.one).status_code == 200
    assert program.get(theirs.one).status_code == 404
    assert _code(program.post("/customers", {"name": "New"})) == (403, "token_too_small")
    answer = program.post(f"{ours.one}/revoke-sessions", {"justification": "Lost telephone"})
    assert answer.status_code == 202
    assert answer.json()["operation"]["asked_by"] == "Ticket system (API token: Key)"
    small = _made_for(service, alice, ["customers:customers:read"])
    assert _code(small.get(ours.users)) == (403, "token_too_small")
    with pytest.raises(Invalid):
        _made_for(service, alice, ["customers:customers:manage"])


def test_only_those_who_manage_technicians_make_service_accounts_and_their_tokens(
    service: "Technician", ours: Office, alice: "Technician"
) -> None:
    from tenantry.technicians.staff.services import add_service_account

    with pytest.raises(NotAllowed):
        add_service_account(**who(ours.technician), name="Mine", role="help_desk")
    with pytest.raises(NotAllowed):
        _made_for(service, ours.technician)
    assert browser_of(ours.technician).get(f"{PAGE}?for={service.pk}").status_code == 404
    for role in ("owner", "administrator"):
        with pytest.raises(NotAllowed) as refused:
            add_service_account(**who(alice), name="Too much", role=role)
        assert refused.value.code == "not_for_services"
    for wrong in (ours.technician.pk, uuid.uuid4(), "abc"):
        assert browser_of(alice).get(f"{PAGE}?for={wrong}").status_code == 404
    with pytest.raises(Conflict):
        _made_for(ours.technician, alice)


def test_the_pages_lead_from_a_service_account_to_its_token(alice: "Technician", ours: Office) -> None:
    from tenantry.technicians.models import Technician

    browser, name = browser_of(alice), f"Backup {uuid.uuid4().hex[:8]}"
    teams = [str(team.pk) for team in ours.technician.teams.all()]
    answer = browser.post(
        "/settings/technicians/add-service/", {"display_name": name, "role": "auditor", "teams": teams}
    )
    made_one = Technician.objects.get(display_name=name)
    assert answer["Location"] == f"/settings/technicians/{made_one.pk}/"
    assert f"{PAGE}?for={made_one.pk}" in browser.get(answer["Location"]).content.decode()
    assert "Service account" in browser.get(answer["Location"]).content.decode()
    assert made_one.email not in browser.get("/settings/technicians/").content.decode()
    page = _send(browser, f"{PAGE}?for={made_one.pk}", name="Backup key").content.decode()
    text = re.findall(r"tnt_[\w-]{40,}", page)[0]
    token = made_one.api_tokens.get()
    assert token.made_by == alice
    assert Program(token, text).get("/customers").json()["items"][0]["id"] == str(ours.customer.pk)
    wrong = browser.post("/settings/technicians/add-service/", {"display_name": name, "role": "owner"})
    assert wrong.status_code == 400


def test_no_way_of_signing_in_leads_to_a_service_account(service: "Technician", alice: "Technician") -> None:
    from tenantry.technicians import queries
    from tenantry.technicians.models import Technician
    from tenantry.technicians.staff import changing, inviting

    assert not service.has_usable_password()
    assert queries.find_technician(service.email) is None
    assert service not in queries.active_technicians()
    service.set_password("plum kettle harbour 9")  # even if a password got there
    service.save()
    answer = Client().post("/accounts/login/", {"login": service.email, "password": "plum kettle harbour 9"})
    assert answer.status_code == 200, "the form again"
    assert browser_of(service).get("/customers/").status_code == 302, "even a session ends at once"
    changing.deactivate(**who(alice), target_id=service.pk)
    with pytest.raises(Conflict):
        inviting.reactivate(**who(alice), target_id=service.pk)
    assert Technician.objects.get(pk=service.pk).is_active is False


def test_a_service_account_cannot_become_more_than_an_engineer(service: "Technician", alice: "Technician") -> None:
    from tenantry.technicians.staff import changing

    for role in ("owner", "administrator"):
        with pytest.raises(NotAllowed) as refused:
            changing.change_role(**who(alice), target_id=service.pk, role=role)
        assert refused.value.code == "not_for_services"
    assert changing.change_role(**who(alice), target_id=service.pk, role="engineer").role == "engineer"


def test_switched_off_a_service_account_loses_its_tokens_and_comes_back_without_them(
    service: "Technician", alice: "Technician"
) -> None:
    browser, person = browser_of(alice), f"/settings/technicians/{service.pk}/"
    program = _made_for(service, alice)
    browser.post(f"{person}switch-off/")
    assert not _works(program)
    assert browser.get(f"{PAGE}?for={service.pk}").status_code == 404
    assert browser.post(f"{person}switch-on/").status_code == 302
    assert not _works(program)
    service.refresh_from_db()
    assert _works(_made_for(service, alice))
    assert browser.post(f"{person}switch-on/").status_code == 409


def test_who_leaves_takes_the_tokens_they_made_along(
    service: "Technician", alice: "Technician", clock: SharedClock
) -> None:
    """They held them in their hands: no right outlives its time."""
    from tenantry.technicians.staff import changing

    leaver = new_person("administrator")
    theirs, stays = _made_for(service, leaver), _made_for(service, alice)
    changing.deactivate(**who(alice), target_id=leaver.pk)
    assert not _works(theirs)
    assert _works(stays)


def test_who_gets_a_lesser_role_loses_the_tokens_of_accounts_that_they_may_not_manage_any_more(
    service: "Technician", alice: "Technician", clock: SharedClock
) -> None:
    """Issue 4, roles: what the role has lost must not stay in somebody's hands as a service account's token."""
    from tenantry.technicians.staff import changing

    boss = new_person("owner")
    theirs, stays = _made_for(service, boss), _made_for(service, alice)
    changing.change_role(**who(alice), target_id=boss.pk, role="administrator")
    assert _works(theirs), "an administrator manages it all the same"
    changing.change_role(**who(alice), target_id=boss.pk, role="help_desk")
    assert not _works(theirs)
    assert _works(stays)


# --- the emergency stop -----------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(alice: "Technician", clock: SharedClock) -> Iterator[Callable[[], None]]:
    """Presses the stop; it is off again after the test."""
    from tenantry.notifications.models import Alert
    from tenantry.panic import actions
    from tenantry.panic.models import EmergencyStop

    def press() -> None:
        actions.press(**who(alice), reason="A token was taken")

    yield press
    EmergencyStop.objects.filter(lifted_at=None).update(lifted_at=clock.now())
    Alert.objects.filter(kind="emergency_stop").delete()
    alice.refresh_from_db()


def test_the_emergency_stop_revokes_every_token_and_refuses_writes_of_programs(
    stopped: Callable[[], None], service: "Technician", alice: "Technician", ours: Office
) -> None:
    """Issue 4: the kill switch revokes sessions and tokens, and blocks all writes."""
    programs = [made(ours.technician), _made_for(service, alice)]
    assert all(_works(program) for program in programs)
    stopped()
    assert not any(_works(program) for program in programs)
    assert all(_acts(program.token)[-1] == "api.token_revoked" for program in programs)
    assert _code(programs[0].post("/customers", {"name": "New"}))[0] in {401, 403}
    later = made(ours.technician)  # made by other means while it is on
    assert later.get("/customers").status_code == 200, "reading goes on"
    answer = later.post("/customers", {"name": "New", "groups": [str(ours.group.pk)]})
    assert _code(answer) == (403, "emergency_stop")
    assert answer["Content-Type"] == "application/problem+json"
    assert _code(later.send("PATCH", f"/customers/{ours.customer.pk}", {"name": "x"})) == (403, "emergency_stop")
    alice.refresh_from_db()
    assert _send(browser_of(alice)).status_code == 403, "no new token either"
    assert "tokens are revoked" not in browser_of(alice).get("/settings/emergency-stop/").content.decode()


def test_the_page_of_the_stop_says_that_tokens_end(alice: "Technician") -> None:
    alice.refresh_from_db()
    assert "API tokens are revoked" in browser_of(alice).get("/settings/emergency-stop/").content.decode()


def test_a_token_that_is_not_there_is_not_revoked(ours: Office) -> None:
    from tenantry.api import actions

    with pytest.raises(NotHere):
        actions.revoke_token(**who(ours.technician), token_id=uuid.uuid4())
