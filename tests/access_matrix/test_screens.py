"""Every address x every role x a customer of theirs and one of others, from the URL resolver (issue: access matrix)."""

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern

from tests.access_matrix.matrix import ACCOUNT, ALL, LEADS, OPEN, PROOF, PROOF_WHEN, ROWS

if TYPE_CHECKING:
    from tenantry.customers.models import Customer
    from tenantry.technicians.models import Technician
    from tests.conftest import SharedClock

_LIBRARY = ("account_", "mfa_", "usersessions_", "openid_connect_", "socialaccount_")
_SAMPLES = {"IntConverter": 7, "StringConverter": "abc", "SlugConverter": "abc", "PathConverter": "a/b"}
_NOT_HERE = uuid.UUID(int=7)
_SLUGS = {"app": "helpdesk", "slug": "reset-password", "language": "bash"}


def _addresses(
    resolver: URLResolver, spaces: tuple[str, ...] = (), known: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...], Callable[..., object]]]:
    for entry in resolver.url_patterns:
        names = known + (tuple(entry.pattern.converters) if isinstance(entry.pattern, RoutePattern) else ())
        if isinstance(entry, URLResolver):
            yield from _addresses(entry, (*spaces, entry.namespace) if entry.namespace else spaces, names)
        elif isinstance(entry, URLPattern) and entry.name:
            yield ":".join((*spaces, entry.name)), names, entry.callback


PAGES = {
    name: (arguments, view)
    for name, arguments, view in _addresses(get_resolver())
    if not name.startswith(_LIBRARY) and not name.startswith("api-")
}


def _path(name: str, customer_id: uuid.UUID) -> str:
    converters = {
        "customer_id": customer_id,
        **{argument: _SLUGS.get(argument, "abc") for argument in PAGES[name][0] if not argument.endswith("_id")},
    }
    wanted = {argument: converters.get(argument, _NOT_HERE) for argument in PAGES[name][0]}
    return reverse(name, kwargs=wanted)


@pytest.fixture(scope="module")
def people(database: None, clock: "SharedClock") -> "dict[str, Technician]":
    """A technician of each role, in a team that looks after one group of customers."""
    from tenantry.technicians.models import Team, Technician

    tag = uuid.uuid4().hex[:8]
    team = Team.objects.create(name=f"Team {tag}", created_at=clock.now())
    made = {}
    for role in sorted(ALL):
        made[role] = Technician.objects.create_user(
            f"{role}-{tag}@harbour-it.example", display_name=role.title(), role=role, created_at=clock.now()
        )
        team.members.add(made[role])
    return made


@pytest.fixture(scope="module")
def theirs(people: "dict[str, Technician]", clock: "SharedClock") -> "Customer":
    """A customer of the team's."""
    from tenantry.customers.models import Customer, CustomerGroup

    customer = Customer.objects.create(name=f"Ours {uuid.uuid4().hex[:8]}", created_at=clock.now())
    group = CustomerGroup.objects.create(name=f"Group {customer.pk.hex[:8]}", created_at=clock.now())
    group.customers.add(customer)
    group.teams.set(people["engineer"].teams.all())
    return customer


@pytest.fixture(scope="module")
def others(database: None, clock: "SharedClock") -> "Customer":
    """A customer of nobody in the team."""
    from tenantry.customers.models import Customer

    return Customer.objects.create(name=f"Theirs {uuid.uuid4().hex[:8]}", created_at=clock.now())


def _browser(person: "Technician") -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert set(ROWS) == set(PAGES)


def test_a_role_is_let_in_exactly_where_the_matrix_says(people: "dict[str, Technician]", theirs: "Customer") -> None:
    """AC-X.2 with the rest: who connects, disconnects and chooses roles, and who may only look and test."""
    wrong = []
    for role, person in people.items():
        client = _browser(person)
        for name, row in ROWS.items():
            if row in {OPEN, ACCOUNT}:
                continue
            assert isinstance(row, tuple)
            for verb, allowed in (("get", row[0]), ("post", row[1])):
                answer = getattr(client, verb)(_path(name, theirs.pk))
                is_refused = answer.status_code == 403 and b"does not include this" in answer.content
                if is_refused == (role in allowed):
                    wrong.append((role, verb, name, answer.status_code))
    assert not wrong


def test_an_object_of_anothers_customer_is_not_there(people: "dict[str, Technician]", others: "Customer") -> None:
    wrong = []
    for role in ("engineer", "help_desk", "auditor"):
        client = _browser(people[role])
        for name, (arguments, _) in PAGES.items():
            if "customer_id" not in arguments:
                continue
            for verb in ("get", "post"):
                answer = getattr(client, verb)(_path(name, others.pk))
                if answer.status_code not in {403, 404, 405} or others.name in answer.content.decode():
                    wrong.append((role, verb, name, answer.status_code))
    assert not wrong


def test_own_customers_are_there_and_listed_alone(
    people: "dict[str, Technician]", theirs: "Customer", others: "Customer"
) -> None:
    for role, person in people.items():
        client = _browser(person)
        assert client.get(_path("customers:page", theirs.pk)).status_code == 200
        page = client.get("/customers/", {"q": "heirs"}).content.decode()
        assert (others.name in page) == (role in {"owner", "administrator"})


def test_nobody_is_offered_a_connection_that_they_may_not_make(
    people: "dict[str, Technician]", theirs: "Customer"
) -> None:
    """AC-X.2: the page says who does it instead."""
    for role, person in people.items():
        for name in ("customers:page", "directory:users"):
            page = _browser(person).get(_path(name, theirs.pk)).content.decode()
            is_offered = _path("tenants:connect", theirs.pk) in page
            assert is_offered == (role in LEADS), (role, name)
            assert is_offered != ("an administrator of this console connects" in page), (role, name)


def test_opening_a_page_changes_nothing(people: "dict[str, Technician]", theirs: "Customer") -> None:
    """GETs change nothing: the record and the customers are as before."""
    from tenantry.audit.models import Event
    from tenantry.customers.models import Customer

    client = _browser(people["owner"])
    before = (Event.objects.count(), Customer.objects.values_list("state", "name").get(pk=theirs.pk))
    for name, row in ROWS.items():
        if row != OPEN:
            client.get(_path(name, theirs.pk))
    assert (Event.objects.count(), Customer.objects.values_list("state", "name").get(pk=theirs.pk)) == before


def test_every_form_without_its_token_is_refused(people: "dict[str, Technician]", theirs: "Customer") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["owner"], backend="django.contrib.auth.backends.ModelBackend")
    passed = []
    for name in ROWS:
        answer = client.post(_path(name, theirs.pk), {"confirm": "yes"})
        if answer.status_code != 403:
            passed.append((name, answer.status_code))
    assert not passed


def test_fresh_proof_is_asked_for_exactly_where_the_matrix_says(
    people: "dict[str, Technician]", clock: "SharedClock"
) -> None:
    """Issue 4, step-up: an owner with an authenticator app, signed in, whose proof is too old."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from tenantry.customers.models import Customer

    tag = uuid.uuid4().hex[:8]
    customer = Customer.objects.create(name=f"Proven {tag}", created_at=clock.now())
    owner = type(people["owner"]).objects.create_user(
        f"proof-{tag}@harbour-it.example", display_name="Olive", role="owner", created_at=clock.now()
    )
    TOTP.activate(owner, str(generate_totp_secret()))
    client = _browser(owner)
    asked = {
        name
        for name, row in ROWS.items()
        if row not in {OPEN, ACCOUNT}
        and "/reauthenticate/" in client.post(_path(name, customer.pk)).headers.get("Location", "")
    }
    assert sorted(asked) == sorted(PROOF)
    assert set(ROWS) >= PROOF | set(PROOF_WHEN)
    assert not PROOF & set(PROOF_WHEN)


def test_a_view_that_nobody_spoke_for_is_closed(people: "dict[str, Technician]") -> None:
    from django.http import HttpRequest, HttpResponse
    from django.test import RequestFactory

    from tenantry.technicians.access import PermissionMiddleware

    def forgotten(request: HttpRequest) -> HttpResponse:
        raise AssertionError(request)

    request = RequestFactory().get("/forgotten/")
    request.user = people["owner"]
    answer = PermissionMiddleware(lambda _: HttpResponse()).process_view(request, forgotten, (), {})
    assert answer is not None
    assert answer.status_code == 403
