"""Colleagues: who may change what about whom, races included, and what the end of an account ends."""

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client
from tests.technicians.helpers import acts_of, is_signed_in, path_of
from tests.technicians.staff_helpers import PASSWORD, browser_of, new_person, who

from tenantry.audit.models import Event
from tenantry.kit import clock
from tenantry.kit.errors import Conflict, NotAllowed, NotHere, Refusal
from tenantry.technicians.actions import create_sign_in_link
from tenantry.technicians.models import MicrosoftAccount, Technician
from tenantry.technicians.permissions import Role
from tenantry.technicians.staff import changing, inviting, policies, reading, teams

W, A, E, H, R = Role.OWNER, Role.ADMINISTRATOR, Role.ENGINEER, Role.HELP_DESK, Role.AUDITOR
MAY_TOUCH = {W: {W, A, E, H, R}, A: {A, E, H, R}, E: set(), H: set(), R: set()}
"""Written down apart from the code: who may change whom, and give which role."""


def test_role_by_role_by_change() -> None:
    """Each role x the role of the colleague x the role given (issue 4, technicians)."""
    wrong = []
    for mine in Role:
        me = Technician(role=mine, display_name="Me")
        for theirs in Role:
            them = Technician(role=theirs, display_name="They")
            if bool(policies.may_manage(me, them)) != (theirs in MAY_TOUCH[mine]):
                wrong.append((mine, "touches", theirs))
            if bool(policies.may_give(me, theirs)) != (theirs in MAY_TOUCH[mine]):
                wrong.append((mine, "gives", theirs))
        assert not policies.may_manage(me, me)
        assert not policies.may_give(me, "emperor")
        assert not policies.may_manage(Technician(role=mine, is_active=False), Technician(role=R))
    assert not wrong


@pytest.mark.parametrize("act", [changing.deactivate, changing.end_sessions, inviting.reactivate])
@pytest.mark.parametrize("mine", [A, E, H, R])
def test_an_owner_is_out_of_reach_of_everybody_else(alice: Technician, act: Callable[..., object], mine: Role) -> None:
    owner, me = new_person(W), new_person(mine)
    with pytest.raises(NotAllowed):
        act(**who(me), target_id=owner.pk)
    with pytest.raises(NotAllowed):
        changing.change_role(**who(me), target_id=owner.pk, role=R)
    owner.refresh_from_db()
    assert (owner.role, owner.is_active, owner.session_epoch) == (W, True, 0)


def test_nobody_decides_about_themselves_and_nobody_gives_more_than_they_have(alice: Technician) -> None:
    admin, helper = new_person(A), new_person(H)
    for person in (alice, admin):
        with pytest.raises(NotAllowed, match="own account"):
            changing.change_role(**who(person), target_id=person.pk, role=R)
        with pytest.raises(NotAllowed, match="own account"):
            changing.deactivate(**who(person), target_id=person.pk)
    with pytest.raises(NotAllowed, match="cannot give"):
        changing.change_role(**who(admin), target_id=helper.pk, role=W)
    with pytest.raises(NotAllowed, match="cannot give"):
        inviting.invite(**who(admin), display_name="X", email=f"{uuid.uuid4().hex}@x.example", role=W)
    answer = browser_of(admin).post(f"/settings/technicians/{helper.pk}/role/", {"role": "owner"})
    assert (answer.status_code, Technician.objects.get(pk=helper.pk).role) == (403, H)
    with pytest.raises(NotHere):
        changing.change_role(**who(admin), target_id=uuid.uuid4(), role=R)


def test_a_change_of_role_is_recorded_with_before_and_after(alice: Technician) -> None:
    person = new_person(H)
    changing.change_role(**who(alice), target_id=person.pk, role=E)
    changing.change_role(**who(alice), target_id=person.pk, role=E)
    event = Event.objects.get(target_id=str(person.pk), action="technicians.role_changed")
    assert event.details == {"before": {"role": "help_desk"}, "after": {"role": "engineer"}}
    assert event.actor_id == alice.pk


@pytest.fixture
def only_owners(database: None) -> Iterator[list[Technician]]:
    """Two owners and no other; whoever owned the deployment owns it again afterwards."""
    others = list(Technician.objects.filter(role=W).values_list("pk", flat=True))
    Technician.objects.filter(pk__in=others).update(role=E)
    mine = [new_person(W), new_person(W)]
    yield mine
    Technician.objects.filter(pk__in=[person.pk for person in mine]).update(role=R)
    Technician.objects.filter(pk__in=others).update(role=W)


@pytest.mark.parametrize("round_", range(3))
@pytest.mark.parametrize("act", ["demote", "switch off"])
def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(
    only_owners: list[Technician], act: str, round_: int
) -> None:
    start, outcomes = threading.Barrier(2), list[str]()

    def remove(me: Technician, other: Technician) -> None:
        try:
            start.wait(timeout=10)
            if act == "demote":
                changing.change_role(**who(me), target_id=other.pk, role=R)
            else:
                changing.deactivate(**who(me), target_id=other.pk)
            outcomes.append("done")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    one, two = only_owners
    threads = [threading.Thread(target=remove, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1, (round_, outcomes)
    assert Technician.objects.filter(role=W, is_active=True).count() == 1


def test_the_last_owner_is_kept_whatever_is_asked(only_owners: list[Technician]) -> None:
    one, two = only_owners
    changing.deactivate(**who(one), target_id=two.pk)
    assert not policies.may_stop_being_owner(one, active_owners=1)
    two.refresh_from_db()
    with pytest.raises(NotAllowed):
        changing.change_role(**who(two), target_id=one.pk, role=R)
    assert Technician.objects.get(pk=one.pk).is_owner


@pytest.mark.parametrize("act", ["demote", "switch off"])
def test_the_last_owner_who_signs_in_without_microsoft_is_kept(only_owners: list[Technician], act: str) -> None:
    """Issue 4: at least one owner always keeps a local way in, by whatever path it would be taken."""
    from tenantry.technicians.factors import has_local_way_in

    def remove(me: Technician, other: Technician) -> None:
        if act == "demote":
            changing.change_role(**who(me), target_id=other.pk, role=R)
        else:
            changing.deactivate(**who(me), target_id=other.pk)

    by_microsoft, local = only_owners
    local.set_password(PASSWORD)
    local.save()
    assert (has_local_way_in(by_microsoft), has_local_way_in(local)) == (False, True)
    with pytest.raises(NotAllowed) as refusal:
        remove(by_microsoft, local)
    assert refusal.value.code == "last_local_way_in"
    by_microsoft.set_password(PASSWORD)
    by_microsoft.save()
    remove(by_microsoft, local)
    assert Technician.objects.filter(role=W, is_active=True).get() == by_microsoft


def test_switching_off_ends_sessions_links_and_other_keys_at_once(alice: Technician, visitor: Client) -> None:
    person = new_person(E)
    browser, link = browser_of(person), path_of(create_sign_in_link(person))
    assert browser.get("/settings/").status_code == 200
    told: list[Technician] = []

    def keep(technician: Technician, **_: object) -> None:
        told.append(technician)

    changing.access_ended.connect(keep)
    try:
        changing.deactivate(**who(alice), target_id=person.pk)
    finally:
        changing.access_ended.disconnect(keep)
    assert browser.get("/settings/").status_code == 302
    assert visitor.post(link).status_code == 404
    assert told == [person]
    with pytest.raises(Conflict):
        changing.deactivate(**who(alice), target_id=person.pk)


def test_what_cannot_end_the_other_keys_keeps_the_account_on(alice: Technician) -> None:
    person = new_person(E)

    def fail(**_: object) -> None:
        raise RuntimeError("the tokens cannot be ended")

    changing.access_ended.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            changing.deactivate(**who(alice), target_id=person.pk)
    finally:
        changing.access_ended.disconnect(fail)
    assert Technician.objects.get(pk=person.pk).is_active
    assert not acts_of(person)


def test_ending_sessions_signs_out_and_leaves_the_account(alice: Technician) -> None:
    person = new_person(H)
    browser = browser_of(person)
    as_alice = browser_of(alice)
    assert as_alice.post(f"/settings/technicians/{person.pk}/sign-out/").status_code == 302
    assert browser.get("/settings/").status_code == 302
    person.refresh_from_db()
    assert browser_of(person).get("/settings/").status_code == 200


def test_who_comes_back_starts_over(alice: Technician, visitor: Client) -> None:
    person = new_person(E)
    person.set_password("plum kettle harbour 9")
    person.save()
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    MicrosoftAccount.objects.create(
        technician=person, tenant_id=uuid.uuid4(), object_id=uuid.uuid4(), user_name=person.email, linked_at=clock.now()
    )
    changing.deactivate(**who(alice), target_id=person.pk)
    invitation = inviting.reactivate(**who(alice), target_id=person.pk)
    assert not MicrosoftAccount.objects.filter(technician=person).exists()
    assert reading.get_person(person.pk).standing == reading.Standing.COMING_BACK
    person.refresh_from_db()
    assert (person.is_active, person.has_usable_password()) == (False, False)
    assert not Authenticator.objects.filter(user=person).exists()
    form = {"display_name": "Back", "password1": "quiet otter ladder 41", "password2": "quiet otter ladder 41"}
    assert visitor.post(path_of(invitation.link.reveal()), form).status_code == 302
    person.refresh_from_db()
    assert person.is_active
    assert is_signed_in(visitor, person)


def test_what_opens_a_door_to_somebody_asks_for_fresh_proof_and_what_closes_one_does_not(alice: Technician) -> None:
    me, them = new_person(A), new_person(E)
    me.set_password("plum kettle harbour 9")  # somebody who has something to prove it with
    me.save()
    browser, page = browser_of(me), f"/settings/technicians/{them.pk}/"
    invitation = {"display_name": "New", "email": f"new-{me.pk.hex[:8]}@harbour-it.example", "role": "auditor"}
    for path, form in (
        ("/settings/technicians/invite/", invitation),
        (f"{page}role/", {"role": "administrator"}),
        (f"{page}teams/", {"teams": []}),
    ):
        answer = browser.post(path, form)
        assert answer.status_code == 302, path
        assert "reauthenticate" in answer.headers["Location"], path
    them.refresh_from_db()
    assert them.role == E
    assert not Technician.objects.filter(email=invitation["email"]).exists()
    assert browser.post(f"{page}sign-out/").headers["Location"] == page
    assert browser.post(f"{page}switch-off/").headers["Location"] == page
    them.refresh_from_db()
    assert not them.is_active


def test_who_was_to_come_back_and_was_not_let_in_stays_out(alice: Technician, visitor: Client) -> None:
    person = new_person(E)
    changing.deactivate(**who(alice), target_id=person.pk)
    link = path_of(inviting.reactivate(**who(alice), target_id=person.pk).link.reveal())
    inviting.withdraw_invitation(**who(alice), target_id=person.pk)
    assert visitor.get(link).status_code == 410
    assert reading.get_person(person.pk).standing == reading.Standing.OFF


def test_teams_are_chosen_on_either_page_and_recorded(alice: Technician) -> None:
    tag, person, as_alice = uuid.uuid4().hex[:8], new_person(H), browser_of(alice)
    assert as_alice.post("/settings/teams/", {"name": f" Night   {tag} "}).status_code == 302
    team = next(team for team in reading.list_teams() if team.name == f"Night {tag}")
    assert as_alice.post("/settings/teams/", {"name": f"night {tag}"}).status_code == 400
    as_alice.post(f"/settings/technicians/{person.pk}/teams/", {"teams": [str(team.pk)]})
    assert list(person.teams.all()) == [team]
    page = as_alice.get(f"/settings/teams/{team.pk}/").content.decode()
    assert person.email in page
    as_alice.post(f"/settings/teams/{team.pk}/", {"name": team.name, "sees_everything": "on"})
    assert not person.teams.exists()
    event = Event.objects.filter(target_id=str(team.pk), action="technicians.team_changed").get()
    assert event.details["before"]["members"] == [person.email]
    assert event.details["after"] == {"name": team.name, "sees_everything": True, "members": []}
    assert as_alice.get(f"/settings/teams/{team.pk}/delete/").status_code == 200
    assert as_alice.post(f"/settings/teams/{team.pk}/delete/").status_code == 302
    assert as_alice.get(f"/settings/teams/{team.pk}/").status_code == 404


def test_an_administrator_moves_no_owner_in_or_out_of_a_team(alice: Technician) -> None:
    admin, owner = new_person(A), new_person(W)
    team = teams.create_team(**who(admin), name=f"T {uuid.uuid4().hex[:8]}")
    with pytest.raises(NotAllowed):
        teams.set_teams(**who(admin), target_id=owner.pk, team_ids=[team.pk])
    with pytest.raises(NotAllowed):
        teams.change_team(
            **who(admin), team_id=team.pk, name=team.name, sees_everything=False, member_ids=[owner.pk, admin.pk]
        )
    teams.change_team(**who(admin), team_id=team.pk, name=team.name, sees_everything=False, member_ids=[admin.pk])
    assert list(team.members.all()) == [admin]


@pytest.mark.parametrize("role", [A, R])
def test_the_page_of_a_colleague_offers_what_may_be_done(alice: Technician, role: Role) -> None:
    person, owner, me = new_person(H), new_person(W), new_person(role)
    browser = browser_of(me)
    assert browser.get("/settings/technicians/").status_code == 200
    theirs = browser.get(f"/settings/technicians/{person.pk}/").content.decode()
    assert ("Switch off" in theirs) == (role == A)
    assert "Switch off" not in browser.get(f"/settings/technicians/{owner.pk}/").content.decode()
    mine = browser.get(f"/settings/technicians/{me.pk}/").content.decode()
    assert ("Nobody changes their own role" in mine) == (role == A)
