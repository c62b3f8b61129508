"""Roles in place of one mark for owners; teams. Colleagues who saw every customer so far still do, through a team."""

import uuid

import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models
from tenantry.kit import clock


def keep_what_people_have(apps, schema_editor):
    Technician = apps.get_model("technicians", "Technician")
    Technician.objects.update(joined_at=models.F("created_at"))
    Technician.objects.filter(is_owner=True).update(role="owner")
    others = Technician.objects.filter(is_owner=False)
    others.update(role="engineer")
    if others.exists():
        team = apps.get_model("technicians", "Team").objects.create(
            name="Everybody", sees_everything=True, created_at=clock.now()
        )
        team.members.set(others)


class Migration(migrations.Migration):
    dependencies = [("technicians", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="technician",
            name="role",
            field=models.CharField(
                choices=[
                    ("owner", "Owner"),
                    ("administrator", "Administrator"),
                    ("engineer", "Engineer"),
                    ("help_desk", "Help desk"),
                    ("auditor", "Auditor"),
                ],
                default="help_desk",
                max_length=16,
            ),
        ),
        migrations.AddField(model_name="technician", name="joined_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="onetimelink",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("owner_setup", "Create the first owner"),
                    ("sign_in", "Sign in"),
                    ("invitation", "Join"),
                ],
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("sees_everything", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("members", models.ManyToManyField(related_name="teams", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="technicians_one_team_of_a_name"
                    )
                ],
            },
        ),
        migrations.RunPython(keep_what_people_have, migrations.RunPython.noop),
        migrations.RemoveField(model_name="technician", name="is_owner"),
    ]
