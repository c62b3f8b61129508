"""What else names a technician in a directory: the Microsoft account that is linked, and addresses they had before."""

import django.contrib.postgres.fields
from django.db import migrations, models

FILL = """
UPDATE technicians_technician t SET known_as = ARRAY(
    SELECT m.tenant_id::text || '/' || m.object_id::text FROM technicians_microsoftaccount m WHERE m.technician_id = t.id
    UNION
    SELECT e.details -> 'before' ->> 'email' FROM audit_event e
    WHERE e.action = 'technicians.profile_changed' AND e.target_id = t.id::text
        AND e.details -> 'before' ->> 'email' IS DISTINCT FROM t.email AND e.details -> 'before' ->> 'email' <> ''
)
"""


class Migration(migrations.Migration):
    dependencies = [("technicians", "0004_service_accounts"), ("audit", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="technician",
            name="known_as",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=320), default=list, size=None
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
