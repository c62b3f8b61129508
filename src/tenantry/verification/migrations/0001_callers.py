
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


POLICY = """
ALTER TABLE verification_verification ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenantry_customers ON verification_verification USING
    ((SELECT tenantry_sees_all()) OR customer_id IN (SELECT tenantry_customers()));
"""
NO_POLICY = """
DROP POLICY tenantry_customers ON verification_verification;
ALTER TABLE verification_verification DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('customers', '0003_row_level_security'),
        ('tenants', '0007_canary'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting for the caller'), ('passed', 'Caller verified'), ('used', 'Pass used'), ('lapsed', 'Pass not used in time'), ('failed', 'Not verified'), ('denied', 'Denied by the caller'), ('timed_out', 'No answer in time'), ('not_sent', 'Could not be sent'), ('stopped', 'Stopped')], default='waiting', max_length=12)),
                ('method', models.CharField(max_length=20)),
                ('technician_name', models.CharField(max_length=200)),
                ('customer_name', models.CharField(max_length=200)),
                ('object_id', models.UUIDField()),
                ('target_name', models.CharField(max_length=320)),
                ('deed', models.CharField(max_length=24)),
                ('ticket', models.CharField(blank=True, max_length=64)),
                ('number', models.CharField(blank=True, max_length=4)),
                ('sent_to', models.CharField(blank=True, max_length=320)),
                ('code_digest', models.BinaryField(null=True)),
                ('token_digest', models.BinaryField(null=True, unique=True)),
                ('token_sealed', models.BinaryField(null=True)),
                ('state_digest', models.BinaryField(null=True, unique=True)),
                ('browser_digest', models.BinaryField(null=True)),
                ('flow_sealed', models.BinaryField(null=True)),
                ('tries_left', models.PositiveSmallIntegerField(default=0)),
                ('last_wrong', models.CharField(blank=True, max_length=20)),
                ('strength', models.PositiveSmallIntegerField(default=0)),
                ('proof', models.JSONField(default=dict)),
                ('started_at', models.DateTimeField()),
                ('answer_until', models.DateTimeField()),
                ('decided_at', models.DateTimeField(null=True)),
                ('pass_until', models.DateTimeField(null=True)),
                ('used_at', models.DateTimeField(null=True)),
                ('used_for', models.CharField(blank=True, max_length=80)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customer')),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant', 'object_id', '-started_at'], name='verification_of_user'), models.Index(condition=models.Q(('state', 'waiting')), fields=['answer_until'], name='verification_waits'), models.Index(condition=models.Q(('state', 'passed')), fields=['pass_until'], name='verification_passes')],
            },
        ),
        migrations.RunSQL(POLICY, NO_POLICY),
    ]
