"""The hash chain over the record. Links, anchors and checkpoints are append-only like events.

The database itself notes each new event as waiting for its link, so that none is forgotten whoever wrote it. What the
product's role needs: SELECT and INSERT on the tables of the record and their sequences, and DELETE on `audit_unsealed`
alone.
"""

import django.db.models.deletion
from django.db import migrations, models

_TABLES = ("audit_link", "audit_anchor", "audit_checkpoint", "audit_customercheckpoint")
FORBID = "".join(
    f"""
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_event_is_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_append_only();
"""
    for table in _TABLES
)
ALLOW = "".join(
    f"DROP TRIGGER {table}_no_change ON {table}; DROP TRIGGER {table}_no_truncate ON {table};" for table in _TABLES
)
WAIT = """
CREATE FUNCTION audit_event_waits_for_its_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_event_waits AFTER INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_waits_for_its_link();
INSERT INTO audit_unsealed (event_id) SELECT id FROM audit_event;
ALTER TABLE audit_unsealed SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
"""
WAIT_NOT = """
DROP TRIGGER audit_event_waits ON audit_event;
DROP FUNCTION audit_event_waits_for_its_link();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('sequence', models.BigIntegerField(primary_key=True, serialize=False)),
                ('hash', models.BinaryField(max_length=32)),
                ('made_at', models.DateTimeField()),
                ('events', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Unsealed',
            fields=[
                ('event_id', models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                'verbose_name_plural': 'unsealed',
            },
        ),
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField(null=True)),
                ('sequence', models.BigIntegerField()),
                ('hash', models.BinaryField(max_length=32)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['customer_id', '-sequence'], name='audit_anchor_newest')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('sequence', models.BigIntegerField(primary_key=True, serialize=False)),
                ('event_id', models.BigIntegerField(unique=True)),
                ('customer_id', models.UUIDField(null=True)),
                ('customer_sequence', models.BigIntegerField(null=True)),
                ('sealed_at', models.DateTimeField()),
                ('form', models.SmallIntegerField()),
                ('digest', models.BinaryField(max_length=32)),
                ('customer_hash', models.BinaryField(max_length=32, null=True)),
                ('hash', models.BinaryField(max_length=32)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('customer_id', 'customer_sequence'), name='audit_link_of_customer'), models.CheckConstraint(condition=models.Q(models.Q(('customer_hash__isnull', True), ('customer_id__isnull', True), ('customer_sequence__isnull', True)), models.Q(('customer_hash__isnull', False), ('customer_id__isnull', False), ('customer_sequence__isnull', False)), _connector='OR'), name='audit_link_of_a_customer_or_none')],
            },
        ),
        migrations.CreateModel(
            name='CustomerCheckpoint',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('customer_id', models.UUIDField()),
                ('customer_sequence', models.BigIntegerField()),
                ('customer_hash', models.BinaryField(max_length=32)),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='audit.checkpoint')),
            ],
            options={
                'indexes': [models.Index(fields=['customer_id', '-customer_sequence'], name='audit_customer_checkpoint')],
            },
        ),
        migrations.RunSQL(FORBID, ALLOW),
        migrations.RunSQL(WAIT, WAIT_NOT),
    ]
