
# How the role is given: as an active assignment through Privileged Identity Management (PIM), with a justification.
$script:action = 'adminAssign'
# An assignment that ends before this time is renewed.
$renewBefore = [DateTime]::UtcNow.AddHours($RenewWithinHours)

function Test-Role([string] $PrincipalId) {
    $script:action = 'adminAssign'
    $path = '/roleManagement/directory/roleAssignmentScheduleInstances'
    $rows = @(Read-Rows "$($path)?`$filter=principalId eq '$PrincipalId'" | Where-Object {
            $_.roleDefinitionId -eq $RoleId -and $_.directoryScopeId -eq '/' -and $_.assignmentType -eq 'Assigned'
        })
    foreach ($row in $rows) {
        if (-not $row.endDateTime) { return $true } # it does not end
        $script:action = 'adminUpdate'
        # It ends, as the rules of the role demand: that will do until its end is near.
        $ends = ([DateTime] $row.endDateTime).ToUniversalTime()
        if (-not $MayBePermanent -and $ends -gt $renewBefore) { return $true }
    }
    return $false
}
function Add-Role([string] $PrincipalId) {
    $expiration = if ($MayBePermanent) { @{ type = 'noExpiration' } } else {
        @{ type = 'afterDuration'; duration = $Duration }
    }
    $body = @{
        action = $script:action; principalId = $PrincipalId; roleDefinitionId = $RoleId; directoryScopeId = '/'
        justification = $Justification; scheduleInfo = @{ expiration = $expiration }
    }
    if ($Ticket) { $body.ticketInfo = @{ ticketNumber = $Ticket } }
    Send-Body '/roleManagement/directory/roleAssignmentScheduleRequests' $body
}
$mayGiveRole = {
    if ($NeedsTicket -and -not $Ticket) {
        Stop-With 'The rules of this role ask for a ticket. Run this again with -Ticket NUMBER.' 64
    }
}
