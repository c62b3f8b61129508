from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("roads", "0001_initial")]

    operations = [
        migrations.AddField("work", "link_id", models.UUIDField(null=True)),
        migrations.AlterField("work", "technician_id", models.UUIDField(null=True)),
    ]
