"""A scope may carry the customer groups that a token is bound to: `technician:<id>/<group>,<group>`.

Then nobody sees every customer, whatever their role, and of the customers that are theirs only those in one of the
groups exist. An empty list is a bound too: nothing exists.
"""

from django.db import migrations

BOUNDED = """
CREATE OR REPLACE FUNCTION tenantry_technician() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('tenantry.scope', true) LIKE 'technician:%'
        THEN substr(current_setting('tenantry.scope', true), 12, 36)::uuid END
$$;
CREATE FUNCTION tenantry_bounds() RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('tenantry.scope', true) LIKE 'technician:%/%'
        THEN string_to_array(split_part(current_setting('tenantry.scope', true), '/', 2), ',')::uuid[] END
$$;
CREATE FUNCTION tenantry_looks_after_all() RETURNS boolean LANGUAGE sql STABLE AS $$
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
"""
UNBOUNDED = """
CREATE OR REPLACE FUNCTION tenantry_technician() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN current_setting('tenantry.scope', true) LIKE 'technician:%'
        THEN substr(current_setting('tenantry.scope', true), 12)::uuid END
$$;
CREATE OR REPLACE FUNCTION tenantry_sees_all() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('tenantry.scope', true), '') = 'system' OR EXISTS (
        SELECT FROM technicians_technician t WHERE t.id = tenantry_technician() AND t.is_active AND (
            t.role IN ('owner', 'administrator') OR EXISTS (
                SELECT FROM technicians_team_members m JOIN technicians_team team ON team.id = m.team_id
                WHERE m.technician_id = t.id AND team.sees_everything)))
$$;
CREATE OR REPLACE FUNCTION tenantry_customers() RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT linked.customer_id
    FROM technicians_technician t
    JOIN technicians_team_members m ON m.technician_id = t.id
    JOIN customers_customergroup_teams g ON g.team_id = m.team_id
    JOIN customers_customergroup_customers linked ON linked.customergroup_id = g.customergroup_id
    WHERE t.id = tenantry_technician() AND t.is_active
$$;
DROP FUNCTION tenantry_looks_after_all();
DROP FUNCTION tenantry_bounds();
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_hidden_passwords")]
    operations = [migrations.RunSQL(BOUNDED, UNBOUNDED)]
