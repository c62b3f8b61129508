"""A process that is killed between intent and outcome leaves an unknown outcome, and a look at the tenant."""

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

import pytest

from tenantry.audit import actions, queries, unfinished
from tenantry.audit.chain import sealing
from tenantry.audit.models import Result
from tenantry.kit.actor import system

if TYPE_CHECKING:
    from tests.conftest import SharedClock

pytestmark = pytest.mark.usefixtures("database")


class Tag(StrEnum):
    GIVEN = "tests.role_assigned"
    RESUMED = "helpdesk.password_reset"


def begun(tag: Tag, tenant_id: uuid.UUID) -> int:
    return actions.begin(actor=system("test"), action=tag, about=actions.About(tenant_id=tenant_id)).event_id


def result_of(event_id: int) -> str:
    act = queries.get_act(event_id)
    assert act is not None
    return act.result


def test_what_a_killed_process_left_is_unknown_and_the_tenant_is_looked_at(clock: "SharedClock") -> None:
    """AC 4 (audit): a killed process leaves an unknown that the sweep resolves by reading."""
    tenant_id, looked_at = uuid.uuid4(), list[uuid.UUID]()
    unfinished.read_with(looked_at.append)
    left, resumed = begun(Tag.GIVEN, tenant_id), begun(Tag.RESUMED, tenant_id)

    clock.travel(minutes=30)
    recent = begun(Tag.GIVEN, uuid.uuid4())
    while unfinished.sweep():
        pass
    assert result_of(left) == ""

    clock.travel(minutes=31)
    while unfinished.sweep():
        pass
    assert (result_of(left), result_of(resumed), result_of(recent)) == (Result.UNKNOWN, "", "")
    assert looked_at.count(tenant_id) == 1

    actions.close_event(left, result=Result.DONE, summary="A read shows it.")
    assert result_of(left) == Result.DONE


def test_what_waits_for_its_link_is_counted_with_its_age(clock: "SharedClock") -> None:
    sealing.seal_all()
    before = queries.standing()
    assert (before.unsealed, before.oldest_seconds) == (0, 0)
    actions.record(actor=system("test"), action=Tag.GIVEN, about=actions.About())
    clock.travel(seconds=200)

    stands = queries.standing()

    assert (stands.sealed, stands.unsealed, stands.oldest_seconds) == (before.sealed, 1, 200)
    sealing.seal_all()
    assert queries.standing().sealed == before.sealed + 1
