"""A worker that is really killed, by the system, between the record and the outcome."""

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection
from tests.helpdesk.conftest import PASSWORD, Place

if TYPE_CHECKING:
    from tenantry.helpdesk.models import Operation

WORKER = """
import dataclasses, datetime as dt, os, signal, sys, uuid
import django
django.setup()
from tenantry.helpdesk import runner
from tenantry.helpdesk.runner import effects
from tenantry.kit import clock

operation_id, now, when = sys.argv[1:]
clock.install(clock.TravellingClock(dt.datetime.fromisoformat(now)))
real = effects.EFFECTS["reset_password"]
def killed(operation, intent):
    if when == "after":
        real.send(operation, intent)
    os.kill(os.getpid(), signal.SIGKILL)
effects.EFFECTS["reset_password"] = dataclasses.replace(real, send=killed)
runner.run(operation_id=uuid.UUID(operation_id))
"""


def killed_worker(place: Place, operation: "Operation", when: str) -> None:
    """Run the operation in a process of its own that gets SIGKILL before or after its request went out."""
    database = connection.settings_dict
    address = f"postgresql:///{database['NAME']}?host={database['HOST']}&user={database['USER']}"
    credential = settings.CLIENT_CREDENTIAL
    assert credential.private_key_pem is not None
    given = {
        "DJANGO_SETTINGS_MODULE": "tenantry.settings",
        "TENANTRY_DATABASE_URL": address
        + (f"&port={database['PORT']}" if database["PORT"] else "")
        + (f"&password={database['PASSWORD']}" if database["PASSWORD"] else ""),
        "TENANTRY_SEAL_KEYSET": settings.SEAL_KEYSET.reveal(),
        "TENANTRY_LOGIN_URL": settings.CLOUD.login_url,
        "TENANTRY_GRAPH_URL": settings.CLOUD.graph_url,
        "TENANTRY_CA_FILE": settings.CA_FILE,
        "TENANTRY_CLIENT_ID": settings.CLIENT_ID,
        "TENANTRY_CLIENT_CERTIFICATE": f"{credential.private_key_pem.reveal()}\n{credential.certificate_pem}",
    }
    names = {"PATH", "TENANTRY_DATA_DIR", "TENANTRY_SECRET_KEY", "TENANTRY_DEMO"}
    kept = {name: value for name, value in os.environ.items() if name in names}
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(operation.pk), place.clock.now().isoformat(), when],
        env=kept | given, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_killed_between_intent_and_outcome_leaves_an_unknown_that_a_read_resolves(
    place: Place, when: str
) -> None:
    """AC 4 (audit): the intent stands, the sweep tells that nobody knows, reads the tenant, and appends what it saw."""
    from tenantry.audit.chain import sealing
    from tenantry.audit.chain.verifying import verify
    from tenantry.audit.models import Event, Link

    dana = place.add_user("Dana Doe", password="Before-the-reset-1")
    operation = place.ask(dana)
    killed_worker(place, operation, when)
    operation.refresh_from_db()
    assert operation.state == "running"
    assert operation.intent_id is not None
    intent = Event.objects.get(pk=operation.intent_id)
    assert Link.objects.filter(event_id=intent.pk).exists()  # in the chain before anything could be sent
    assert not intent.outcomes.exists()
    assert (place.in_tenant(dana).password == PASSWORD) is (when == "after")

    place.pass_time(operation, seconds=130)
    place.pass_time(operation, seconds=10, steps=6)

    results = list(intent.outcomes.order_by("pk").values_list("result", flat=True))
    assert results[0] == "unknown"
    assert (operation.state, results[-1]) == ("done", "done")
    assert place.in_tenant(dana).password == PASSWORD
    assert place.effects(dana) == 1
    sealing.seal_all()
    assert verify(customer_id=place.customer.pk).is_whole
