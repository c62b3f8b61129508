"""People for the tests about colleagues: fresh ones of any role."""

import uuid
from typing import Any

from django.test import Client

from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.technicians.actions import actor_for
from tenantry.technicians.models import Technician

PASSWORD = "plum kettle harbour 9"


def new_person(role: str, **fields: Any) -> Technician:  # noqa: ANN401  fields of the model
    """A fresh technician of this role who is in."""
    tag = uuid.uuid4().hex[:8]
    defaults = {"display_name": f"{role.title()} {tag}", "created_at": clock.now(), "joined_at": clock.now()}
    return Technician.objects.create_user(f"{role}-{tag}@harbour-it.example", role=role, **{**defaults, **fields})


def who(technician: Technician) -> dict[str, Any]:
    """The arguments that say who acts."""
    actor: Actor = actor_for(technician)
    return {"actor": actor, "technician": technician}


def browser_of(technician: Technician) -> Client:
    """A signed-in browser, with CSRF checks off."""
    client = Client()
    client.force_login(technician, backend="django.contrib.auth.backends.ModelBackend")
    return client
