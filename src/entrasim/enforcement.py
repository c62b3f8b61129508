"""Who may do what to whom. A reading of Microsoft's pages of its own, from which nothing else in this package departs.

Pages: `privileged-roles-permissions` (both tables), `admin-units-restricted-management`, "Update user", "user:
revokeSignInSessions", "Delete user", "Create unifiedRoleAssignment", "Create group".

A permission counts for a read when the token has it. For a write the token must have it and the tenant must still grant
it. A directory role counts when it is in force for the whole tenant; while the tenant lags with role assignments, the
token must have it in `wids` too.
"""

import dataclasses
import datetime as dt

from entrasim import effective, grants
from entrasim.errors import GraphError, denied
from entrasim.state import Group, Tenant, User
from entrasim.tables import delegated
from entrasim.tables.matrices import NAMED_ROLES, RESET, SENSITIVE, Standing
from entrasim.tables.operations import ALLOWED
from entrasim.tokens import GraphToken

RESTRICTED_MESSAGE = (
    "This user is a member of a restricted management administrative unit. Management rights are limited to "
    "administrators scoped on that administrative unit."
)
SENSITIVE_PROPERTIES = frozenset(
    {
        "accountEnabled",
        "businessPhones",
        "mobilePhone",
        "onPremisesImmutableId",
        "otherMails",
        "passwordProfile",
        "userPrincipalName",
    }
)
_ACTIONS = "microsoft.directory/users/"
"""What a custom role names: the action of a property, or of an act, stands behind this."""
_GENERIC_UPDATE = frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All", "User.ReadUpdate.All"})
_SENSITIVE_UPDATE = frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"})
_UNIT_SCOPE = "/administrativeUnits/"
_FOR_GUESTS = frozenset({"GET /organization"})
"""What a guest may read beside the own account ("Restrict guest access permissions")."""


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """The app that calls, or the user in whose name it calls, as the tenant sees it now."""

    permissions: frozenset[str]  # application permissions, or scopes
    roles: frozenset[str]  # of the app, or of the user
    unit_roles: frozenset[tuple[str, str]]  # (unit id, role id)
    object_id: str = ""
    app_id: str = ""
    is_delegated: bool = False
    is_guest: bool = False

    def has(self, *permissions: str) -> bool:
        """Whether it has any of these permissions."""
        return bool(self.permissions.intersection(permissions))


def caller_of(tenant: Tenant, token: GraphToken, now: dt.datetime, *, for_write: bool) -> Caller:
    """The rights of the calling app, or those that it has together with the user in whose name it calls.

    Raises:
        GraphError: 401, its service principal or the user is gone from the tenant.
    """
    if token.is_delegated:
        return _delegated_caller(tenant, token, now, for_write=for_write)
    principal = tenant.service_principals.get(token.object_id)
    if principal is None:
        raise _unknown_identity()
    permissions = token.roles
    if for_write:
        permissions &= effective.permissions_of(tenant, principal, now)
        if not principal.account_enabled:
            permissions = frozenset()
    roles, units = _roles_in_force(tenant, token, now)
    return Caller(permissions, roles, units, principal.id, token.app_id)


def _delegated_caller(tenant: Tenant, token: GraphToken, now: dt.datetime, *, for_write: bool) -> Caller:
    user = tenant.users.get(token.object_id)
    principal = grants.principal_of(tenant, token.app_id)
    if user is None or principal is None:
        raise _unknown_identity()
    scopes = token.scopes
    if for_write:
        scopes &= grants.granted_scopes(tenant, principal.id, user.id)
        if not principal.account_enabled or not user.account_enabled:
            scopes = frozenset()
    roles, units = _roles_in_force(tenant, token, now)
    return Caller(scopes, roles, units, user.id, token.app_id, is_delegated=True, is_guest=user.user_type == "Guest")


def _roles_in_force(
    tenant: Tenant, token: GraphToken, now: dt.datetime
) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """Tenant-wide roles, and roles by unit."""
    in_force = effective.assignments_in_force(tenant, token.object_id, now)
    roles = frozenset(a.role_definition_id for a in in_force if a.directory_scope_id == "/")
    if tenant.lag.role_assignment > 0:
        roles &= token.wids
    units = frozenset(
        (a.directory_scope_id.removeprefix(_UNIT_SCOPE).lower(), a.role_definition_id)
        for a in in_force
        if a.directory_scope_id.startswith(_UNIT_SCOPE)
    )
    return roles, units


def _unknown_identity() -> GraphError:
    return GraphError(
        401, "Authorization_IdentityNotFound", "The identity of the calling application could not be established."
    )


def require_operation(caller: Caller, operation: str) -> None:
    """Refuse a caller without any permission that the operation takes, or a user without a role for it.

    Raises:
        GraphError: 403.
    """
    if not caller.is_delegated:
        if not caller.has(*ALLOWED[operation]):
            raise denied(lack_of_permission=True)
        return
    if not caller.has(*delegated.scopes_of(operation)):
        raise denied(lack_of_permission=True)
    needed = delegated.roles_of(operation)
    if needed is not None and not caller.roles & needed:
        raise denied()
    if needed is None and caller.is_guest and operation not in _FOR_GUESTS:
        raise denied()


def require_role(caller: Caller, roles: frozenset[str]) -> None:
    """Refuse a user without one of these roles; an app's permission is enough.

    Raises:
        GraphError: 403.
    """
    if caller.is_delegated and not caller.roles & roles:
        raise denied()


def standings_of(tenant: Tenant, user: User, now: dt.datetime) -> set[str]:
    """The rows of the tables that speak of a target: role ids, or standings. Every one of them must allow the act."""
    found: set[str] = set()
    restricted = {unit.id for unit in tenant.administrative_units.values() if unit.is_member_management_restricted}
    for assignment in effective.assignments_in_force(tenant, user.id, now):
        role, scope = assignment.role_definition_id, assignment.directory_scope_id
        found.add(role if role in NAMED_ROLES else Standing.OTHER_ROLE)
        if scope.startswith(_UNIT_SCOPE) and scope.removeprefix(_UNIT_SCOPE) in restricted:
            found.add(Standing.RESTRICTED_SCOPE)
    if any(
        group.is_assignable_to_role and (user.id in group.members or user.id in group.owners)
        for group in tenant.groups.values()
    ):
        found.add(Standing.GROUP_MEMBER)
    return found or {Standing.NO_ROLE}


def may_reset(actor_roles: frozenset[str], standings: set[str]) -> bool:
    """Whether these roles may reset the password of, or revoke the sessions of, a target of these standings.

    "If a user is assigned any other role": each standing must be allowed; different roles of the actor may allow
    different standings only if one of them allows all, since roles are evaluated one by one.
    """
    return any(all(role in RESET[standing] for standing in standings) for role in actor_roles)


def may_act(actor_roles: frozenset[str], standings: set[str]) -> bool:
    """Whether these roles may block, delete, restore or change sensitive properties of such a target."""
    return any(all(role in SENSITIVE[standing] for standing in standings) for role in actor_roles)


def custom_role_allows(tenant: Tenant, actor_roles: frozenset[str], standings: set[str], *actions: str) -> bool:
    """Whether a custom role holds one of these actions on users, and the target is no administrator.

    The tables have no column for custom roles, so they act on nobody who is protected.
    """
    if standings != {Standing.NO_ROLE}:
        return False
    held = (tenant.custom_roles[role].allowed_resource_actions for role in actor_roles if role in tenant.custom_roles)
    return any(f"{_ACTIONS}{action}" in granted for granted in held for action in actions)


def restricted_units_of(tenant: Tenant, object_id: str) -> list[str]:
    """Ids of the restricted management administrative units that an object is in."""
    return [
        unit.id
        for unit in tenant.administrative_units.values()
        if unit.is_member_management_restricted and object_id in unit.members
    ]


def require_unrestricted(tenant: Tenant, caller: Caller, object_id: str) -> frozenset[str]:
    """Refuse changes to members of restricted units by callers without a role scoped to that unit.

    Returns the roles that count for the target: the scoped ones inside such a unit, else the tenant-wide ones.

    Raises:
        GraphError: 403 with the documented message.
    """
    units = restricted_units_of(tenant, object_id)
    if not units:
        return caller.roles
    scoped = frozenset(role for unit, role in caller.unit_roles if unit in units)
    if not scoped:
        raise GraphError(403, "Authorization_RequestDenied", RESTRICTED_MESSAGE)
    return scoped


def require_update(
    tenant: Tenant, caller: Caller, user: User, properties: set[str], now: dt.datetime, *, is_enabling: bool = False
) -> None:
    """Check a PATCH of a user property by property ("Update user").

    Args:
        tenant: where.
        caller: who.
        user: whom.
        properties: names in the body.
        now: the time.
        is_enabling: `accountEnabled` is to become true; for a custom role that is another action than blocking.

    Raises:
        GraphError: 403.
    """
    roles = require_unrestricted(tenant, caller, user.id)
    standings = standings_of(tenant, user, now)
    for name in sorted(properties):
        if name == "passwordProfile":
            by_user = caller.is_delegated and caller.has(delegated.AS_USER)
            if not by_user and not caller.has("User-PasswordProfile.ReadWrite.All"):
                raise denied(lack_of_permission=True)
            if not may_reset(roles, standings) and not custom_role_allows(tenant, roles, standings, "password/update"):
                raise denied()
        elif name == "accountEnabled":
            narrow = caller.has("User.EnableDisableAccount.All") and caller.has("User.Read.All", *_GENERIC_UPDATE)
            by_user = caller.is_delegated and caller.has(delegated.AS_USER)
            if not by_user and not narrow and not caller.has(*_SENSITIVE_UPDATE):
                raise denied(lack_of_permission=True)
            action = "enable" if is_enabling else "disable"
            if not may_act(roles, standings) and not custom_role_allows(tenant, roles, standings, action):
                raise denied()
        else:
            by_user = caller.is_delegated and caller.has(delegated.AS_USER)
            if not by_user and not caller.has(*_GENERIC_UPDATE):
                raise denied(lack_of_permission=True)
            # A user needs a role for anybody's properties.
            # An app's permission covers these properties of people without a role; administrators are protected.
            protected = caller.is_delegated or (name in SENSITIVE_PROPERTIES and standings != {Standing.NO_ROLE})
            actions = (f"{name}/update",) if name in SENSITIVE_PROPERTIES else ("basic/update", f"{name}/update")
            allowed = may_act(roles, standings) or custom_role_allows(tenant, roles, standings, *actions)
            if protected and not allowed:
                raise denied()


def require_revoke(tenant: Tenant, caller: Caller, user: User, now: dt.datetime) -> None:
    """Check revokeSignInSessions: the reset table ("who can reset passwords and invalidate refresh tokens").

    Raises:
        GraphError: 403.
    """
    require_operation(caller, "POST /users/{id}/revokeSignInSessions")
    roles, standings = require_unrestricted(tenant, caller, user.id), standings_of(tenant, user, now)
    if not may_reset(roles, standings) and not custom_role_allows(
        tenant, roles, standings, "invalidateAllRefreshTokens"
    ):
        raise denied()


def require_delete(tenant: Tenant, caller: Caller, user: User, now: dt.datetime, *, operation: str) -> None:
    """Check deleting or restoring: the permission, and for administrators the sensitive table.

    Raises:
        GraphError: 403.
    """
    require_operation(caller, operation)
    roles = require_unrestricted(tenant, caller, user.id)
    standings = standings_of(tenant, user, now)
    action = "delete" if operation.startswith("DELETE") else "restore"
    if not may_act(roles, standings) and not custom_role_allows(tenant, roles, standings, action):
        raise denied()


def require_group_change(tenant: Tenant, caller: Caller, group: Group, *, members: bool = True) -> None:
    """Members, owners and the life of a role-assignable group are for RoleManagement.ReadWrite.Directory only.

    Args:
        tenant: where.
        caller: who.
        group: of which group.
        members: whether members or owners change; else the group itself, for which GroupMember permissions are nothing.

    Raises:
        GraphError: 403.
    """
    owned = caller.object_id in group.owners
    if group.is_assignable_to_role:
        if not caller.has("RoleManagement.ReadWrite.Directory"):
            raise denied(lack_of_permission=True)
        if not owned:
            require_role(caller, delegated.ROLE_MANAGERS)
    else:
        enough = {"Group.ReadWrite.All", "Directory.ReadWrite.All"}
        if members:
            enough.add("GroupMember.ReadWrite.All")
        by_user = caller.is_delegated and caller.has(delegated.AS_USER)
        if not by_user and not caller.has(*enough):
            raise denied(lack_of_permission=True)
        if not owned:
            require_role(caller, delegated.GROUP_MANAGERS)
    if restricted_units_of(tenant, group.id):
        raise GraphError(403, "Authorization_RequestDenied", RESTRICTED_MESSAGE.replace("This user", "This group"))
