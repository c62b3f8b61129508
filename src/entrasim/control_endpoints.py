"""What the control address answers: one line for each endpoint, which `GET /` lists."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of the table below: what `GET /` lists."""

    method: str
    path: str
    summary: str
    name: str


ENDPOINTS = (
    Endpoint("GET", "/", "this list", "index"),
    Endpoint("GET", "/tenants", "all tenants", "list_tenants"),
    Endpoint("POST", "/tenants", "new tenant: name, domain, kind, plan, users, lag", "new_tenant"),
    Endpoint("GET", "/tenants/<tenant>", "one tenant, by id or domain", "get_tenant"),
    Endpoint("POST", "/tenants/<tenant>/users", "new user: name, upn, password, roles, guest, synced, enabled, other "
             "fields of a user in snake case", "add_user"),
    Endpoint("GET", "/tenants/<tenant>/users", "all users: `?search=` begins the name, `?limit=` 100", "list_users"),
    Endpoint("GET", "/tenants/<tenant>/users/<user>", "one user with its password, by id or UPN", "get_user"),
    Endpoint("PATCH", "/tenants/<tenant>/users/<user>", "set fields of a user, as its administrator did", "set_user"),
    Endpoint("DELETE", "/tenants/<tenant>/users/<user>", "delete (soft)", "delete_user"),
    Endpoint("POST", "/tenants/<tenant>/users/<user>/restore", "restore a deleted user, by id", "restore_user"),
    Endpoint("GET", "/tenants/<tenant>/roles", "all role assignments", "list_roles"),
    Endpoint("POST", "/tenants/<tenant>/roles", "assign: principal (id or UPN), role, scope; by PIM with eligible or "
             "ends_at", "assign_role"),
    Endpoint("DELETE", "/tenants/<tenant>/roles", "remove: principal, role, eligible", "remove_role"),
    Endpoint("POST", "/tenants/<tenant>/roles/eligible", "turn an active assignment into an eligible one: principal, "
             "role", "make_eligible"),
    Endpoint("POST", "/tenants/<tenant>/roles/custom", "new custom role: name, actions", "add_custom_role"),
    Endpoint("POST", "/tenants/<tenant>/pim", "onboarded: whether PIM was ever opened here", "onboard_pim"),
    Endpoint("POST", "/tenants/<tenant>/pim/rules", "change a rule: rule, changes (Graph's names), role or all roles",
             "set_pim_rule"),
    Endpoint("POST", "/tenants/<tenant>/pim/requests/<request>", "approve or deny an activation: approved",
             "decide_activation"),
    Endpoint("GET", "/tenants/<tenant>/licences", "bought licences, those on the way too", "list_licences"),
    Endpoint("POST", "/tenants/<tenant>/licences", "buy: part_number, enabled_units, status", "add_licence"),
    Endpoint("PATCH", "/tenants/<tenant>/licences/<part>", "status: Enabled, Warning, Suspended, Deleted, LockedOut",
             "set_licence"),
    Endpoint("DELETE", "/tenants/<tenant>/licences/<part>", "gone from the list", "remove_licence"),
    Endpoint("POST", "/tenants/<tenant>/users/<user>/licences", "give a user a licence: part_number", "assign_licence"),
    Endpoint("POST", "/tenants/<tenant>/groups", "new group: name, assignable, members, owners", "add_group"),
    Endpoint("POST", "/tenants/<tenant>/units", "new restricted management unit: name, members", "add_unit"),
    Endpoint("GET", "/tenants/<tenant>/consent", "enterprise apps with their permissions", "list_consent"),
    Endpoint("POST", "/tenants/<tenant>/consent", "accept an app: app_id, display_name, permissions", "consent"),
    Endpoint("DELETE", "/tenants/<tenant>/consent/<app>", "withdraw consent", "withdraw"),
    Endpoint("DELETE", "/tenants/<tenant>/consent/<app>/permissions/<name>", "take one permission away",
             "remove_permission"),
    Endpoint("POST", "/tenants/<tenant>/consent/<app>/disable", "disable the enterprise app", "disable_app"),
    Endpoint("POST", "/tenants/<tenant>/lag", "preset none, demo or full, or seconds: consent, role_assignment, "
             "pim, licence, new_object, list_and_delta", "set_lag"),
    Endpoint("POST", "/tenants/<tenant>/faults", "script a fault: kind, method, path, times, options", "fault"),
    Endpoint("DELETE", "/tenants/<tenant>/faults", "nothing goes wrong any more", "clear_faults"),
    Endpoint("POST", "/tenants/<tenant>/delta/expire", "answer delta tokens given out so far with 410", "expire_delta"),
    Endpoint("POST", "/tenants/<tenant>/sign-in", "context with wants_mfa: declare an authentication context; "
             "tells_methods: id tokens carry amr and acr", "set_sign_in"),
    Endpoint("POST", "/tenants/<tenant>/access-passes", "the Temporary Access Pass policy: is_enabled, "
             "minimum_lifetime_in_minutes, maximum_lifetime_in_minutes, is_usable_once", "set_access_passes"),
    Endpoint("POST", "/tenants/<tenant>/vanish", "the tenant is deleted", "vanish"),
    Endpoint("GET", "/tenants/<tenant>/journal", "what clients asked", "journal"),
    Endpoint("GET", "/tenants/<tenant>/lint", "complaints about the client", "lint"),
    Endpoint("GET", "/apps", "all app registrations", "list_apps"),
    Endpoint("POST", "/apps", "register: display_name, app_id, secret, certificate_pem, redirect_uris, "
             "required_app_roles, home_tenant_id", "register_app"),
    Endpoint("GET", "/clock", "the simulator's time", "time"),
    Endpoint("POST", "/clock/advance", "move time on: seconds", "advance"),
)  # fmt: skip
