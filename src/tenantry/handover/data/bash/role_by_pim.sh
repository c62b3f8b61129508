
# How the role is given: as an active assignment through Privileged Identity Management (PIM), with a justification.
# Azure CLI's own sign-in may lack the permission that PIM asks for (PermissionScopeNotGranted, a limit of Azure CLI).
# Then this script stops before it has changed anything: use the PowerShell script, which asks for that permission.
action=adminAssign
# An assignment that ends before this time is renewed. One form is for GNU's date, the other for that of macOS.
renew_before=$(date -u -d "+$RENEW_WITHIN_HOURS hours" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null) \
  || renew_before=$(date -u -v "+${RENEW_WITHIN_HOURS}H" +%Y-%m-%dT%H:%M:%SZ)

role_is_given() {
  local rows role scope kind ends
  rows=$(graph_read "/roleManagement/directory/roleAssignmentScheduleInstances?\$filter=principalId%20eq%20'$1'" \
    'value[].[roleDefinitionId,directoryScopeId,assignmentType,endDateTime]') \
    || fail 'PIM does not let Azure CLI look (see above). Use the PowerShell script for this road.'
  action=adminAssign
  while IFS=$'\t' read -r role scope kind ends; do
    [[ $role == "$ROLE_ID" && $scope == / && $kind == Assigned ]] || continue
    case $ends in
      '' | None | null) return 0 ;; # it does not end
    esac
    action=adminUpdate
    # It ends, as the rules of the role demand: that will do until its end is near.
    if [[ $MAY_BE_PERMANENT == no && $ends > "$renew_before" ]]; then return 0; fi
  done <<<"$rows"
  return 1
}
give_role() {
  local with_ticket=''
  [[ -z $ticket ]] || with_ticket=", \"ticketInfo\": {\"ticketNumber\": \"$ticket\"}"
  graph_write /roleManagement/directory/roleAssignmentScheduleRequests \
    "{\"action\": \"$action\", \"principalId\": \"$1\", $PIM_REQUEST$with_ticket}"
}
may_give_role() {
  if [[ $NEEDS_TICKET == yes && -z $ticket ]]; then
    fail 'The rules of this role ask for a ticket. Run this again with --ticket NUMBER.' 64
  fi
}
