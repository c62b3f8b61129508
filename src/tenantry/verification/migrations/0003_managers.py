from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('verification', '0002_text_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='verification',
            name='person',
            field=models.CharField(blank=True, max_length=256),
        ),
        migrations.AddField(
            model_name='verification',
            name='voucher_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='verification',
            name='voucher_login',
            field=models.CharField(blank=True, max_length=320),
        ),
        migrations.AddField(
            model_name='verification',
            name='voucher_name',
            field=models.CharField(blank=True, max_length=256),
        ),
    ]
