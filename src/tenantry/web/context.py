"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest


def console(request: HttpRequest) -> dict[str, object]:
    """The deployment's marks for templates."""
    del request
    return {"is_demo": settings.IS_DEMO, "public_url": settings.PUBLIC_URL}
