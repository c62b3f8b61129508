"""The steps of a work for the screen."""

import dataclasses
from typing import Final
from urllib.parse import urlencode

from tenantry.roads.models import Work, WorkState
from tenantry.roads.policies import ChangeKind

_STEP_STATES: Final = {
    "planned": ("mute", "Planned"),
    "sent": ("wait", "Sent"),
    "accepted": ("wait", "Accepted"),
    "there_already": ("wait", "There already"),
    "unknown": ("wait", "No answer"),
    "done": ("good", "Done"),
    "failed": ("bad", "Refused"),
}
_WORK_KINDS: Final = {
    WorkState.DONE: "good",
    WorkState.STOPPED: "bad",
    WorkState.WAITING: "wait",
    WorkState.WORKING: "wait",
}
_ACTIONS: Final = {ChangeKind.CREATE_GROUP: "roads.group_created", ChangeKind.ADD_MEMBER: "roads.member_added"}


@dataclasses.dataclass(frozen=True, slots=True)
class StepLine:
    """One change on the page.

    Attributes:
        number: from 1.
        title: what is done.
        kind: the state's colour.
        word: the state in a word.
        note: more about the state.
        record: query of the activity page that shows the step's record; empty before it is sent.
    """

    number: int
    title: str
    kind: str
    word: str
    note: str
    record: str = ""


def step_lines(work: Work) -> list[StepLine]:
    """The steps in their order."""
    lines = []
    for number, step in enumerate(work.steps, start=1):
        action = _ACTIONS.get(ChangeKind(step["kind"]), "roads.role_assigned")
        record = urlencode({"target": str(work.pk), "action": action}) if step.get("event_id") else ""
        lines.append(StepLine(number, step["title"], *_STEP_STATES[step["state"]], step["note"], record))
    return lines


def told_kind(work: Work | None) -> str:
    """The colour of what is told about a work."""
    return _WORK_KINDS.get(WorkState(work.state), "info") if work else ""
