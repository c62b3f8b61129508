"""organization, domains, subscribedSkus."""

from entrasim import shapes
from entrasim.errors import bad_request, denied, not_found
from entrasim.state import Tenant
from entrasim.tables.skus import PREMIUM_PLANS
from entrasim.web import Call, Reply, route

AREA = "organization"


def _organization(tenant: Tenant) -> dict[str, object]:
    return {
        "id": tenant.id,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": None,
        "country": None,
        "countryLetterCode": tenant.country_letter_code,
        "createdDateTime": tenant.created_date_time,
        "defaultUsageLocation": None,
        "displayName": tenant.display_name,
        "isMultipleDataLocationsForServicesEnabled": None,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": max(
            (u.on_premises_last_sync_date_time for u in tenant.users.values() if u.on_premises_last_sync_date_time),
            default=None,
        )
        if tenant.on_premises_sync_enabled
        else None,
        "onPremisesSyncEnabled": tenant.on_premises_sync_enabled,
        "preferredLanguage": "en",
        "tenantType": tenant.tenant_type,
        "technicalNotificationMails": [],
        "assignedPlans": [
            {"assignedDateTime": tenant.created_date_time, "capabilityStatus": bought.capability_status,
             "service": name, "servicePlanId": plan}
            for bought in tenant.skus.values()
            for plan, (name, _) in bought.service_plans.items()
            if plan in PREMIUM_PLANS
        ],
        "verifiedDomains": [
            {"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": domain.is_default,
             "isInitial": domain.is_initial, "name": domain.name, "type": domain.authentication_type}
            for domain in tenant.domains.values()
        ],
    }  # fmt: skip


def chosen(row: dict[str, object], call: Call) -> dict[str, object]:
    """Only what `$select` names.

    Raises:
        GraphError: 400, an unknown property.
    """
    if not call.query.select:
        return row
    for name in call.query.select:
        if name not in row:
            raise bad_request(f"Could not find a property named '{name}'.")
    return {name: value for name, value in row.items() if name in call.query.select or name.startswith("@")}


@route("GET", "/organization", area=AREA, summary="The tenant", operation="GET /organization")
def organization(call: Call) -> Reply:
    """List organization: always one."""
    rows = [chosen(_organization(call.tenant), call)]
    return Reply(200, {"@odata.context": call.metadata("organization"), "value": rows})


@route("GET", "/organization/<tenant>", area=AREA, summary="The tenant by id", operation="GET /organization")
def one_organization(call: Call) -> Reply:
    """Get organization."""
    if call.args["tenant"].lower() != call.tenant.id:
        raise not_found(call.args["tenant"])
    row = chosen(_organization(call.tenant), call)
    return Reply(200, {"@odata.context": call.metadata("organization/$entity"), **row})


@route("GET", "/domains", area=AREA, summary="All domains with their password rules", operation="GET /domains")
def domains(call: Call) -> Reply:
    """List domains."""
    rows = [chosen(shapes.domain(item), call) for item in call.tenant.domains.values()]
    return Reply(200, {"@odata.context": call.metadata("domains"), "value": rows})


@route("GET", "/domains/<domain>", area=AREA, summary="One domain", operation="GET /domains")
def one_domain(call: Call) -> Reply:
    """Get domain."""
    found = call.tenant.domains.get(call.args["domain"].lower())
    if found is None:
        raise not_found(call.args["domain"])
    row = chosen(shapes.domain(found), call)
    return Reply(200, {"@odata.context": call.metadata("domains/$entity"), **row})


@route("PATCH", "/domains/<domain>", area=AREA, summary="Password validity", operation="PATCH /domains/{id}")
def patch_domain(call: Call) -> Reply:
    """Update domain: the two password settings."""
    found = call.tenant.domains.get(call.args["domain"].lower())
    if found is None:
        raise not_found(call.args["domain"])
    body = call.json()
    names = {"passwordValidityPeriodInDays", "passwordNotificationWindowInDays"}
    if not body or set(body) - names:
        raise denied() if "isDefault" in body else bad_request("Only the password settings can be changed here.")
    for name, value in body.items():
        if value is not None and (not isinstance(value, int) or value < 1):
            raise bad_request(f"Invalid value specified for property '{name}' of resource 'Domain'.")
    if "passwordValidityPeriodInDays" in body:
        found.password_validity_period_in_days = body["passwordValidityPeriodInDays"]
    if "passwordNotificationWindowInDays" in body:
        found.password_notification_window_in_days = body["passwordNotificationWindowInDays"]
    call.effect = True
    return Reply(204)


@route("GET", "/subscribedSkus", area=AREA, summary="Bought licences with service plans",
       operation="GET /subscribedSkus")  # fmt: skip
def subscribed_skus(call: Call) -> Reply:
    """List subscribedSkus."""
    rows = [chosen(shapes.sku(call.tenant, item), call) for item in call.tenant.skus.values()]
    return Reply(200, {"@odata.context": call.metadata("subscribedSkus"), "value": rows})
