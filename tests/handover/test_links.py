"""The page for the customer's own administrator: what opens it, what it tells, and how it ends."""

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from tests.conftest import SharedClock
from tests.tenants.conftest import Trip

from tenantry.customers.models import Customer
from tenantry.handover.events import HandoverEvent
from tenantry.handover.models import Link
from tenantry.kit.logs import strike

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle


@pytest.fixture
def trip(
    as_alice: Client,
    customer: Customer,
    tenant: "TenantHandle",
    sim: "Handle",
    clock: SharedClock,
    run_jobs: Callable[[], None],
) -> Trip:
    from django.conf import settings

    run_jobs()
    found = Trip(as_alice, customer, tenant, sim.context.world.apps[settings.CLIENT_ID], clock, run_jobs)
    found.connect()
    return found


def make(trip: Trip, days: int = 7) -> str:
    """A link, made by Alice; returns its path."""
    answer = trip.client.post(send_url(trip), {"days": str(days)})
    assert answer.status_code == 200
    found = re.search(r"http://testserver(/handover/[\w-]+/)", answer.content.decode())
    assert found, answer.content.decode()
    return found.group(1)


def send_url(trip: Trip) -> str:
    return reverse("handover:send", args=[trip.customer.pk, "helpdesk"])


def test_a_link_opens_the_page_without_an_account_and_tells_what_is_asked(trip: Trip) -> None:
    answer = Client().get(make(trip))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Assign <b>Privileged Authentication Administrator</b>" in page
    assert trip.tenant.domain in page
    assert answer.headers["Referrer-Policy"] == "strict-origin"  # the page has a form, whose Origin must arrive
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_page_turns_green_when_the_role_is_read_back(trip: Trip) -> None:
    path = make(trip)
    assert "One thing is left to do" in Client().get(path).content.decode()
    trip.give_role()
    trip.look(minutes=20)
    assert "Nothing is left to do" in Client().get(path).content.decode()


def test_the_token_is_kept_nowhere(trip: Trip) -> None:
    token = make(trip).split("/")[2]
    assert len(token) >= 43  # 256 bits
    assert token not in str(list(Link.objects.filter(customer=trip.customer).values()))
    assert token not in str([(event.summary, event.details, event.target_name) for event in trip.events()])
    assert token not in trip.client.get(send_url(trip)).content.decode()
    assert token not in strike(f'"GET /handover/{token}/ HTTP/1.1" 200')


def test_a_stranger_an_ended_and_a_revoked_link_look_alike(trip: Trip) -> None:
    assert Client().get(reverse("handover:page", args=["A" * 43])).status_code == 404
    revoked = make(trip)
    link = Link.objects.get(customer=trip.customer)
    revoke = reverse("handover:revoke", args=[trip.customer.pk, "helpdesk", link.pk])
    for _ in range(2):
        assert trip.client.post(revoke).status_code == 302
    assert Client().get(revoked).status_code == 404
    assert len(trip.events(HandoverEvent.LINK_REVOKED)) == 1
    ended = make(trip, days=1)
    assert Client().get(ended).status_code == 200
    trip.clock.travel(days=1)
    assert Client().get(ended).status_code == 404
    assert Client().get(f"{ended}script/bash/").status_code == 404


def test_a_link_lives_for_fourteen_days_at_most(trip: Trip) -> None:
    for days in ("0", "15", "", "x"):
        assert trip.client.post(send_url(trip), {"days": days}).status_code == 400
    assert not Link.objects.filter(customer=trip.customer).exists()


def test_a_link_does_not_follow_the_customer_to_another_tenant(trip: Trip) -> None:
    path = make(trip)
    Link.objects.filter(customer=trip.customer).update(tenant_id=uuid.uuid4())
    assert Client().get(path).status_code == 404


def test_making_and_the_first_opening_are_recorded(trip: Trip) -> None:
    """AC-X.1."""
    path = make(trip)
    for _ in range(2):
        Client().get(path)
    assert len(trip.events(HandoverEvent.LINK_MADE)) == 1
    assert len(trip.events(HandoverEvent.LINK_OPENED)) == 1
    assert Link.objects.get(customer=trip.customer).opened_count == 2


def test_a_stranger_cannot_make_or_revoke_a_link_or_fetch_a_script(trip: Trip) -> None:
    url = reverse("handover:script", args=[trip.customer.pk, "helpdesk", "bash"])
    assert Client().get(url).status_code == 302
    assert Client().get(send_url(trip)).status_code == 302
    assert trip.client.get(reverse("handover:send", args=[uuid.uuid4(), "helpdesk"])).status_code == 404
    assert trip.client.get(reverse("handover:send", args=[trip.customer.pk, "elevation"])).status_code == 404
    assert trip.client.get(reverse("handover:send", args=[trip.customer.pk, "nothing"])).status_code == 404


@pytest.mark.parametrize("language", ["bash", "powershell"])
def test_the_script_names_this_tenant_and_holds_no_secret(trip: Trip, language: str) -> None:
    url = reverse("handover:script", args=[trip.customer.pk, "helpdesk", language])
    answer = trip.client.get(url)
    text = answer.content.decode()
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert trip.tenant.id in text
    assert trip.app.app_id in text
    same = Client().get(f"{make(trip)}script/{language}/")
    assert same.content.decode() == text
