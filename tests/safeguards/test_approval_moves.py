"""Issue 4, approvals: everything that can happen to a request and to the people around it, walked at random.

The model knows who may decide; whatever the order, a request is decided once, never by who asked, never after its hour,
never by or for somebody who was switched off, and what was sealed for it is gone with the decision.
"""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tenantry.kit.errors import Conflict, NotAllowed, NotHere
from tests.safeguards.conftest import Desk

if TYPE_CHECKING:
    from tenantry.safeguards.models import ApprovalRequest
    from tenantry.technicians.models import Technician

PEOPLE = ("owner", "administrator", "engineer", "help_desk")
DECIDERS = {"owner", "administrator"}  # whom the default rules let touch a Global Administrator
HOUR = dt.timedelta(hours=1)


def test_a_request_is_decided_once_by_somebody_else_in_time_whatever_happens(  # noqa: C901  one machine
    desk: Desk, run: Callable[[], None]
) -> None:
    from tenantry.helpdesk.models import Operation
    from tenantry.safeguards import actions, tasks
    from tenantry.safeguards.models import ApprovalRequest
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.models import Technician

    def somebody(name: str) -> "Technician":
        return Technician.objects.get(pk=getattr(desk, name).pk)

    class Requests(RuleBasedStateMachine):
        request: "ApprovalRequest"
        asked_at: dt.datetime
        before: int
        state = "pending"
        by = ""

        def __init__(self) -> None:
            super().__init__()
            self.off: set[str] = set()

        @initialize(by=st.sampled_from(["owner", "administrator"]))
        def ask(self, by: str) -> None:
            self.by, self.state = by, "pending"
            self.before = desk.place.effects(desk.boss)
            self.asked_at = desk.place.clock.now()
            self.request = desk.request(somebody(by), desk.boss)

        @property
        def is_late(self) -> bool:
            return desk.place.clock.now() >= self.asked_at + HOUR

        def _decide(self, who: str, act: Callable[..., Any], *, may: bool, becomes: str) -> None:
            """Try it; the model says whether it works and what the refusal is made of."""
            technician = somebody(who)
            given = {"actor": actor_for(technician), "technician": technician, "request_id": self.request.pk}
            if may and who not in self.off and self.state == "pending" and not self.is_late:
                act(**given)
                self.state = becomes
            else:
                with pytest.raises((Conflict, NotAllowed, NotHere)):
                    act(**given)

        @rule(who=st.sampled_from(PEOPLE), stepped_up=st.booleans())
        def approve(self, who: str, *, stepped_up: bool) -> None:
            def act(**given: Any) -> None:  # noqa: ANN401  of the action
                actions.approve(**given, stepped_up=stepped_up)

            may = who in DECIDERS and who != self.by and stepped_up and self.by not in self.off
            self._decide(who, act, may=may, becomes="approved")

        @rule(who=st.sampled_from(PEOPLE))
        def deny(self, who: str) -> None:
            self._decide(who, actions.deny, may=who not in {self.by, "help_desk"}, becomes="denied")

        @rule(who=st.sampled_from(PEOPLE))
        def withdraw(self, who: str) -> None:
            self._decide(who, actions.withdraw, may=who == self.by, becomes="withdrawn")

        @rule(who=st.sampled_from(PEOPLE))
        def switch_off(self, who: str) -> None:
            Technician.objects.filter(pk=getattr(desk, who).pk).update(is_active=False)
            self.off.add(who)

        @rule(who=st.sampled_from(PEOPLE))
        def come_back(self, who: str) -> None:
            Technician.objects.filter(pk=getattr(desk, who).pk).update(is_active=True)
            self.off.discard(who)

        @rule(minutes=st.sampled_from([5, 40, 60]))
        def time_passes(self, minutes: int) -> None:
            desk.place.clock.travel(minutes=minutes)

        @rule()
        def sweep(self) -> None:
            tasks.expire()
            if self.state == "pending" and self.is_late:
                self.state = "expired"

        @rule()
        def ask_again(self) -> None:
            """While it waits the same is not asked for a second time."""
            if self.state == "pending" and not self.is_late and self.by not in self.off:
                status, page = desk.post(somebody(self.by), desk.boss)
                assert (status, "asked for the same" in page) == (409, True)

        @invariant()
        def stands_as_the_model_says(self) -> None:
            if not hasattr(self, "request"):
                return
            self.request.refresh_from_db()
            assert self.request.state == self.state
            assert (self.request.secret_sealed is not None) == (self.state == "pending")
            assert self.request.decided_by_id != self.request.requester_id or self.state == "withdrawn"

        def teardown(self) -> None:
            for who in PEOPLE:
                self.come_back(who)
            if not hasattr(self, "request"):
                return
            run()
            operations = Operation.objects.filter(confirmation_id=self.request.confirmation_id)
            done = 1 if self.state == "approved" else 0
            assert operations.count() == done
            assert desk.place.effects(desk.boss) - self.before == done
            # The next walk begins with nothing waiting, and long after the same was done.
            desk.place.clock.travel(hours=2)
            ApprovalRequest.objects.filter(pk=self.request.pk, state="pending").update(
                state="withdrawn", secret_sealed=None
            )

    run_state_machine_as_test(
        Requests,
        settings=settings(
            max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
