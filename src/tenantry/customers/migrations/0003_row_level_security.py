"""Row-level security: within a technician's scope (`kit.scoping`) only the rows of their customers exist.

The owner of the tables is not bound by it (migrations, worker, command line); the role `tenantry_app` is.
"""

from django.db import migrations

ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenantry_app') THEN
        CREATE ROLE tenantry_app NOLOGIN NOSUPERUSER NOBYPASSRLS;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server made it this moment
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role tenantry_app cannot be made by %', current_user
            USING HINT = format('As an administrator of the server run: CREATE ROLE tenantry_app NOLOGIN; '
                'GRANT tenantry_app TO %I; then migrate again.', current_user);
END $$;
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'tenantry_app', 'MEMBER') THEN
        EXECUTE format('GRANT tenantry_app TO %I', current_user);
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO tenantry_app', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO tenantry_app', current_schema());
    EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO tenantry_app', current_schema());
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tenantry_app', current_schema());
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I '
        'GRANT USAGE, SELECT ON SEQUENCES TO tenantry_app', current_schema());
END $$;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_event FROM tenantry_app;
"""
FUNCTIONS = """
CREATE FUNCTION tenantry_technician() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('tenantry.scope', true) LIKE 'technician:%'
        THEN substr(current_setting('tenantry.scope', true), 12)::uuid END
$$;
CREATE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('tenantry.scope', true), '') = 'system' OR EXISTS (
        SELECT FROM technicians_technician t WHERE t.id = tenantry_technician() AND t.is_active AND (
            t.role IN ('owner', 'administrator') OR EXISTS (
                SELECT FROM technicians_team_members m JOIN technicians_team team ON team.id = m.team_id
                WHERE m.technician_id = t.id AND team.sees_everything)))
$$;
CREATE FUNCTION tenantry_customers() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT linked.customer_id
    FROM technicians_technician t
    JOIN technicians_team_members m ON m.technician_id = t.id
    JOIN customers_customergroup_teams g ON g.team_id = m.team_id
    JOIN customers_customergroup_customers linked ON linked.customergroup_id = g.customergroup_id
    WHERE t.id = tenantry_technician() AND t.is_active
$$;
CREATE FUNCTION tenantry_tenants() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT tenant_id FROM tenants_tenant WHERE customer_id IN (SELECT tenantry_customers())
$$;
"""
NO_FUNCTIONS = """
DROP FUNCTION tenantry_tenants();
DROP FUNCTION tenantry_customers();
DROP FUNCTION tenantry_sees_all();
DROP FUNCTION tenantry_technician();
"""
OF_CUSTOMER = "{column} IN (SELECT tenantry_customers())"
OF_TENANT = "{column} IN (SELECT tenantry_tenants())"
# Rows without a customer are the deployment's: acts and alerts about itself.
OF_CUSTOMER_OR_NONE = "{column} IS NULL OR {column} IN (SELECT tenantry_customers())"
# The alert's own policy decides in the sub-select.
OF_ALERT = "{column} IS NULL OR EXISTS (SELECT FROM notifications_alert a WHERE a.id = {column})"
TABLES = {
    "tenants_tenant": ("customer_id", OF_CUSTOMER),
    "tenants_connection": ("tenant_id", OF_TENANT),
    "tenants_farewell": ("customer_id", OF_CUSTOMER),
    "tenants_canaryrun": ("customer_id", OF_CUSTOMER),
    "tenants_consentattempt": ("customer_id", OF_CUSTOMER),
    "directory_directorysync": ("tenant_id", OF_TENANT),
    "directory_directoryuser": ("tenant_id", OF_TENANT),
    "directory_roleholding": ("tenant_id", OF_TENANT),
    "directory_rolegroup": ("tenant_id", OF_TENANT),
    "directory_rolegroupmember": ("tenant_id", OF_TENANT),
    "directory_tenantdomain": ("tenant_id", OF_TENANT),
    "directory_tenantlicence": ("tenant_id", OF_TENANT),
    "helpdesk_bulkrun": ("tenant_id", OF_TENANT),
    "helpdesk_operation": ("customer_id", OF_CUSTOMER),
    "roads_work": ("customer_id", OF_CUSTOMER),
    "handover_link": ("customer_id", OF_CUSTOMER),
    "notifications_alert": ("customer_id", OF_CUSTOMER_OR_NONE),
    "notifications_delivery": ("alert_id", OF_ALERT),
    "safeguards_emergencyaccount": ("tenant_id", OF_TENANT),
    "safeguards_approvalrequest": ("customer_id", OF_CUSTOMER),
    "audit_event": ("customer_id", OF_CUSTOMER_OR_NONE),
}


def _policy(table: str, column: str, theirs: str) -> str:
    # Sub-selects without a reference to the row are computed once for each statement, not for each row.
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; "
        f"CREATE POLICY tenantry_customers ON {table} USING "
        f"((SELECT tenantry_sees_all()) OR {theirs.format(column=column)});"
    )


def _no_policy(table: str) -> str:
    return f"DROP POLICY tenantry_customers ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"


# A new customer is nobody's yet, so it may be put in; a row that is there is read and changed by those it belongs to.
CUSTOMERS = (
    "ALTER TABLE customers_customer ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY tenantry_new ON customers_customer FOR INSERT WITH CHECK "
    "((SELECT tenantry_technician()) IS NOT NULL OR (SELECT tenantry_sees_all())); "
    "CREATE POLICY tenantry_customers ON customers_customer USING "
    "((SELECT tenantry_sees_all()) OR id IN (SELECT tenantry_customers()));"
)
NO_CUSTOMERS = "DROP POLICY tenantry_new ON customers_customer;" + _no_policy("customers_customer")


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_customer_groups"),
        ("technicians", "0002_roles_and_teams"),
        ("tenants", "0007_canary"),
        ("directory", "0001_initial"),
        ("helpdesk", "0001_initial"),
        ("roads", "0001_initial"),
        ("handover", "0001_links"),
        ("notifications", "0001_alerts"),
        ("safeguards", "0001_rules_and_approvals"),
        ("audit", "0002_append_only"),
    ]
    operations = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(CUSTOMERS, NO_CUSTOMERS),
        *(migrations.RunSQL(_policy(table, *rule), _no_policy(table)) for table, rule in TABLES.items()),
    ]
