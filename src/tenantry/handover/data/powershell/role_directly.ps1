
# How the role is given: directly, and for good. It needs no licence.
function Test-Role([string] $PrincipalId) {
    $rows = Read-Rows "/roleManagement/directory/roleAssignments?`$filter=principalId eq '$PrincipalId'"
    [bool] @($rows | Where-Object { $_.roleDefinitionId -eq $RoleId -and $_.directoryScopeId -eq '/' }).Count
}
function Add-Role([string] $PrincipalId) {
    Send-Body '/roleManagement/directory/roleAssignments' @{
        principalId = $PrincipalId; roleDefinitionId = $RoleId; directoryScopeId = '/'
    }
}
$mayGiveRole = $null
