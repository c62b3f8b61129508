from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('helpdesk', '0003_secret_links'),
    ]

    operations = [
        migrations.AddField(
            model_name='operation',
            name='pass_id',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='operation',
            name='pass_is_once',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='pass_minutes',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='operation',
            name='pass_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='bulkrun',
            name='kind',
            field=models.CharField(choices=[('reset_password', 'Reset password'), ('block_sign_in', 'Block sign-in'), ('unblock_sign_in', 'Unblock sign-in'), ('revoke_sessions', 'Revoke sessions'), ('access_pass', 'Temporary Access Pass')], max_length=20),
        ),
        migrations.AlterField(
            model_name='operation',
            name='kind',
            field=models.CharField(choices=[('reset_password', 'Reset password'), ('block_sign_in', 'Block sign-in'), ('unblock_sign_in', 'Unblock sign-in'), ('revoke_sessions', 'Revoke sessions'), ('access_pass', 'Temporary Access Pass')], max_length=20),
        ),
    ]
