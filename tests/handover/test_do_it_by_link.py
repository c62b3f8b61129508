"""Do it for me from a link: the customer's administrator signs in, without an account here."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from tests.conftest import SharedClock
from tests.roads.conftest import Road
from tests.tenants.conftest import Trip

from tenantry.audit.models import Event
from tenantry.customers.models import Customer
from tenantry.handover.models import Link
from tenantry.handover.views import WRONG_LINKS
from tenantry.reach import roles
from tenantry.roads.events import RoadEvent
from tenantry.roads.models import Work, WorkState

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle
    from entrasim.server import Simulator

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
RETURN = "/connect/administrator/return"


class Guest:
    """The customer's administrator with a link, in a browser of their own."""

    def __init__(self, road: Road, path: str, address: str) -> None:
        self.road, self.path, self.client = road, path, Client(REMOTE_ADDR=address)

    def page(self) -> str:
        answer = self.client.get(self.path)
        assert answer.status_code == 200, answer.content.decode()
        return answer.content.decode()

    def post(self, **given: str) -> Any:  # noqa: ANN401  a response
        found = re.search(r'name="digest" value="([0-9a-f]{64})"', self.page())
        data = {"digest": found.group(1) if found else "0" * 64, "justification": "Help desk set-up", **given}
        return self.client.post(self.path, data)

    def leave(self, **given: str) -> str:
        answer = self.post(**given)
        assert answer.status_code == 302, answer.content.decode()
        return str(answer.headers["Location"])

    def come_back(self, query: dict[str, str], client: Client | None = None) -> Any:  # noqa: ANN401  a response
        return (client or self.client).get(RETURN, query)

    def do(self, **given: str) -> Work:
        answer = self.come_back(self.road.sign_in(self.leave(**given)))
        assert answer.headers["Location"] == self.path
        return self.work()

    def work(self) -> Work:
        found = Work.objects.filter(customer_id=self.road.trip.customer.pk, link_id__isnull=False)
        return found.order_by("-created_at")[0]

    def held(self) -> int:
        state = self.road.trip.tenant.state
        return sum(held.role_definition_id == PAA for held in state.role_assignments.values())

    def revoke(self) -> None:
        link = Link.objects.get(customer=self.road.trip.customer)
        self.road.trip.client.post(reverse("handover:revoke", args=[self.road.trip.customer.pk, "helpdesk", link.pk]))


_ADDRESSES = iter(f"198.51.{n // 250}.{n % 250 + 1}" for n in range(50_000))


@pytest.fixture
def road(
    as_alice: Client,
    customer: Customer,
    tenant: "TenantHandle",
    sim: "Handle",
    simulator: "Simulator",
    clock: SharedClock,
    run_jobs: Callable[[], None],
) -> Road:
    run_jobs()
    trip = Trip(as_alice, customer, tenant, sim.context.world.apps[settings.CLIENT_ID], clock, run_jobs)
    trip.connect()
    return Road(trip, simulator)


@pytest.fixture
def guest(road: Road) -> Guest:
    send = reverse("handover:send", args=[road.trip.customer.pk, "helpdesk"])
    found = re.search(
        r"http://testserver(/handover/[\w-]+/)", road.trip.client.post(send, {"days": "7"}).content.decode()
    )
    assert found
    return Guest(road, found.group(1), next(_ADDRESSES))


def test_the_administrator_does_it_from_the_link_and_it_is_read_back(guest: Guest) -> None:
    """J2, J6: nobody of ours is there; the same plan, the same proof, and the loan is handed back."""
    assert "Assign Privileged Authentication Administrator to Tenantry Help Desk" in guest.page()
    work = guest.do()
    assert work.state == WorkState.DONE, (work.message, work.steps)
    assert guest.held() == 1
    assert guest.road.grants() == 0
    page = guest.page()
    assert "Done, and read back from the tenant." in page
    assert "Sign in and do it" not in page  # nothing is left to begin
    refused = guest.client.post(guest.path, {"digest": work.digest, "justification": "again"})
    assert refused.status_code == 409
    assert guest.held() == 1


def test_with_pim_the_justification_and_ticket_of_the_page_go_along(guest: Guest) -> None:
    """AC-3.1."""
    guest.road.trip.tenant.add_sku("AAD_PREMIUM_P2")
    guest.road.trip.look(hours=10)
    guest.road.trip.tenant.set_pim_rule("Enablement_Admin_Assignment", enabledRules=["Ticketing", "Justification"])
    assert guest.post(justification=" ").status_code == 400
    assert guest.do(dry_run="1").state == WorkState.STOPPED
    assert guest.held() == 0
    assert guest.do(justification="Because Bob asked", ticket="T-17").state == WorkState.DONE
    request = list(guest.road.trip.tenant.state.pim_requests.values())[-1]
    assert request["justification"] == "Because Bob asked"
    assert "T-17" in str(request["ticketInfo"])


def test_the_record_names_who_signed_in_and_whose_link_it_was(guest: Guest) -> None:
    """AC-X.1."""
    guest.do()
    admin, maker = (
        guest.road.trip.tenant.admin.user_principal_name,
        Link.objects.get(customer=guest.road.trip.customer).made_by,
    )
    events = Event.objects.filter(customer_id=guest.road.trip.customer.pk)
    left = events.get(action=RoadEvent.ADMINISTRATOR_LEFT)
    assert (left.actor_kind, left.actor_id) == ("link", None)
    assert maker in left.actor_name
    for action in (RoadEvent.ADMINISTRATOR_SIGNED_IN, RoadEvent.ROLE_ASSIGNED, RoadEvent.WORK_ENDED):
        event = events.filter(action=action).exclude(kind="outcome").get()
        assert admin in event.actor_name
        assert maker in event.actor_name
    signed_in = events.get(action=RoadEvent.ADMINISTRATOR_SIGNED_IN)
    assert str(signed_in.details).count(str(Link.objects.get(customer=guest.road.trip.customer).pk)) == 1


def test_nothing_of_a_technicians_own_work_is_on_the_page(guest: Guest) -> None:
    road = guest.road
    road.come_back(road.sign_in(road.leave(justification="Secret reason of Alice", ticket="SECRET-1", dry_run="1")))
    assert "Dry run" in road.work().message
    page = guest.page()
    for text in (
        "Secret reason",
        "SECRET-1",
        "Dry run passed",
        "/customers/",
        "/activity/",
        "alice@",
        str(road.work().pk),
    ):
        assert text not in page, text


def test_an_answer_from_another_browser_or_for_another_link_changes_nothing(guest: Guest) -> None:
    """The state is bound to the link and to the cookie of the browser that left."""
    query = guest.road.sign_in(guest.leave())
    stranger = Client(REMOTE_ADDR=next(_ADDRESSES))
    assert guest.come_back(query, stranger).status_code == 404
    assert guest.come_back(query, guest.road.trip.client).status_code == 404  # nor a technician's
    kept = guest.client.cookies[settings.HANDOVER_COOKIE_NAME].value
    other = Client(REMOTE_ADDR=next(_ADDRESSES))
    other.cookies[settings.HANDOVER_COOKIE_NAME] = kept[:-4] + ("AAAA" if not kept.endswith("AAAA") else "BBBB")
    guest.come_back(query, other)
    assert guest.work().state == WorkState.AWAY
    assert guest.held() == 0
    guest.come_back(query)
    assert guest.held() == 1


def test_an_answer_is_good_once(guest: Guest) -> None:
    query = guest.road.sign_in(guest.leave())
    kept = guest.client.cookies[settings.HANDOVER_COOKIE_NAME].value
    guest.come_back(query)
    writes = guest.road.writes()
    for cookie in ("", kept):
        guest.client.cookies[settings.HANDOVER_COOKIE_NAME] = cookie
        assert guest.come_back(query).status_code in {302, 404}
    assert guest.road.writes() == writes


@pytest.mark.parametrize("how", ["revoked", "ended"])
def test_a_link_that_ends_is_refused_at_every_step(guest: Guest, how: str) -> None:
    """While the page is open, while the administrator is at Microsoft, and after."""
    url, digest = guest.leave(), guest.work().digest
    query = guest.road.sign_in(url)
    if how == "revoked":
        guest.revoke()
    else:
        Link.objects.filter(customer=guest.road.trip.customer).update(expires_at=guest.road.trip.clock.now())
    assert guest.client.get(guest.path).status_code == 404
    assert guest.client.post(guest.path, {"digest": digest, "justification": "x"}).status_code == 404
    assert guest.come_back(query).status_code == 404
    work = guest.work()
    assert (work.state, work.error_code) == (WorkState.STOPPED, "link_ended")
    assert work.remains, "what the sign-in lent may be left, and is said"
    assert guest.held() == 0


def test_a_link_revoked_between_two_changes_stops_the_rest_and_gives_the_loan_back(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.roads.test_do_it import take_group

    from tenantry.graph.calls import role_giving

    tenant = guest.road.trip.tenant
    tenant.add_sku("AAD_PREMIUM")
    tenant.assign_licence(tenant.admin, "AAD_PREMIUM")
    take_group(guest.road)
    guest.road.trip.look(hours=10)
    query = guest.road.sign_in(guest.leave())
    create = role_giving.create_role_group

    def create_and_revoke(**given: Any) -> str:  # noqa: ANN401  passed on
        made = create(**given)
        guest.revoke()
        return made

    monkeypatch.setattr(role_giving, "create_role_group", create_and_revoke)
    guest.come_back(query)
    work = guest.work()
    assert (work.state, work.error_code) == (WorkState.STOPPED, "link_ended")
    assert [step["state"] for step in work.steps] == ["accepted", "planned", "planned"]
    assert guest.held() == 0
    assert guest.road.grants() == 0


def test_the_cookie_is_out_of_reach_and_ends_with_the_trip(guest: Guest) -> None:
    url = guest.leave()
    cookie = guest.client.cookies[settings.HANDOVER_COOKIE_NAME]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["max-age"]) == ("Lax", 1800)
    secret = cookie.value.split(".")[1]
    assert secret not in str(list(Work.objects.filter(pk=guest.work().pk).values()))
    guest.come_back(guest.road.sign_in(url))
    assert guest.client.cookies[settings.HANDOVER_COOKIE_NAME].value == ""


def test_no_token_of_the_link_or_the_sign_in_is_kept(guest: Guest, caplog: pytest.LogCaptureFixture) -> None:
    """AC-1.6."""
    caplog.set_level("DEBUG")
    url = guest.leave()
    token = guest.path.split("/")[2]
    assert token not in url
    query = guest.road.sign_in(url)
    guest.come_back(query)
    for text in (
        *map(str, Work.objects.filter(customer_id=guest.road.trip.customer.pk).values()),
        *map(str, Event.objects.filter(customer_id=guest.road.trip.customer.pk).values()),
    ):
        assert token not in text
        assert query["code"] not in text
        assert "eyJ0" not in text


def test_wrong_links_are_counted_by_address_and_then_no_link_opens_there(guest: Guest, clock: SharedClock) -> None:
    guesser = Client(REMOTE_ADDR=next(_ADDRESSES))
    shown = set()
    for number in range(WRONG_LINKS.most):
        answer = guesser.get(reverse("handover:page", args=[f"{number:043d}"]))
        assert answer.status_code == 404
        shown.add(answer.content)
    assert len(shown) == 1
    for path in (guest.path, f"{guest.path}script/bash/", reverse("handover:page", args=["A" * 43])):
        answer = guesser.get(path)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "600"
        assert "Too many tries" in answer.content.decode()
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert guesser.get(RETURN, {"state": "x"}).status_code in {302, 429}
    guest.page()  # elsewhere it opens
    clock.travel(seconds=601)
    assert guesser.get(guest.path).status_code == 200


def test_an_ipv6_neighbourhood_is_one_guesser(guest: Guest) -> None:
    prefix = f"2001:db8:{guest.client.defaults['REMOTE_ADDR'].split('.')[3]}:1"
    for number in range(WRONG_LINKS.most):
        Client(REMOTE_ADDR=f"{prefix}::{number:x}").get(reverse("handover:page", args=["A" * 43]))
    assert Client(REMOTE_ADDR=f"{prefix}:ffff::1").get(guest.path).status_code == 429


def test_openings_and_sign_ins_of_one_link_are_limited(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from tenantry.handover import views

    monkeypatch.setattr(views, "OPENINGS", dataclasses.replace(views.OPENINGS, most=2))
    monkeypatch.setattr(views, "SIGN_INS", dataclasses.replace(views.SIGN_INS, most=1))
    assert [guest.client.get(guest.path).status_code for _ in range(3)] == [200, 200, 429]
    data = {"digest": "0" * 64}
    assert [guest.client.post(guest.path, data).status_code for _ in range(2)] == [409, 429]


def test_an_answer_of_a_technicians_trip_still_needs_a_technician_who_may(guest: Guest) -> None:
    from tests.technicians.staff_helpers import new_person

    query = guest.road.sign_in(guest.road.leave())
    assert guest.come_back(query, Client()).headers["Location"].startswith("/accounts/login/")
    auditor = Client()
    auditor.force_login(new_person("auditor"), backend="django.contrib.auth.backends.ModelBackend")
    assert guest.come_back(query, auditor).status_code == 403
    assert guest.road.work().state == WorkState.AWAY


@pytest.mark.parametrize("plan", ["", "AAD_PREMIUM_P2"])
def test_the_elevation_app_gets_its_own_role_from_its_own_link(guest: Guest, sim: "Handle", plan: str) -> None:
    """AC-X.4: a link is of one app; the page, the plan, the script and the assignment are that app's."""
    from tests.tenants.test_paths import connect_elevation

    road, tenant = guest.road, guest.road.trip.tenant
    if plan:
        tenant.add_sku(plan)
        road.trip.look(hours=10)
    connect_elevation(road.trip, sim)
    road.trip.look(hours=1)
    send = reverse("handover:send", args=[road.trip.customer.pk, "elevation"])
    found = re.search(
        r"http://testserver(/handover/[\w-]+/)", road.trip.client.post(send, {"days": "1"}).content.decode()
    )
    assert found
    theirs = Guest(road, found.group(1), next(_ADDRESSES))
    elevation = sim.context.world.apps[settings.ELEVATION_CLIENT_ID]
    assert elevation.app_id in theirs.client.get(f"{theirs.path}script/bash/").content.decode()
    assert "Privileged Role Administrator" in theirs.page()
    work = theirs.do()
    assert (work.app, work.state) == ("elevation", WorkState.DONE), (work.message, work.steps)
    holder = tenant.service_principal(elevation).id
    held = [row.role_definition_id for row in tenant.state.role_assignments.values() if row.principal_id == holder]
    assert held == [roles.PRIVILEGED_ROLE_ADMINISTRATOR]
    assert guest.held() == 0  # the help-desk app's link and role are another matter
    assert road.grants() == 0
    assert "Sign in and do it" in guest.page()
