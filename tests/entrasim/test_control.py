"""The control address: the handle for programs in other processes."""

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from entrasim.control_endpoints import ENDPOINTS

if TYPE_CHECKING:
    from entrasim.server import Simulator


class Control:
    """A small client."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._pool = urllib3.PoolManager(retries=False)

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else None
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = self._pool.request(method, self._address + path, body=data, headers=sent)
        return answer.status, answer.json()


@pytest.fixture
def control(simulator: "Simulator") -> Control:
    return Control(simulator.control_url)


@pytest.fixture
def tenant(control: Control) -> str:
    tag = uuid.uuid4().hex[:8]
    status, made = control("POST", "/tenants", {"name": f"Kestrel {tag}", "domain": f"kestrel-{tag}.example"})
    assert status == 201
    assert made["admin"]["password"]
    return str(made["id"])


def test_the_first_page_lists_every_endpoint(control: Control) -> None:
    status, body = control("GET", "/")
    assert status == 200
    assert len(body["endpoints"]) == len(ENDPOINTS)


def test_a_tenant_is_found_by_id_and_domain(control: Control, tenant: str) -> None:
    _, by_id = control("GET", f"/tenants/{tenant}")
    assert control("GET", f"/tenants/{by_id['domain']}")[1] == by_id
    assert tenant in {found["id"] for found in control("GET", "/tenants")[1]["tenants"]}


def test_a_user_is_made_read_with_password_changed_deleted_and_restored(control: Control, tenant: str) -> None:
    status, made = control(
        "POST",
        f"/tenants/{tenant}/users",
        {"name": "Dana O'Brien", "password": "First-1", "roles": ["User Administrator"]},
    )
    assert status == 201
    upn = made["user_principal_name"]
    assert control("GET", f"/tenants/{tenant}/users/{upn}")[1]["password"] == "First-1"
    roles = control("GET", f"/tenants/{tenant}/roles")[1]["role_assignments"]
    assert made["id"] in {role["principal_id"] for role in roles}
    status, changed = control("PATCH", f"/tenants/{tenant}/users/{upn}", {"account_enabled": False})
    assert (status, changed["account_enabled"]) == (200, False)
    assert control("PATCH", f"/tenants/{tenant}/users/{upn}", {"nonsense": 1})[0] == 400
    assert control("DELETE", f"/tenants/{tenant}/users/{upn}")[0] == 200
    assert control("GET", f"/tenants/{tenant}/users")[1]["count"] == 1
    assert control("POST", f"/tenants/{tenant}/users/{made['id']}/restore", {})[0] == 200
    assert control("GET", f"/tenants/{tenant}/users?search=Dana")[1]["count"] == 1


def test_roles_groups_and_units_are_made_by_upn(control: Control, tenant: str) -> None:
    _, user = control("POST", f"/tenants/{tenant}/users", {"name": "Uma Novak"})
    upn = user["user_principal_name"]
    status, made = control("POST", f"/tenants/{tenant}/roles", {"principal": upn, "role": "Helpdesk Administrator"})
    assert (status, made["principal_id"]) == (201, user["id"])
    assert control("DELETE", f"/tenants/{tenant}/roles", {"principal": upn, "role": "Helpdesk Administrator"})[0] == 200
    status, group = control("POST", f"/tenants/{tenant}/groups", {"name": "Staff", "members": [upn]})
    assert status == 201
    assert user["id"] in group["members"]
    status, unit = control("POST", f"/tenants/{tenant}/units", {"name": "Emergency", "members": [upn]})
    assert (status, unit["members"]) == (201, [user["id"]])


def test_consent_is_given_narrowed_and_withdrawn(control: Control, tenant: str) -> None:
    status, app = control(
        "POST",
        "/apps",
        {
            "display_name": "Desk",
            "redirect_uris": [],
            "required_app_roles": ["User.Read.All", "Mail.Send"],
            "secret": "s",
        },
    )
    assert status == 201
    assert control("POST", f"/tenants/{tenant}/consent", {"app_id": app["app_id"]})[0] == 201

    def permissions() -> list[int]:
        found = control("GET", f"/tenants/{tenant}/consent")[1]["enterprise_apps"]
        return [len(p["app_role_assignments"]) for p in found if p["app_id"] == app["app_id"]]

    assert permissions() == [2]
    assert control("DELETE", f"/tenants/{tenant}/consent/{app['app_id']}/permissions/Mail.Send")[0] == 200
    assert permissions() == [1]
    assert control("POST", f"/tenants/{tenant}/consent/{app['app_id']}/disable", {})[0] == 200
    assert control("DELETE", f"/tenants/{tenant}/consent/{app['app_id']}")[0] == 200
    assert permissions() == []


def test_lag_faults_journal_and_lint_are_within_reach(control: Control, tenant: str) -> None:
    assert control("POST", f"/tenants/{tenant}/lag", {"preset": "full"})[1]["role_assignment"] == 900
    assert control("POST", f"/tenants/{tenant}/lag", {"consent": 2})[1]["role_assignment"] == 0
    assert control("POST", f"/tenants/{tenant}/lag", {"preset": "endless"})[0] == 400
    assert control("POST", f"/tenants/{tenant}/faults", {"kind": "throttled", "retry_after": "2.128"})[0] == 201
    assert control("GET", f"/tenants/{tenant}/journal")[1] == {"entries": []}
    assert control("GET", f"/tenants/{tenant}/lint")[1] == {"complaints": []}


def test_time_is_told_and_a_clock_of_somebody_else_is_left_alone(control: Control) -> None:
    assert control("GET", "/clock")[1]["now"].endswith("Z")
    status, body = control("POST", "/clock/advance", {"seconds": 5})
    assert status == 409
    assert "clock" in body["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/tenants/nobody.example", None, 404),
        ("PUT", "/tenants", {}, 405),
        ("POST", "/tenants", {"colour": "blue"}, 400),
        ("POST", "/tenants", [1], 400),
        ("POST", "/tenants/nobody.example/users", {"name": "A"}, 404),
    ],
)
def test_errors_are_json_with_a_reason(control: Control, method: str, path: str, body: object, status: int) -> None:
    got, answer = control(method, path, body)
    assert got == status
    assert answer["error"]


def test_a_page_in_a_browser_cannot_drive_it(control: Control) -> None:
    assert control("POST", "/tenants", {}, Content_Type="text/plain")[0] == 415
    assert control("GET", "/", Host="evil.example")[0] == 403


def test_licences_are_bought_given_run_out_and_leave(control: Control, tenant: str) -> None:
    path = f"/tenants/{tenant}/licences"
    assert control("POST", path, {"part_number": "AAD_PREMIUM_P2", "enabled_units": 5})[0] == 201
    _, person = control("POST", f"/tenants/{tenant}/users", {"name": "Lee Licensed"})
    given = control("POST", f"/tenants/{tenant}/users/{person['id']}/licences", {"part_number": "AAD_PREMIUM_P2"})
    assert given[0] == 200
    assert control("PATCH", f"{path}/AAD_PREMIUM_P2", {"status": "Suspended"})[0] == 200
    held = control("GET", path)[1]["licences"]
    assert [(sku["capability_status"], sku["enabled_units"]) for sku in held] == [("Suspended", 5)]
    assert control("DELETE", f"{path}/AAD_PREMIUM_P2")[0] == 200
    assert control("GET", path)[1] == {"licences": [], "on_the_way": []}
    assert control("POST", f"/tenants/{tenant}/lag", {"licence": 60})[0] == 200
    control("POST", path, {"part_number": "AAD_PREMIUM"})
    assert len(control("GET", path)[1]["on_the_way"]) == 1


def test_pim_is_set_up_over_the_control_address(control: Control, tenant: str) -> None:
    control("POST", f"/tenants/{tenant}/licences", {"part_number": "AAD_PREMIUM_P2"})
    _, person = control("POST", f"/tenants/{tenant}/users", {"name": "Ellis Eligible"})
    roles = f"/tenants/{tenant}/roles"
    given = {"principal": person["id"], "role": "User Administrator"}
    status, made = control("POST", roles, {**given, "ends_at": "2100-01-01T00:00:00Z"})
    assert (status, made["ends_at"]) == (201, "2100-01-01T00:00:00Z")
    assert control("POST", f"{roles}/eligible", given)[0] == 201
    found = control("GET", roles)[1]
    assert person["id"] not in {held["principal_id"] for held in found["role_assignments"]}
    assert [held["principal_id"] for held in found["role_eligibilities"]] == [person["id"]]
    assert control("DELETE", roles, {**given, "eligible": True})[0] == 200
    assert control("GET", roles)[1]["role_eligibilities"] == []
    rules = f"/tenants/{tenant}/pim/rules"
    changed = {"rule": "Expiration_Admin_Assignment", "changes": {"isExpirationRequired": True}}
    assert control("POST", rules, changed)[0] == 200
    assert control("POST", rules, {**changed, "role": "User Administrator"})[0] == 200
    assert control("POST", rules, {**changed, "rule": "No_Such_Rule"})[0] == 404
    assert control("POST", rules, {"rule": "Expiration_Admin_Assignment"})[0] == 400
    assert control("POST", f"/tenants/{tenant}/pim", {"onboarded": False})[0] == 200
    assert control("POST", f"/tenants/{tenant}/pim/requests/nothing", {"approved": True})[0] == 404
    status, role = control("POST", f"{roles}/custom", {"name": "Desk", "actions": ["microsoft.directory/users/enable"]})
    assert (status, role["allowed_resource_actions"]) == (201, ["microsoft.directory/users/enable"])
    assert control("POST", roles, {"principal": person["id"], "role": role["id"]})[0] == 201
