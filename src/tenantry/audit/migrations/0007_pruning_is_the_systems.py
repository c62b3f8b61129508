"""PostgreSQL lets everybody run a new function; `audit_prune` is for the console's own work alone."""

from django.db import migrations

NARROW = """
REVOKE ALL ON FUNCTION audit_prune(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_prune(bigint, integer) TO tenantry_system;
"""
WIDEN = """
REVOKE ALL ON FUNCTION audit_prune(bigint, integer) FROM tenantry_system;
GRANT EXECUTE ON FUNCTION audit_prune(bigint, integer) TO PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_pruning")]
    operations = [migrations.RunSQL(NARROW, WIDEN)]
