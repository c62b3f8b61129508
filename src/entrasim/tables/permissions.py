"""Permissions of Microsoft Graph: names and ids as its own service principal publishes them."""

APPLICATION = {
    "AdministrativeUnit.Read.All": "134fd756-38ce-4afd-ba33-e9623dbe66c2",
    "AdministrativeUnit.ReadWrite.All": "5eb59dd3-1da2-4329-8733-9dabdc435916",
    "AppRoleAssignment.ReadWrite.All": "06b708a9-e830-4db3-a914-8e69da51d44f",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "CrossTenantInformation.ReadBasic.All": "cac88765-0581-4025-9725-5ebc13f729ee",
    "DelegatedAdminRelationship.Read.All": "f6e9e124-4586-492f-adc0-c6f96e4823fd",
    "DelegatedAdminRelationship.ReadWrite.All": "cc13eba4-8cd8-44c6-b4d4-f93237adce58",
    "DelegatedPermissionGrant.ReadWrite.All": "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "Domain.ReadWrite.All": "7e05723c-0bb0-42da-be95-ae9f08a6e53c",
    "Group.Create": "bf7b1a76-6e77-406b-b258-bf5c7720e98f",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "Group.ReadWrite.All": "62a82d76-70ea-41e2-9197-370581804d09",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "IdentityRiskyUser.Read.All": "dc5007c0-2d7d-4c42-879c-2dab87571379",
    "LicenseAssignment.Read.All": "e2f98668-2877-4f38-a2f4-8202e0717aa1",
    "LicenseAssignment.ReadWrite.All": "5facf0c1-8979-4e95-abcf-ff3d079771c0",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "Organization.ReadWrite.All": "292d869f-3427-49a8-9dab-8c70152b74e9",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "Policy.Read.ConditionalAccess": "37730810-e9ba-4e46-b07e-8ca78d182097",
    "RoleAssignmentSchedule.Read.Directory": "d5fe8ce8-684c-4c83-a52c-46e882ce4be1",
    "RoleAssignmentSchedule.ReadWrite.Directory": "dd199f4a-f148-40a4-a2ec-f0069cc799ec",
    "RoleAssignmentSchedule.Remove.Directory": "d3495511-98b7-4df3-b317-4e35c19f6129",
    "RoleEligibilitySchedule.Read.Directory": "ff278e11-4a33-4d0c-83d2-d01dc58929a5",
    "RoleEligibilitySchedule.ReadWrite.Directory": "fee28b28-e1f3-4841-818e-2704dc62245f",
    "RoleEligibilitySchedule.Remove.Directory": "79c7e69c-0d9f-4eff-97a8-49170a5a08ba",
    "RoleManagement.Read.All": "c7fbd983-d9aa-4fa7-84b8-17382c103bc4",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "RoleManagement.ReadWrite.Directory": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
    "RoleManagementAlert.Read.Directory": "ef31918f-2d50-4755-8943-b8638c0a077e",
    "RoleManagementPolicy.Read.Directory": "fdc4c997-9942-4479-bfcb-75a36d1138df",
    "RoleManagementPolicy.ReadWrite.Directory": "31e08e0a-d3f7-4ca2-ac39-7343fb83e8ad",
    "User-PasswordProfile.ReadWrite.All": "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7",
    "User.Create": "4240f680-4f73-4082-a766-aa916a2dc9b3",
    "User.DeleteRestore.All": "eccc023d-eccf-4e7b-9683-8813ab36cecc",
    "User.EnableDisableAccount.All": "3011c876-62b7-4ada-afa2-506cbbecc68c",
    "User.Invite.All": "09850681-111b-4a89-9bed-3f2cae46d706",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "User.ReadBasic.All": "97235f07-e226-4f63-ace3-39588e11d3a1",
    "User.ReadUpdate.All": "5639c449-cfd9-4088-bc48-3e16da108bf8",
    "User.ReadWrite.All": "741f803b-c850-494e-b5df-cde7c675a1ca",
    "User.RevokeSessions.All": "77f3a031-c388-4f99-b373-dc68676a979e",
    "UserAuthMethod-Password.Read.All": "8d2c17ff-b93d-40d5-9def-d843680509cb",
    "UserAuthMethod-TAP.Read.All": "bf82209c-b22b-4747-ac88-a68be99032cf",
    "UserAuthMethod-TAP.ReadWrite.All": "627169a8-8c15-451c-861a-5b80e383de5c",
    "UserAuthenticationMethod.Read.All": "38d9df27-64da-44fd-b7c5-a6fbac20248f",
    "UserAuthenticationMethod.ReadWrite.All": "50483e42-d915-4231-9639-7fdb7fd190e5",
}
"""Application permissions (app roles): id by name."""

DELEGATED = {
    "AdministrativeUnit.Read.All": "3361d15d-be43-4de6-b441-3c746d05163d",
    "AdministrativeUnit.ReadWrite.All": "7b8a2d34-6b3f-4542-a343-54651608ad81",
    "AppRoleAssignment.ReadWrite.All": "84bccea3-f856-4a8a-967b-dbe0a3d53a64",
    "Application.Read.All": "c79f8feb-a9db-4090-85f9-90d820caa0eb",
    "Application.ReadWrite.All": "bdfbf15f-ee85-4955-8675-146e8e5296b5",
    "AuditLog.Read.All": "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20",
    "DelegatedAdminRelationship.ReadWrite.All": "885f682f-a990-4bad-a642-36736a74b0c7",
    "DelegatedPermissionGrant.ReadWrite.All": "41ce6ca6-6826-4807-84f1-1c82854f7ee5",
    "Directory.AccessAsUser.All": "0e263e50-5827-48a4-b97c-d940288653c7",
    "Directory.Read.All": "06da0dbc-49e2-44d2-8312-53f166ab848a",
    "Directory.ReadWrite.All": "c5366453-9fb0-48a5-a156-24f0c49a4b84",
    "Domain.Read.All": "2f9ee017-59c1-4f1d-9472-bd5529a7b311",
    "Domain.ReadWrite.All": "0b5d694c-a244-4bde-86e6-eb5cd07730fe",
    "Group.Read.All": "5f8c59db-677d-491f-a6b8-5f174b11ec1d",
    "Group.ReadWrite.All": "4e46008b-f24c-477d-8fff-7bb4ec7aafe0",
    "GroupMember.Read.All": "bc024368-1153-4739-b217-4326f2e966d0",
    "GroupMember.ReadWrite.All": "f81125ac-d3b7-4573-a3b2-7099cc39df9e",
    "Organization.Read.All": "4908d5b9-3fb2-4b1e-9336-1888b7937185",
    "Organization.ReadWrite.All": "46ca0847-7e6b-426e-9775-ea810a948356",
    "Policy.Read.All": "572fea84-0151-49b2-9301-11cb16974376",
    "RoleAssignmentSchedule.Read.Directory": "344a729c-0285-42c6-9014-f12b9b8d6129",
    "RoleAssignmentSchedule.ReadWrite.Directory": "8c026be3-8e26-4774-9372-8d5d6f21daff",
    "RoleEligibilitySchedule.Read.Directory": "eb0788c2-6d4e-4658-8c9e-c0fb8053f03d",
    "RoleEligibilitySchedule.ReadWrite.Directory": "62ade113-f8e0-4bf9-a6ba-5acb31db32fd",
    "RoleManagement.Read.All": "48fec646-b2ba-4019-8681-8eb31435aded",
    "RoleManagement.Read.Directory": "741c54c3-0c1e-44a1-818b-3f97ab4e8c83",
    "RoleManagement.ReadWrite.Directory": "d01b97e9-cbc0-49fe-810a-750afd5527a3",
    "RoleManagementAlert.Read.Directory": "cce71173-f76d-446e-97ff-efb2d82e11b1",
    "RoleManagementPolicy.Read.Directory": "3de2cdbe-0ff5-47d5-bdee-7f45b4749ead",
    "RoleManagementPolicy.ReadWrite.Directory": "1ff1be21-34eb-448c-9ac9-ce1f506b2a68",
    "User-PasswordProfile.ReadWrite.All": "56760768-b641-451f-8906-e1b8ab31bca7",
    "User.DeleteRestore.All": "4bb440cd-2cf2-4f90-8004-aa2acd2537c5",
    "User.EnableDisableAccount.All": "f92e74e7-2563-467f-9dd0-902688cb5863",
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "User.Read.All": "a154be20-db9c-4678-8ab7-66f6cc099a59",
    "User.ReadBasic.All": "b340eb25-3456-403f-be2f-af7a0d370277",
    "User.ReadWrite.All": "204e0828-b5ca-4ad8-b9f3-f32a958e7cc4",
    "User.RevokeSessions.All": "fc30e98b-8810-4501-81f5-c20a3196387b",
    "UserAuthMethod-Password.ReadWrite.All": "7f5b683d-df96-4690-a88d-6e336ed6dc7c",
    "UserAuthenticationMethod.ReadWrite.All": "b7887744-6746-4312-813d-72daeaee7e2d",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
}
"""Delegated permissions (scopes): id by name."""

SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
"""OpenID Connect's own scopes; they belong to no resource."""

USER_CONSENT = SIGN_IN_SCOPES | {"User.Read", "User.ReadBasic.All"}
"""Delegated permissions that a user may accept without an administrator (`type` User)."""

SCOPE_NAMES = {scope_id: name for name, scope_id in DELEGATED.items()}
"""Name by id of a delegated permission."""

_SCOPES_BY_LOWER = {name.lower(): name for name in DELEGATED}


def scope_name(name: str) -> str | None:
    """The delegated permission of that name, whatever its case; None where Graph has none in this table."""
    return _SCOPES_BY_LOWER.get(name.lower())


PERMISSION_NAMES = {role_id: name for name, role_id in APPLICATION.items()}
"""Name by app role id."""


def app_role_id(name_or_id: str) -> str:
    """The app role id of an application permission given by name or id.

    Raises:
        KeyError: Microsoft Graph has no such application permission in this table.
    """
    if name_or_id in APPLICATION:
        return APPLICATION[name_or_id]
    if name_or_id.lower() in PERMISSION_NAMES:
        return name_or_id.lower()
    raise KeyError(f"no application permission of Microsoft Graph is called {name_or_id!r}")
