"""Privileged Identity Management for directory roles: who may have it, its rules, and assignments with a time.

Pages: "Privileged Identity Management for Microsoft Entra roles" (Graph), "Overview of rules for Microsoft Entra roles
in PIM APIs", "Assign Microsoft Entra roles in PIM", "License requirements to use PIM". Error codes that no page names
were reported by public clients; docs/entrasim.md lists them.
"""

import datetime as dt
import re
from typing import Any, Final

from entrasim.errors import GraphError, bad_request, not_found
from entrasim.roles import assign as assign_directly
from entrasim.roles import is_last_global_administrator, note_change, remove
from entrasim.state import RoleAssignment, Tenant, User, new_id
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.tables.skus import PIM_PLANS, has_plan
from entrasim.web import Call

SHORTEST: Final = dt.timedelta(minutes=5)
"""An assignment is not shorter, and cannot be removed earlier ("Assign Microsoft Entra roles in PIM")."""
_FOR_GOOD: Final = dt.timedelta(days=365 * 100)
_DURATION: Final = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
_UNITS: Final = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)

_TARGET: Final = {"caller": "Admin", "operations": ["All"], "inheritableSettings": [], "enforcedSettings": []}
_LEVELS: Final = ("Admin_Eligibility", "Admin_Assignment", "EndUser_Assignment")
_DEFAULTS: Final[dict[str, dict[str, object]]] = {
    "Expiration_Admin_Eligibility": {"isExpirationRequired": False, "maximumDuration": "P365D"},
    "Expiration_Admin_Assignment": {"isExpirationRequired": False, "maximumDuration": "P180D"},
    "Expiration_EndUser_Assignment": {"isExpirationRequired": True, "maximumDuration": "PT8H"},
    "Enablement_Admin_Eligibility": {"enabledRules": []},
    "Enablement_Admin_Assignment": {"enabledRules": ["Justification"]},
    "Enablement_EndUser_Assignment": {"enabledRules": ["MultiFactorAuthentication", "Justification"]},
    "Approval_EndUser_Assignment": {
        "setting": {
            "isApprovalRequired": False,
            "isApprovalRequiredForExtension": False,
            "isRequestorJustificationRequired": True,
            "approvalMode": "SingleStage",
            "approvalStages": [],
        }
    },
    "AuthenticationContext_EndUser_Assignment": {"isEnabled": False, "claimValue": ""},
    **{
        f"Notification_{who}_{level}": {
            "notificationType": "Email",
            "recipientType": who,
            "notificationLevel": "All",
            "isDefaultRecipientsEnabled": True,
            "notificationRecipients": [],
        }
        for level in _LEVELS
        for who in ("Admin", "Requestor", "Approver")
    },
}
RULE_IDS: Final = tuple(sorted(_DEFAULTS))
"""The 17 rules of every role's policy."""


def is_available(tenant: Tenant) -> bool:
    """Whether a usable licence carries Entra ID P2 or Governance: then, and only then, there is PIM."""
    with tenant.lock:
        return has_plan(tenant.skus, PIM_PLANS)


def require_available(tenant: Tenant) -> None:
    """Refuse every question to PIM where there is none.

    Raises:
        GraphError: 400.
    """
    if not is_available(tenant):
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise GraphError(400, "AadPremiumLicenseRequired", message)
    if not tenant.pim_is_onboarded:
        raise GraphError(400, "MissingProvider", "The provider is missing.")


def settle(tenant: Tenant, now: dt.datetime) -> None:
    """Let licences arrive, and end what has ended or goes with the licence: eligible, never permanent active ones."""
    with tenant.lock:
        for arrives_at, bought in list(tenant.skus_on_the_way):
            if arrives_at <= now:
                tenant.skus[bought.sku_id] = bought
        tenant.skus_on_the_way = [entry for entry in tenant.skus_on_the_way if entry[0] > now]
        for held in list(tenant.role_assignments.values()):
            if held.ends_at is None or held.ends_at > now:
                continue
            if is_last_global_administrator(tenant, held):
                held.ends_at = None  # "The last active Global Administrator assignment is not removed" at its end
            else:
                remove(tenant, held, now=now)
        is_licensed = is_available(tenant)
        for key, held in list(tenant.role_eligibilities.items()):
            if not is_licensed or (held.ends_at is not None and held.ends_at <= now):
                del tenant.role_eligibilities[key]


def rule(tenant: Tenant, role_id: str, rule_id: str) -> dict[str, object]:
    """A rule of a role's policy as it stands: Microsoft's default, the tenant's own, the role's own."""
    by_role = tenant.pim_policy_by_role.get(role_id, {})
    return {**_DEFAULTS[rule_id], **tenant.pim_policy.get(rule_id, {}), **by_role.get(rule_id, {})}


def rule_row(tenant: Tenant, role_id: str, rule_id: str) -> dict[str, object]:
    """A rule in Graph's shape."""
    kind, caller, level = rule_id.split("_", 1)[0], rule_id.split("_")[-2], rule_id.rsplit("_", 1)[1]
    return {
        "@odata.type": f"#microsoft.graph.unifiedRoleManagementPolicy{kind}Rule",
        "id": rule_id,
        **rule(tenant, role_id, rule_id),
        "target": {**_TARGET, "caller": caller, "level": level},
    }


def policy_id(tenant: Tenant, role_id: str) -> str:
    """The id of a role's policy. The real one does not tell the role either; only the assignment does."""
    mixed = int(tenant.id.replace("-", ""), 16) ^ int(role_id.replace("-", ""), 16) ^ 0x5EED
    text = f"{mixed:032x}"
    return f"DirectoryRole_{tenant.id}_{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def seconds_of(duration: str) -> float:
    """An ISO 8601 duration in seconds.

    Raises:
        GraphError: 400.
    """
    found = _DURATION.fullmatch(duration or "")
    if found is None or duration in {"P", "PT"}:
        raise bad_request(f"'{duration}' is no valid duration.", code="InvalidDuration")
    seconds = sum(float(part or 0) * unit for part, unit in zip(found.groups(), _UNITS, strict=True))
    if seconds > _FOR_GOOD.total_seconds():
        raise bad_request(f"'{duration}' is no valid duration.", code="InvalidDuration")
    return seconds


def failing_rules(
    tenant: Tenant,
    role_id: str,
    *,
    kind: str,
    ends_after: dt.timedelta | None,
    justification: str,
    ticket: str,
    has_mfa: bool,
    by: str = "Admin",
) -> list[str]:
    """The rules that an assignment breaks, by the names that Graph's message uses.

    Args:
        tenant: where.
        role_id: the role.
        kind: "Assignment" for active, "Eligibility" for eligible.
        ends_after: how long it is to last; None for good.
        justification: as given.
        ticket: as given.
        has_mfa: whether the caller has passed multifactor authentication; an app never has.
        by: "Admin" for an administrator's assignment, "EndUser" for an activation by its holder.
    """
    broken = []
    expiration = rule(tenant, role_id, f"Expiration_{by}_{kind}")
    if expiration["isExpirationRequired"]:
        longest = dt.timedelta(seconds=seconds_of(str(expiration["maximumDuration"])))
        # Clients round to seconds and take a moment to send.
        if ends_after is None or ends_after > longest + dt.timedelta(minutes=1):
            broken.append("ExpirationRule")
    enabled = rule(tenant, role_id, f"Enablement_{by}_{kind}")["enabledRules"]
    demanded = set(enabled) if isinstance(enabled, list) else set()
    if "MultiFactorAuthentication" in demanded and not has_mfa:
        broken.append("MfaRule")
    if "Justification" in demanded and not justification.strip():
        broken.append("JustificationRule")
    if "Ticketing" in demanded and not ticket.strip():
        broken.append("TicketingRule")
    if by == "EndUser" and rule(tenant, role_id, "AuthenticationContext_EndUser_Assignment")["isEnabled"]:
        # No token of this simulator carries an authentication context.
        broken.append("AcrsRule")
    return broken


def needs_approval(tenant: Tenant, role_id: str) -> bool:
    """Whether an activation waits for somebody's approval."""
    setting = rule(tenant, role_id, "Approval_EndUser_Assignment")["setting"]
    return isinstance(setting, dict) and setting.get("isApprovalRequired") is True


_ENABLEMENTS: Final = frozenset({"Justification", "MultiFactorAuthentication", "Ticketing"})


def checked_changes(rule_id: str, body: dict[str, Any]) -> dict[str, object]:
    """What a PATCH of a rule changes; names that a rule does not have are Graph's affair (`id`, `target`, types).

    Raises:
        GraphError: 400, a value of another type.
    """
    changes = {name: value for name, value in body.items() if name in _DEFAULTS[rule_id]}
    for name, value in changes.items():
        expected = type(_DEFAULTS[rule_id][name])
        if not isinstance(value, expected):
            raise bad_request(f"Cannot convert the value of property '{name}' to the expected type.")
    seconds_of(str(changes.get("maximumDuration", "P1D")))
    enabled = changes.get("enabledRules", [])
    if isinstance(enabled, list) and not _ENABLEMENTS.issuperset(map(str, enabled)):
        raise bad_request("A value of property 'enabledRules' was not found.", code="InvalidPolicyRule")
    return changes


def find(held: dict[str, RoleAssignment], principal_id: str, role_id: str, scope: str) -> RoleAssignment | None:
    """The assignment of exactly that role, principal and scope."""
    return next(
        (
            item
            for item in held.values()
            if (item.principal_id, item.role_definition_id, item.directory_scope_id) == (principal_id, role_id, scope)
        ),
        None,
    )


def assign(
    tenant: Tenant,
    *,
    principal_id: str,
    role_id: str,
    kind: str = "Active",
    scope: str = "/",
    starts_at: dt.datetime | None = None,
    ends_at: dt.datetime | None = None,
    is_activated: bool = False,
    now: dt.datetime,
    call: Call | None = None,
    by: User | None = None,
) -> RoleAssignment:
    """Make or change an assignment without asking who may and which rules there are.

    Args:
        tenant: where.
        principal_id: user, role-assignable group or service principal.
        role_id: template id, or id of a custom role.
        kind: "Active" or "Eligible".
        scope: "/" or "/administrativeUnits/{id}".
        starts_at: when it begins; None now.
        ends_at: when it ends; None for good.
        is_activated: made by the holder of an eligible assignment for a while.
        now: the time.
        call: the Graph call that does it, if any.
        by: the person in the portal who does it, if any.
    """
    with tenant.lock:
        if kind == "Eligible":
            held = find(tenant.role_eligibilities, principal_id, role_id, scope)
            if held is None:
                held = RoleAssignment(new_id(), principal_id, role_id, scope, now)
                tenant.role_eligibilities[held.id] = held
                note_change(
                    tenant, "Add eligible member to role in PIM completed", principal_id, now=now, call=call, by=by
                )
        else:
            held = assign_directly(
                tenant, principal_id=principal_id, role_id=role_id, scope=scope, now=now, call=call, by=by
            )
        held.schedule_id = held.schedule_id or new_id()
        held.starts_at = starts_at if starts_at is not None and starts_at > now else None
        held.ends_at = ends_at
        held.is_activated = is_activated
        return held


def withdraw(
    tenant: Tenant, held: RoleAssignment, *, now: dt.datetime, call: Call | None = None, by: User | None = None
) -> None:
    """Take an assignment away, active or eligible."""
    with tenant.lock:
        if tenant.role_eligibilities.pop(held.id, None) is None:
            remove(tenant, held, now=now, call=call, by=by)
        else:
            activity = "Remove eligible member from role in PIM completed"
            note_change(tenant, activity, held.principal_id, now=now, call=call, by=by)


def require_role_definition(tenant: Tenant, role_id: str) -> str:
    """The id of a role that can be assigned.

    Raises:
        GraphError: 400.
    """
    built_in = BUILTIN_ROLES.get(role_id.lower())
    if built_in is None and role_id.lower() not in tenant.custom_roles:
        raise GraphError(400, "RoleNotFound", f"The role definition '{role_id}' is not found.")
    if built_in is not None and not built_in.is_assignable:
        raise bad_request("The role definition is not valid or cannot be assigned.")
    return role_id.lower()


def part_of(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside a body; empty when it is missing or null.

    Raises:
        GraphError: 400, something else stands there.
    """
    found = body.get(name)
    if found is not None and not isinstance(found, dict):
        raise bad_request(f"Cannot convert the value of property '{name}' to the expected type.")
    return found or {}


def schedule_info(body: dict[str, Any], now: dt.datetime) -> tuple[dt.datetime, dt.datetime | None]:
    """Start and end that a request asks for.

    Raises:
        GraphError: 400.
    """
    info = part_of(body, "scheduleInfo")
    start = _moment(info.get("startDateTime"), "startDateTime") or now
    expiration = part_of(info, "expiration")
    kind = str(expiration.get("type") or "notSpecified").lower()
    if kind in {"noexpiration", "notspecified"}:
        return start, None
    if kind == "afterdatetime":
        end = _moment(expiration.get("endDateTime"), "endDateTime")
        if end is None:
            raise bad_request("An end is required for an expiration of type afterDateTime.")
    elif kind == "afterduration":
        lasts = dt.timedelta(seconds=seconds_of(str(expiration.get("duration") or "")))
        try:
            end = max(start, now) + lasts
        except OverflowError as error:
            raise bad_request("The end of the assignment is out of range.") from error
    else:
        raise bad_request(f"Requested value '{expiration.get('type')}' was not found.")
    if end - max(start, now) < SHORTEST:
        message = "The duration of an assignment must be at least five minutes."
        raise GraphError(400, "InvalidRoleAssignmentRequest", message)
    return start, end


def _moment(value: object, name: str) -> dt.datetime | None:
    if not value:
        return None
    try:
        found = dt.datetime.fromisoformat(str(value))
    except ValueError as error:
        raise bad_request(f"Cannot convert a value to target type 'Edm.DateTimeOffset' for '{name}'.") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


def require_scope(tenant: Tenant, scope: str) -> str:
    """A scope that exists.

    Raises:
        GraphError: 404.
    """
    if scope != "/" and scope.rpartition("/")[2].lower() not in tenant.administrative_units:
        raise not_found(scope)
    return scope
