"""Batches, throttling, scripted faults, the linter, and what is not simulated."""

import pytest
import urllib3.exceptions
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock

from entrasim.routes import simulated


def batch(client: Client, *requests: dict[str, object]) -> dict[str, dict[str, object]]:
    answer = client.post("/$batch", {"requests": list(requests)})
    assert answer.status == 200, answer.data
    return {item["id"]: item for item in answer.json["responses"]}


def get(key: str, url: str, **more: object) -> dict[str, object]:
    return {"id": key, "method": "GET", "url": url, **more}


def test_a_batch_answers_each_part_on_its_own(client: Client) -> None:
    user = client.tenant.add_user(enabled=False)
    found = batch(
        client,
        get("1", f"/users/{user.id}?$select=id"),
        get("2", "/users/nobody"),
        get("3", "/users?$filter=userType ne 'Guest'&$count=true", headers={"ConsistencyLevel": "eventual"}),
        {
            "id": "4", "method": "PATCH", "url": f"/users/{user.id}", "body": {"accountEnabled": True},
            "headers": {"Content-Type": "application/json"},
        },
    )  # fmt: skip
    assert {key: item["status"] for key, item in found.items()} == {"1": 200, "2": 404, "3": 200, "4": 204}
    assert found["1"]["body"]["id"] == user.id  # type: ignore[index]
    assert user.account_enabled


def test_parts_that_depend_on_a_failed_one_answer_424(client: Client) -> None:
    found = batch(
        client,
        get("a", "/users/nobody"),
        get("b", "/organization", dependsOn=["a"]),
        get("c", "/domains", dependsOn=["b"]),
        get("d", "/domains"),
    )
    assert [found[key]["status"] for key in "abcd"] == [404, 424, 424, 200]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [get(str(number), "/organization") for number in range(21)],
        [get("1", "/organization"), get("1", "/domains")],
        [get("1", "https://elsewhere.example/organization")],
        [get("1", "/organization", dependsOn=["9"])],
        [get("1", "/organization", dependsOn=["2"]), get("2", "/domains", dependsOn=["1"])],
        [{"id": "1"}],
    ],
)
def test_malformed_batches_are_refused(client: Client, requests: list[dict[str, object]]) -> None:
    assert client.post("/$batch", {"requests": requests}).status == 400


def test_a_part_of_a_batch_is_throttled_with_its_own_retry_after(client: Client) -> None:
    client.tenant.fault("throttled", path="/domains", retry_after="3.5")
    found = batch(client, get("1", "/domains"), get("2", "/organization"))
    assert (found["1"]["status"], found["1"]["headers"]["Retry-After"]) == (429, "3.5")  # type: ignore[index]
    assert found["2"]["status"] == 200


def test_reports_are_throttled_after_five_requests_until_time_passes(client: Client, clock: StandingClock) -> None:
    path = "/auditLogs/directoryAudits?$top=1"
    assert [client.get(path).status for _ in range(5)] == [200] * 5
    answer = client.get(path)
    assert (answer.status, answer.code) == (429, "TooManyRequests")
    assert 0 < float(answer.headers["Retry-After"]) <= 2
    assert client.app.app_id in answer.headers["x-ms-throttle-scope"]
    assert answer.json["error"]["innerError"]["code"] == "429"
    clock.sleep(float(answer.headers["Retry-After"]))
    assert client.get(path).status == 200
    assert client.tenant.lint() == []


def test_resource_units_are_told_and_used_up(client: Client, clock: StandingClock) -> None:
    assert client.get("/users?$top=999").headers["x-ms-resource-unit"] == "2"
    assert client.get("/users?$select=id&$top=999").headers["x-ms-resource-unit"] == "1"
    assert client.get("/subscribedSkus").headers["x-ms-resource-unit"] == "3"
    throttle = client.simulator.context.throttle
    bucket = throttle._bucket("units", (client.tenant.id, client.app.app_id), 3500, 10)
    bucket.level = 4
    assert "x-ms-throttle-limit-percentage" in client.get("/subscribedSkus").headers
    answer = client.get("/subscribedSkus")
    assert answer.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    clock.travel(seconds=1)
    assert client.get("/subscribedSkus").status == 200


def test_a_scripted_throttle_may_come_without_retry_after(client: Client) -> None:
    client.tenant.fault("throttled", path="/organization", retry_after=None)
    assert "Retry-After" not in client.get("/organization").headers


def test_an_error_comes_before_the_effect(client: Client) -> None:
    user = client.tenant.add_user()
    client.tenant.fault("error", method="PATCH", path="/users/*", status=503, times=2)
    answers = [client.reset(user.id) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 204]
    assert answers[0].code == "ServiceUnavailable"
    assert [entry.effect for entry in client.tenant.journal()[-3:]] == [False, False, True]


@pytest.mark.parametrize(("kind", "happened"), [("lost", True), ("refused_before", False)])
def test_a_connection_closes_without_an_answer(client: Client, kind: str, happened: bool) -> None:
    user = client.tenant.add_user()
    client.tenant.fault(kind, method="PATCH", path=f"/users/{user.id}")
    assert client.token
    with pytest.raises(urllib3.exceptions.HTTPError):
        client.reset(user.id)
    assert (user.password == "Quiet-Harbour-88") is happened
    entry = client.tenant.journal()[-1]
    assert (entry.status, entry.effect, entry.fault) == (0, happened, kind)


def test_stale_reads_show_what_was_before_the_last_write(client: Client, clock: StandingClock) -> None:
    user = client.tenant.add_user()
    client.patch(f"/users/{user.id}", {"accountEnabled": False})
    client.tenant.fault("stale", path="/users/*", times=1)
    path = f"/users/{user.id}?$select=accountEnabled"
    assert client.get(path).json["accountEnabled"] is True
    assert client.get(path).json["accountEnabled"] is False
    client.tenant.fault("stale", path="/users*", seconds=10)
    listed = f"/users?$select=accountEnabled&$filter=id eq '{user.id}'"
    assert client.get(listed).value == [{"accountEnabled": True}]
    clock.travel(seconds=11)
    assert client.get(listed).value == [{"accountEnabled": False}]


def test_a_slow_body_arrives_whole(client: Client) -> None:
    client.tenant.fault("slow", path="/organization", seconds=0.001, chunk=100)
    assert client.get("/organization").value[0]["id"] == client.tenant.id


def test_a_new_object_may_be_not_found_for_a_while(client: Client) -> None:
    user = client.tenant.add_user()
    client.tenant.fault("not_found", method="GET", path="/users/*")
    assert [client.get(f"/users/{user.id}").status for _ in range(2)] == [404, 200]


def test_an_unknown_fault_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="no fault"):
        client.tenant.fault("gremlins")


def test_what_is_not_simulated_says_so_and_stands_in_the_journal(client: Client) -> None:
    answer = client.get("/teams")
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert client.tenant.journal()[-1].unsimulated
    assert client.post("/organization").status == 405
    assert not client.tenant.journal()[-1].unsimulated
    beta = client.get(f"{client.simulator.graph_url}/beta/users")
    assert beta.status == 501
    assert "GET /users is not v1.0" in client.tenant.lint()


def test_answers_carry_the_headers_that_support_asks_for(client: Client) -> None:
    answer = client.get("/organization", client_request_id="0d1c2b3a-0000-4000-8000-000000000001")
    assert answer.headers["client-request-id"] == "0d1c2b3a-0000-4000-8000-000000000001"
    assert answer.headers["request-id"] == client.tenant.journal()[-1].request_id
    assert "ServerInfo" in answer.headers["x-ms-ags-diagnostic"]
    assert answer.json["@odata.context"].endswith("/v1.0/$metadata#organization")
    inner = client.get("/users/nobody").json["error"]["innerError"]
    assert set(inner) == {"date", "request-id", "client-request-id"}


def test_bad_habits_of_clients_are_complained_about(client: Client, clock: StandingClock) -> None:
    tenant = client.tenant
    client.call("GET", "/organization", plain=True)
    tenant.fault("throttled", path="/domains", retry_after="5")
    client.get("/domains")
    client.get("/domains")
    tenant.fault("lost", method="POST", path="/groups")
    body = {"displayName": "Twice", "mailEnabled": False, "mailNickname": "twice", "securityEnabled": True}
    with pytest.raises(urllib3.exceptions.HTTPError):
        client.post("/groups", body)
    client.post("/groups", body)
    assert tenant.lint() == [
        "GET /organization carried no client-request-id",
        "GET /domains was repeated before its Retry-After had passed",
        "POST /groups was repeated although its first outcome was unknown",
    ]


def test_a_client_that_looks_before_it_repeats_is_left_alone(client: Client) -> None:
    client.tenant.fault("lost", method="POST", path="/groups")
    body = {"displayName": "Once", "mailEnabled": False, "mailNickname": "once", "securityEnabled": True}
    assert client.token
    with pytest.raises(urllib3.exceptions.HTTPError):
        client.post("/groups", body)
    assert len(client.get("/groups?$filter=displayName eq 'Once'").value) == 1
    client.post("/groups", body)
    assert client.tenant.lint() == []


def test_every_route_is_in_the_table_of_what_is_simulated(client_for: ClientFor) -> None:
    table = {(route.method, route.path): route for route in simulated()}
    assert table["PATCH", "/v1.0/users/{user}"].permissions
    assert ("POST", "/{tenant}/oauth2/v2.0/token") in table
    assert all(route.summary for route in table.values())
