from django.db import migrations, models

# Until roles are read again nobody knows who may activate one, and nobody may be called an ordinary user by mistake.
READ_AGAIN = "UPDATE directory_directorysync SET roles_read_at = NULL;"


class Migration(migrations.Migration):

    dependencies = [
        ('directory', '0003_search_in_scope'),
    ]

    operations = [
        migrations.AddField(
            model_name='roleholding',
            name='is_eligible',
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(READ_AGAIN, migrations.RunSQL.noop),
    ]
