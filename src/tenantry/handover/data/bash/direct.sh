
# The road: a direct assignment, for good. It needs no licence.
role_is_assigned() {
  local rows
  rows=$(graph_read "/roleManagement/directory/roleAssignments?\$filter=principalId%20eq%20'$app_object_id'" \
    'value[].[roleDefinitionId,directoryScopeId]') || fail 'The role assignments cannot be read.'
  has_line "$rows" "$ROLE_ID"$'\t/'
}
assign_role() {
  graph_write /roleManagement/directory/roleAssignments \
    "{\"principalId\": \"$app_object_id\", \"roleDefinitionId\": \"$ROLE_ID\", \"directoryScopeId\": \"/\"}"
}
ensure "Assign $ROLE_NAME to $APP_NAME" role_is_assigned assign_role

say 'All looked at. Nothing else was touched.'
