"""The search within one large tenant, for who does not see every customer, by the word index: see migration 0003.

Beneath the policy each of the tenant's users was read for every page of matches. Gives out ids only, and none of a
tenant that is not the scope's.
"""

from django.db import migrations

SEARCH = """
CREATE FUNCTION directory_found_in(tenant uuid, looked_up text, checked text, most integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    IF NOT (tenantry_sees_all() OR tenant IN (SELECT tenantry_tenants())) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM directory_directoryuser WHERE tenant_id = %L AND words @@ %L::tsquery %s LIMIT %s',
        tenant, looked_up, CASE WHEN checked <> '' THEN format('AND strip(words) @@ %L::tsquery', checked) END, most);
END $$;
DO $$
BEGIN
    -- A function that runs as its owner must not follow its caller's search path.
    EXECUTE format('ALTER FUNCTION directory_found_in(uuid, text, text, integer)'
        ' SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
-- Who stops after the first matches is told to read the table until they come; a scope's users lie together somewhere in
-- it, so that may be all of it.
ALTER FUNCTION directory_found_in(uuid, text, text, integer) SET enable_seqscan = off;
ALTER FUNCTION directory_found(text, text, integer) SET enable_seqscan = off;
REVOKE EXECUTE ON FUNCTION directory_found_in(uuid, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_found_in(uuid, text, text, integer) TO tenantry_app;
"""
AGAIN = """
DROP FUNCTION directory_found_in(uuid, text, text, integer);
ALTER FUNCTION directory_found(text, text, integer) RESET enable_seqscan;
"""


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_eligible_roles"), ("customers", "0006_planned_once")]
    operations = [migrations.RunSQL(SEARCH, AGAIN)]
