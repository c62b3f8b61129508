"""Schedules (what was arranged, also for later) and their instances (what is so now)."""

from collections.abc import Callable
from typing import Any

from entrasim import effective
from entrasim.errors import bad_request, denied
from entrasim.routes.pim.rows import AREA, BASE, answer, held_by, instance, one, ready, schedule
from entrasim.web import Call, Reply, route


def _schedules(call: Call, *, eligible: bool) -> list[dict[str, Any]]:
    ready(call)
    return [schedule(item, eligible=eligible) for item in held_by(call, eligible=eligible)]


def _instances(call: Call, *, eligible: bool) -> list[dict[str, Any]]:
    now = ready(call)
    if eligible:
        current = [item for item in held_by(call, eligible=True) if effective.is_current(call.tenant, item, now)]
    else:
        current = sorted(call.view.role_assignments(), key=lambda item: item.id)
    return [instance(item, eligible=eligible) for item in current]


def _mine(call: Call, *, eligible: bool) -> Reply:
    """What the signed-in user has, through role-assignable groups too."""
    now = ready(call)
    if not call.token.is_delegated:
        raise denied()
    if call.args["on"] != "principal":
        raise bad_request(f"Requested value '{call.args['on']}' was not found.")
    holders = effective.holders_of(call.tenant, call.token.object_id, now)
    rows = [
        instance(
            item,
            eligible=eligible,
            member_type="Direct" if item.principal_id == call.token.object_id else "Group",
        )
        for item in held_by(call, eligible=eligible)
        if item.principal_id in holders and effective.is_current(call.tenant, item, now)
    ]
    kind = "Eligibility" if eligible else "Assignment"
    return answer(call, rows, f"Collection(unifiedRole{kind}ScheduleInstance)")


def _register(kind: str, tail: str, summary: str, rows: Callable[..., list[dict[str, Any]]]) -> None:
    name = f"role{kind}{tail}"
    operation = f"GET {BASE}/{name}"
    fragment = f"roleManagement/directory/{name}"
    eligible = kind == "Eligibility"

    def many(call: Call) -> Reply:
        return answer(call, rows(call, eligible=eligible), fragment)

    def single(call: Call) -> Reply:
        return one(call, rows(call, eligible=eligible), call.args["key"], fragment)

    route("GET", f"{BASE}/{name}", area=AREA, summary=summary, operation=operation)(many)
    route("GET", f"{BASE}/{name}/<key>", area=AREA, summary="One of them", operation=operation)(single)
    if tail == "ScheduleInstances":

        def mine(call: Call) -> Reply:
            return _mine(call, eligible=eligible)

        own = f"{name}/filterByCurrentUser(on='<on>')"
        route("GET", f"{BASE}/{own}", area=AREA, summary="The signed-in user's own; delegated only",
              operation=f"GET {BASE}/{name}/filterByCurrentUser")(mine)  # fmt: skip


_register("Assignment", "ScheduleInstances", "Active now, with its end", _instances)
_register("Eligibility", "ScheduleInstances", "Can be activated now", _instances)
_register("Assignment", "Schedules", "Active assignments, those of later included", _schedules)
_register("Eligibility", "Schedules", "Eligible assignments", _schedules)
