"""The record: committed before the effect, append-only, and refusing when it cannot be written."""

import csv
import io
import uuid
from enum import StrEnum

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from tests.conftest import Owner

from tenantry.audit import actions, queries
from tenantry.audit.models import Event, Kind, Result
from tenantry.kit.actor import Actor
from tenantry.technicians.models import Technician

pytestmark = pytest.mark.usefixtures("database", "clock")


class Tag(StrEnum):
    TRIED = "tests.password_reset"
    NOTED = "tests.noted"


@pytest.fixture
def actor(alice: Technician) -> Actor:
    return Actor(kind="technician", id=alice.pk, name=alice.display_name, address="192.0.2.7")


def about(name: str = "dana@kestrel.example") -> actions.About:
    return actions.About(
        customer_id=uuid.uuid4(),
        customer_name="Kestrel Logistics",
        tenant_id=uuid.uuid4(),
        target_kind="user",
        target_id=str(uuid.uuid4()),
        target_name=name,
    )


def test_an_intent_is_committed_before_anything_can_be_sent(actor: Actor) -> None:
    intent = actions.begin(actor=actor, action=Tag.TRIED, about=about(), justification="forgot it", ticket="4711")

    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT justification FROM audit_event WHERE id = %s", [intent.event_id])
        assert cursor.fetchone() == ("forgot it",)
    other.close()


def test_an_intent_inside_a_transaction_is_refused_because_it_could_be_rolled_back(actor: Actor) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        actions.begin(actor=actor, action=Tag.TRIED, about=about())


def test_an_intent_names_its_tenant(actor: Actor) -> None:
    with pytest.raises(ValueError, match="tenant"):
        actions.begin(actor=actor, action=Tag.TRIED, about=actions.About())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET justification = 'nothing' WHERE id = %s",
        "DELETE FROM audit_event WHERE id = %s",
        "TRUNCATE audit_event CASCADE",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_event(actor: Actor, owner: Owner, statement: str) -> None:
    """The product's account has no right to, and even the owner is stopped by a trigger."""
    intent = actions.begin(actor=actor, action=Tag.TRIED, about=about())
    parameters = [intent.event_id] if "%s" in statement else []

    with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    with pytest.raises(DatabaseError, match="append-only"), owner() as cursor:
        cursor.execute(statement, parameters)
    assert Event.objects.filter(pk=intent.event_id).exists()


def test_the_newest_outcome_counts(actor: Actor) -> None:
    intent = actions.begin(actor=actor, action=Tag.TRIED, about=about())
    act = queries.get_act(intent.event_id)
    assert act is not None
    assert act.result_words == "Under way"

    actions.close(intent, result=Result.UNKNOWN, summary="No answer came.")
    actions.close(intent, result=Result.DONE, summary="Read back.")

    act = queries.get_act(intent.event_id)
    assert act is not None
    assert (act.result, act.summary) == (Result.DONE, "Read back.")
    assert Event.objects.filter(intent_id=intent.event_id, kind=Kind.OUTCOME).count() == 2


def test_a_fact_is_rolled_back_with_the_change_it_belongs_to(actor: Actor) -> None:
    with transaction.atomic():
        number = actions.record(actor=actor, action=Tag.NOTED, about=about())
        assert queries.get_act(number) is not None
        transaction.set_rollback(True)
    assert queries.get_act(number) is None


def test_the_activity_page_filters_by_result_and_pages_without_losing_or_repeating(
    actor: Actor, as_alice: Client
) -> None:
    where = about()
    intents = [actions.begin(actor=actor, action=Tag.TRIED, about=where) for _ in range(120)]
    for intent in intents[:70]:
        actions.close(intent, result=Result.DONE, summary="Read back.")

    seen: list[int] = []
    after = ""
    while True:
        page = queries.page(queries.Filter(customer_id=where.customer_id), after=after)
        seen += [act.event.pk for act in page.acts]
        after = page.after
        if not after:
            break
    assert seen == sorted((intent.event_id for intent in intents), reverse=True)

    shown = as_alice.get("/activity/", {"customer": str(where.customer_id), "result": "done"})
    assert shown.status_code == 200
    assert shown.content.decode().count("Read back.") == 50
    assert "after=" in shown.content.decode()


def test_the_export_holds_the_same_acts_and_no_spreadsheet_formula(actor: Actor, as_alice: Client) -> None:
    where = about(name='=HYPERLINK("http://evil.example")')
    intent = actions.begin(actor=actor, action=Tag.TRIED, about=where, justification="as asked", ticket="T-1")
    actions.close(intent, result=Result.DONE, summary="Read back.")

    answer = as_alice.get("/activity/export.csv", {"customer": str(where.customer_id)})

    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["target"], row["result"], row["ticket"]) for row in rows] == [
        ('\'=HYPERLINK("http://evil.example")', "Done, read back", "T-1")
    ]


def test_somebody_signed_out_sees_no_record(eve: Client) -> None:
    for address in ("/activity/", "/activity/export.csv"):
        answer = eve.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
