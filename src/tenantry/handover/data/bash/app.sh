
# The road: the role on the enterprise app itself.
app_has_role() { role_is_given "$app_object_id"; }
give_app_role() { give_role "$app_object_id"; }
ensure "Give $ROLE_NAME to $APP_NAME" app_has_role give_app_role may_give_role

say 'All looked at. Nothing else was touched.'
