"""Kept answers hold customers' data, so in a technician's scope only those to their own tokens exist."""

from django.db import migrations

POLICY = """
ALTER TABLE api_keptanswer ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenantry_customers ON api_keptanswer USING ((SELECT tenantry_sees_all()) OR token_id IN
    (SELECT t.id FROM api_apitoken t WHERE t.technician_id = (SELECT tenantry_technician())));
"""
NO_POLICY = """
DROP POLICY tenantry_customers ON api_keptanswer;
ALTER TABLE api_keptanswer DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("api", "0002_token_makers"), ("customers", "0005_bounded_scopes")]
    operations = [migrations.RunSQL(POLICY, NO_POLICY)]
