"""Groups of customers, linked to the teams that look after them."""

import uuid

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("technicians", "0002_roles_and_teams")]

    operations = [
        migrations.CreateModel(
            name="CustomerGroup",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField()),
                ("customers", models.ManyToManyField(related_name="groups", to="customers.customer")),
                ("teams", models.ManyToManyField(related_name="customer_groups", to="technicians.team")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="customers_one_group_of_a_name"
                    )
                ],
            },
        ),
    ]
