
# How the role is given: directly, and for good. It needs no licence.
role_is_given() {
  local rows
  rows=$(graph_read "/roleManagement/directory/roleAssignments?\$filter=principalId%20eq%20'$1'" \
    'value[].[roleDefinitionId,directoryScopeId]') || fail 'The role assignments cannot be read.'
  has_line "$rows" "$ROLE_ID"$'\t/'
}
give_role() {
  graph_write /roleManagement/directory/roleAssignments \
    "{\"principalId\": \"$1\", \"roleDefinitionId\": \"$ROLE_ID\", \"directoryScopeId\": \"/\"}"
}
may_give_role() { :; }
