"""Do it for me: one sign-in of the administrator, the changes in their name, read back, and nothing kept."""

import pytest
from django.test import Client
from django.urls import reverse
from tests.roads.conftest import Road
from tests.technicians.staff_helpers import new_person

from entrasim.handle import Handle
from tenantry.audit.models import Event
from tenantry.reach import roles
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState
from tenantry.tenants.models import RolePath

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR


def held(road: Road, role_id: str = PAA) -> int:
    principal = road.trip.principal().id
    return sum(
        assignment.principal_id == principal and assignment.role_definition_id == role_id
        for assignment in road.trip.tenant.state.role_assignments.values()
    )


def take_group(road: Road) -> None:
    connection = road.trip.connection()
    road.trip.client.post(
        reverse("tenants:path", args=[road.trip.customer.pk, "helpdesk"]),
        {"path": "group", "group_name": "", "tenant_id": str(connection.tenant_id)},
    )
    road.trip.look(minutes=1)


def test_the_plan_is_shown_before_anybody_signs_in(road: Road) -> None:
    page = road.page()
    assert "Assign Privileged Authentication Administrator to Tenantry Help Desk" in page
    assert "Neither their password nor any token is kept" in page
    assert road.writes() == []


def test_the_direct_road_is_done_read_back_and_the_loan_handed_back(road: Road) -> None:
    """J2 by *do it for me*; AC-1.6: nothing usable remains."""
    work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    assert held(road) == 1
    assert road.grants() == 0
    assert work.remains == []
    page = road.page()
    assert "Nothing to do" in page
    assert "What was done" in page
    assert f"In the name of {road.trip.tenant.admin.user_principal_name}" in page
    assert road.trip.connection().role_seen_at is not None


def test_running_it_twice_changes_nothing_the_second_time(road: Road) -> None:
    url = road.leave()
    road.trip.give_role()  # somebody was faster
    road.come_back(road.sign_in(url))
    work = road.work()
    assert work.state == WorkState.DONE
    assert "Nothing was changed" in work.message
    assert held(road) == 1
    assert all("roleAssignments" not in write for write in road.writes())


def test_the_road_with_pim_is_active_and_permanent_with_the_justification(road: Road) -> None:
    """J3 by *do it for me*: AC-3.1."""
    road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    road.trip.look(hours=10)
    work = road.do(justification="Because Bob's help desk needs it")
    assert work.state == WorkState.DONE, (work.message, work.steps)
    request = next(iter(road.trip.tenant.state.pim_requests.values()))
    assert request["justification"] == "Because Bob's help desk needs it"
    assert held(road) == 1
    assert road.trip.connection().role_ends_at is None


def test_where_the_policy_forbids_permanent_the_longest_is_taken(road: Road) -> None:
    road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    road.trip.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P90D")
    road.trip.look(hours=10)
    assert "the longest time its rules allow, 90 days" in road.page()
    work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    ends_at = road.trip.connection().role_ends_at
    assert ends_at is not None
    assert 89 <= (ends_at - road.trip.clock.now()).days <= 90
    assert "Nothing to do" in road.page()
    road.trip.look(days=70)
    assert "last for the longest time" in road.page()  # near its end it is renewed
    assert road.do().state == WorkState.DONE
    renewed = road.trip.connection().role_ends_at
    assert renewed is not None
    assert (renewed - road.trip.clock.now()).days >= 89


def test_an_eligible_role_is_made_active(road: Road) -> None:
    road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    road.trip.tenant.assign_by_pim(road.trip.principal().id, PAA, eligible=True)
    road.trip.look(hours=10)
    assert "make it active" in road.page()
    assert road.do().state == WorkState.DONE
    assert held(road) == 1


@pytest.mark.parametrize("plan", ["AAD_PREMIUM", "AAD_PREMIUM_P2"])
def test_the_road_through_a_group_makes_group_member_and_role(road: Road, plan: str) -> None:
    """J7 by *do it for me*: AC-7.3; with PIM the role is active on the group."""
    road.trip.tenant.add_sku(plan)
    road.trip.tenant.assign_licence(road.trip.tenant.admin, plan)
    take_group(road)
    road.trip.look(hours=10)
    work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    group = next(iter(road.trip.tenant.state.groups.values()))
    assert group.is_assignable_to_role
    assert road.trip.principal().id in group.members
    assert road.trip.connection().role_seen_at is not None
    assert road.trip.connection().path == RolePath.GROUP


def test_a_road_through_a_group_without_a_licence_says_so_and_offers_no_sign_in(road: Road) -> None:
    """AC-7.1."""
    take_group(road)
    page = road.page()
    assert "No licence with Entra ID P1 or P2 is owned." in page
    assert "Sign in and do it" not in page


def test_somebody_without_the_right_role_is_told_who_has_to_sign_in(road: Road) -> None:
    user = road.trip.tenant.add_user(name="Hannah Ordinary", roles=["Application Administrator"])
    answer = road.sign_in(road.leave(), user)
    road.come_back(answer)
    work = road.work()
    assert work.state == WorkState.STOPPED
    assert held(road) == 0
    words = f"{work.message} {work.remedy}"
    assert "Privileged Role Administrator" in words, words


def test_a_dry_run_changes_nothing_and_says_what_microsoft_would_say(road: Road) -> None:
    road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    road.trip.look(hours=10)
    road.trip.tenant.set_pim_rule("Enablement_Admin_Assignment", enabledRules=["Ticketing"])
    work = road.do(dry_run="1")
    assert work.state == WorkState.STOPPED
    assert "TicketingRule" in work.steps[0]["note"]
    assert held(road) == 0
    assert road.grants() == 0
    work = road.do(dry_run="1", ticket="T-1")
    assert work.state == WorkState.PLANNED, (work.message, work.error_code, work.steps)
    assert "Dry run passed. Nothing was changed." in work.message
    assert held(road) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/roleManagement/directory/roleAssignments",
        "/roleManagement/directory/roleAssignmentScheduleRequests",
    ],
)
def test_an_answer_lost_after_the_effect_is_decided_by_a_look(road: Road, path: str) -> None:
    if "Schedule" in path:
        road.trip.tenant.add_sku("AAD_PREMIUM_P2")
        road.trip.look(hours=10)
    road.trip.tenant.fault("lost", method="POST", path=path)
    work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    assert held(road) == 1
    assert road.grants() == 0


@pytest.mark.parametrize("path", ["/groups", "/groups/*/members/$ref", "/roleManagement/directory/roleAssignments"])
def test_on_the_road_through_a_group_no_lost_answer_makes_anything_twice(road: Road, path: str) -> None:
    road.trip.tenant.add_sku("AAD_PREMIUM")
    road.trip.tenant.assign_licence(road.trip.tenant.admin, "AAD_PREMIUM")
    take_group(road)
    road.trip.tenant.fault("lost", method="POST", path=path)
    work = road.do()
    if work.state != WorkState.DONE:  # where it stands is said, and doing it again goes on
        work = road.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    assert len(road.trip.tenant.state.groups) == 1


def test_an_answer_lost_before_the_effect_is_sent_again_by_doing_it_again(road: Road) -> None:
    road.trip.tenant.fault("refused_before", method="POST", path="/roleManagement/directory/roleAssignments")
    work = road.do()
    assert work.state != WorkState.DONE
    assert held(road) == 0
    road.trip.look(minutes=1)
    assert road.do().state == WorkState.DONE
    assert held(road) == 1


def test_a_plan_that_is_no_longer_true_is_shown_anew_and_not_done(road: Road) -> None:
    url = road.leave()
    road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    road.come_back(road.sign_in(url))
    work = road.work()
    assert work.state == WorkState.PLANNED, (work.message, work.error_code, work.steps)
    assert "changed since you confirmed" in work.message
    assert held(road) == 0
    assert "through PIM" in road.page()


def test_a_replayed_answer_and_one_of_another_session_change_nothing(road: Road) -> None:
    query = road.sign_in(road.leave())
    other = Client()
    other.force_login(new_person("administrator"), backend="django.contrib.auth.backends.ModelBackend")
    assert road.come_back(query, other).status_code == 302
    assert road.work().state == WorkState.AWAY
    assert held(road) == 0
    road.come_back(query)
    assert held(road) == 1
    writes = len(road.writes())
    road.come_back(query)
    assert len(road.writes()) == writes


def test_an_answer_that_comes_too_late_is_refused(road: Road) -> None:
    query = road.sign_in(road.leave())
    road.trip.clock.travel(minutes=31)
    road.come_back(query)
    assert road.work().error_code == "expired"
    assert held(road) == 0


def test_somebody_of_another_tenant_is_refused(road: Road, sim: Handle) -> None:
    url = road.leave()
    query = {"error": "access_denied", "error_description": "AADSTS65004: User declined to consent.", "state": ""}
    from urllib.parse import parse_qs, urlsplit

    query["state"] = parse_qs(urlsplit(url).query)["state"][0]
    road.come_back(query)
    work = road.work()
    assert work.state == WorkState.STOPPED
    assert "Cancel" in work.message


def test_every_change_was_recorded_before_it_was_sent(road: Road) -> None:
    """AC-X.1; the record names the person and what they lent."""
    road.do()
    events = list(Event.objects.filter(customer_id=road.trip.customer.pk).order_by("id"))
    actions = [event.action for event in events]
    assert RoadEvent.ADMINISTRATOR_SIGNED_IN in actions
    assigned = next(event for event in events if event.action == RoadEvent.ROLE_ASSIGNED and event.kind == "intent")
    assert road.trip.tenant.admin.user_principal_name in assigned.summary
    assert RoadEvent.GRANT_TAKEN_BACK in actions


def test_no_token_verifier_or_code_is_kept_anywhere(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    """AC-1.6."""
    caplog.set_level("DEBUG")
    url = road.leave()
    waiting = road.work()
    query = road.sign_in(url)
    road.come_back(query)
    work = road.work()
    assert (work.flow, work.state_digest) == (None, None)
    assert b"code_verifier" not in bytes(waiting.flow or b"")
    texts = [str(row) for row in Work.objects.filter(pk=work.pk).values()]
    texts += [str(row) for row in Event.objects.filter(customer_id=road.trip.customer.pk).values()]
    texts += [str(dict(road.trip.client.session.items())), caplog.text]
    for text in texts:
        assert query["code"] not in text
        assert "eyJ0" not in text


def test_a_stranger_gets_404(road: Road) -> None:
    import uuid

    assert road.trip.client.get(reverse("roads:road", args=[uuid.uuid4(), "helpdesk"])).status_code == 404
    assert road.trip.client.get(reverse("roads:road", args=[road.trip.customer.pk, "nonsense"])).status_code == 404
