"""Customer groups: who sees what through them, and every list that must say the same."""

import csv
import io
import uuid
from typing import Any

import pytest
from django.test import Client
from tests.conftest import SharedClock
from tests.technicians.staff_helpers import browser_of, new_person, who

from tenantry.audit.actions import About, record
from tenantry.audit.models import Event
from tenantry.customers import actions
from tenantry.customers.events import CustomerEvent
from tenantry.customers.groups import changing, reading
from tenantry.customers.models import Customer, CustomerGroup, State
from tenantry.customers.queries import visible_customers
from tenantry.kit import clock as source
from tenantry.kit.actor import system
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.technicians.models import Team, Technician


def _tag() -> str:
    return uuid.uuid4().hex[:8]


def _customer(name: str = "") -> Customer:
    return Customer.objects.create(name=name or f"Customer {_tag()}", created_at=source.now())


def _team(*members: Technician, **fields: bool) -> Team:
    team = Team.objects.create(name=f"Team {_tag()}", created_at=source.now(), **fields)
    team.members.set(members)
    return team


def _fresh(person: Technician) -> Technician:
    """As a new request has it: what it sees is asked anew."""
    return Technician.objects.get(pk=person.pk)


def test_a_group_is_made_filled_linked_and_deleted_in_the_screens(alice: Technician) -> None:
    as_alice, bob = browser_of(alice), new_person("engineer")
    team, inside, outside = _team(bob), _customer(), _customer()
    name = f"North {_tag()}"
    assert as_alice.post("/settings/customer-groups/", {"name": name}).status_code == 302
    assert as_alice.post("/settings/customer-groups/", {"name": name.upper()}).status_code == 400
    group = CustomerGroup.objects.get(name=name)
    page = f"/settings/customer-groups/{group.pk}/"
    as_alice.post(f"{page}customers/", {"act": "add", "ids": [str(inside.pk), "junk", str(uuid.uuid4())]})
    assert not visible_customers(bob).exists()
    as_alice.post(page, {"name": name, "teams": [str(team.pk)]})
    assert list(visible_customers(_fresh(bob))) == [inside]
    assert inside.name in as_alice.get(page).content.decode()
    others = as_alice.get(page, {"show": "others", "q": outside.name}).content.decode()
    assert outside.name in others
    assert inside.name not in others
    warning = as_alice.get(f"{page}delete/").content.decode()
    assert f"{bob.display_name} no longer sees 1 customer" in warning
    as_alice.post(f"{page}delete/")
    assert not visible_customers(_fresh(bob)).exists()
    acts = Event.objects.filter(customer_id=inside.pk, target_id=str(inside.pk)).order_by("pk")
    assert [(act.action, act.customer_name, act.summary) for act in acts] == [
        ("customers.grouped", inside.name, f"Put into the customer group {name}."),
        ("customers.ungrouped", inside.name, f"Taken out of the customer group {name}."),
    ]
    changed = Event.objects.get(target_id=str(group.pk), action=CustomerEvent.GROUP_CHANGED)
    assert changed.details == {"before": {"name": name, "teams": []}, "after": {"name": name, "teams": [team.name]}}


def test_a_thousand_customers_are_chosen_from_page_by_page(alice: Technician) -> None:
    tag = _tag()
    made = [Customer(name=f"{tag} {number:04}", created_at=source.now()) for number in range(1000)]
    Customer.objects.bulk_create(made)
    try:
        group = changing.create_group(**who(alice), name=f"G {tag}")
        seen: list[str] = []
        after = ""
        for _ in range(21):
            page = reading.page_of(group=group, is_member=False, search=tag, after=after)
            seen += [customer.name for customer in page.customers]
            after = page.after
            if not after:
                break
        assert seen == sorted(customer.name for customer in made)
        assert page.before
        assert reading.page_of(group=group, is_member=False, search=tag, after="9" * 18).customers == []
        answer = browser_of(alice).get(f"/settings/customer-groups/{group.pk}/", {"show": "others", "q": tag})
        assert answer.content.decode().count('name="ids"') == reading.PAGE_SIZE
    finally:
        Customer.objects.filter(pk__in=[customer.pk for customer in made]).update(state=State.ARCHIVED)


def test_an_engineer_sees_the_customer_they_add() -> None:
    bob, other = new_person("engineer"), new_person("engineer")
    browser = browser_of(bob)
    answer = browser.post("/customers/add/", {"name": f"Lost {_tag()}"})
    assert answer.status_code == 400
    assert "None of your teams looks after a customer group" in answer.content.decode()
    group = CustomerGroup.objects.create(name=f"Ours {_tag()}", created_at=source.now())
    theirs = CustomerGroup.objects.create(name=f"Theirs {_tag()}", created_at=source.now())
    group.teams.add(_team(bob))
    theirs.teams.add(_team(other))
    name = f"New {_tag()}"
    page = browser.get("/customers/add/").content.decode()
    assert group.name in page
    assert theirs.name not in page
    for wrong in ({}, {"groups": [str(theirs.pk)]}):
        assert browser.post("/customers/add/", {"name": name, **wrong}).status_code == 400
    added = browser.post("/customers/add/", {"name": name, "groups": [str(group.pk)]})
    assert browser.get(added["Location"]).status_code == 200
    assert browser_of(other).get(added["Location"]).status_code == 404
    customer = Customer.objects.get(name=name)
    with pytest.raises(NotAllowed):
        changing.set_groups(**who(bob), customer=customer, group_ids=[])
    with pytest.raises(Invalid):
        actions.add_customer(**who(bob), name=f"New {_tag()}", group_ids=[theirs.pk])


def test_a_lead_changes_the_groups_of_a_customer_and_a_form_without_them_does_not(alice: Technician) -> None:
    customer, as_alice = _customer(), browser_of(alice)
    group = changing.create_group(**who(alice), name=f"G {_tag()}")
    page = f"/customers/{customer.pk}/rename/"
    as_alice.post(page, {"name": customer.name, "groups-offered": "yes", "groups": [str(group.pk)]})
    assert group.name in as_alice.get(f"/customers/{customer.pk}/").content.decode()
    as_alice.post(page, {"name": customer.name})
    assert list(customer.groups.all()) == [group]
    as_alice.post(page, {"name": customer.name, "groups-offered": "yes"})
    assert not customer.groups.exists()
    for act in (changing.create_group, changing.delete_group):
        arguments: dict[str, Any] = {"name": "X"} if act is changing.create_group else {"group_id": group.pk}
        engineer = who(new_person("engineer"))
        with pytest.raises(NotAllowed):
            act(**engineer, **arguments)


def test_what_people_lose_is_counted_past_their_other_teams(alice: Technician) -> None:
    bob, carla, boss = new_person("engineer"), new_person("help_desk"), new_person("administrator")
    one, both = _customer(), _customer()
    first, second = _team(bob, boss), _team(bob, carla)
    for team, customers in ((first, [one, both]), (second, [both])):
        group = changing.create_group(**who(alice), name=f"G {_tag()}")
        group.customers.set(customers)
        group.teams.add(team)
    assert [(loss.technician, loss.customers) for loss in reading.losses_without_team(first)] == [(bob, 1)]
    assert [(loss.technician, loss.customers) for loss in reading.losses_without_team(second)] == [(carla, 1)]


def test_every_list_is_narrowed_to_the_customers_of_ones_teams(clock: SharedClock, alice: Technician) -> None:
    """Customers, readiness, alerts and their count, search, activity and its CSV (issue 4: customer isolation)."""
    tag = _tag()
    ours, theirs = _customer(f"Ours {tag}"), _customer(f"Foreign {tag}")
    group = CustomerGroup.objects.create(name=f"G {tag}", created_at=clock.now())
    group.customers.add(ours)
    people = [new_person(role) for role in ("engineer", "help_desk", "auditor")]
    group.teams.add(_team(*people))
    for customer in (ours, theirs):
        _fill(customer, tag)
    pages = {
        "/customers/": {"q": tag},
        "/readiness/": {"q": tag},
        "/users/": {"q": tag},
        "/alerts/": {},
        "/activity/": {"text": tag},
    }
    for person in (*people, alice):
        browser = browser_of(person)
        for path, query in pages.items():
            text = browser.get(path, query).content.decode()
            if person is alice:  # who sees everything; readiness and search list connected tenants only
                assert theirs.name in text or path in {"/readiness/", "/users/"}, path
            else:
                assert theirs.name not in text, (person.role, path)
        if person.role == "help_desk":  # may not export at all
            continue
        assert (theirs.name in _csv(browser, tag)) == (person is alice), person.role
    assert ours.name in _csv(browser_of(people[0]), tag)
    assert ours.name in browser_of(people[0]).get("/customers/", {"q": tag}).content.decode()
    from tenantry.notifications.queries import count_open

    assert count_open(people[0]) == 1
    foreign = {"customer": str(theirs.pk)}
    assert browser_of(people[0]).get("/alerts/", foreign).status_code == 404
    assert browser_of(people[0]).get("/activity/", foreign).status_code in {200, 404}


def _fill(customer: Customer, tag: str) -> None:
    """An open alert and an event, so that a list has something to leave out."""
    from tenantry.notifications.models import Alert, AlertKind

    Alert.objects.create(
        customer_id=customer.pk,
        customer_name=customer.name,
        kind=AlertKind.CONNECTION,
        key=customer.pk.hex,
        title=f"{customer.name} needs somebody",
        opened_at=source.now(),
        changed_at=source.now(),
        severity="warning",
    )
    about = About(customer_id=customer.pk, customer_name=customer.name, target_name=customer.name)
    record(actor=system("test"), action=CustomerEvent.CHANGED, about=about, summary=f"{tag}")


def _csv(browser: Client, tag: str) -> str:
    answer = browser.get("/activity/export.csv", {"text": tag})
    assert answer.status_code == 200
    content = b"".join(answer)
    return str(list(csv.reader(io.StringIO(content.decode("utf-8-sig")))))
