"""Who may use which page: one row for each address, written down apart from the code that enforces it.

A row names the roles that may open the page, and those that may send its form.
"""

OWNER, ADMINISTRATOR, ENGINEER, HELP_DESK, AUDITOR = "owner", "administrator", "engineer", "help_desk", "auditor"
ALL = frozenset({OWNER, ADMINISTRATOR, ENGINEER, HELP_DESK, AUDITOR})
ACT = ALL - {AUDITOR}
ENGINEERS = frozenset({OWNER, ADMINISTRATOR, ENGINEER})
LEADS = frozenset({OWNER, ADMINISTRATOR})
OWNERS = frozenset({OWNER})
NOBODY: frozenset[str] = frozenset()

OPEN = "open to strangers"
ACCOUNT = "one's own account"

Row = str | tuple[frozenset[str], frozenset[str]]

ROWS: dict[str, Row] = {
    "audit:activity": (ALL, ALL),
    "audit:export": (ALL - {HELP_DESK}, ALL - {HELP_DESK}),
    "audit:report": (ALL, ALL),
    "customers:add": (ENGINEERS, ENGINEERS),
    "customers:archive": (ENGINEERS, ENGINEERS),
    "customers:list": (ALL, ALL),
    "customers:page": (ALL, ALL),
    "customers:passwords": (ALL, LEADS),
    "customers:rename": (ENGINEERS, ENGINEERS),
    "customers:restore": (ENGINEERS, ENGINEERS),
    "directory:groups": (ALL, ALL),
    "directory:search": (ALL, ALL),
    "directory:sync": (ACT, ACT),
    "directory:user": (ALL, ALL),
    "directory:users": (ALL, ALL),
    "handover:page": OPEN,
    "handover:page_script": OPEN,
    "handover:revoke": (ENGINEERS, ENGINEERS),
    "handover:script": (ENGINEERS, ENGINEERS),
    "handover:send": (ENGINEERS, ENGINEERS),
    "helpdesk:bulk": (ENGINEERS, ENGINEERS),
    "helpdesk:bulk_run": (ALL, ALL),
    "helpdesk:bulk_start": (ENGINEERS, ENGINEERS),
    "helpdesk:bulk_status": (ALL, ALL),
    "helpdesk:confirm": (ACT, ACT),
    "helpdesk:discard": (ACT, ACT),
    "helpdesk:operation": (ALL, ALL),
    "helpdesk:operation_status": (ALL, ALL),
    "helpdesk:reveal": (ACT, ACT),
    "helpdesk:secret": OPEN,
    "helpdesk:share": (ACT, ACT),
    "helpdesk:unshare": (ACT, ACT),
    "helpdesk:stop": (ACT, ACT),
    "notifications:acknowledge": (ACT, ACT),
    "notifications:add-mail": (LEADS, LEADS),
    "notifications:add-webhook": (LEADS, LEADS),
    "notifications:alerts": (ALL, ALL),
    "notifications:channels": (LEADS, LEADS),
    "notifications:remove": (LEADS, LEADS),
    "notifications:renew-secret": (LEADS, LEADS),
    "notifications:test": (LEADS, LEADS),
    "registrations:apps": (OWNERS, OWNERS),
    "registrations:return": (OWNERS, OWNERS),
    "registrations:sign-in": (OWNERS, OWNERS),
    "panic:lift": (OWNERS, OWNERS),
    "panic:page": (LEADS, LEADS),
    "roads:road": (ENGINEERS, ENGINEERS),
    "roads:sign_in_return": OPEN,
    "technicians:end-session": ACCOUNT,
    "technicians:microsoft": OPEN,
    "technicians:microsoft-return": OPEN,
    "technicians:protect": ACCOUNT,
    "safeguards:approve": (ENGINEERS, ENGINEERS),
    "safeguards:defaults": (LEADS, LEADS),
    "safeguards:deny": (ENGINEERS, ENGINEERS),
    "safeguards:emergency": (ALL, ENGINEERS),
    "safeguards:request": (ALL, ALL),
    "safeguards:requests": (ALL, ALL),
    "safeguards:rules": (ALL, LEADS),
    "safeguards:try": (ALL, ALL),
    "safeguards:withdraw": (ACT, ACT),
    "technicians:settings": ACCOUNT,
    "technicians:setup": OPEN,
    "technicians:sign-out-elsewhere": ACCOUNT,
    "technicians:welcome": OPEN,
    "tenants:accept": (ENGINEERS, ENGINEERS),
    "tenants:canary": (ENGINEERS, ENGINEERS),
    "tenants:check": (ACT, ACT),
    "tenants:connect": (ENGINEERS, ENGINEERS),
    "tenants:connect_elevation": (ENGINEERS, ENGINEERS),
    "tenants:connection": (ALL, ALL),
    "tenants:consent_return": (ENGINEERS, ENGINEERS),
    "tenants:disconnect": (ENGINEERS, ENGINEERS),
    "tenants:disconnect_app": (ENGINEERS, ENGINEERS),
    "tenants:dismiss": (ENGINEERS, ENGINEERS),
    "tenants:farewell_seen": (ENGINEERS, ENGINEERS),
    "tenants:features": (ALL, ENGINEERS),
    "tenants:path": (ENGINEERS, ENGINEERS),
    "tenants:readiness": (ALL, ALL),
    "tenants:reduce": (ENGINEERS, ENGINEERS),
    "tenants:review": (ENGINEERS, ENGINEERS),
    "tenants:role": (ENGINEERS, ENGINEERS),
    "web:help-errors": ACCOUNT,
    "home": ACCOUNT,
    "web:styleguide": OPEN,
    "web:styleguide-page": OPEN,
}
"""Addresses by name; allauth's own (`account_`, `mfa_`) are pages of one's own account and have their own tests."""
