
# The road: a group to which roles can be assigned (needs one Entra ID P1 licence), our app in it, the role on the group.
group_id=''
group_is_there() {
  local rows usable
  rows=$(graph_read "/groups?\$filter=displayName%20eq%20'$GROUP_NAME_IN_URL'&\$select=id,isAssignableToRole" \
    'value[].[id,isAssignableToRole]') || fail 'The groups cannot be read.'
  usable=$(awk -F '\t' 'tolower($2) == "true" { print $1 }' <<<"$rows")
  if [[ $(grep -c . <<<"$usable") -gt 1 ]]; then
    fail "Several groups are named $GROUP_NAME. Rename all but one:"$'\n'"$usable"
  fi
  if [[ -z $usable && -n $rows ]]; then
    fail "The group $GROUP_NAME cannot hold a role; that is fixed when a group is created. Rename it, then run this again."
  fi
  group_id=$usable
  [[ -n $group_id ]]
}
create_group() { graph_write /groups "$GROUP_BODY"; }
app_is_member() {
  local rows
  rows=$(graph_read "/groups/$group_id/members?\$select=id&\$top=999" 'value[].id') \
    || fail 'The members of the group cannot be read.'
  has_line "$rows" "$app_object_id"
}
add_app() {
  graph_write "/groups/$group_id/members/\$ref" "{\"@odata.id\": \"$GRAPH_URL/directoryObjects/$app_object_id\"}"
}
group_has_role() { role_is_given "$group_id"; }
give_group_role() { give_role "$group_id"; }

ensure "Create the role-assignable group $GROUP_NAME" group_is_there create_group
if [[ -z $group_id ]]; then
  say "MISSING  $APP_NAME in the group, and $ROLE_NAME on it (would be changed)"
else
  ensure "Add $APP_NAME to the group" app_is_member add_app
  ensure "Give $ROLE_NAME to the group" group_has_role give_group_role may_give_role
fi

say 'All looked at. Nothing else was touched.'
