"""The first owner: through a one-time link only, and only once."""

import threading
import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from tests.conftest import SharedClock
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import acts_of, is_signed_in, path_of, token_of

from tenantry.kit.errors import NotAllowed
from tenantry.kit.sealed import Secret
from tenantry.technicians import actions, queries
from tenantry.technicians.models import Technician


def _filled(**changes: str) -> dict[str, str]:
    return {
        "display_name": "Priya Raman",
        "email": f"Priya-{uuid.uuid4().hex[:8]}@Harbour-IT.example",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **changes,
    }


def test_the_set_up_page_creates_the_owner_and_signs_in(no_owner: None, visitor: Client) -> None:
    assert not queries.has_owner()
    page = path_of(actions.create_owner_setup_link())
    assert visitor.get(page).status_code == 200
    filled = _filled()
    answer = visitor.post(page, filled)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    owner = Technician.objects.get(email=filled["email"].lower())
    assert owner.is_owner
    assert owner.check_password(PASSWORD)
    assert owner.password.startswith("scrypt$")
    assert is_signed_in(visitor, owner)
    assert [action for action, _, _ in acts_of(owner)] == ["technicians.owner_created", "technicians.signed_in"]


def test_set_up_is_closed_once_there_is_an_owner(no_owner: None, visitor: Client, technician: Technician) -> None:
    page = path_of(actions.create_owner_setup_link())
    Technician.objects.filter(pk=technician.pk).update(role="owner")
    for answer in (visitor.get(page), visitor.post(page, _filled())):
        assert answer.status_code == 410
        assert b"Set-up is closed" in answer.content
    with pytest.raises(NotAllowed) as refused:
        actions.create_owner_setup_link()
    assert refused.value.code == "owner_exists"
    assert Technician.objects.filter(role="owner").count() == 1


def test_a_used_set_up_link_is_used(no_owner: None, visitor: Client) -> None:
    page = path_of(actions.create_owner_setup_link())
    visitor.post(page, _filled())
    answer = visitor.post(page, _filled())
    assert answer.status_code == 410
    assert b"This link was used" in answer.content
    assert Technician.objects.filter(role="owner").count() == 1


def test_a_set_up_link_expires_after_a_day_and_when_a_newer_one_is_made(
    no_owner: None, visitor: Client, clock: SharedClock
) -> None:
    older = path_of(actions.create_owner_setup_link())
    newer = path_of(actions.create_owner_setup_link())
    assert visitor.get(older).status_code == 410
    clock.travel(hours=24, seconds=-1)
    assert visitor.get(newer).status_code == 200
    clock.travel(seconds=1)
    assert b"This link has expired" in visitor.get(newer).content


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password2": "another long password"}, "The two passwords differ"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": "priya raman 1", "password2": "priya raman 1"}, "too similar"),
        ({"email": "not an address"}, "valid email address"),
    ],
)
def test_what_was_typed_stays_when_something_is_wrong(
    no_owner: None, visitor: Client, changes: dict[str, str], words: str
) -> None:
    page = path_of(actions.create_owner_setup_link())
    answer = visitor.post(page, _filled(**changes))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert words in text
    assert 'value="Priya Raman"' in text
    assert PASSWORD not in text  # passwords are not sent back
    assert not queries.has_owner()
    assert visitor.get(page).status_code == 200  # the link is still good


def test_an_address_that_is_taken_keeps_the_link(no_owner: None, visitor: Client, technician: Technician) -> None:
    page = path_of(actions.create_owner_setup_link())
    answer = visitor.post(page, _filled(email=technician.email))
    assert b"has this e-mail address already" in answer.content
    assert visitor.get(page).status_code == 200


def test_two_people_at_the_same_moment_make_one_owner(no_owner: None) -> None:
    token = token_of(actions.create_owner_setup_link())
    start = threading.Barrier(3)
    outcomes: list[str] = []

    def create(number: int) -> None:
        try:
            start.wait(timeout=10)
            actions.create_first_owner(
                token=token,
                display_name=f"Owner {number}",
                email=f"owner-{uuid.uuid4().hex[:8]}@harbour-it.example",
                password=Secret(PASSWORD),
                network_address="",
            )
            outcomes.append("created")
        except NotAllowed as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["created", "owner_exists", "owner_exists"]
    assert Technician.objects.filter(role="owner").count() == 1


@pytest.fixture
def no_alice(alice: Technician) -> Iterator[None]:
    """A deployment without Alice, who comes back afterwards."""
    Technician.objects.filter(pk=alice.pk).update(email="away@harbour-it.example")
    yield
    Technician.objects.filter(email=alice.email).delete()
    Technician.objects.filter(pk=alice.pk).update(email=alice.email)


def test_the_demo_technician_has_no_password(no_alice: None) -> None:
    first, second = actions.ensure_demo_technician(), actions.ensure_demo_technician()
    assert first.pk == second.pk
    assert (first.display_name, first.email) == ("Alice Moreau", "alice@harbour-it.example")
    assert first.is_owner
    assert not first.has_usable_password()


def test_there_are_no_default_credentials(no_alice: None, visitor: Client) -> None:
    actions.ensure_demo_technician()
    for email in ("admin@example.com", "admin@harbour-it.example", actions.DEMO_EMAIL):
        for password in ("", "admin", "password"):
            answer = visitor.post("/accounts/login/", {"login": email, "password": password})
            assert answer.status_code in {200, 429}
            assert not is_signed_in(visitor)
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.ScryptPasswordHasher"]
