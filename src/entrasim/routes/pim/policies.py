"""Policies of roles: each has one, with 17 rules; the policy's id does not tell the role, only its assignment does.

Pages: "List roleManagementPolicyAssignments", "Update unifiedRoleManagementPolicyRule".
"""

from typing import Any

from entrasim import pim
from entrasim.errors import bad_request, denied, not_found
from entrasim.odata.filters import compile_filter
from entrasim.routes.pim.rows import AREA, by_name, ready
from entrasim.tables.roles import BUILTIN_ROLES
from entrasim.web import Call, Reply, route


def _policy(call: Call, role_id: str, *, with_rules: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": pim.policy_id(call.tenant, role_id),
        "displayName": "DirectoryRole",
        "description": "DirectoryRole",
        "isOrganizationDefault": False,
        "scopeId": "/",
        "scopeType": "DirectoryRole",
        "lastModifiedDateTime": None,
        "lastModifiedBy": {"id": None, "displayName": ""},
    }
    if with_rules:
        row["rules"] = [pim.rule_row(call.tenant, role_id, rule_id) for rule_id in pim.RULE_IDS]
    return row


def _role_ids(call: Call) -> list[str]:
    return [*BUILTIN_ROLES, *call.tenant.custom_roles]


def _require_policy(call: Call) -> str:
    """The role whose policy the path names."""
    wanted = call.args["policy"].lower()
    for role_id in _role_ids(call):
        if pim.policy_id(call.tenant, role_id).lower() == wanted:
            return role_id
    raise not_found(call.args["policy"])


def _demanded(call: Call) -> str:
    condition = call.query.filter or ""
    if "scopeId" not in condition or "scopeType" not in condition:
        raise bad_request("The filter for scopeId and scopeType is required.", code="InvalidFilter")
    return condition


@route("GET", "/policies/roleManagementPolicyAssignments", area=AREA,
       summary="$filter with scopeId and scopeType is demanded; $expand=policy($expand=rules)",
       operation="GET /policies/roleManagementPolicyAssignments")  # fmt: skip
def policy_assignments(call: Call) -> Reply:
    """List roleManagementPolicyAssignments."""
    ready(call)
    condition = _demanded(call)
    names = ("id", "policyId", "scopeId", "scopeType", "roleDefinitionId")
    expand = call.query.raw.get("expand", "").replace(" ", "")
    rows: list[dict[str, Any]] = []
    for role_id in _role_ids(call):
        policy_id = pim.policy_id(call.tenant, role_id)
        rows.append(
            {
                "id": f"{policy_id}_{role_id}",
                "policyId": policy_id,
                "scopeId": "/",
                "scopeType": "DirectoryRole",
                "roleDefinitionId": role_id,
            }
        )
    compiled = compile_filter(condition, {name: by_name(name) for name in names})
    rows = [row for row in rows if compiled.matches(row)]
    if expand.startswith("policy"):
        with_rules = "rules" in expand
        rows = [{**row, "policy": _policy(call, str(row["roleDefinitionId"]), with_rules=with_rules)} for row in rows]
    fragment = call.metadata("policies/roleManagementPolicyAssignments")
    return Reply(200, {"@odata.context": fragment, "value": rows})


@route("GET", "/policies/roleManagementPolicies", area=AREA, summary="$filter with scopeId and scopeType is demanded",
       operation="GET /policies/roleManagementPolicies")  # fmt: skip
def policies(call: Call) -> Reply:
    """List roleManagementPolicies."""
    ready(call)
    condition = _demanded(call)
    with_rules = "rules" in call.query.raw.get("expand", "")
    compiled = compile_filter(condition, {name: by_name(name) for name in ("id", "scopeId", "scopeType")})
    rows = [_policy(call, role_id, with_rules=with_rules) for role_id in _role_ids(call)]
    rows = [row for row in rows if compiled.matches(row)]
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies"), "value": rows})


@route("GET", "/policies/roleManagementPolicies/<policy>", area=AREA, summary="One policy; $expand=rules",
       operation="GET /policies/roleManagementPolicies/{id}")  # fmt: skip
def policy(call: Call) -> Reply:
    """Get unifiedRoleManagementPolicy."""
    ready(call)
    row = _policy(call, _require_policy(call), with_rules="rules" in call.query.raw.get("expand", ""))
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/$entity"), **row})


@route("GET", "/policies/roleManagementPolicies/<policy>/rules", area=AREA, summary="Its 17 rules",
       operation="GET /policies/roleManagementPolicies/{id}/rules")  # fmt: skip
def policy_rules(call: Call) -> Reply:
    """List rules (for a role management policy)."""
    ready(call)
    role_id = _require_policy(call)
    rows = [pim.rule_row(call.tenant, role_id, rule_id) for rule_id in pim.RULE_IDS]
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules"), "value": rows})


@route("GET", "/policies/roleManagementPolicies/<policy>/rules/<rule>", area=AREA, summary="One rule",
       operation="GET /policies/roleManagementPolicies/{id}/rules")  # fmt: skip
def policy_rule(call: Call) -> Reply:
    """Get unifiedRoleManagementPolicyRule."""
    ready(call)
    role_id = _require_policy(call)
    if call.args["rule"] not in pim.RULE_IDS:
        raise not_found(call.args["rule"])
    row = pim.rule_row(call.tenant, role_id, call.args["rule"])
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules/$entity"), **row})


@route("PATCH", "/policies/roleManagementPolicies/<policy>/rules/<rule>", area=AREA,
       summary="Change a rule; in the name of a user only",
       operation="PATCH /policies/roleManagementPolicies/{id}/rules/{id}")  # fmt: skip
def change_rule(call: Call) -> Reply:
    """Update unifiedRoleManagementPolicyRule: "Application: Not supported"."""
    if not call.token.is_delegated:
        raise denied(lack_of_permission=True)
    ready(call)
    role_id = _require_policy(call)
    rule_id = call.args["rule"]
    if rule_id not in pim.RULE_IDS:
        raise not_found(rule_id)
    changes = pim.checked_changes(rule_id, call.json())
    call.tenant.pim_policy_by_role.setdefault(role_id, {}).setdefault(rule_id, {}).update(changes)
    call.effect = True
    row = pim.rule_row(call.tenant, role_id, rule_id)
    return Reply(200, {"@odata.context": call.metadata("policies/roleManagementPolicies/rules/$entity"), **row})
