import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0004_hidden_passwords'),
        ('tenants', '0007_canary'),
        ('verification', '0001_callers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='TextSender',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('is_the_one', models.BooleanField(default=True, unique=True)),
                ('kind', models.CharField(max_length=20)),
                ('account', models.CharField(max_length=64)),
                ('key', models.CharField(blank=True, max_length=64)),
                ('secret_sealed', models.BinaryField()),
                ('service', models.CharField(max_length=64)),
                ('set_at', models.DateTimeField()),
                ('set_by', models.CharField(max_length=200)),
                ('tested_at', models.DateTimeField(null=True)),
                ('is_working', models.BooleanField(default=False)),
                ('last_outcome', models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.AddField(
            model_name='verification',
            name='is_open_there',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='verification',
            name='provider_reference',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddIndex(
            model_name='verification',
            index=models.Index(condition=models.Q(('is_open_there', True)), fields=['started_at'], name='verification_open'),
        ),
    ]
