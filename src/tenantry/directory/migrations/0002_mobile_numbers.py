from django.db import migrations, models

# A delta link keeps the properties that its full read asked for. So every mirror is read in full once more; until then a
# user's number is "not read".
READ_AGAIN = """
UPDATE directory_directorysync
SET delta_link = '', next_link = '', state = 'resync', next_at = coalesce(next_at, now())
WHERE delta_link <> '' OR next_link <> '';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='directoryuser',
            name='mobile_phone',
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='mobile_phone_changed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='mobile_phone_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='directoryuser',
            name='usage_location',
            field=models.CharField(blank=True, default='', max_length=2),
        ),
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
    ]
