"""Which application permissions let an app call an operation: any one of them is enough.

Microsoft's published permission map, reduced to the permissions that `tables.permissions` knows. Where a page says more
than the map (properties of PATCH user, User.Create and User.ReadUpdate.All of July 2026), the page counts.
"""

_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_USER_READ = (*_DIRECTORY, "User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All")
_GROUP_READ = (*_DIRECTORY, "Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All")
_MEMBERS_READ = ("Directory.Read.All", "Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All",
                 "GroupMember.ReadWrite.All")  # fmt: skip
_MEMBERS_WRITE = ("Directory.ReadWrite.All", "Group.ReadWrite.All", "GroupMember.ReadWrite.All")
_ROLES_READ = (*_DIRECTORY, "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory")
_ROLES_WRITE = ("RoleManagement.ReadWrite.Directory",)
_SCHEDULES_READ = ("RoleManagement.Read.All", "RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory")
_ACTIVE_READ = ("RoleAssignmentSchedule.Read.Directory", "RoleAssignmentSchedule.ReadWrite.Directory",
                *_SCHEDULES_READ)  # fmt: skip
_ELIGIBLE_READ = ("RoleEligibilitySchedule.Read.Directory", "RoleEligibilitySchedule.ReadWrite.Directory",
                  *_SCHEDULES_READ)  # fmt: skip
_ACTIVE_WRITE = ("RoleAssignmentSchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory")
_ELIGIBLE_WRITE = ("RoleEligibilitySchedule.ReadWrite.Directory", "RoleManagement.ReadWrite.Directory")
_APPS_READ = ("Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", *_DIRECTORY)
_APPS_WRITE = ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", "Directory.ReadWrite.All")
_GRANTS_WRITE = ("DelegatedPermissionGrant.ReadWrite.All", "Directory.ReadWrite.All")
_DOMAINS_READ = ("Directory.Read.All", "Domain.Read.All", "Domain.ReadWrite.All")
_ORGANIZATION_READ = (*_DIRECTORY, "Organization.Read.All", "Organization.ReadWrite.All", "User.Read.All")
_UNITS_READ = ("AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All", *_DIRECTORY)

ALLOWED: dict[str, tuple[str, ...]] = {
    "GET /organization": _ORGANIZATION_READ,
    "GET /domains": _DOMAINS_READ,
    "PATCH /domains/{id}": ("Domain.ReadWrite.All",),
    "GET /subscribedSkus": (*_DIRECTORY, "LicenseAssignment.Read.All", "Organization.Read.All",
                            "Organization.ReadWrite.All"),
    "GET /users": _USER_READ,
    "GET /users/{id}": _USER_READ,
    "GET /users/{id}/manager": (*_DIRECTORY, "User.Read.All", "User.ReadWrite.All"),
    "GET /users/delta": (*_DIRECTORY, "User.Read.All", "User.ReadWrite.All"),
    "POST /users": ("Directory.ReadWrite.All", "User.Create", "User.ReadWrite.All"),
    "PATCH /users/{id}": ("Directory.ReadWrite.All", "User-PasswordProfile.ReadWrite.All",
                          "User.EnableDisableAccount.All", "User.ReadUpdate.All", "User.ReadWrite.All"),
    "DELETE /users/{id}": ("User.DeleteRestore.All", "User.ReadWrite.All"),
    "POST /users/{id}/revokeSignInSessions": ("Directory.ReadWrite.All", "User.ReadWrite.All",
                                              "User.RevokeSessions.All"),
    "GET /users/{id}/authentication/temporaryAccessPassMethods": (
        "UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.Read.All",
        "UserAuthenticationMethod.ReadWrite.All"),
    "POST /users/{id}/authentication/temporaryAccessPassMethods": (
        "UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"),
    "DELETE /users/{id}/authentication/temporaryAccessPassMethods/{id}": (
        "UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"),
    "GET /users/{id}/memberOf": (*_GROUP_READ, "User.Read.All"),
    "GET /users/{id}/transitiveMemberOf": (*_GROUP_READ, "User.Read.All"),
    "GET /users/{id}/licenseDetails": (*_DIRECTORY, "LicenseAssignment.Read.All", "User.Read.All",
                                       "User.ReadWrite.All"),
    "GET /directory/deletedItems": ("User.Read.All", "User.ReadWrite.All", "User.DeleteRestore.All", *_DIRECTORY),
    "POST /directory/deletedItems/{id}/restore": ("User.DeleteRestore.All", "User.ReadWrite.All"),
    "GET /groups": _GROUP_READ,
    "POST /groups": ("Directory.ReadWrite.All", "Group.Create", "Group.ReadWrite.All",
                     "RoleManagement.ReadWrite.Directory"),
    "PATCH /groups/{id}": ("Directory.ReadWrite.All", "Group.ReadWrite.All", "RoleManagement.ReadWrite.Directory"),
    "DELETE /groups/{id}": ("Group.ReadWrite.All", "RoleManagement.ReadWrite.Directory"),
    "GET /groups/{id}/members": _MEMBERS_READ,
    "GET /groups/{id}/owners": _MEMBERS_READ,
    "POST /groups/{id}/members": (*_MEMBERS_WRITE, "RoleManagement.ReadWrite.Directory"),
    "DELETE /groups/{id}/members/{id}": (*_MEMBERS_WRITE, "RoleManagement.ReadWrite.Directory"),
    "GET /applications": _APPS_READ,
    "POST /applications": _APPS_WRITE,
    "PATCH /applications/{id}": _APPS_WRITE,
    "DELETE /applications/{id}": ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
    "GET /servicePrincipals": _APPS_READ,
    "POST /servicePrincipals": _APPS_WRITE,
    "PATCH /servicePrincipals/{id}": _APPS_WRITE,
    "DELETE /servicePrincipals/{id}": ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"),
    "GET /servicePrincipals/{id}/appRoleAssignments": _APPS_READ,
    "POST /servicePrincipals/{id}/appRoleAssignments": ("AppRoleAssignment.ReadWrite.All",),
    "DELETE /servicePrincipals/{id}/appRoleAssignments/{id}": ("AppRoleAssignment.ReadWrite.All",),
    "GET /oauth2PermissionGrants": (*_DIRECTORY, "DelegatedPermissionGrant.ReadWrite.All"),
    "POST /oauth2PermissionGrants": _GRANTS_WRITE,
    "PATCH /oauth2PermissionGrants/{id}": _GRANTS_WRITE,
    "DELETE /oauth2PermissionGrants/{id}": _GRANTS_WRITE,
    "GET /servicePrincipals/{id}/memberOf": _APPS_READ,
    "GET /roleManagement/directory/roleDefinitions": (*_ROLES_READ, "RoleManagement.Read.All"),
    "GET /roleManagement/directory/roleAssignments": _ROLES_READ,
    "POST /roleManagement/directory/roleAssignments": _ROLES_WRITE,
    "DELETE /roleManagement/directory/roleAssignments/{id}": _ROLES_WRITE,
    "GET /roleManagement/directory/roleAssignmentSchedules": _ACTIVE_READ,
    "GET /roleManagement/directory/roleAssignmentScheduleInstances": _ACTIVE_READ,
    "GET /roleManagement/directory/roleAssignmentScheduleInstances/filterByCurrentUser": _ACTIVE_READ,
    "GET /roleManagement/directory/roleAssignmentScheduleRequests": _ACTIVE_WRITE,
    "POST /roleManagement/directory/roleAssignmentScheduleRequests": (*_ACTIVE_WRITE,
                                                                      "RoleAssignmentSchedule.Remove.Directory"),
    "GET /roleManagement/directory/roleEligibilitySchedules": _ELIGIBLE_READ,
    "GET /roleManagement/directory/roleEligibilityScheduleInstances": _ELIGIBLE_READ,
    "GET /roleManagement/directory/roleEligibilityScheduleInstances/filterByCurrentUser": _ELIGIBLE_READ,
    "GET /roleManagement/directory/roleEligibilityScheduleRequests": _ELIGIBLE_WRITE,
    "POST /roleManagement/directory/roleEligibilityScheduleRequests": _ELIGIBLE_WRITE,
    "GET /policies/roleManagementPolicies": _SCHEDULES_READ,
    "GET /policies/roleManagementPolicies/{id}": _SCHEDULES_READ,
    "GET /policies/roleManagementPolicies/{id}/rules": _SCHEDULES_READ,
    "GET /policies/roleManagementPolicyAssignments": _SCHEDULES_READ,
    "PATCH /policies/roleManagementPolicies/{id}/rules/{id}": (),
    "GET /directoryRoles": _ROLES_READ,
    "GET /directoryRoles/{id}/members": _ROLES_READ,
    "GET /directoryRoleTemplates": _ROLES_READ,
    "GET /directory/administrativeUnits": _UNITS_READ,
    "GET /auditLogs/directoryAudits": ("AuditLog.Read.All", "Directory.Read.All"),
}  # fmt: skip
