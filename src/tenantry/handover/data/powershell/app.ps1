
# The road: the role on the enterprise app itself.
Confirm-State "Give $RoleName to $AppName" { Test-Role $appObjectId } { Add-Role $appObjectId } $mayGiveRole

Write-Host 'All looked at. Nothing else was touched.'
Disconnect-MgGraph | Out-Null
exit 0
