"""Reading and changing users over HTTPS."""

import datetime as dt
import re
from typing import Any

import pytest
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock

from entrasim.handle import Handle, TenantHandle
from entrasim.server import Simulator


def test_the_default_properties_are_the_eleven_of_graph(client: Client) -> None:
    row = client.get(f"/users/{client.tenant.admin.id}").json
    assert set(row) == {
        "@odata.context", "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
        "officeLocation", "preferredLanguage", "surname", "userPrincipalName",
    }  # fmt: skip


def test_times_have_whole_seconds_and_a_z(client: Client) -> None:
    row = client.get(f"/users/{client.tenant.admin.id}?$select=createdDateTime,lastPasswordChangeDateTime").json
    assert set(row) == {"@odata.context", "createdDateTime", "lastPasswordChangeDateTime"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["lastPasswordChangeDateTime"])


def test_a_user_is_found_by_name_also_with_a_hash_sign(client: Client) -> None:
    guest = client.tenant.add_user(name="Iris Vandermeer", guest=True)
    path = guest.user_principal_name.replace("#", "%23")
    assert client.get(f"/users/{path}?$select=id,userType").json["userType"] == "Guest"
    missing = client.get("/users/nobody@nowhere.example")
    assert (missing.status, missing.code) == (404, "Request_ResourceNotFound")


def test_a_key_may_stand_in_parentheses_and_agents_are_marked(client: Client) -> None:
    agent = client.tenant.add_user(name="Invoice Agent", is_agent=True)
    row = client.get(f"/users('{agent.id}')?$select=displayName").json
    assert row["displayName"] == "Invoice Agent"
    assert row["@odata.type"] == "#microsoft.graph.agentUser"


def test_paging_is_stable_while_users_come_and_go(simulator: Simulator, sim: Handle, client_for: ClientFor) -> None:
    tenant = sim.new_tenant(users=250)
    client = client_for("User.Read.All", at=tenant)
    before = set(tenant.state.users)
    first = client.get("/users?$select=id")
    assert len(first.value) == 100
    tenant.delete_user(tenant.user(first.value[0]["id"]))
    tenant.add_user(name="Late Comer")
    rows = list(first.value)
    link = first.json["@odata.nextLink"]
    while link:
        answer = client.get(link)
        rows += answer.value
        link = answer.json.get("@odata.nextLink")
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert before <= set(ids)
    assert tenant.lint() == []


def test_a_next_link_that_was_made_up_is_complained_about(client: Client) -> None:
    client.get("/users?$top=1&$skiptoken=eyJhZnRlciI6IjAifQ")
    assert any("did not follow a next link" in complaint for complaint in client.tenant.lint())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("accountEnabled eq false", {"Blocked Ben"}),
        ("startsWith(displayName,'Ann')", {"Ann O'Hara", "Anna Bauer"}),
        ("displayName eq 'Ann O''Hara'", {"Ann O'Hara"}),
        ("userType eq 'Guest' or startswith(userPrincipalName,'BLOCKED')", {"Guest Gina", "Blocked Ben"}),
        ("startswith(displayName,'Ann') and (mail eq null or mail eq 'x@y.example')", {"Ann O'Hara", "Anna Bauer"}),
        ("displayName in ('Blocked Ben', 'nobody')", {"Blocked Ben"}),
        ("assignedLicenses/any(x:x/skuId eq 05e9a617-0261-4cee-bb44-138d3ef5d965)", {"Anna Bauer"}),
        ("createdDateTime lt 2001-01-01T00:00:00Z", {"Anna Bauer"}),
    ],
)
def test_filters_choose_what_they_say(client: Client, query: str, names: set[str]) -> None:
    populate(client.tenant)
    assert {row["displayName"] for row in client.get(f"/users?$select=displayName&$filter={query}").value} == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("endsWith(userPrincipalName,'ben@corp.example')", set()),
        ("not(accountEnabled eq true)", {"Blocked Ben"}),
        ("userType ne 'Member'", {"Guest Gina"}),
        ("assignedLicenses/$count ne 0", {"Anna Bauer"}),
    ],
)
def test_advanced_filters_need_the_eventual_header_and_count(client: Client, query: str, names: set[str]) -> None:
    populate(client.tenant)
    path = f"/users?$select=displayName&$filter={query}"
    assert client.get(path).code == "Request_UnsupportedQuery"
    answer = client.get(f"{path}&$count=true", ConsistencyLevel="eventual")
    assert {row["displayName"] for row in answer.value} == names
    assert answer.json["@odata.count"] == len(names)


def populate(tenant: TenantHandle) -> None:
    tenant.add_user(name="Ann O'Hara")
    tenant.add_user(
        name="Anna Bauer",
        assigned_sku_ids=["05e9a617-0261-4cee-bb44-138d3ef5d965"],
        created_date_time=dt.datetime(2000, 5, 5, tzinfo=dt.UTC),
    )
    tenant.add_user(name="Blocked Ben", enabled=False)
    tenant.add_user(name="Guest Gina", guest=True)


def test_search_order_and_count_work_together(client: Client) -> None:
    populate(client.tenant)
    answer = client.get('/users?$search="displayName:ann" OR "displayName:gina"&$count=true&$orderby=displayName desc',
                        ConsistencyLevel="eventual")  # fmt: skip
    assert [row["displayName"] for row in answer.value] == ["Guest Gina", "Anna Bauer", "Ann O'Hara"]
    assert client.get('/users?$search="displayName:ann"').status == 400
    assert client.get("/users/$count", ConsistencyLevel="eventual").json == 5
    ordered = client.get("/users?$orderby=displayName&$top=2")
    following = client.get(ordered.json["@odata.nextLink"])
    assert ordered.value[0]["displayName"] < following.value[0]["displayName"]


@pytest.mark.parametrize(
    "path",
    [
        "/users?$skip=5",
        "/users?$top=1000",
        "/users?$top=0",
        "/users?$select=shoeSize",
        "/users?$filter=shoeSize eq 9",
        "/users?$filter=displayName eq",
        "/users?$filter=displayName eq 'open",
        "/users?$filter=contains(displayName,'x')",
        "/users?$filter=accountEnabled eq maybe",
        "/users?$nonsense=1",
        "/users?$top=3&$top=4",
        "/users?$skiptoken=???",
    ],
)
def test_malformed_queries_are_refused(client: Client, path: str) -> None:
    assert client.get(path).status == 400


def test_sign_in_activity_needs_premium(client_for: ClientFor, sim: Handle) -> None:
    client = client_for("User.Read.All", "AuditLog.Read.All", at=sim.new_tenant())
    answer = client.get("/users?$select=id,signInActivity")
    assert (answer.status, answer.code) == (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")


def test_a_reset_moves_the_date_and_forces_a_change(client: Client, clock: StandingClock) -> None:
    user = client.tenant.add_user()
    before = user.last_password_change_date_time
    clock.travel(seconds=5)
    assert client.reset(user.id).status == 204
    assert before < user.last_password_change_date_time == clock.now()
    assert user.force_change_password_next_sign_in is True
    assert client.tenant.state.directory_audits[-1]["activityDisplayName"] == "Reset user password"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"synced": True}, "on-premises mastered"),
        ({"guest": True}, "guest"),
    ],
)
def test_passwords_that_live_elsewhere_are_refused(client: Client, fields: dict[str, Any], message: str) -> None:
    user = client.tenant.add_user(**fields)
    answer = client.reset(user.id)
    assert (answer.status, answer.code) == (400, "Request_BadRequest")
    assert message in answer.message


def test_federated_users_have_no_password_here(client: Client) -> None:
    client.tenant.state.domains[client.tenant.domain].authentication_type = "Federated"
    assert "federated" in client.reset(client.tenant.add_user().id).message


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("Sh0rt!", "complexity"),
        ("alllowercase1", "complexity"),
        ("Ünïcödé-Pass-1", "complexity"),
        ("P@ssword1", "complexity"),
        ("Welcome1!", "complexity"),
        ("x" * 250 + "Aa1-xyz", "complexity"),
        ("my-Ada.example-99", "Password cannot contain username."),
    ],
)
def test_weak_passwords_are_refused(client: Client, password: str, message: str) -> None:
    user = client.tenant.add_user(name="Ada Example")
    answer = client.reset(user.id, password)
    assert answer.status == 400
    assert message in answer.message


def test_a_synced_user_may_be_blocked_until_the_next_sync(client: Client) -> None:
    user = client.tenant.add_user(synced=True)
    assert client.patch(f"/users/{user.id}", {"accountEnabled": False}).status == 204
    assert client.patch(f"/users/{user.id}", {"jobTitle": "Clerk"}).status == 400
    client.tenant.sync(user)
    assert user.account_enabled is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"onPremisesSyncEnabled": False},
        {"id": "x"},
        {"shoeSize": 9},
        {"accountEnabled": "no"},
        {"displayName": ""},
        {"usageLocation": "Britain"},
        {"userPrincipalName": "somebody@gmail.example"},
        {"passwordPolicies": "Whatever"},
        {"passwordProfile": {"secret": 1}},
    ],
)
def test_updates_that_make_no_sense_are_refused_without_effect(client: Client, body: dict[str, object]) -> None:
    user = client.tenant.add_user()
    number = client.tenant.state.change_number
    assert client.patch(f"/users/{user.id}", body).code == "Request_BadRequest"
    assert client.tenant.state.change_number == number
    assert not client.tenant.journal()[-1].effect


def test_a_life_of_a_user(client: Client) -> None:
    body = {
        "accountEnabled": True,
        "displayName": "JIT Account",
        "mailNickname": "jit",
        "userPrincipalName": f"jit@{client.tenant.domain}",
        "passwordProfile": {"password": "Quiet-Harbour-88", "forceChangePasswordNextSignIn": False},
    }
    made = client.post("/users", body)
    assert made.status == 201
    again = client.post("/users", body)
    assert (again.status, again.json["error"]["details"][0]["code"]) == (400, "ObjectConflict")
    user_id = made.json["id"]
    assert client.delete(f"/users/{user_id}").status == 204
    assert client.get(f"/users/{user_id}").status == 404
    assert [row["id"] for row in client.get("/directory/deletedItems/microsoft.graph.user").value] == [user_id]
    assert client.post(f"/directory/deletedItems/{user_id}/restore").status == 200
    assert client.get(f"/users/jit@{client.tenant.domain}").status == 200
    client.delete(f"/users/{user_id}")
    assert client.delete(f"/directory/deletedItems/{user_id}").status == 204
    assert client.get(f"/directory/deletedItems/{user_id}").status == 404


def test_new_objects_and_lists_lag_as_told(client: Client, clock: StandingClock) -> None:
    client.tenant.set_lag(new_object=20, list_and_delta=60)
    user = client.tenant.add_user(name="New Person", created_now=True)
    query = "/users?$select=displayName&$filter=displayName eq 'New Person'"
    assert client.get(f"/users/{user.id}").status == 404
    clock.travel(seconds=21)
    assert client.get(f"/users/{user.id}").status == 200
    assert client.get(query).value == []
    clock.travel(seconds=40)
    assert len(client.get(query).value) == 1
    client.patch(f"/users/{user.id}", {"jobTitle": "Clerk"})
    select = "/users?$select=jobTitle&$filter=displayName eq 'New Person'"
    assert client.get(f"/users/{user.id}?$select=jobTitle").json["jobTitle"] == "Clerk"
    assert client.get(select).value == [{"jobTitle": None}]
    clock.travel(seconds=61)
    assert client.get(select).value == [{"jobTitle": "Clerk"}]


def test_a_manager_is_a_user_without_one_it_is_404_and_the_permission_is_asked_for(
    client: Client, client_for: ClientFor
) -> None:
    tenant = client.tenant
    boss = tenant.add_user(name="Bo Head")
    user = tenant.add_user(name="Dana Doe", manager_id=boss.id)
    found = client.get(f"/users/{user.id}/manager?$select=id,displayName").json
    assert found["@odata.type"] == "#microsoft.graph.user"
    assert found["@odata.context"].endswith("$metadata#directoryObjects(id,displayName)/$entity")
    assert (found["id"], found["displayName"]) == (boss.id, "Bo Head")
    none = client.get(f"/users/{boss.id}/manager")
    assert (none.status, none.code) == (404, "Request_ResourceNotFound")
    tenant.delete_user(boss)
    assert client.get(f"/users/{user.id}/manager").status == 404
    assert client_for("User.ReadBasic.All", at=tenant).get(f"/users/{user.id}/manager").status == 403
    assert client.get(f"/users/{user.id}/manager?$expand=manager").status == 501
