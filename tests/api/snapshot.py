"""`python -m tests.api.snapshot` writes the description of the API to `docs/api/openapi.json`."""

import json
import os
import tempfile
from pathlib import Path

PLACE = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json"


def main() -> None:
    os.environ.setdefault("TENANTRY_DATA_DIR", tempfile.mkdtemp())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenantry.settings")
    import django

    django.setup()
    from tenantry.api import assembly

    PLACE.write_text(json.dumps(assembly.openapi(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
