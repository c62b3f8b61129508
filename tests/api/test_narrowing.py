"""A token that is bound to customer groups sees what is in them and its technician's as well, by both belts."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.db import connection

from tenantry.kit import scoping
from tests.api.conftest import Office, Program, made
from tests.conftest import SharedClock

if TYPE_CHECKING:
    from tenantry.customers.models import CustomerGroup
    from tenantry.technicians.models import Technician


@dataclass(frozen=True)
class Pair:
    """Two customers of one technician's, in a group each, and one of a stranger's."""

    technician: "Technician"
    one: Office
    other: Office
    foreign: Office


@pytest.fixture(scope="module")
def pair(open_office: Callable[..., Office], theirs: Office) -> Pair:
    one, other = open_office(), open_office()
    for team in other.technician.teams.all():
        team.members.add(one.technician)
    return Pair(one.technician, one, other, theirs)


@pytest.fixture(scope="module")
def owner(open_office: Callable[..., Office]) -> "Technician":
    """Sees every customer by role, and is in no team."""
    person = open_office("owner").technician
    person.teams.clear()
    return person


@pytest.fixture(autouse=True)
def roles_as_before(pair: Pair) -> Iterator[None]:
    yield
    type(pair.technician).objects.filter(pk=pair.technician.pk).update(is_active=True)


def _customers(program: Program) -> set[str]:
    """By the routes that say whose they are; every one of them must agree."""
    found, after = set(), ""
    while True:
        page = program.get(f"/customers?{urlencode({'after': after})}").json()
        found |= {item["id"] for item in page["items"]}
        after = page["next"]
        if not after:
            break
    board = {row["customer_id"] for row in program.get("/readiness").json()["items"]}
    people = {user["customer_id"] for user in program.get("/users?search=dana").json()["items"]}
    assert board | people <= found
    return found


def _rows(technician_id: uuid.UUID, group_ids: list[uuid.UUID] | None) -> set[str]:
    """What a query that forgets every filter finds in the scope of such a token."""
    with (
        scoping.scoped(scoping.of_technician(technician_id, group_ids=group_ids)),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT id FROM customers_customer")
        customers = {str(row[0]) for row in cursor.fetchall()}
        cursor.execute("SELECT customer_id FROM tenants_tenant")
        assert {str(row[0]) for row in cursor.fetchall()} <= customers
    return customers


def test_a_bound_token_sees_its_groups_alone_and_the_database_agrees(pair: Pair) -> None:
    """Issue 4: tokens scoped to customer groups; row-level security as the second belt."""
    one, other = str(pair.one.customer.pk), str(pair.other.customer.pk)
    for groups, wanted in (
        (None, {one, other}),
        ([pair.one.group.pk], {one}),
        ([pair.one.group.pk, pair.other.group.pk], {one, other}),
    ):
        program = made(pair.technician, groups=groups)
        assert _customers(program) == wanted == _rows(pair.technician.pk, groups)
        for office in (pair.one, pair.other, pair.foreign):
            is_theirs = str(office.customer.pk) in wanted
            for path in (f"/customers/{office.customer.pk}", office.users, office.one):
                assert program.get(path).status_code == (200 if is_theirs else 404), (groups, path)


def test_an_owners_bound_token_does_not_see_everything(owner: "Technician", pair: Pair) -> None:
    everything = made(owner)
    assert {str(each.customer.pk) for each in (pair.one, pair.other, pair.foreign)} <= _customers(everything)
    bound = made(owner, groups=[pair.other.group.pk])
    assert _customers(bound) == {str(pair.other.customer.pk)} == _rows(owner.pk, [pair.other.group.pk])
    assert bound.get(pair.one.one).status_code == 404
    acts = bound.get("/activity").json()["items"]
    assert {act["customer_id"] for act in acts} <= {str(pair.other.customer.pk), None}


def test_a_group_that_leaves_the_teams_leaves_the_token_and_one_that_is_gone_opens_nothing(pair: Pair) -> None:
    from tenantry.customers.models import CustomerGroup

    gone = CustomerGroup.objects.create(name=f"Gone {uuid.uuid4().hex[:8]}", created_at=pair.one.group.created_at)
    gone.customers.add(pair.one.customer)
    gone.teams.set(pair.technician.teams.all())
    program = made(pair.technician, groups=[gone.pk])
    assert _customers(program) == {str(pair.one.customer.pk)}
    gone_id = gone.pk
    gone.delete()
    assert _customers(program) == set() == _rows(pair.technician.pk, [gone_id]) == _rows(pair.technician.pk, [])

    shared = made(pair.technician, groups=[pair.other.group.pk])
    teams = list(pair.other.group.teams.all())
    pair.other.group.teams.clear()
    assert _customers(shared) == set() == _rows(pair.technician.pk, [pair.other.group.pk])
    pair.other.group.teams.set(teams)


def test_switched_off_a_bound_owner_sees_nothing_in_the_database_either(owner: "Technician", pair: Pair) -> None:
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    assert _rows(owner.pk, [pair.one.group.pk]) == set() == _rows(owner.pk, None)
    type(owner).objects.filter(pk=owner.pk).update(is_active=True)


def test_a_token_adds_a_customer_only_into_its_own_groups(pair: Pair, owner: "Technician", clock: SharedClock) -> None:
    def add(program: Program, groups: "list[CustomerGroup]") -> tuple[int, str]:
        body = {"name": f"New {uuid.uuid4().hex[:8]}", "groups": [str(group.pk) for group in groups]}
        answer = program.post("/customers", body)
        if answer.status_code == 201:
            assert program.get(answer["Location"].removeprefix("/api/v1")).json()["name"] == body["name"]
        return answer.status_code, answer.json().get("code", "")

    for technician in (pair.technician, owner):
        bound = made(technician, groups=[pair.one.group.pk])
        assert add(bound, [pair.one.group]) == (201, "")
        assert add(bound, []) == (422, "no_group")
        assert add(bound, [pair.other.group])[0] == 422
        assert add(bound, [pair.one.group, pair.foreign.group])[0] == 422
    assert add(made(pair.technician), [pair.other.group]) == (201, "")
    assert add(made(pair.technician), [pair.foreign.group])[0] == 422
    assert add(made(owner), []) == (201, "")


def test_nobody_binds_a_token_to_groups_that_are_not_theirs(pair: Pair, owner: "Technician") -> None:
    from tenantry.kit.errors import Invalid

    for groups in ([pair.foreign.group.pk], [pair.one.group.pk, uuid.uuid4()], []):
        with pytest.raises(Invalid):
            made(pair.technician, groups=groups)
    assert made(owner, groups=[pair.foreign.group.pk]).token.customer_group_ids == [pair.foreign.group.pk]
