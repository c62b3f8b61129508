"""Customers by hand: add, rename, archive, restore, and the list (AC-0.1)."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from tests.conftest import SharedClock

from tenantry.audit.models import Event
from tenantry.customers import actions
from tenantry.customers.models import Customer
from tenantry.customers.queries import list_customers
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed, NotHere
from tenantry.reach import roles
from tenantry.technicians.models import Technician
from tenantry.tenants.models import Connection, ConnectionState, Tenant


def tag() -> str:
    return uuid.uuid4().hex[:10]


def actor_of(technician: Technician) -> Actor:
    return Actor("technician", technician.pk, technician.display_name)


@pytest.fixture
def actor(alice: Technician) -> Actor:
    return actor_of(alice)


def connect(customer: Customer, clock: SharedClock, state: str = ConnectionState.READY, domain: str = "") -> Connection:
    tenant = Tenant.objects.create(
        tenant_id=uuid.uuid4(),
        customer=customer,
        display_name=customer.name,
        primary_domain=domain or f"{tag()}.example",
        created_at=clock.now(),
    )
    return Connection.objects.create(
        tenant=tenant,
        state=state,
        state_since=clock.now(),
        consented_at=clock.now(),
        wanted_role_id=roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        role_seen_at=clock.now(),
    )


def test_ac_0_1_a_customer_added_by_hand_offers_connect(as_alice: Client) -> None:
    name = f"Bluefin Dental {tag()}"
    answer = as_alice.post(reverse("customers:add"), {"name": f"  {name} ", "domain": "https://Bluefin.Example/x"})
    customer = Customer.objects.get(name=name)
    assert customer.domain == "bluefin.example"
    assert answer.headers["Location"] == reverse("customers:page", args=[customer.pk])
    page = as_alice.get(answer.headers["Location"]).content.decode()
    assert reverse("tenants:connect", args=[customer.pk]) in page
    row = as_alice.get(reverse("customers:list"), {"q": name}).content.decode()
    assert "Connect M365" in row
    assert Event.objects.filter(action="customers.added", customer_id=customer.pk, actor_name="Alice Moreau").exists()


def test_ac_0_1_without_a_customer_there_is_nothing_to_connect(as_alice: Client) -> None:
    assert as_alice.get(reverse("tenants:connect", args=[uuid.uuid4()])).status_code == 404
    assert as_alice.post(reverse("tenants:connect", args=[uuid.uuid4()]), {"wanted_role": "x"}).status_code == 404


def test_a_taken_name_is_named_and_what_was_typed_stays(as_alice: Client, customer: Customer) -> None:
    answer = as_alice.post(reverse("customers:add"), {"name": customer.name.upper(), "domain": "kept.example"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert f"There is a customer called {customer.name} already" in page
    assert "kept.example" in page
    assert Customer.objects.filter(name__iexact=customer.name).count() == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Bluefin\n Dental ", "Bluefin Dental"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}Bluefin\N{POP DIRECTIONAL FORMATTING}", "Bluefin"),
        ("Blue\x7ffin\x01", "Bluefin"),
        ("\u0645\u062e\u0628\u0632", "\u0645\u062e\u0628\u0632"),
        ("O'Brien & Sons \N{GRINNING FACE}", "O'Brien & Sons \N{GRINNING FACE}"),
    ],
)
def test_a_name_keeps_every_script_and_nothing_that_turns_the_words_around_it(typed: str, kept: str) -> None:
    assert actions.clean_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "   ", "\N{ZERO WIDTH SPACE}", "\ufeff", "\N{RIGHT-TO-LEFT OVERRIDE}", "\x01"])
def test_a_name_that_cannot_be_seen_is_no_name(typed: str) -> None:
    with pytest.raises(Invalid, match="Give the customer a name"):
        actions.clean_name(typed)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("Kestrel.Example", "kestrel.example"),
        ("info@kestrel.example", "kestrel.example"),
        ("http://kestrel.example/about?x=1", "kestrel.example"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_an_expected_domain_is_understood_as_pasted(typed: str, kept: str) -> None:
    assert actions.clean_domain(typed) == kept


@pytest.mark.parametrize("typed", ["kestrel", "-a.example", "a..example", "two words.example", "x" * 300 + ".example"])
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.clean_domain(typed)
    assert refused.value.field == "domain"


def test_a_customer_is_renamed_and_the_record_keeps_the_old_name(
    as_alice: Client, customer: Customer, actor: Actor, alice: Technician
) -> None:
    before, after = customer.name, f"Falcon {tag()}"
    assert as_alice.post(reverse("customers:rename", args=[customer.pk]), {"name": after}).status_code == 302
    customer.refresh_from_db()
    assert customer.name == after
    assert before in Event.objects.get(action="customers.changed", customer_id=customer.pk).summary
    other = actions.add_customer(actor=actor, technician=alice, name=f"Other {tag()}")
    answer = as_alice.post(reverse("customers:rename", args=[other.pk]), {"name": after})
    assert "already" in answer.content.decode()


def test_a_connected_customer_is_not_archived_in_passing(
    as_alice: Client, customer: Customer, actor: Actor, alice: Technician, clock: SharedClock
) -> None:
    connection = connect(customer, clock)
    page = as_alice.get(reverse("customers:archive", args=[customer.pk])).content.decode()
    assert "Disconnect it first" in page
    with pytest.raises(NotAllowed) as refused:
        actions.archive_customer(actor=actor, technician=alice, customer_id=customer.pk)
    assert connection.tenant.primary_domain in refused.value.reason
    customer.refresh_from_db()
    assert customer.state == "active"


def test_an_archived_customer_leaves_the_list_keeps_its_record_and_comes_back(
    as_alice: Client, customer: Customer
) -> None:
    assert as_alice.post(reverse("customers:archive", args=[customer.pk])).status_code == 302
    assert customer.name not in as_alice.get(reverse("customers:list"), {"q": customer.name}).context["page"].rows
    listed = as_alice.get(reverse("customers:list"), {"q": customer.name})
    assert listed.context["page"].rows == []
    archived = as_alice.get(reverse("customers:list"), {"q": customer.name, "show": "archived"})
    assert [row.customer for row in archived.context["page"].rows] == [customer]
    page = as_alice.get(reverse("customers:page", args=[customer.pk])).content.decode()
    assert "Restore" in page
    assert "Connect M365" not in page
    assert as_alice.post(reverse("customers:restore", args=[customer.pk])).status_code == 302
    assert as_alice.post(reverse("customers:restore", args=[customer.pk])).status_code == 409
    customer.refresh_from_db()
    assert customer.state == "active"


def test_restoring_into_a_taken_name_says_so(customer: Customer, actor: Actor, alice: Technician) -> None:
    actions.archive_customer(actor=actor, technician=alice, customer_id=customer.pk)
    actions.add_customer(actor=actor, technician=alice, name=customer.name)
    with pytest.raises(Conflict, match="by now"):
        actions.restore_customer(actor=actor, technician=alice, customer_id=customer.pk)


def test_an_unknown_customer_is_a_404_everywhere(as_alice: Client, actor: Actor, alice: Technician) -> None:
    unknown = uuid.uuid4()
    for name in ("page", "rename", "archive"):
        assert as_alice.get(reverse(f"customers:{name}", args=[unknown])).status_code == 404
    with pytest.raises(NotHere):
        actions.archive_customer(actor=actor, technician=alice, customer_id=unknown)


def test_gets_change_nothing(as_alice: Client, customer: Customer) -> None:
    assert as_alice.get(reverse("customers:restore", args=[customer.pk])).status_code == 405
    as_alice.get(reverse("customers:archive", args=[customer.pk]))
    customer.refresh_from_db()
    assert customer.state == "active"


def test_search_finds_by_name_by_expected_domain_and_by_the_tenants_domain(
    actor: Actor, alice: Technician, clock: SharedClock
) -> None:
    by_name = actions.add_customer(actor=actor, technician=alice, name=f"Café Zoë {tag()}")
    by_domain = actions.add_customer(actor=actor, technician=alice, name=f"Plain {tag()}", domain=f"{tag()}.example")
    by_tenant = actions.add_customer(actor=actor, technician=alice, name=f"Plain {tag()}")
    connection = connect(by_tenant, clock)

    def found(search: str) -> list[Customer]:
        return [row.customer for row in list_customers(technician=alice, search=search).rows]

    assert found(by_name.name[5:]) == [by_name]
    assert found(by_domain.domain.upper()) == [by_domain]
    assert found(connection.tenant.primary_domain) == [by_tenant]
    assert found(f"100%_{tag()}") == []


def test_the_list_pages_by_cursor_in_both_directions_without_gap_or_repeat(
    alice: Technician, clock: SharedClock
) -> None:
    mark = tag()
    Customer.objects.bulk_create(
        Customer(name=f"{mark} {'b' if n % 2 else 'B'}{n:04}", created_at=clock.now()) for n in range(130)
    )
    seen: list[str] = []
    page = list_customers(technician=alice, search=mark)
    pages = [page]
    while page.after:
        page = list_customers(technician=alice, search=mark, after=page.after)
        pages.append(page)
    seen = [row.customer.name for each in pages for row in each.rows]
    assert len(seen) == len(set(seen)) == 130
    assert seen == sorted(seen, key=str.lower)
    back = list_customers(technician=alice, search=mark, before=pages[2].before)
    assert [row.customer.name for row in back.rows] == [row.customer.name for row in pages[1].rows]
    first = list_customers(technician=alice, search=mark, before=back.before)
    assert not first.before
    assert list_customers(technician=alice, search=mark, after="nonsense").rows == pages[0].rows


def test_filters_follow_the_connection_and_the_query_count_is_constant_with_1000_customers(
    as_alice: Client, clock: SharedClock
) -> None:
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    mark = tag()
    states = [*ConnectionState.values[1:], ""]
    customers = Customer.objects.bulk_create(
        Customer(name=f"{mark} {n:04}", created_at=clock.now()) for n in range(1000)
    )
    tenants = Tenant.objects.bulk_create(
        Tenant(
            tenant_id=uuid.uuid4(),
            customer=customer,
            display_name=customer.name,
            primary_domain=f"{mark}{n}.example",
            created_at=clock.now(),
        )
        for n, customer in enumerate(customers)
        if states[n % len(states)]
    )
    Connection.objects.bulk_create(
        Connection(
            tenant=tenant,
            state=states[int(tenant.customer.name[-4:]) % len(states)],
            state_since=clock.now(),
            consented_at=clock.now(),
            role_seen_at=clock.now(),
            wanted_role_id=roles.USER_ADMINISTRATOR,
        )
        for tenant in tenants
    )
    url = reverse("customers:list")
    with CaptureQueriesContext(database) as whole:
        answer = as_alice.get(url, {"q": mark})
    assert len(answer.context["page"].rows) == 50
    with CaptureQueriesContext(database) as one:
        as_alice.get(url, {"q": f"{mark} 0003"})
    assert len(whole) == len(one) <= 9
    ready = as_alice.get(url, {"q": mark, "show": "ready"}).context["page"].rows
    assert {row.connection.state for row in ready} == {ConnectionState.READY}
    attention = as_alice.get(url, {"q": mark, "show": "attention"}).context["page"].rows
    assert ConnectionState.READY not in {row.connection.state for row in attention}
    none = as_alice.get(url, {"q": mark, "show": "none"}).context["page"].rows
    assert all(row.connection is None for row in none)
    page = as_alice.get(url, {"q": f"{mark} 0007", "show": "junk"})
    assert page.context["show"] == ""


def test_the_list_fragment_is_the_same_rows_without_the_page(as_alice: Client, customer: Customer) -> None:
    answer = as_alice.get(
        reverse("customers:list"), {"q": customer.name}, headers={"HX-Request": "true", "HX-Target": "customer-rows"}
    )
    body = answer.content.decode()
    assert customer.name in body
    assert "<html" not in body


def test_an_empty_search_says_what_to_do(as_alice: Client, customer: Customer) -> None:
    assert customer.pk  # with no customer at all the page says something else
    assert "No customer fits" in as_alice.get(reverse("customers:list"), {"q": tag()}).content.decode()


def test_a_stranger_is_sent_to_sign_in(eve: Client, customer: Customer) -> None:
    for name in ("customers:page", "customers:rename", "tenants:connect", "tenants:disconnect", "tenants:connection"):
        answer = eve.get(reverse(name, args=[customer.pk]))
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]
