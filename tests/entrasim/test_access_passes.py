"""Temporary Access Passes over HTTPS: the code once, the policy's words, and what a pass is good for."""

import pytest
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock
from tests.entrasim.surfer import Surfer

from entrasim.handle import Handle
from entrasim.server import Simulator

WRITE = "UserAuthMethod-TAP.ReadWrite.All"


@pytest.fixture
def manager(sim: Handle, client_for: ClientFor) -> Client:
    tenant = sim.new_tenant()
    tenant.allow_access_passes()
    return client_for("User.Read.All", WRITE, at=tenant)


def _path(client: Client, **fields: object) -> str:
    user = client.tenant.add_user(name="Dana Doe", **fields)  # type: ignore[arg-type]
    return f"/users/{user.id}/authentication/temporaryAccessPassMethods"


def test_the_code_is_told_once_and_a_new_pass_replaces_the_one_before(manager: Client, clock: StandingClock) -> None:
    path = _path(manager)
    assert manager.get(path).value == []
    made = manager.post(path, {"lifetimeInMinutes": 90, "isUsableOnce": True})
    assert made.status == 201
    row = made.json
    assert len(row["temporaryAccessPass"]) == 8
    assert (row["lifetimeInMinutes"], row["isUsableOnce"], row["isUsable"]) == (90, True, True)
    assert row["methodUsabilityReason"] == "EnabledByPolicy"
    (listed,) = manager.get(path).value
    assert listed["temporaryAccessPass"] is None
    assert {**listed, "temporaryAccessPass": 0} == {
        **{name: row[name] for name in row if name[0] != "@"}, "temporaryAccessPass": 0}  # fmt: skip
    clock.travel(seconds=10)  # five requests in ten seconds are the most
    again = manager.post(path, {}).json
    assert (again["lifetimeInMinutes"], again["isUsableOnce"]) == (60, False)
    assert [each["id"] for each in manager.get(path).value] == [again["id"]]
    assert manager.get(f"{path}/{row['id']}").status == 404
    assert [manager.get(path).status for _ in range(4)][-1] == 429
    clock.travel(minutes=60)
    manager.forget_token()
    (over,) = manager.get(path).value
    assert (over["isUsable"], over["methodUsabilityReason"]) == (False, "Expired")
    assert manager.delete(f"{path}/{again['id']}").status == 204
    assert manager.get(path).value == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"lifetimeInMinutes": 59}, "The valid range between 60 and 480."),
        ({"lifetimeInMinutes": 481}, "The valid range between 60 and 480."),
        ({"lifetimeInMinutes": "60"}, "values specified are invalid"),
        ({"lifetimeInMinutes": True}, "values specified are invalid"),
        ({"temporaryAccessPass": "mine"}, "values specified are invalid"),
        ({"startDateTime": "tomorrow"}, "values specified are invalid"),
    ],
)
def test_what_the_policy_or_the_shape_does_not_allow_is_refused(
    manager: Client, body: dict[str, object], words: str
) -> None:
    answer = manager.post(_path(manager), body)
    assert (answer.status, answer.code) == (400, "badRequest")
    assert words in answer.json["error"]["message"]


def test_who_is_outside_the_policy_gets_none(manager: Client) -> None:
    for path in (_path(manager, guest=True),):
        assert "UserCredentialPolicy" in manager.post(path, {}).json["error"]["message"]
    path = _path(manager)
    manager.tenant.allow_access_passes(is_usable_once=True, maximum_lifetime_in_minutes=43_200)
    assert "one use only" in manager.post(path, {"isUsableOnce": False}).json["error"]["message"]
    assert manager.post(path, {"lifetimeInMinutes": 43_200}).status == 201
    manager.tenant.allow_access_passes(is_enabled=False)
    assert "UserCredentialPolicy" in manager.post(path, {}).json["error"]["message"]
    assert manager.get(path).value[0]["methodUsabilityReason"] == "DisabledByPolicy"


def test_a_permission_of_its_own_is_asked_for_and_no_role(manager: Client, client_for: ClientFor) -> None:
    tenant, path = manager.tenant, _path(manager)
    assert client_for("User.ReadWrite.All", at=tenant).post(path, {}).status == 403
    reader = client_for("UserAuthMethod-TAP.Read.All", at=tenant)
    assert (reader.get(path).status, reader.post(path, {}).status) == (200, 403)
    restricted = tenant.add_user(name="Rea Stricted")
    tenant.add_restricted_unit("Board", [restricted])
    answer = manager.post(f"/users/{restricted.id}/authentication/temporaryAccessPassMethods", {})
    assert answer.status == 403
    assert "restricted management" in answer.json["error"]["message"]


def test_a_pass_signs_its_user_in_and_a_pass_for_one_use_does_so_once(manager: Client, simulator: Simulator) -> None:
    user = manager.tenant.add_user(name="Dana Doe")
    path = f"/users/{user.id}/authentication/temporaryAccessPassMethods"
    code = manager.post(path, {"isUsableOnce": True}).json["temporaryAccessPass"]
    portal = f"{simulator.browser_url}/portal/{manager.tenant.id}/roles"
    for heading in (True, False):
        surfer = Surfer(simulator.browser_url)
        surfer.get(portal)
        page = surfer.sign_in(user.user_principal_name, code)
        assert (page.heading != "Enter password") is heading
    assert manager.get(path).value[0]["methodUsabilityReason"] == "OneTimeUsed"
