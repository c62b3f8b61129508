"""What the policies ask is planned once for each database connection, not anew for each statement.

The body of a function in SQL is planned at every call; PL/pgSQL keeps its plan. The answers are the same and as fresh.
Source: https://www.postgresql.org/docs/current/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING
"""

from django.db import migrations

PLANNED_ONCE = """
CREATE OR REPLACE FUNCTION tenantry_looks_after_all() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM technicians_technician t WHERE t.id = tenantry_technician() AND t.is_active AND (
            t.role IN ('owner', 'administrator') OR EXISTS (
                SELECT FROM technicians_team_members m JOIN technicians_team team ON team.id = m.team_id
                WHERE m.technician_id = t.id AND team.sees_everything)));
END $$;
CREATE OR REPLACE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(current_setting('tenantry.scope', true), '') = 'system' THEN
        RETURN true;
    END IF;
    RETURN tenantry_bounds() IS NULL AND tenantry_looks_after_all();
END $$;
CREATE OR REPLACE FUNCTION tenantry_customers() RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    bounds CONSTANT uuid[] := tenantry_bounds();
BEGIN
    IF bounds IS NOT NULL AND tenantry_looks_after_all() THEN
        RETURN QUERY SELECT inside.customer_id FROM customers_customergroup_customers inside
            WHERE inside.customergroup_id = ANY (bounds);
        RETURN;
    END IF;
    RETURN QUERY SELECT linked.customer_id
        FROM technicians_technician t
        JOIN technicians_team_members m ON m.technician_id = t.id
        JOIN customers_customergroup_teams g ON g.team_id = m.team_id
        JOIN customers_customergroup_customers linked ON linked.customergroup_id = g.customergroup_id
        WHERE t.id = tenantry_technician() AND t.is_active AND (
            bounds IS NULL OR linked.customer_id IN (
                SELECT inside.customer_id FROM customers_customergroup_customers inside
                WHERE inside.customergroup_id = ANY (bounds)));
END $$;
CREATE OR REPLACE FUNCTION tenantry_tenants() RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT t.tenant_id FROM tenants_tenant t WHERE t.customer_id IN (SELECT tenantry_customers());
END $$;
"""
PLANNED_EACH_TIME = """
CREATE OR REPLACE FUNCTION tenantry_looks_after_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM technicians_technician t WHERE t.id = tenantry_technician() AND t.is_active AND (
            t.role IN ('owner', 'administrator') OR EXISTS (
                SELECT FROM technicians_team_members m JOIN technicians_team team ON team.id = m.team_id
                WHERE m.technician_id = t.id AND team.sees_everything)))
$$;
CREATE OR REPLACE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('tenantry.scope', true), '') = 'system'
        OR (tenantry_bounds() IS NULL AND tenantry_looks_after_all())
$$;
CREATE OR REPLACE FUNCTION tenantry_customers() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT linked.customer_id
    FROM technicians_technician t
    JOIN technicians_team_members m ON m.technician_id = t.id
    JOIN customers_customergroup_teams g ON g.team_id = m.team_id
    JOIN customers_customergroup_customers linked ON linked.customergroup_id = g.customergroup_id
    WHERE t.id = tenantry_technician() AND t.is_active AND (
        tenantry_bounds() IS NULL OR linked.customer_id IN (
            SELECT inside.customer_id FROM customers_customergroup_customers inside
            WHERE inside.customergroup_id = ANY (tenantry_bounds())))
    UNION ALL
    SELECT inside.customer_id FROM customers_customergroup_customers inside
    WHERE inside.customergroup_id = ANY (tenantry_bounds()) AND (SELECT tenantry_looks_after_all())
$$;
CREATE OR REPLACE FUNCTION tenantry_tenants() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT tenant_id FROM tenants_tenant WHERE customer_id IN (SELECT tenantry_customers())
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_bounded_scopes")]
    operations = [migrations.RunSQL(PLANNED_ONCE, PLANNED_EACH_TIME)]
