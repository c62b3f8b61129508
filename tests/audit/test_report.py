"""The monthly report of a customer."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tenantry.audit import actions
from tenantry.audit.models import Result
from tenantry.kit.actor import Actor

if TYPE_CHECKING:
    from tests.conftest import SharedClock

    from tenantry.customers.models import Customer

pytestmark = pytest.mark.usefixtures("database")


class Tag(StrEnum):
    TRIED = "tests.password_reset"


def test_the_report_tells_who_did_what_why_and_that_the_record_is_whole(
    customer: "Customer", as_alice: Client, clock: "SharedClock"
) -> None:
    about = actions.About(
        customer_id=customer.pk, customer_name=customer.name, tenant_id=uuid.uuid4(), target_name="Dana Okafor"
    )
    actor = Actor(kind="technician", id=uuid.uuid4(), name="Alice Moreau")
    intent = actions.begin(actor=actor, action=Tag.TRIED, about=about, justification="Forgot it", ticket="T-4711")
    actions.close(intent, result=Result.REFUSED, summary="No.")
    page = f"/activity/report/{customer.pk}/"

    text = as_alice.get(page, {"month": f"{clock.now():%Y-%m}"}).content.decode()

    for words in ("Password reset", "Dana Okafor", "Forgot it", "T-4711", "Alice Moreau", "Refused", "Whole"):
        assert words in text
    earlier = clock.now() - dt.timedelta(days=400)
    assert "Nothing was done" in as_alice.get(page, {"month": f"{earlier:%Y-%m}"}).content.decode()
    assert as_alice.get(page, {"month": "2026-13"}).status_code == 404
    assert as_alice.get(f"/activity/report/{uuid.uuid4()}/").status_code == 404
    assert page in as_alice.get("/activity/", {"customer": str(customer.pk)}).content.decode()


def test_two_people_of_one_name_are_two_in_the_report(
    customer: "Customer", as_alice: Client, clock: "SharedClock"
) -> None:
    """Whoever takes a colleague's name does not act in it."""
    from tenantry.technicians.models import Technician

    about = actions.About(customer_id=customer.pk, customer_name=customer.name, tenant_id=uuid.uuid4(), target_name="x")
    tag = uuid.uuid4().hex[:8]
    for number in range(2):
        person = Technician.objects.create_user(
            f"robin-{number}-{tag}@harbour-it.example", display_name=f"Robin {tag}", created_at=clock.now()
        )
        actions.record(
            actor=Actor(kind="technician", id=person.pk, name=person.display_name), action=Tag.TRIED, about=about
        )
    text = as_alice.get(f"/activity/report/{customer.pk}/").content.decode()
    for number in range(2):
        assert f"<dt>Robin {tag}, robin-{number}-{tag}@harbour-it.example</dt><dd>1</dd>" in text
