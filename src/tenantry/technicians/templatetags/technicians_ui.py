"""`{% load technicians_ui %}`: what the sign-in pages need beside the console's components."""

import json

from django import template
from django.core.serializers.json import DjangoJSONEncoder

from tenantry.technicians import queries

register = template.Library()


@register.filter
def as_json(value: object) -> str:
    """JSON text for a data attribute; the template escapes it. Pages carry no inline scripts, not even data blocks."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def has_owner() -> bool:
    """Whether somebody owns this deployment."""
    return queries.has_owner()
