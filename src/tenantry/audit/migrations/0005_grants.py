"""The role of a technician's scope may add events and read the chain; only the functions of sealing write the chain.

`customers.0003` grants that role every right on every table, and takes the record's own back only for events. With the
functions running as the owner of the tables, a sealer in a technician's scope seals whatever waits, not only what that
scope may see: otherwise many events of others in front would keep an intent from its link.
"""

from django.db import migrations

REVOKE = """
REVOKE INSERT, UPDATE, DELETE, TRUNCATE
    ON audit_link, audit_anchor, audit_checkpoint, audit_customercheckpoint, audit_unsealed FROM tenantry_app;
DO $$
DECLARE
    named text;
BEGIN
    FOREACH named IN ARRAY ARRAY['audit_seal(timestamptz, integer, bigint)', 'audit_event_waits_for_its_link()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', named);
        -- A function that runs as its owner must not follow its caller's search path.
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', named, current_schema());
    END LOOP;
END $$;
"""
GRANT = """
ALTER FUNCTION audit_seal(timestamptz, integer, bigint) SECURITY INVOKER RESET search_path;
ALTER FUNCTION audit_event_waits_for_its_link() SECURITY INVOKER RESET search_path;
GRANT INSERT, UPDATE, DELETE
    ON audit_link, audit_anchor, audit_checkpoint, audit_customercheckpoint, audit_unsealed TO tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_sealing"), ("customers", "0003_row_level_security")]
    operations = [migrations.RunSQL(REVOKE, GRANT)]
