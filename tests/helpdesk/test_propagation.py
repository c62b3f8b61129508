"""403s: inside the propagation window they are waited out, after it they are told with the role to add."""

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.helpdesk.conftest import Place

if TYPE_CHECKING:
    from tenantry.directory.models import DirectoryUser


def _role_seen(place: Place, *, minutes_ago: float) -> None:
    place.connection.role_seen_at = place.clock.now() - dt.timedelta(minutes=minutes_ago)
    place.connection.state = "propagating"
    place.connection.save()


def test_ac_6_2_a_403_inside_the_window_is_shown_as_propagating_and_retried_with_a_fresh_token(
    place: Place, dana: "DirectoryUser"
) -> None:
    from tenantry.reach import roles

    place.tenant.remove_role(place.principal.id, roles.USER_ADMINISTRATOR)
    _role_seen(place, minutes_ago=2)
    operation = place.do(dana)
    assert operation.state == "waiting"
    assert operation.message == "Permissions still propagating."
    assert place.connection.role_seen_at is not None
    assert operation.waits_until == place.connection.role_seen_at + dt.timedelta(minutes=15)
    place.tenant.assign_role(place.principal.id, roles.USER_ADMINISTRATOR)
    assert place.pass_time(operation, seconds=31).state == "done"
    assert place.effects(dana) == 1


def test_ac_6_2_the_retries_are_bounded_by_the_window_and_then_the_role_is_named(
    place: Place, dana: "DirectoryUser"
) -> None:
    from tenantry.reach import roles

    place.tenant.remove_role(place.principal.id, roles.USER_ADMINISTRATOR)
    _role_seen(place, minutes_ago=14)
    operation = place.do(dana)
    assert operation.state == "waiting"
    place.pass_time(operation, seconds=10, steps=6)
    assert operation.state == "refused"
    assert "User Administrator" in operation.fix
    assert "User-PasswordProfile.ReadWrite.All" in operation.fix
    assert operation.password_sealed is None
    assert place.effects(dana) == 0


def test_ac_5_3_a_403_on_what_was_predicted_possible_is_recorded_as_a_mismatch(
    place: Place, dana: "DirectoryUser"
) -> None:
    from tenantry.audit.models import Event
    from tenantry.reach import roles

    place.tenant.remove_role(place.principal.id, roles.USER_ADMINISTRATOR)
    operation = place.do(dana, "block")
    assert operation.state == "refused"
    assert "User Administrator" in operation.fix
    assert Event.objects.filter(tenant_id=place.tenant_id, action="tenants.mismatch").exists() or (
        Event.objects.filter(tenant_id=place.tenant_id, action__contains="mismatch").exists()
    )


def test_ac_5_3_what_is_predicted_impossible_is_refused_by_the_server_too(place: Place) -> None:
    """The button is disabled; a request made by hand is refused with the role it would take."""
    from tenantry.directory.models import RoleHolding
    from tenantry.helpdesk.queries import action_rows
    from tenantry.kit.decision import Denied
    from tenantry.kit.errors import NotAllowed
    from tenantry.reach import roles

    boss = place.add_user("Gale Boss", roles=[roles.GLOBAL_ADMINISTRATOR])
    RoleHolding.objects.create(
        tenant_id=place.tenant_id,
        principal_id=boss.object_id,
        role_template_id=roles.GLOBAL_ADMINISTRATOR,
        role_name="Global Administrator",
        directory_scope_id="/",
    )
    rows = action_rows(
        technician=place.alice, customer=place.customer, connection=place.connection, user=boss, running=None
    )
    assert [row.kind for row in rows] == ["reset-password", "block", "revoke-sessions"]
    for row in rows:
        assert isinstance(row.decision, Denied)
        assert "Privileged Authentication Administrator" in row.decision.remedy
        with pytest.raises(NotAllowed):
            place.ask(boss, row.kind)
    assert place.writes(boss) == []


def test_without_a_connection_every_row_says_so(place: Place, dana: "DirectoryUser") -> None:
    from tenantry.helpdesk.queries import action_rows
    from tenantry.tenants.models import Connection

    Connection.objects.filter(pk=place.connection.pk).delete()
    rows = action_rows(technician=place.alice, customer=place.customer, connection=None, user=dana, running=None)
    assert {getattr(row.decision, "code", "") for row in rows} == {"not_connected"}


def test_an_operation_that_is_open_blocks_the_others_with_a_link(place: Place, dana: "DirectoryUser") -> None:
    from tenantry.helpdesk.queries import action_rows, open_among, open_operation, recent_operations

    operation = place.ask(dana)
    running = open_operation(tenant_id=place.tenant_id, object_id=dana.object_id)
    assert running == open_among(recent_operations(tenant_id=place.tenant_id, object_id=dana.object_id)) == operation
    rows = action_rows(
        technician=place.alice, customer=place.customer, connection=place.connection, user=dana, running=running
    )
    assert {getattr(row.decision, "code", "") for row in rows} == {"operation_open"}
    assert all(str(operation.pk) in row.operation_url for row in rows)
