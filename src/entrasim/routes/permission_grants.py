"""Delegated permission grants (`oAuth2PermissionGrant`)."""

from collections.abc import Iterable
from typing import Any

from entrasim import grants, shapes
from entrasim.directory_audit import note
from entrasim.errors import GraphError, bad_request, not_found
from entrasim.odata.pages import collection
from entrasim.routes.service_principals import require_service_principal
from entrasim.state import OAuth2PermissionGrant
from entrasim.web import Call, Reply, route

AREA = "permission grants"
_READ = "GET /oauth2PermissionGrants"


def _sorted(found: Iterable[OAuth2PermissionGrant], after: str) -> list[OAuth2PermissionGrant]:
    return sorted((grant for grant in found if grant.id > after), key=lambda grant: grant.id)


@route("GET", "/oauth2PermissionGrants", area=AREA, summary="$filter clientId, principalId, consentType, resourceId",
       operation=_READ)  # fmt: skip
def list_grants(call: Call) -> Reply:
    """List oAuth2PermissionGrants."""
    everything = call.tenant.oauth2_permission_grants.values()
    return collection(
        call, shapes.PERMISSION_GRANT, lambda after: _sorted(everything, after), fragment="oauth2PermissionGrants"
    )


@route("GET", "/oauth2PermissionGrants/<grant>", area=AREA, summary="One grant", operation=_READ)
def get_grant(call: Call) -> Reply:
    """Get oAuth2PermissionGrant."""
    row = shapes.PERMISSION_GRANT.writer(call.query.select)(_require(call))
    return Reply(200, {"@odata.context": call.metadata("oauth2PermissionGrants/$entity"), **row})


@route("GET", "/servicePrincipals(appId='<app>')/oauth2PermissionGrants", area=AREA, summary="The same, by app id",
       operation=_READ)  # fmt: skip
@route("GET", "/servicePrincipals/<principal>/oauth2PermissionGrants", area=AREA, summary="Grants to an enterprise app",
       operation=_READ)  # fmt: skip
def grants_of_service_principal(call: Call) -> Reply:
    """List oauth2PermissionGrants of a service principal."""
    principal = require_service_principal(call)
    found = [g for g in call.tenant.oauth2_permission_grants.values() if g.client_id == principal.id]
    return collection(
        call, shapes.PERMISSION_GRANT, lambda after: _sorted(found, after), fragment="oauth2PermissionGrants"
    )


def _require(call: Call) -> OAuth2PermissionGrant:
    found = call.tenant.oauth2_permission_grants.get(call.args["grant"])
    if found is None:
        raise not_found(call.args["grant"])
    return found


@route("POST", "/oauth2PermissionGrants", area=AREA, summary="Grant delegated permissions",
       operation="POST /oauth2PermissionGrants")  # fmt: skip
def create_grant(call: Call) -> Reply:
    """Create oAuth2PermissionGrant."""
    body = call.json()
    for name in ("clientId", "consentType", "resourceId"):
        if not isinstance(body.get(name), str):
            raise bad_request(f"A value is required for property '{name}' of resource 'OAuth2PermissionGrant'.")
    client = call.tenant.service_principals.get(body["clientId"].lower())
    if client is None:
        raise not_found(body["clientId"])
    resource_id = body["resourceId"].lower()
    if resource_id != grants.graph_principal_id(call.tenant.id):
        raise not_found(body["resourceId"])
    principal_id = _principal_of(call, body)
    key = grants.grant_id(client.id, resource_id, principal_id)
    if key in call.tenant.oauth2_permission_grants:
        raise GraphError(409, "Request_MultipleObjectsWithSameKeyValue", "Permission entry already exists.")
    made = OAuth2PermissionGrant(
        key, client.id, body["consentType"], principal_id, resource_id, _scope(body), call.view.now
    )
    call.tenant.oauth2_permission_grants[key] = made
    note(call, "Add delegated permission grant", client)
    call.effect = True
    row = shapes.PERMISSION_GRANT.writer()(made)
    return Reply(201, {"@odata.context": call.metadata("oauth2PermissionGrants/$entity"), **row})


def _principal_of(call: Call, body: dict[str, Any]) -> str | None:
    """The user of a grant for one user; None for everybody.

    Raises:
        GraphError: 400, consentType and principalId do not fit; 404, no such user.
    """
    principal_id = body.get("principalId")
    if body["consentType"] == grants.ALL_PRINCIPALS:
        if principal_id:
            raise bad_request("Property principalId must be null when consentType is AllPrincipals.")
        return None
    if body["consentType"] != grants.PRINCIPAL or not isinstance(principal_id, str):
        raise bad_request("Invalid value specified for property 'consentType' of resource 'OAuth2PermissionGrant'.")
    if principal_id.lower() not in call.tenant.users:
        raise not_found(principal_id)
    return principal_id.lower()


def _scope(body: dict[str, Any]) -> str:
    scope = body.get("scope")
    if scope is None:
        return ""
    if not isinstance(scope, str):
        raise bad_request("Invalid value specified for property 'scope' of resource 'OAuth2PermissionGrant'.")
    return scope


@route("PATCH", "/oauth2PermissionGrants/<grant>", area=AREA, summary="Another scope",
       operation="PATCH /oauth2PermissionGrants/{id}")  # fmt: skip
def update_grant(call: Call) -> Reply:
    """Update oAuth2PermissionGrant: nothing but `scope` can change."""
    found = _require(call)
    body = {name: value for name, value in call.json().items() if not name.startswith("@")}
    if set(body) != {"scope"}:
        raise bad_request("Only the property 'scope' of resource 'OAuth2PermissionGrant' can be updated.")
    found.scope = _scope(body)
    call.effect = True
    return Reply(204)


@route("DELETE", "/oauth2PermissionGrants/<grant>", area=AREA, summary="Take delegated permissions back",
       operation="DELETE /oauth2PermissionGrants/{id}")  # fmt: skip
def delete_grant(call: Call) -> Reply:
    """Delete oAuth2PermissionGrant: later requests for tokens answer AADSTS65001."""
    del call.tenant.oauth2_permission_grants[_require(call).id]
    call.effect = True
    return Reply(204)
