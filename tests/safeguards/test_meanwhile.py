"""Between the technician's yes and the worker's sending things change; what may not be done by then is not sent."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.safeguards.conftest import Desk

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser


def _switched_off(desk: Desk) -> None:
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.staff.changing import deactivate

    deactivate(actor=actor_for(desk.owner), technician=desk.owner, target_id=desk.engineer.pk)


def _demoted(desk: Desk) -> None:
    from tenantry.technicians.actions import actor_for
    from tenantry.technicians.staff.changing import change_role

    change_role(actor=actor_for(desk.owner), technician=desk.owner, target_id=desk.engineer.pk, role="auditor")


def _out_of_the_team(desk: Desk) -> None:
    desk.engineer.teams.clear()


def _marked(desk: Desk) -> None:
    from tenantry.safeguards.actions import mark
    from tenantry.technicians.actions import actor_for

    mark(
        actor=actor_for(desk.owner),
        technician=desk.owner,
        customer_id=desk.place.customer.pk,
        object_id=desk.dana.object_id,
        justification="Kept for emergencies",
    )


def _made_an_administrator(desk: Desk) -> None:
    import uuid

    from tenantry.directory.models import RoleHolding
    from tenantry.reach import roles

    RoleHolding.objects.create(
        tenant_id=desk.place.tenant_id,
        principal_id=desk.dana.object_id,
        role_template_id=uuid.UUID(roles.USER_ADMINISTRATOR),
        role_name="User Administrator",
        directory_scope_id="/",
    )


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (_switched_off, "technician_gone", "does not work here any more"),
        (_demoted, "role_too_small", "does not include"),
        (_out_of_the_team, "not_their_customer", "no longer"),
        (_marked, "emergency_account", "emergency access account"),
        (_made_an_administrator, "class_changed", "another kind of account"),
    ],
)
def test_what_may_not_be_done_any_more_is_not_sent(
    desk: Desk, run: Callable[[], None], change: Callable[[Desk], None], code: str, words: str
) -> None:
    """AC-11.1, and "deactivate kills at once": what waits (for a worker, a role, the end of a stop) is judged again."""
    from tenantry.audit.models import Event
    from tenantry.helpdesk.models import Operation

    status, where = desk.post(desk.engineer, desk.dana)
    assert (status, "/operations/" in where) == (302, True)
    change(desk)
    run()
    operation = Operation.objects.get(object_id=desk.dana.object_id)
    assert (operation.state, operation.error_code) == ("refused", code)
    assert words in f"{operation.message} {operation.reason}"
    assert operation.password_sealed is None
    assert desk.place.writes(desk.dana) == []
    assert Event.objects.get(action="helpdesk.reset_password", target_id=str(desk.dana.object_id)).result == "refused"


def test_what_changed_and_is_still_allowed_is_sent(desk: Desk, run: Callable[[], None]) -> None:
    """An administrator who lost the roles in between, and a technician with another role that may do it too."""
    from tenantry.directory.models import RoleHolding
    from tenantry.helpdesk.models import Operation
    from tenantry.technicians.models import Technician

    def ask(user: "DirectoryUser") -> Operation:
        status, where = desk.post(desk.engineer, user, "revoke-sessions")
        assert status == 302, where
        return Operation.objects.get(object_id=user.object_id)

    operation = ask(desk.admin)
    RoleHolding.objects.filter(tenant_id=desk.place.tenant_id, principal_id=desk.admin.object_id).delete()
    Technician.objects.filter(pk=desk.engineer.pk).update(role="help_desk")
    run()
    operation.refresh_from_db()
    assert operation.state == "done"


@pytest.mark.parametrize("change", [_switched_off, _marked])
def test_what_was_sent_once_without_an_answer_is_not_sent_again(
    desk: Desk, run: Callable[[], None], change: Callable[[Desk], None]
) -> None:
    """It stays an unknown outcome, which reads or a technician decide; nothing further is done."""
    from tenantry.helpdesk.models import Operation

    place = desk.place
    status, _ = desk.post(desk.engineer, desk.dana, "block")
    assert status == 302
    place.tenant.fault("refused_before", method="PATCH", path=f"/users/{desk.dana.object_id}", times=1)
    run()
    operation = Operation.objects.get(object_id=desk.dana.object_id)
    assert operation.state == "unknown"
    change(desk)
    sent = len(place.writes(desk.dana))
    assert place.pass_time(operation, seconds=10, steps=6).state == "unknown"
    assert (len(place.writes(desk.dana)), place.effects(desk.dana)) == (sent, 0)
