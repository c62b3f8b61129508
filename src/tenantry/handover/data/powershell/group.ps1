
# The road: a group to which roles can be assigned (needs one Entra ID P1 licence), our app in it, the role on the group.
$script:groupId = ''
$groupIsThere = {
    $rows = @(Read-Rows "/groups?`$filter=displayName eq '$GroupNameInUrl'&`$select=id,isAssignableToRole")
    $usable = @($rows | Where-Object { $_.isAssignableToRole })
    if ($usable.Count -gt 1) { Stop-With "Several groups are named $GroupName. Rename all but one: $($usable.id)" }
    if ($rows.Count -and -not $usable.Count) {
        Stop-With "The group $GroupName cannot hold a role; that is fixed when a group is created. Rename it first."
    }
    if ($usable.Count) { $script:groupId = $usable[0].id }
    [bool] $usable.Count
}
$createGroup = {
    Send-Body '/groups' @{
        displayName = $GroupName; mailNickname = $GroupNickname; description = $GroupDescription
        mailEnabled = $false; securityEnabled = $true; isAssignableToRole = $true; visibility = 'Private'
    }
}
$appIsMember = {
    [bool] @(Read-Rows "/groups/$($script:groupId)/members?`$select=id" | Where-Object { $_.id -eq $appObjectId }).Count
}
$addApp = {
    Send-Body "/groups/$($script:groupId)/members/`$ref" @{
        '@odata.id' = "$GraphUrl/directoryObjects/$appObjectId"
    }
}

Confirm-State "Create the role-assignable group $GroupName" $groupIsThere $createGroup
if (-not $script:groupId) {
    Write-Host "MISSING  $AppName in the group, and $RoleName on it (would be changed)"
} else {
    Confirm-State "Add $AppName to the group" $appIsMember $addApp
    Confirm-State "Give $RoleName to the group" { Test-Role $script:groupId } { Add-Role $script:groupId } $mayGiveRole
}

Write-Host 'All looked at. Nothing else was touched.'
Disconnect-MgGraph | Out-Null
exit 0
