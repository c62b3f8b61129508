"""Delta queries: first round, changes, removals, restores, tokens that are too old."""

from typing import Any

import pytest
from tests.entrasim.client import Answer, Client
from tests.entrasim.conftest import StandingClock

DELTA = "/users/delta?$select=displayName,accountEnabled"


def follow(client: Client, answer: Answer) -> tuple[list[dict[str, Any]], str]:
    """All rows of a round and its delta link."""
    rows = list(answer.value)
    while "@odata.nextLink" in answer.json:
        answer = client.get(answer.json["@odata.nextLink"])
        rows.extend(answer.value)
    return rows, answer.json["@odata.deltaLink"]


def test_the_first_round_tells_everybody_in_pages(client: Client) -> None:
    for number in range(7):
        client.tenant.add_user(name=f"Person {number}")
    answer = client.get(DELTA, Prefer="odata.maxpagesize=3")
    assert len(answer.value) == 3
    rows, _ = follow(client, answer)
    assert {row["id"] for row in rows} == set(client.tenant.state.users)
    assert set(rows[0]) == {"id", "displayName", "accountEnabled"}


def test_later_rounds_tell_changes_removals_restores_and_purges(client: Client) -> None:
    users = [client.tenant.add_user(name=f"Person {number}") for number in range(4)]
    _, link = follow(client, client.get(DELTA))
    rows, link = follow(client, client.get(link))
    assert rows == []
    client.patch(f"/users/{users[0].id}", {"accountEnabled": False})
    client.delete(f"/users/{users[1].id}")
    client.tenant.delete_user(users[2])
    client.tenant.purge_user(users[2])
    rows, link = follow(client, client.get(link))
    assert rows == [
        {"id": users[0].id, "displayName": "Person 0", "accountEnabled": False},
        {"id": users[1].id, "@removed": {"reason": "changed"}},
        {"id": users[2].id, "@removed": {"reason": "deleted"}},
    ]
    client.post(f"/directory/deletedItems/{users[1].id}/restore")
    rows, link = follow(client, client.get(link))
    assert [row["id"] for row in rows] == [users[1].id]
    assert "@removed" not in rows[0]
    assert follow(client, client.get(link))[0] == []
    assert client.tenant.lint() == []


def test_changes_during_the_first_round_are_told_in_the_next(client: Client) -> None:
    users = [client.tenant.add_user(name=f"Person {number}") for number in range(5)]
    first = client.get(DELTA, Prefer="odata.maxpagesize=2")
    client.patch(f"/users/{users[0].id}", {"accountEnabled": False})
    _, link = follow(client, first)
    assert users[0].id in {row["id"] for row in follow(client, client.get(link))[0]}


def test_latest_gives_a_link_without_data(client: Client) -> None:
    answer = client.get(f"{DELTA}&$deltatoken=latest")
    assert answer.value == []
    user = client.tenant.add_user(name="Later Person")
    rows, _ = follow(client, client.get(answer.json["@odata.deltaLink"]))
    assert [row["id"] for row in rows] == [user.id]


def test_an_old_or_broken_token_starts_over_with_410(client: Client, clock: StandingClock) -> None:
    _, link = follow(client, client.get(DELTA))
    client.tenant.expire_delta_tokens()
    answer = client.get(link)
    assert (answer.status, answer.code) == (410, "resyncRequired")
    assert answer.headers["Location"].endswith("/users/delta?$deltatoken=")
    rows, link = follow(client, client.get(DELTA))
    assert len(rows) == 1
    clock.travel(days=8)
    client.forget_token()
    assert (client.get(link).status, client.get(link).code) == (410, "syncStateNotFound")
    assert client.get("/users/delta?$deltatoken=rubbish").status == 410


@pytest.mark.parametrize("option", ["$top=5", "$orderby=displayName", "$expand=manager", "$search=x"])
def test_options_that_delta_does_not_take_are_refused(client: Client, option: str) -> None:
    assert client.get(f"/users/delta?{option}").status == 400


def test_delta_lags_as_told(client: Client, clock: StandingClock) -> None:
    client.tenant.set_lag(list_and_delta=60)
    _, link = follow(client, client.get(DELTA))
    user = client.tenant.add_user(name="Later Person")
    rows, link = follow(client, client.get(link))
    assert rows == []
    clock.travel(seconds=61)
    assert [row["id"] for row in follow(client, client.get(link))[0]] == [user.id]
