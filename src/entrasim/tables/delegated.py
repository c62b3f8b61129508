"""What a call in the name of a user needs: a delegated permission, and a directory role of the user.

Microsoft's permission map (delegated side) reduced to the scopes that `tables.permissions` knows, and the sentence "in
delegated scenarios the signed-in user must be assigned a supported role" of each operation's page. A role set of None
means that every member of the directory may ("What are the default user permissions?"); guests may not list.
"""

from entrasim.tables import roles
from entrasim.tables.operations import ALLOWED
from entrasim.tables.permissions import DELEGATED

AS_USER = "Directory.AccessAsUser.All"
"""The scope that lets an app do in the directory whatever the user may; it covers each operation that names it."""

_ADMINISTRATORS = frozenset({roles.GLOBAL_ADMINISTRATOR})
_ROLE_MANAGERS = _ADMINISTRATORS | {roles.PRIVILEGED_ROLE_ADMINISTRATOR}
_APP_MANAGERS = _ADMINISTRATORS | {roles.APPLICATION_ADMINISTRATOR, roles.CLOUD_APPLICATION_ADMINISTRATOR}


def _named(*names: str) -> frozenset[str]:
    return frozenset(roles.by_name(name).template_id for name in names)


_POLICIES_READ = (
    "RoleManagement.Read.All",
    "RoleManagement.Read.Directory",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.Read.Directory",
    "RoleManagementPolicy.ReadWrite.Directory",
    AS_USER,
)
_READERS = _named("Global Reader", "Directory Readers", "Directory Writers")
_SECURITY_READERS = _named("Global Reader", "Security Reader", "Security Operator", "Security Administrator")
_USER_MANAGERS = _ADMINISTRATORS | _named("User Administrator", "Directory Writers", "Partner Tier1 Support",
                                          "Partner Tier2 Support")  # fmt: skip
_GROUP_MANAGERS = _ADMINISTRATORS | _named("Groups Administrator", "User Administrator", "Directory Writers",
                                           "Identity Governance Administrator", "Knowledge Administrator",
                                           "Knowledge Manager")  # fmt: skip

SCOPES: dict[str, tuple[str, ...]] = {
    "GET /me": ("User.Read", "User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All",
                "Directory.ReadWrite.All", AS_USER),
    "GET /organization": ("User.Read", "User.Read.All", "Organization.Read.All", "Organization.ReadWrite.All",
                          "Directory.Read.All", "Directory.ReadWrite.All", AS_USER),
    "GET /users/{id}/memberOf": ("User.Read", "User.Read.All", "GroupMember.Read.All", "Group.Read.All",
                                 "Directory.Read.All", "Directory.ReadWrite.All", AS_USER),
    "GET /users/{id}/transitiveMemberOf": ("User.Read", "User.Read.All", "GroupMember.Read.All", "Group.Read.All",
                                           "Directory.Read.All", "Directory.ReadWrite.All", AS_USER),
    "POST /users": ("User.ReadWrite.All", "Directory.ReadWrite.All", AS_USER),
    "PATCH /users/{id}": ("User.ReadWrite.All", "Directory.ReadWrite.All", "User-PasswordProfile.ReadWrite.All",
                          "User.EnableDisableAccount.All", AS_USER),
    "POST /groups": ("Group.ReadWrite.All", "Directory.ReadWrite.All", "RoleManagement.ReadWrite.Directory", AS_USER),
    "GET /policies/roleManagementPolicies": _POLICIES_READ,
    "GET /policies/roleManagementPolicies/{id}": _POLICIES_READ,
    "GET /policies/roleManagementPolicies/{id}/rules": _POLICIES_READ,
    "GET /policies/roleManagementPolicyAssignments": _POLICIES_READ,
    "PATCH /policies/roleManagementPolicies/{id}/rules/{id}": ("RoleManagementPolicy.ReadWrite.Directory",
                                                              "RoleManagement.ReadWrite.Directory", AS_USER),
    "GET /oauth2PermissionGrants": ("Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All",
                                    "Directory.ReadWrite.All", AS_USER),
}  # fmt: skip
"""Where the delegated side is not the application side without the permissions that exist for apps only."""

_METHODS = "/users/{id}/authentication/temporaryAccessPassMethods"
_METHOD_MANAGERS = _ADMINISTRATORS | _named("Authentication Administrator", "Privileged Authentication Administrator")

ROLES: dict[str, frozenset[str] | None] = {
    f"GET {_METHODS}": _METHOD_MANAGERS | _named("Global Reader"),
    f"POST {_METHODS}": _METHOD_MANAGERS,
    f"DELETE {_METHODS}/{{id}}": _METHOD_MANAGERS,
    "POST /users": _USER_MANAGERS,
    "DELETE /users/{id}": None,  # the table of sensitive actions decides
    "PATCH /users/{id}": None,
    "POST /users/{id}/revokeSignInSessions": None,
    "POST /directory/deletedItems/{id}/restore": None,
    "PATCH /domains/{id}": _ADMINISTRATORS | _named("Domain Name Administrator"),
    "GET /domains": None,
    "POST /groups": None,  # members may create security groups; role-assignable ones are for role managers
    "PATCH /groups/{id}": None,  # owners may, and administrators of groups
    "DELETE /groups/{id}": None,
    "POST /groups/{id}/members": None,  # owners may, and administrators of groups
    "DELETE /groups/{id}/members/{id}": None,
    "GET /roleManagement/directory/roleDefinitions": _ROLE_MANAGERS | _READERS | _SECURITY_READERS,
    "GET /roleManagement/directory/roleAssignments": _ROLE_MANAGERS | _READERS | _SECURITY_READERS,
    "GET /roleManagement/directory/roleAssignmentScheduleInstances/filterByCurrentUser": None,
    "GET /roleManagement/directory/roleEligibilityScheduleInstances/filterByCurrentUser": None,
    "POST /roleManagement/directory/roleAssignmentScheduleRequests": None,  # selfActivate; the rest asks for more
    "GET /auditLogs/directoryAudits": _ADMINISTRATORS | _SECURITY_READERS | _named("Reports Reader"),
    "POST /applications": None,  # members may register apps, and own what they registered
    "PATCH /applications/{id}": None,
    "DELETE /applications/{id}": None,
    "POST /servicePrincipals": _APP_MANAGERS,
    "PATCH /servicePrincipals/{id}": _APP_MANAGERS,
    "DELETE /servicePrincipals/{id}": _APP_MANAGERS,
    "POST /servicePrincipals/{id}/appRoleAssignments": _ROLE_MANAGERS,  # Graph's app roles; others need less
    "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}": _ROLE_MANAGERS | _APP_MANAGERS,
    "POST /oauth2PermissionGrants": _ROLE_MANAGERS | _APP_MANAGERS,
    "PATCH /oauth2PermissionGrants/{id}": _ROLE_MANAGERS | _APP_MANAGERS,
    "DELETE /oauth2PermissionGrants/{id}": _ROLE_MANAGERS | _APP_MANAGERS,
    "GET /oauth2PermissionGrants": _ROLE_MANAGERS | _APP_MANAGERS | _READERS | _SECURITY_READERS,
}
"""Roles by operation; a read that is not listed is for every member, a write for who manages roles."""

GROUP_MANAGERS = _GROUP_MANAGERS
ROLE_MANAGERS = _ROLE_MANAGERS
APP_MANAGERS = _APP_MANAGERS
_PIM_PATHS = (
    "/roleManagement/directory/roleAssignmentSchedule",
    "/roleManagement/directory/roleEligibilitySchedule",
    "/policies/roleManagementPolic",
)


def scopes_of(operation: str) -> tuple[str, ...]:
    """Delegated permissions, any one of which lets an app call the operation in the name of a user."""
    if operation in SCOPES:
        return SCOPES[operation]
    return (*(name for name in ALLOWED[operation] if name in DELEGATED), AS_USER)


def roles_of(operation: str) -> frozenset[str] | None:
    """Directory roles, any one of which lets the user do it; None: every member of the directory."""
    if operation in ROLES:
        return ROLES[operation]
    method, _, path = operation.partition(" ")
    if path.startswith(_PIM_PATHS):
        return _ROLE_MANAGERS | _SECURITY_READERS if method == "GET" else _ROLE_MANAGERS
    return None if method == "GET" else _ROLE_MANAGERS
