"""Why a one-time link was closed is a state of it, in the same words everywhere."""

from django.db import migrations

ONE_WORD = "UPDATE helpdesk_secretlink SET closed_why = replace(closed_why, ' ', '_') WHERE closed_why LIKE '% %'"
AS_BEFORE = "UPDATE helpdesk_secretlink SET closed_why = replace(closed_why, '_', ' ') WHERE closed_why LIKE '%\\_%'"


class Migration(migrations.Migration):
    dependencies = [("helpdesk", "0004_access_passes")]
    operations = [migrations.RunSQL(ONE_WORD, AS_BEFORE)]
