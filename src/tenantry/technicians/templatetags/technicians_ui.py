"""`{% load technicians_ui %}`: what the sign-in pages need beside the console's components."""

import json

from django import template
from django.core.serializers.json import DjangoJSONEncoder

from tenantry.technicians import microsoft, queries, step_up
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

register = template.Library()


@register.filter
def as_json(value: object) -> str:
    """JSON text for a data attribute; the template escapes it. Pages carry no inline scripts, not even data blocks."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.filter
def may(person: object, permission: str) -> bool:
    """Whether somebody's role includes a permission: `{% if request.user|may:"customers:customers:manage" %}`.

    Raises:
        ValueError: there is no such permission; a misspelt one would hide a button for ever.
    """
    wanted = Permission(permission)
    return isinstance(person, Technician) and person.may(wanted)


@register.simple_tag(takes_context=True)
def interrupted(context: template.RequestContext) -> step_up.Kept | None:
    """The request that waits for this proof; None when the page was opened by itself."""
    return step_up.waiting(context["request"])


@register.simple_tag
def microsoft_sign_in() -> bool:
    """Whether technicians may sign in with the provider's own tenant."""
    return microsoft.is_offered()


@register.simple_tag
def has_owner() -> bool:
    """Whether somebody owns this deployment."""
    return queries.has_owner()
