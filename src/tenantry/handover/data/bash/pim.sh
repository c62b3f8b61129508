
# The road: an active assignment through Privileged Identity Management (PIM).
# Azure CLI's own sign-in may lack the permission that PIM asks for (PermissionScopeNotGranted, a limit of Azure CLI).
# Then this script stops before it has changed anything: use the PowerShell script, which asks for that permission.
action=adminAssign
role_is_active() {
  local rows kind
  rows=$(graph_read "/roleManagement/directory/roleAssignmentSchedules?\$filter=principalId%20eq%20'$app_object_id'" \
    'value[].[roleDefinitionId,directoryScopeId,assignmentType,scheduleInfo.expiration.type]') \
    || fail 'PIM does not let Azure CLI look (see above). Use the PowerShell script for this road.'
  if has_line "$rows" "$ROLE_ID"$'\t/\tAssigned\tnoExpiration'; then return 0; fi
  for kind in afterDateTime afterDuration; do
    if has_line "$rows" "$ROLE_ID"$'\t/\tAssigned\t'"$kind"; then
      action=adminUpdate
      [[ $MAY_BE_PERMANENT == no ]] && return 0 # it ends, as the rules of the role demand
    fi
  done
  return 1
}
ask_pim() {
  graph_write /roleManagement/directory/roleAssignmentScheduleRequests \
    "{\"action\": \"$action\", \"principalId\": \"$app_object_id\", $PIM_REQUEST}"
}
ensure "Make $ROLE_NAME active for $APP_NAME through PIM" role_is_active ask_pim

say 'All looked at. Nothing else was touched.'
