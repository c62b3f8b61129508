"""Requests that the product sends and answers that the simulator gives fit Microsoft's description of Graph.

Every other test is looked at on the way (`tests/conftest.py`); here stands that the looking finds what is wrong.
"""

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.description import FILE, Description, description
from tests.contract.deviations import DEVIATIONS, is_known
from tests.contract.observer import Observer

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="Microsoft's description is not beside this checkout")

TENANT = "4f9b1c1e-6a3d-4c59-9f3e-0a2b7f0d1c11"
USER = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
    "id": TENANT,
    "displayName": "Dana Doe",
    "userPrincipalName": "dana@kestrel.example",
    "accountEnabled": True,
    "lastPasswordChangeDateTime": "2026-11-25T03:00:00Z",
    "assignedLicenses": [{"skuId": TENANT, "disabledPlans": []}],
}
PIM_REQUEST = {
    "action": "adminAssign",
    "principalId": TENANT,
    "roleDefinitionId": TENANT,
    "directoryScopeId": "/",
    "justification": "Tenantry",
    "scheduleInfo": {"startDateTime": "2026-11-25T03:00:00Z", "expiration": {"type": "noExpiration"}},
}


@pytest.fixture(scope="module")
def described() -> Description:
    found = description()
    assert found is not None
    return found


def _problems(described: Description, method: str, path: str, **exchange: Any) -> list[str]:  # noqa: ANN401  bodies
    query, status = exchange.get("query", ""), exchange.get("status", 200)
    return Observer(described).problems(method, path, query, exchange.get("sent"), status, exchange.get("told"))


def test_a_sound_exchange_passes(described: Description) -> None:
    assert _problems(described, "GET", f"/users/{TENANT}", query="$select=id,displayName", told=USER) == []
    path = "/roleManagement/directory/roleAssignmentScheduleRequests"
    told = {**PIM_REQUEST, "id": TENANT, "status": "Provisioned"}
    assert _problems(described, "POST", path, sent=PIM_REQUEST, told=told, status=201) == []
    assert _problems(described, "PATCH", f"/users/{TENANT}", sent={"accountEnabled": False}, status=204) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("accountEnabled",), "true"),
        (("lastPasswordChangeDateTime",), "yesterday"),
        (("assignedLicenses",), {}),
        (("assignedLicenses", 0, "skuId"), "SPE_E3"),
        (("assignedLicenses", 0, "sku"), TENANT),
        (("surName",), "Doe"),
    ],
)
def test_a_damaged_answer_is_found(described: Description, path: tuple[str | int, ...], value: object) -> None:
    damaged: Any = copy.deepcopy(USER)
    place = damaged
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert _problems(described, "GET", f"/users/{TENANT}", told=damaged)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("action",), "AdminAssign"),
        (("principalID",), TENANT),
        (("scheduleInfo", "expiration", "type"), "never"),
        (("scheduleInfo", "expiration", "duration"), "30 days"),
    ],
)
def test_a_damaged_request_is_found(described: Description, path: tuple[str, ...], value: object) -> None:
    damaged: Any = copy.deepcopy(PIM_REQUEST)
    place = damaged
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    where = "/roleManagement/directory/roleAssignmentScheduleRequests"
    assert _problems(described, "POST", where, sent=damaged, status=201)


def test_unknown_addresses_methods_queries_and_odd_errors_are_found(described: Description) -> None:
    assert _problems(described, "GET", "/usres", told={"value": []})
    assert _problems(described, "DELETE", "/users", status=204)
    assert _problems(described, "GET", "/users", query="$fitler=x", told={"value": []})
    assert _problems(described, "GET", f"/users/{TENANT}", status=404, told={"message": "not found"})
    good = {"error": {"code": "Request_ResourceNotFound", "message": "no", "innerError": {"date": "x"}}}
    assert _problems(described, "GET", f"/users/{TENANT}", status=404, told=good) == []


def test_the_simulator_is_looked_at_and_a_lie_of_its_is_told(sim: "Handle", tenant: "TenantHandle") -> None:
    from tests.conftest import contract_observer

    observer = sim.context.journal.observer
    assert observer is contract_observer()
    assert isinstance(observer, Observer)
    observer("GET", "/organization", "", b"", 200, {"value": [{"id": 7}]})
    broken, observer.broken = observer.broken, []
    assert len(broken) == 1
    assert broken[0].startswith("GET /organization 200: answer $.value[0].id: 7 is not of type 'string'")


def test_every_deviation_has_a_reason_and_matches_something_only() -> None:
    for pattern, reason in DEVIATIONS:
        assert reason
        assert re.compile(pattern)
    assert not is_known("GET /users/{} 200: answer $.id: 7 is not of type 'string'")
    assert json.dumps(PIM_REQUEST)
