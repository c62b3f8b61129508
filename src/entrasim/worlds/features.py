"""What makes single tenants of a world special, one function each."""

import base64
import uuid
from typing import TYPE_CHECKING

from entrasim.state import AppRegistration, Tenant, User
from entrasim.tables.skus import PREMIUM_PLANS
from entrasim.worlds.populate import BUSINESS_STANDARD, Populator

if TYPE_CHECKING:
    from entrasim.handle import Handle, TenantHandle

OLDER_NAME = "Quickpass"
EARLIER_PERMISSIONS = ("User.Read.All", "Organization.Read.All", "User-PasswordProfile.ReadWrite.All")


def forbid_permanent_assignment(tenant: "TenantHandle") -> None:
    """Its PIM policy wants an end date on every active assignment (`pim-how-to-change-default-settings`)."""
    with tenant.state.lock:
        tenant.state.pim_policy = {
            "Expiration_Admin_Assignment": {"isExpirationRequired": True, "maximumDuration": "P180D"},
            "Enablement_Admin_Assignment": {"enabledRules": ["Justification"]},
        }


def make_hybrid(tenant: "TenantHandle", populator: Populator) -> None:
    """Three of four members come from Active Directory and are changed there."""
    state = tenant.state
    with state.lock:
        state.on_premises_sync_enabled = True
        members = [user for user in state.users.values() if user.user_type == "Member" and user is not tenant.admin]
        for number, user in enumerate(members):
            if number % 4 == 3:  # noqa: PLR2004  the fourth stays in the cloud
                continue
            login = user.user_principal_name.partition("@")[0]
            user.on_premises_sync_enabled = True
            user.on_premises_domain_name = f"corp.{tenant.domain}"
            user.on_premises_sam_account_name = login.replace("'", "")[:20]
            user.on_premises_immutable_id = base64.b64encode(uuid.UUID(user.id).bytes_le).decode()
            user.on_premises_last_sync_date_time = populator.days_ago(0.02, 0.001)


def federate(tenant: "TenantHandle") -> None:
    """Its own domain signs in at a federation server; the administrator stays on the initial domain."""
    with tenant.state.lock:
        tenant.state.domains[tenant.domain].authentication_type = "Federated"


def consent_under_older_name(
    handle: "Handle", tenant: "TenantHandle", app: AppRegistration, populator: Populator
) -> AppRegistration:
    """Our app was accepted long ago under another name with fewer permissions; a stranger bears our name now."""
    accepted = tenant.consent(
        app=app, display_name=OLDER_NAME, app_roles=list(EARLIER_PERMISSIONS), at=populator.days_ago(900, 700)
    )
    accepted.display_name = OLDER_NAME
    elsewhere = handle.new_tenant(name="Copperline Tools", domain="copperline-tools.example", kind="look-alike vendor")
    populator.found(elsewhere, country="US")
    look_alike = handle.register_app(
        display_name=app.display_name,
        home_tenant_id=elsewhere.id,
        secret=populator.password("look-alike"),
        redirect_uris=["https://copperline-tools.example/back"],
        required_app_roles=["User.Read.All"],
    )
    tenant.consent(app=look_alike, at=populator.days_ago(200, 100))
    return look_alike


def add_emergency_accounts(tenant: "TenantHandle", populator: Populator) -> None:
    """Two cloud-only emergency access accounts in a restricted management unit (`security-emergency-access`)."""
    accounts: list[User] = []
    for number in (1, 2):
        account = populator.named(
            tenant, f"Emergency Access {number}", f"emergency-{number}", domain=tenant.state.initial_domain
        )
        account.assigned_sku_ids = []
        account.mail = None
        account.last_sign_in_date_time = None
        account.password_policies = "DisablePasswordExpiration"  # noqa: S105  Graph's word, no password
        tenant.assign_role(principal_id=account.id, role="Global Administrator")
        accounts.append(account)
    tenant.add_restricted_unit(name="Emergency access accounts", members=[account.id for account in accounts])


def add_role_assignable_groups(tenant: "TenantHandle", populator: Populator) -> None:
    """A group that holds a role, one that holds none, both with members and owners; and an ordinary group."""
    people = [populator.named(tenant, name, login) for name, login in GROUP_PEOPLE]
    ids = [person.id for person in people]
    holders = tenant.add_group(name="Site support staff", assignable=True, members=ids[:2], owners=[ids[2]])
    tenant.assign_role(principal_id=holders.id, role="Authentication Administrator")
    tenant.add_group(name="Quarterly access reviewers", assignable=True, members=[ids[3]], owners=[ids[2]])
    tenant.add_group(name="Cafeteria menu", members=ids)


GROUP_PEOPLE = (
    ("Leila Farrokhzad", "leila.farrokhzad"),
    ("Owen Prosser", "owen.prosser"),
    ("Marguerite Thibault", "marguerite.thibault"),
    ("Dev Chaudhuri", "dev.chaudhuri"),
)


def settle(tenant: "TenantHandle", populator: Populator) -> None:
    """Date everything back, so that no lag hides what has long been there, and count the licences."""
    state = tenant.state
    with state.lock:
        # What the building itself left behind: nobody has read this tenant yet, so nothing lags.
        state.previous.clear()
        state.change_times.clear()
        for assignment in state.role_assignments.values():
            assignment.created_date_time = populator.days_ago(400, 30)
        for group in state.groups.values():
            group.created_date_time = populator.days_ago(400, 200)
            for people in (group.members, group.owners):
                for member in people:
                    people[member] = populator.days_ago(190, 30)
        _license_administrators(state)
        standard = state.skus.get(BUSINESS_STANDARD.sku_id)
        if standard:
            used = sum(BUSINESS_STANDARD.sku_id in user.assigned_sku_ids for user in state.users.values())
            standard.enabled_units = used + 5


def _license_administrators(state: Tenant) -> None:
    """Premium licences are for those who administer; one tenant bought them and gave them to nobody yet."""
    premium = [sku.sku_id for sku in state.skus.values() if PREMIUM_PLANS & set(sku.service_plans)]
    if any(sku.sku_part_number == "Microsoft_Entra_ID_Governance" for sku in state.skus.values()):
        return
    holders = {assignment.principal_id for assignment in state.role_assignments.values()}
    for user_id in holders & set(state.users):
        user = state.users[user_id]
        user.assigned_sku_ids = [*user.assigned_sku_ids, *(sku for sku in premium if sku not in user.assigned_sku_ids)]
