"""Role choice by the features wanted (J5), just-in-time grants switched on and off, and the readiness boards."""

import uuid
from typing import Any

import pytest
from django.db import connection as database_connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.conftest import SharedClock
from tests.tenants.conftest import Trip

from entrasim.handle import Handle
from tenantry.customers.models import Customer
from tenantry.kit.decision import Allowed, Denied
from tenantry.reach import roles
from tenantry.technicians.models import Technician
from tenantry.tenants.models import AppKind, Connection, ConnectionState, RolePath, Tenant
from tenantry.tenants.policies import Ready, Wish, does, least_role, needed_permissions, options_for
from tenantry.tenants.queries import board, connection_of, jit_decision

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
PRA = roles.PRIVILEGED_ROLE_ADMINISTRATOR
USER_ADMIN = roles.USER_ADMINISTRATOR
GA = roles.GLOBAL_ADMINISTRATOR
RESET, ADMINS, BLOCK, PASSES, JIT, NOTICES = Wish


def choose(trip: Trip, *wishes: Wish, role: str = "", **more: Any) -> Any:  # noqa: ANN401  a test client's answer
    """Post the page of features."""
    given = {"wishes": [str(wish) for wish in wishes], "wanted_role": role, "tenant_id": str(trip.tenant_id), **more}
    return trip.client.post(reverse("tenants:features", args=[trip.customer.pk]), given)


def features_page(trip: Trip) -> str:
    return trip.client.get(reverse("tenants:features", args=[trip.customer.pk])).content.decode()


def states(trip: Trip) -> dict[str, str]:
    """The board of the trip's customer: feature to state."""
    connection = trip.connection()
    elevation = connection_of(trip.customer.pk, app=AppKind.ELEVATION)
    return {line.column.key: str(line.state) for line in board.lines_of(connection, elevation)}


def connect_elevation(trip: Trip, sim: Handle) -> Connection:
    """Consent to the elevation app."""
    from urllib.parse import parse_qs, urlsplit

    from django.conf import settings

    trip.clock.travel(seconds=1)
    answer = trip.client.post(reverse("tenants:connect_elevation", args=[trip.customer.pk]))
    state = parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]
    trip.tenant.consent(app=sim.context.world.apps[settings.ELEVATION_CLIENT_ID])
    trip.come_back(state, tenant=trip.tenant.id)
    trip.run_jobs()
    found = connection_of(trip.customer.pk, app=AppKind.ELEVATION)
    assert found is not None
    return found


def elevation_principal(trip: Trip, sim: Handle) -> str:
    from django.conf import settings

    return trip.tenant.service_principal(sim.context.world.apps[settings.ELEVATION_CLIENT_ID]).id


# --- what follows from what is wanted (AC-5.1) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "role"),
    [
        ((RESET,), USER_ADMIN),
        ((BLOCK,), USER_ADMIN),
        ((RESET, BLOCK, NOTICES, JIT), USER_ADMIN),
        ((RESET, ADMINS), PAA),
        ((RESET, ADMINS, BLOCK), PAA),
    ],
)
def test_ac_5_1_features_lead_to_the_least_role(wishes: tuple[Wish, ...], role: str) -> None:
    """AC-5.1: the least role that does; Global Administrator never."""
    assert least_role(wishes) == role
    assert does(role, wishes)
    recommended = [o.role.template_id for path in RolePath for o in options_for(wishes, path=path) if o.is_recommended]
    assert recommended == [role] * 3


def test_ac_5_1_every_option_has_its_limit_and_only_the_group_path_offers_global_administrator(trip: Trip) -> None:
    """AC-5.1: each role with its limit text; GA on the path by group alone."""
    trip.connect()
    page = features_page(trip)
    for option in options_for((RESET,), path=RolePath.DIRECT):
        assert option.role.name in page
        assert option.limit.split(".")[0] in page
    assert f'value="{GA}"' not in page
    refused = choose(trip, RESET, ADMINS, BLOCK, role=GA, is_confirmed="on")
    assert refused.status_code == 400


def test_ac_5_1_global_administrator_takes_a_logged_confirmation_on_the_path_by_group(trip: Trip) -> None:
    """AC-5.1: offered, never preselected, confirmed, recorded; on the older page too."""
    connection = trip.connect()
    Connection.objects.filter(pk=connection.pk).update(path=RolePath.GROUP, path_is_chosen=True)
    page = features_page(trip)
    assert f'value="{GA}"' in page
    assert f'value="{GA}" checked' not in page.replace("  ", " ")
    assert choose(trip, RESET, ADMINS, BLOCK, role=GA).status_code == 400
    assert str(trip.connection().wanted_role_id) == PAA
    assert choose(trip, RESET, ADMINS, BLOCK, role=GA, is_confirmed="on").status_code == 302
    assert str(trip.connection().wanted_role_id) == GA
    event = trip.events("tenants.role_chosen")[-1]
    assert event.details["is_confirmed"] is True
    assert "confirmed it after a warning" in event.summary


def test_a_role_that_does_not_do_for_what_is_wanted_is_refused_with_the_one_that_does(trip: Trip) -> None:
    """J5: the choice and the features agree."""
    trip.connect()
    answer = choose(trip, RESET, ADMINS, role=USER_ADMIN)
    assert answer.status_code == 400
    assert "Privileged Authentication Administrator is the least role that does" in answer.content.decode()
    assert choose(trip, NOTICES).status_code == 400  # a connection is for resetting or blocking


def test_what_is_not_wanted_is_neither_asked_for_nor_missed(trip: Trip) -> None:
    """J5: without blocking, its permission is not needed; taking it away changes nothing."""
    trip.connect()
    trip.give_role(USER_ADMIN)
    assert choose(trip, RESET).status_code == 302
    assert "User.EnableDisableAccount.All" not in needed_permissions((RESET,), AppKind.HELPDESK)
    trip.look(minutes=20)
    trip.tenant.remove_permission(trip.app, "User.EnableDisableAccount.All")
    assert trip.look(hours=10).state == ConnectionState.READY
    assert states(trip)["block"] == Ready.NOT_WANTED
    assert states(trip)["reset_users"] == Ready.READY
    choose(trip, RESET, BLOCK)
    assert trip.connection().state == ConnectionState.RECONSENT_NEEDED
    assert states(trip)["block"] == Ready.ATTENTION
    assert states(trip)["reset_users"] == Ready.READY  # AC-1.5: only what needs it is off


def test_the_difference_is_shown_both_ways_and_one_click_proposes_the_reduction(trip: Trip) -> None:
    """J5: missing, and more than needed; nothing is removed without an explicit act; reads tick it off."""
    trip.connect()
    trip.give_role(PAA)
    trip.give_role(roles.GLOBAL_READER)
    trip.look(minutes=20)
    choose(trip, RESET, BLOCK, role=PAA)
    page = features_page(trip)
    assert "More than needed" in page
    assert "Global Reader" in page
    url = reverse("tenants:reduce", args=[trip.customer.pk, "helpdesk"])
    assert trip.client.post(url, {"tenant_id": str(trip.tenant_id)}).status_code == 302
    assert str(trip.connection().wanted_role_id) == USER_ADMIN
    page = features_page(trip)
    assert "Steps of the reduction" in page
    assert "assign <span" in page
    assert "In use until User Administrator is in force" in page
    assert trip.look(minutes=1).state == ConnectionState.READY  # the stronger role still does, untouched
    trip.give_role(USER_ADMIN)
    trip.tenant.remove_role(trip.principal().id, PAA)
    trip.look(hours=10)
    assert trip.connection().reduction_asked_at is not None  # Global Reader is still there
    trip.tenant.remove_role(trip.principal().id, roles.GLOBAL_READER)
    trip.look(hours=10)
    assert trip.connection().reduction_asked_at is None
    assert trip.events("tenants.reduction_done")
    assert "Exactly what is needed" in features_page(trip)


def test_a_proposal_without_anything_to_reduce_says_so(trip: Trip) -> None:
    trip.connect()
    trip.give_role(PAA)
    trip.look(minutes=20)
    url = reverse("tenants:reduce", args=[trip.customer.pk, "helpdesk"])
    assert trip.client.post(url, {"tenant_id": str(trip.tenant_id)}).status_code == 409


# --- just-in-time grants (AC-2.5, AC-2.6) -----------------------------------------------------------------------------


def test_ac_2_5_jit_off_asks_for_no_second_role_and_jit_on_leads_to_the_elevation_app(trip: Trip, sim: Handle) -> None:
    """AC-2.5: off, its absence is no warning; on, it is the second required role, on the elevation app."""
    trip.connect()
    trip.give_role()
    trip.look(minutes=20)
    assert states(trip)["jit"] == Ready.NOT_WANTED
    assert Ready.ATTENTION not in states(trip).values()
    answer = choose(trip, RESET, ADMINS, BLOCK, JIT)
    assert answer.headers["Location"] == reverse("tenants:connect_elevation", args=[trip.customer.pk])
    assert states(trip)["jit"] == Ready.ATTENTION
    connect_elevation(trip, sim)
    assert states(trip)["jit"] == Ready.ATTENTION  # the role is missing yet
    trip.tenant.assign_role(elevation_principal(trip, sim), PRA)
    trip.look(minutes=1)
    trip.look(minutes=20)
    assert states(trip)["jit"] == Ready.READY
    choose(trip, RESET, ADMINS, BLOCK)
    assert states(trip)["jit"] == Ready.NOT_WANTED
    assert "More than needed" in features_page(trip)


def test_ac_2_6_without_the_role_jit_is_refused_before_anything_is_created_and_passwords_work(
    trip: Trip, sim: Handle
) -> None:
    """AC-2.6: JIT on and PRA missing."""
    trip.connect()
    trip.give_role()
    decision = jit_decision(trip.customer.pk)
    assert isinstance(decision, Denied)
    assert decision.code == "jit_off"
    choose(trip, RESET, ADMINS, BLOCK, JIT)
    decision = jit_decision(trip.customer.pk)
    assert isinstance(decision, Denied)
    assert decision.code == "elevation_not_consented"
    connect_elevation(trip, sim)
    trip.look(minutes=20)
    written = [entry for entry in trip.tenant.journal() if entry.method != "GET" and "batch" not in entry.path]
    decision = jit_decision(trip.customer.pk)
    assert isinstance(decision, Denied)
    assert decision.code == "role_missing"
    assert "Privileged Role Administrator is missing" in decision.reason
    assert decision.remedy
    after = [entry for entry in trip.tenant.journal() if entry.method != "GET" and "batch" not in entry.path]
    assert after == written  # nothing was sent
    assert states(trip)["reset_users"] == Ready.READY
    trip.tenant.assign_role(elevation_principal(trip, sim), PRA)
    trip.look(minutes=1)
    trip.look(minutes=20)
    assert isinstance(jit_decision(trip.customer.pk), Allowed)


# --- the boards -------------------------------------------------------------------------------------------------------


def test_ac_6_4_the_board_goes_from_attention_over_propagating_to_ready(trip: Trip) -> None:
    """J6: per feature, with a countdown, cause, fix and who."""
    trip.tenant.set_lag(role_assignment=3600)
    trip.connect()
    assert states(trip)["users"] == Ready.READY
    assert states(trip)["reset_users"] == Ready.ATTENTION
    page = trip.page()
    assert "Who: a Global Administrator or Privileged Role Administrator of the tenant." in page
    assert "For the same reason." in page
    trip.give_role()
    trip.look(minutes=1)
    if trip.connection().state == ConnectionState.PROPAGATING:
        assert states(trip)["reset_users"] == Ready.PROPAGATING
        assert "data-countdown" in trip.page()
    trip.look(minutes=16)
    assert states(trip) == {
        "users": "ready",
        "reset_users": "ready",
        "reset_admins": "ready",
        "block": "ready",
        "revoke": "ready",
        "access_pass": "not_wanted",
        "jit": "not_wanted",
        "notices": "not_wanted",
    }
    trip.tenant.withdraw_consent(trip.app)
    trip.look(hours=10)
    assert {state for state in states(trip).values() if state != "not_wanted"} == {"attention"}
    stored = Tenant.objects.get(pk=trip.tenant_id).board
    assert stored == states(trip)


def test_a_lesser_role_than_wanted_is_told_feature_by_feature(trip: Trip) -> None:
    """User Administrator held: enough for ordinary users, not for administrators."""
    trip.connect()
    trip.give_role(USER_ADMIN)
    assert choose(trip, RESET, BLOCK).status_code == 302
    trip.look(minutes=20)
    assert states(trip)["reset_users"] == Ready.READY
    assert states(trip)["reset_admins"] == Ready.NOT_WANTED
    choose(trip, RESET, ADMINS, BLOCK)
    assert states(trip)["reset_admins"] == Ready.ATTENTION


def test_the_board_across_all_filters_counts_and_takes_as_many_queries_for_one_as_for_many(
    as_alice: Client, alice: Technician, clock: SharedClock
) -> None:
    """Counted on top, filtered by state and feature, paged by cursor, constant in queries."""
    mark = uuid.uuid4().hex[:8]

    def make(number: int) -> Customer:
        customer = Customer.objects.create(name=f"zzz {mark} {number:03}", created_at=clock.now())
        tenant = Tenant.objects.create(
            tenant_id=uuid.uuid4(),
            customer=customer,
            display_name="T",
            primary_domain=f"{mark}-{number}.example",
            created_at=clock.now(),
            board={"users": "ready", "block": "attention" if number % 2 else "propagating"},
        )
        Connection.objects.create(
            tenant=tenant, state="ready", state_since=clock.now(), consented_at=clock.now(), wanted_role_id=PAA
        )
        return customer

    def ask(**query: str) -> tuple[Any, int]:
        with CaptureQueriesContext(database_connection) as queries:
            answer = as_alice.get(reverse("tenants:readiness"), query)
        assert answer.status_code == 200
        return answer, len(queries)

    make(1)
    _, few = ask()
    for number in range(2, 60):
        make(number)
    answer, many = ask()
    assert many == few
    assert answer.context["page"].after
    names: list[str] = []
    cursor = ""
    while True:
        page = board.page_of(technician=alice, show="attention", feature="block", after=cursor)
        names += [row.customer.name for row in page.rows if mark in row.customer.name]
        cursor = page.after
        if not cursor:
            break
    assert names == [f"zzz {mark} {number:03}" for number in range(1, 60, 2)]
    counted = board.summary(alice)
    tally = next(each for each in counted.features if each.key == "block")
    assert tally.attention >= 30
    assert tally.propagating >= 29
    assert ask(show="nonsense", feature="nonsense", after="%00")[0].status_code == 200
    Customer.objects.filter(name__startswith=f"zzz {mark}").update(state="archived", archived_at=clock.now())


def test_a_customer_without_a_connection_stands_on_the_board_with_the_way_to_connect(
    as_alice: Client, customer: Customer
) -> None:
    Customer.objects.filter(pk=customer.pk).update(name=f"000 {customer.name}")
    page = as_alice.get(reverse("tenants:readiness"), {"show": "none"}).content.decode()
    assert reverse("tenants:connect", args=[customer.pk]) in page


def test_drawing_a_board_asks_microsoft_nothing(trip: Trip) -> None:
    """The board is decided from the rows alone: drawing it asks Microsoft nothing."""
    trip.connect()
    before = len(trip.tenant.journal())
    trip.page()
    trip.client.get(reverse("tenants:readiness"))
    features_page(trip)
    assert len(trip.tenant.journal()) == before
