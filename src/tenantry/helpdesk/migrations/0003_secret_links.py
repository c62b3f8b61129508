"""One-time links to a new password, guarded by row-level security like the operation they belong to."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

POLICY = (
    "ALTER TABLE helpdesk_secretlink ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY tenantry_customers ON helpdesk_secretlink USING ((SELECT tenantry_sees_all()) OR EXISTS "
    "(SELECT FROM helpdesk_operation o WHERE o.id = operation_id));"  # the operation's own policy decides
)
NO_POLICY = "DROP POLICY tenantry_customers ON helpdesk_secretlink;"


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0002_grounds"), ("customers", "0003_row_level_security")]

    operations = [
        migrations.CreateModel(
            name="SecretLink",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("token_digest", models.BinaryField(max_length=32, unique=True)),
                ("code_digest", models.BinaryField(max_length=32)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("made_by", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField(null=True)),
                ("opened_from", models.CharField(blank=True, max_length=64)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_why", models.CharField(blank=True, max_length=16)),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="secret_links",
                        to="helpdesk.operation",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="secretlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None), ("opened_at", None)),
                fields=("operation",),
                name="helpdesk_one_live_link",
            ),
        ),
        migrations.RunSQL(POLICY, NO_POLICY),
    ]
