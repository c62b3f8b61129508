import django.db.models.deletion
import uuid
from django.db import migrations, models

POLICY = """
ALTER TABLE verification_duoaccount ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenantry_customers ON verification_duoaccount USING
    ((SELECT tenantry_sees_all()) OR customer_id IN (SELECT tenantry_customers()));
"""
NO_POLICY = """
DROP POLICY tenantry_customers ON verification_duoaccount;
ALTER TABLE verification_duoaccount DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_bounded_scopes'),
        ('verification', '0003_managers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='verification',
            name='number',
            field=models.CharField(blank=True, max_length=12),
        ),
        migrations.CreateModel(
            name='DuoAccount',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=32)),
                ('secret_sealed', models.BinaryField()),
                ('set_at', models.DateTimeField()),
                ('set_by', models.CharField(max_length=200)),
                ('tested_at', models.DateTimeField()),
                ('is_working', models.BooleanField(default=True)),
                ('last_outcome', models.CharField(blank=True, max_length=300)),
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.customer')),
            ],
        ),
        migrations.RunSQL(POLICY, NO_POLICY),
    ]
