"""Looking up who somebody is, and what they may do, when they type an account name."""

from entrasim.changes import find_user
from entrasim.state import Tenant, User, World
from entrasim.tables.roles import GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR

CONSENTING_ROLES = frozenset({GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR})
"""Who may consent to Graph application permissions (`grant-admin-consent`) and assign roles."""


def find_tenant(world: World, name: str) -> Tenant | None:
    """The tenant with that id or verified domain."""
    name = name.lower()
    if name in world.tenants:
        found: Tenant | None = world.tenants[name]
    else:
        with world.lock:
            tenants = list(world.tenants.values())
        found = next((tenant for tenant in tenants if name in tenant.domains and not tenant.gone), None)
    if found is None or found.gone:
        return None
    world.touch(found.id)
    return found


def find_account(world: World, login: str) -> tuple[Tenant, User] | None:
    """The home tenant and user of an account name. Guests sign in where they live, so they are not found here."""
    login = login.strip().lower()
    domain = login.rpartition("@")[2]
    tenant = find_tenant(world, domain) if domain else None
    if tenant is None or "#ext#" in login:
        return None
    with tenant.lock:
        user = find_user(tenant, login)
    return (tenant, user) if user else None


def as_seen_in(directory: Tenant, home: Tenant, user: User) -> User | None:
    """The user's object in a directory: itself at home, an accepted guest elsewhere, None where it is a stranger."""
    if directory is home:
        return user
    names = {user.user_principal_name.lower(), (user.mail or "").lower()} - {""}
    with directory.lock:
        return next(
            (
                guest
                for guest in directory.users.values()
                if guest.user_type == "Guest"
                and guest.external_user_state != "PendingAcceptance"
                and (guest.mail or "").lower() in names
            ),
            None,
        )


def tenant_wide_roles(tenant: Tenant, user: User) -> set[str]:
    """Template ids of the roles a user holds for the whole tenant, directly or through a role-assignable group.

    Without the lag that apps meet: a person signs in afresh, and the portal reads where it wrote.
    """
    with tenant.lock:
        holders = {user.id} | {
            group.id for group in tenant.groups.values() if group.is_assignable_to_role and user.id in group.members
        }
        return {
            assignment.role_definition_id
            for assignment in tenant.role_assignments.values()
            if assignment.principal_id in holders and assignment.directory_scope_id == "/"
        }


def may_consent(tenant: Tenant, user: User) -> bool:
    """Whether the user may accept application permissions for the tenant and assign directory roles."""
    return bool(CONSENTING_ROLES & tenant_wide_roles(tenant, user))
