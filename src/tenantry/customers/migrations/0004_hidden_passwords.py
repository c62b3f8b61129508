"""An option of each customer: technicians never see new passwords."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_row_level_security")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="hides_passwords",
            field=models.BooleanField(default=False),
        ),
    ]
