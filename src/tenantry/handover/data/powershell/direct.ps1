
# The road: a direct assignment, for good. It needs no licence.
$roleIsAssigned = {
    $rows = Read-Rows "/roleManagement/directory/roleAssignments?`$filter=principalId eq '$appObjectId'"
    [bool] @($rows | Where-Object { $_.roleDefinitionId -eq $RoleId -and $_.directoryScopeId -eq '/' }).Count
}
$assignRole = {
    Send-Body '/roleManagement/directory/roleAssignments' @{
        principalId = $appObjectId; roleDefinitionId = $RoleId; directoryScopeId = '/'
    }
}
Confirm-State "Assign $RoleName to $AppName" $roleIsAssigned $assignRole

Write-Host 'All looked at. Nothing else was touched.'
Disconnect-MgGraph | Out-Null
exit 0
