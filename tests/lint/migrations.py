"""Fails when a model was changed without its migration. Needs no database."""

import os
import sys
import warnings

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenantry.settings")
    import django
    from django.core.management import call_command

    django.setup()
    with warnings.catch_warnings():
        # Without a database Django warns that it cannot compare the history; the files are what is compared here.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            call_command("makemigrations", check=True, dry_run=True, verbosity=1)
        except SystemExit as error:
            sys.exit(error.code)
