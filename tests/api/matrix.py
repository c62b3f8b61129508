"""Who may use which route of the API: one row for each, written down apart from the code that enforces it."""

from tests.access_matrix.matrix import ACT, ALL, ENGINEERS

ANY = "any token"

Row = str | tuple[str, frozenset[str]]

ROWS: dict[str, Row] = {
    "GET /activity": ("activity:events:read", ALL),
    "GET /approvals": ("approvals:requests:read", ALL),
    "GET /approvals/{request_id}": ("approvals:requests:read", ALL),
    "POST /approvals/{request_id}/deny": ("approvals:requests:decide", ENGINEERS),
    "POST /approvals/{request_id}/withdraw": ("helpdesk:users:act", ACT),
    "GET /customers": ("customers:customers:read", ALL),
    "POST /customers": ("customers:customers:manage", ENGINEERS),
    "GET /customers/{customer_id}": ("customers:customers:read", ALL),
    "PATCH /customers/{customer_id}": ("customers:customers:manage", ENGINEERS),
    "POST /customers/{customer_id}/bulk-runs": ("helpdesk:users:act-in-bulk", ENGINEERS),
    "GET /customers/{customer_id}/bulk-runs/{run_id}": ("activity:events:read", ALL),
    "GET /customers/{customer_id}/connection": ("connections:connections:read", ALL),
    "GET /customers/{customer_id}/operations/{operation_id}": ("activity:events:read", ALL),
    "GET /customers/{customer_id}/operations/{operation_id}/link": ("activity:events:read", ALL),
    "POST /customers/{customer_id}/operations/{operation_id}/link": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/operations/{operation_id}/link/revoke": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/operations/{operation_id}/password": ("helpdesk:users:act", ACT),
    "GET /customers/{customer_id}/users": ("directory:users:read", ALL),
    "GET /customers/{customer_id}/users/{user_id}": ("directory:users:read", ALL),
    "POST /customers/{customer_id}/users/{user_id}/access-pass": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/users/{user_id}/block": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/users/{user_id}/reset-password": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/users/{user_id}/revoke-sessions": ("helpdesk:users:act", ACT),
    "POST /customers/{customer_id}/users/{user_id}/unblock": ("helpdesk:users:act", ACT),
    "GET /customers/{customer_id}/users/{user_id}/verification-methods": ("verification:passes:start", ACT),
    "GET /customers/{customer_id}/users/{user_id}/verifications": ("verification:passes:start", ACT),
    "POST /customers/{customer_id}/users/{user_id}/verifications": ("verification:passes:start", ACT),
    "GET /customers/{customer_id}/verifications/{verification_id}": ("verification:passes:start", ACT),
    "POST /customers/{customer_id}/verifications/{verification_id}/code": ("verification:passes:start", ACT),
    "POST /customers/{customer_id}/verifications/{verification_id}/stop": ("verification:passes:start", ACT),
    "GET /readiness": ("connections:connections:read", ALL),
    "GET /token": ANY,
    "GET /users": ("directory:users:read", ALL),
}
