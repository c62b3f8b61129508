"""The roads to the role against a real tenant: with PIM (J3), through a group (J7), custom roles, both apps."""

import datetime as dt

import pytest
from django.urls import reverse
from tests.tenants.conftest import Trip

from entrasim.handle import Handle
from entrasim.state import Group
from tenantry.reach import roles
from tenantry.tenants import actions
from tenantry.tenants.models import AppKind, Connection, ConnectionState, RolePath
from tenantry.tenants.policies import GroupProblem, RoleState
from tenantry.tenants.queries import connection_of, facts_of

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
PRA = roles.PRIVILEGED_ROLE_ADMINISTRATOR


def take(trip: Trip, path: RolePath | None, *, group_name: str = "", app: str = "helpdesk") -> None:
    """Choose a road on the page for it."""
    connection = trip.connection()
    answer = trip.client.post(
        reverse("tenants:path", args=[trip.customer.pk, app]),
        {"path": path or "", "group_name": group_name, "tenant_id": str(connection.tenant_id)},
    )
    assert answer.status_code == 302, answer.content.decode()


# --- with PIM (J3) ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pim(trip: Trip) -> Trip:
    """A connected customer whose tenant holds P2."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.connect()
    return trip


def test_ac_3_1_the_checklist_speaks_of_active_permanent_and_a_justification_to_copy(pim: Trip) -> None:
    """AC-3.1, AC-4.1: the PIM wording by itself, with the app's name, the role and a text to copy."""
    page = pim.page()
    assert pim.connection().path == RolePath.PIM
    for words in ("Select member(s)", "<b>Next</b>", "<b>Active</b>", "<b>Permanently assigned</b>", "Justification"):
        assert words in page, words
    assert "for our managed service provider." in page  # the suggested justification
    assert "not listed until you search" in page  # AC-8.2


def test_ac_3_2_eligible_only_fails_and_says_that_an_app_cannot_activate_itself(pim: Trip) -> None:
    """AC-3.2: the second of four states."""
    pim.tenant.assign_by_pim(pim.principal().id, PAA, eligible=True)
    connection = pim.look(minutes=1)
    assert connection.state == ConnectionState.ROLE_MISSING
    assert connection.error_code == "role_eligible_only"
    assert facts_of(connection).role.state is RoleState.ELIGIBLE_ONLY
    page = pim.page()
    assert "Eligible is not enough" in page
    assert "cannot activate itself" in page


def test_ac_3_2_active_with_an_end_passes_warns_and_shows_the_date(pim: Trip) -> None:
    """AC-3.2: the third state; a look at the end finds it gone."""
    ends_at = pim.clock.now().replace(microsecond=0) + dt.timedelta(days=30)
    pim.tenant.assign_by_pim(pim.principal().id, PAA, ends_at=ends_at)
    connection = pim.look(minutes=1)
    assert connection.state in {ConnectionState.PROPAGATING, ConnectionState.READY}
    assert connection.role_ends_at == ends_at
    assert "This assignment ends" in pim.page()
    assert connection.next_check_at is not None
    assert connection.next_check_at <= ends_at
    pim.clock.travel(days=30, minutes=1)
    connection = pim.look()
    assert connection.state == ConnectionState.DEGRADED
    assert connection.role_ends_at is None


def test_ac_3_2_active_permanent_passes_without_a_warning(pim: Trip) -> None:
    """AC-3.2: the fourth state."""
    pim.tenant.assign_by_pim(pim.principal().id, PAA)
    connection = pim.look(minutes=1)
    assert connection.state in {ConnectionState.PROPAGATING, ConnectionState.READY}
    assert connection.role_ends_at is None
    assert "This assignment ends" not in pim.page()


def test_ac_3_3_inside_the_propagation_window_nothing_is_red(pim: Trip) -> None:
    """AC-3.3: the page polls, and a refusal inside the window is no failure."""
    from tenantry.graph import errors

    pim.tenant.set_lag(role_assignment=3600)
    pim.tenant.assign_by_pim(pim.principal().id, PAA)
    pim.look(minutes=1)
    refusal = errors.Refused("Insufficient privileges to complete the operation.", code="Authorization_RequestDenied")
    actions.note_refused(tenant_id=pim.tenant_id, error=refusal, predicted=True)
    assert pim.connection().state == ConnectionState.PROPAGATING
    page = pim.page()
    assert "still propagating" in page
    assert 'hx-trigger="every' in page


def test_a_policy_that_forbids_permanent_is_told_with_the_longest_end_and_the_way_to_change_it(trip: Trip) -> None:
    """J3: the longest allowed, and the portal steps to change the rule."""
    trip.tenant.add_sku("AAD_PREMIUM_P2")
    trip.tenant.set_pim_rule("Expiration_Admin_Assignment", isExpirationRequired=True, maximumDuration="P90D")
    trip.connect()
    page = trip.page()
    assert "do not allow <b>Permanently assigned</b>" in page
    assert "90 days" in page
    assert "Allow permanent active assignment" in page


def test_making_the_role_eligible_later_is_noticed_as_a_loss(pim: Trip) -> None:
    """AC-5.4 on this road: drift from active to eligible."""
    pim.tenant.assign_by_pim(pim.principal().id, PAA)
    pim.look(minutes=1)
    pim.tenant.make_eligible(pim.principal().id, PAA)
    connection = pim.look(hours=10)
    assert connection.state == ConnectionState.DEGRADED
    assert connection.error_code == "role_eligible_only"


def test_an_expired_p2_takes_eligible_roles_and_leaves_permanent_ones(pim: Trip) -> None:
    """AC-4.3: the note on the page, the road back to direct, and the role still in force."""
    pim.tenant.assign_by_pim(pim.principal().id, PAA)
    pim.look(minutes=1)
    pim.tenant.set_sku_status("AAD_PREMIUM_P2", "Suspended")
    connection = pim.look(hours=10)
    assert connection.path == RolePath.DIRECT
    assert connection.role_seen_at is not None
    assert "removes eligible assignments" in pim.page()


# --- through a group (J7) ---------------------------------------------------------------------------------------------


@pytest.fixture
def grouped(trip: Trip) -> Trip:
    """A connected customer that takes the road through a group; its tenant holds an assigned P1."""
    trip.tenant.add_sku("AAD_PREMIUM")
    trip.tenant.assign_licence(trip.tenant.admin, "AAD_PREMIUM")
    trip.connect()
    take(trip, RolePath.GROUP)
    trip.look(minutes=1)
    return trip


def usual_name(trip: Trip) -> str:
    return f"{trip.connection().app_display_name} Enterprise App"


def make_group(trip: Trip, *, assignable: bool = True, member: bool = True, role: bool = True) -> Group:
    group = trip.tenant.add_group(usual_name(trip), assignable=assignable)
    if member:
        trip.tenant.add_member(group, trip.principal().id)
    if role:
        trip.tenant.assign_role(group.id, PAA)
    return group


def test_ac_7_1_without_any_premium_plan_the_road_is_shown_but_blocked(trip: Trip) -> None:
    """AC-7.1: one licence for any one account, not for every account."""
    trip.connect()
    take(trip, RolePath.GROUP)
    trip.look(minutes=1)
    page = trip.page()
    assert "at least one Entra ID P1 licence, assigned to any one account; not one for every account" in page
    assert "New group" not in page


def test_ac_7_2_owned_but_assigned_to_nobody_is_another_thing(trip: Trip) -> None:
    """AC-7.2."""
    trip.tenant.add_sku("AAD_PREMIUM")
    trip.connect()
    take(trip, RolePath.GROUP)
    trip.look(minutes=1)
    assert "A licence is owned, but assigned to nobody." in trip.page()
    trip.tenant.assign_licence(trip.tenant.admin, "AAD_PREMIUM")
    trip.look(hours=2)
    assert "and it is assigned" in trip.page()


def test_ac_7_3_and_7_4_the_checklist_names_every_value_and_why_the_switch_may_be_missing(grouped: Trip) -> None:
    """AC-7.3, AC-7.4, AC-8.2."""
    page = grouped.page()
    for words in (
        "Group type: <b>Security</b>",
        usual_name(grouped),
        "Microsoft Entra roles can be assigned to the group",
        "It cannot be changed later",
        "Privileged Authentication Administrator",
        "confirm with <b>Yes</b>",
        "no Entra ID P1 licence yet, or it is not in force yet, or you are not signed in as Privileged Role",
        "not listed until you search",
    ):
        assert words in page, words


def test_the_whole_road_through_a_group_turns_green_step_by_step(grouped: Trip) -> None:
    """J7: group, member, role, each proven by a read."""
    assert facts_of(grouped.connection()).group.problem is GroupProblem.NO_GROUP
    group = make_group(grouped, member=False, role=False)
    connection = grouped.look(minutes=1)
    assert facts_of(connection).group.problem is GroupProblem.NOT_MEMBER
    assert connection.error_code == "group_not_member"
    grouped.tenant.add_member(group, grouped.principal().id)
    connection = grouped.look(minutes=1)
    assert connection.error_code == "group_no_role"
    grouped.tenant.assign_role(group.id, PAA)
    connection = grouped.look(minutes=1)
    assert connection.role_seen_at is not None
    assert connection.state in {ConnectionState.PROPAGATING, ConnectionState.READY}
    assert "through the group" in grouped.page()


def test_ac_7_5_a_group_that_cannot_hold_roles_says_make_a_new_one(grouped: Trip) -> None:
    """AC-7.5."""
    make_group(grouped, assignable=False, role=False)
    connection = grouped.look(minutes=1)
    assert connection.error_code == "group_not_assignable"
    assert "fixed when a group is created" in grouped.page()


def test_ac_7_5_two_groups_of_one_name_are_shown_with_their_ids(grouped: Trip) -> None:
    """AC-7.5."""
    groups = [make_group(grouped, member=False, role=False) for _ in range(2)]
    connection = grouped.look(minutes=1)
    assert connection.error_code == "group_two_groups"
    page = grouped.page()
    assert all(group.id in page for group in groups)


def test_ac_7_5_a_role_that_is_only_eligible_on_the_group_is_not_in_force(grouped: Trip) -> None:
    """AC-7.5: in a tenant with PIM the group's role must be active too."""
    grouped.tenant.add_sku("AAD_PREMIUM_P2")
    group = make_group(grouped, role=False)
    grouped.tenant.assign_by_pim(group.id, PAA, eligible=True)
    connection = grouped.look(minutes=1)
    assert connection.state == ConnectionState.ROLE_MISSING
    assert connection.error_code == "role_eligible_only"
    assert usual_name(grouped) in connection.cause


def test_ac_7_6_leaving_the_group_is_noticed_and_roles_add_up(grouped: Trip) -> None:
    """AC-7.6: effective role = direct and group-derived."""
    group = make_group(grouped)
    grouped.tenant.assign_role(grouped.principal().id, "Directory Readers")
    connection = grouped.look(minutes=1)
    assert {PAA, roles.DIRECTORY_READERS} <= set(connection.active_role_ids)
    grouped.tenant.remove_member(group, grouped.principal().id)
    connection = grouped.look(hours=10)
    assert connection.state == ConnectionState.DEGRADED
    assert connection.error_code == "group_not_member"


def test_a_group_under_another_name_counts_when_it_works(grouped: Trip) -> None:
    group = grouped.tenant.add_group("Help desk of Harbour IT", assignable=True)
    grouped.tenant.add_member(group, grouped.principal().id)
    grouped.tenant.assign_role(group.id, PAA)
    assert grouped.look(minutes=1).role_seen_at is not None
    assert "Help desk of Harbour IT" in grouped.page()


def test_the_group_may_have_a_name_of_ones_own(grouped: Trip) -> None:
    take(grouped, RolePath.GROUP, group_name="O'Brien's “Desk” #1 & more")
    group = grouped.tenant.add_group("O'Brien's “Desk” #1 & more", assignable=True)
    connection = grouped.look(minutes=1)
    assert facts_of(connection).group.group is not None
    assert facts_of(connection).group.problem is GroupProblem.NOT_MEMBER
    assert group.id in grouped.page()


# --- custom roles -----------------------------------------------------------------------------------------------------


def test_ac_7_7_a_custom_role_with_the_needed_actions_counts_and_missing_ones_are_named(trip: Trip) -> None:
    """AC-7.7."""
    trip.connect()
    short = trip.tenant.add_custom_role("Desk, short", ["microsoft.directory/users/password/update"])
    trip.tenant.assign_role(trip.principal().id, short.id)
    connection = trip.look(minutes=1)
    assert connection.error_code == "custom_role_lacks_actions"
    assert "microsoft.directory/users/disable" in connection.cause
    assert "Desk, short" in connection.cause
    whole = trip.tenant.add_custom_role(
        "Desk, whole",
        [
            "microsoft.directory/users/password/update",
            "microsoft.directory/users/disable",
            "microsoft.directory/users/enable",
            "microsoft.directory/users/invalidateAllRefreshTokens",
        ],
    )
    trip.tenant.assign_role(trip.principal().id, whole.id)
    connection = trip.look(minutes=1)
    assert connection.role_seen_at is not None
    assert "Desk, whole" in trip.page()


# --- the elevation app ------------------------------------------------------------------------------------------------


def connect_elevation(trip: Trip, sim: Handle) -> Connection:
    """Consent to the elevation app, as the button on the customer's page begins it."""
    from urllib.parse import parse_qs, urlsplit

    from django.conf import settings

    answer = trip.client.post(reverse("tenants:connect_elevation", args=[trip.customer.pk]))
    where = urlsplit(answer.headers["Location"])
    assert trip.tenant.id in where.path
    state = parse_qs(where.query)["state"][0]
    assert parse_qs(where.query)["client_id"] == [settings.ELEVATION_CLIENT_ID]
    trip.tenant.consent(app=sim.context.world.apps[settings.ELEVATION_CLIENT_ID])
    trip.come_back(state, tenant=trip.tenant.id)
    trip.run_jobs()
    found = connection_of(trip.customer.pk, app=AppKind.ELEVATION)
    assert found is not None
    return found


def test_ac_2_5_and_3_4_the_elevation_app_needs_its_own_consent_and_role(trip: Trip, sim: Handle) -> None:
    """AC-2.5, AC-3.4, AC-X.4: a second app, a second role, and neither speaks for the other."""
    from django.conf import settings

    trip.connect()
    trip.give_role()
    trip.look(minutes=1)
    assert connection_of(trip.customer.pk, app=AppKind.ELEVATION) is None  # off: not asked for, and no warning
    assert "Privileged Role Administrator</" not in trip.page()
    elevation = connect_elevation(trip, sim)
    assert elevation.state == ConnectionState.ROLE_MISSING
    assert str(elevation.wanted_role_id) == PRA
    assert trip.connection().state in {ConnectionState.PROPAGATING, ConnectionState.READY}
    assert "Set-up of just-in-time rights" in trip.page()
    app = sim.context.world.apps[settings.ELEVATION_CLIENT_ID]
    trip.tenant.assign_role(trip.tenant.service_principal(app).id, PRA)
    trip.look(minutes=1)
    found = connection_of(trip.customer.pk, app=AppKind.ELEVATION)
    assert found is not None
    assert found.role_seen_at is not None


def test_the_elevation_app_is_not_consented_to_before_the_help_desk_app(trip: Trip) -> None:
    answer = trip.client.post(reverse("tenants:connect_elevation", args=[trip.customer.pk]))
    assert answer.headers["Location"] == trip.page_url
