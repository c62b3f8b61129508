"""The search over all customers, for who does not see all of them, by the word index.

Beneath a policy PostgreSQL may ask `@@` only of rows that passed it, so the index is of no use there and every user of
the technician's tenants is read. This function runs as the owner of the tables, past the policy, and asks for the same
tenants itself, by the functions that the policies are made of. It gives out ids only; the rows are read beneath the
policy. The statement is planned for the very tenants and words at hand, as many or few as they are.
"""

from django.db import migrations

SEARCH = """
CREATE FUNCTION directory_found(looked_up text, checked text, most integer) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    theirs uuid[];
BEGIN
    SELECT array_agg(t.tenant_id) INTO theirs
    FROM tenants_tenant t JOIN customers_customer c ON c.id = t.customer_id
    WHERE c.state = 'active' AND (tenantry_sees_all() OR c.id IN (SELECT tenantry_customers()));
    IF theirs IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM directory_directoryuser WHERE tenant_id = ANY (%L::uuid[]) AND removed_at IS NULL '
        'AND words @@ %L::tsquery %s LIMIT %s',
        theirs, looked_up, CASE WHEN checked <> '' THEN format('AND strip(words) @@ %L::tsquery', checked) END, most);
END $$;
DO $$
BEGIN
    -- A function that runs as its owner must not follow its caller's search path.
    EXECUTE format('ALTER FUNCTION directory_found(text, text, integer) SET search_path = pg_catalog, %I, pg_temp',
        current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION directory_found(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION directory_found(text, text, integer) TO tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0002_mobile_numbers"),
        ("customers", "0005_bounded_scopes"),
        ("tenants", "0007_canary"),
    ]
    operations = [migrations.RunSQL(SEARCH, "DROP FUNCTION directory_found(text, text, integer)")]
