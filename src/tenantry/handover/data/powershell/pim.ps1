
# The road: an active assignment through Privileged Identity Management (PIM).
$script:action = 'adminAssign'
$roleIsActive = {
    $rows = @(Read-Rows "/roleManagement/directory/roleAssignmentSchedules?`$filter=principalId eq '$appObjectId'" |
        Where-Object {
            $_.roleDefinitionId -eq $RoleId -and $_.directoryScopeId -eq '/' -and $_.assignmentType -eq 'Assigned'
        })
    if (-not $rows.Count) { return $false }
    $script:action = 'adminUpdate'
    $forGood = @($rows | Where-Object { $_.scheduleInfo.expiration.type -eq 'noExpiration' }).Count
    [bool] $forGood -or -not $MayBePermanent
}
$askPim = {
    $expiration = if ($MayBePermanent) { @{ type = 'noExpiration' } } else {
        @{ type = 'afterDuration'; duration = $Duration }
    }
    Send-Body '/roleManagement/directory/roleAssignmentScheduleRequests' @{
        action = $script:action; principalId = $appObjectId; roleDefinitionId = $RoleId; directoryScopeId = '/'
        justification = $Justification; scheduleInfo = @{ expiration = $expiration }
    }
}
Confirm-State "Make $RoleName active for $AppName through PIM" $roleIsActive $askPim

Write-Host 'All looked at. Nothing else was touched.'
Disconnect-MgGraph | Out-Null
exit 0
