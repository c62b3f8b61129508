"""From which network address a one-time link was made, to compare with the one that opens it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0005_why_links_closed")]
    operations = [
        migrations.AddField(
            model_name="secretlink", name="made_from", field=models.CharField(blank=True, default="", max_length=64)
        ),
        migrations.AlterField(
            model_name="secretlink", name="made_from", field=models.CharField(blank=True, max_length=64)
        ),
    ]
