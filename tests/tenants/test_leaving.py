"""Disconnecting: per app, with and without removing our roles, and what remains."""

from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.urls import reverse
from tests.tenants.conftest import Trip

from entrasim.handle import Handle
from tenantry.audit.models import Result
from tenantry.reach import roles
from tenantry.tenants.models import AppKind, Farewell, Tenant
from tenantry.tenants.queries import connection_of

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
PRA = roles.PRIVILEGED_ROLE_ADMINISTRATOR


def both(trip: Trip, sim: Handle) -> str:
    """Both apps connected with their roles; returns the elevation app's object id."""
    trip.connect()
    trip.give_role()
    app = sim.context.world.apps[settings.ELEVATION_CLIENT_ID]
    trip.clock.travel(seconds=1)
    answer = trip.client.post(reverse("tenants:connect_elevation", args=[trip.customer.pk]))
    trip.tenant.consent(app=app)
    trip.come_back(parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0], tenant=trip.tenant.id)
    trip.run_jobs()
    principal = trip.tenant.service_principal(app).id
    trip.tenant.assign_role(principal, PRA)
    trip.look(minutes=20)
    return principal


def roles_of(trip: Trip, principal: str) -> set[str]:
    found = trip.tenant.state.role_assignments.values()
    return {each.role_definition_id for each in found if each.principal_id == principal}


def leave(trip: Trip, *, app: str = "", remove: bool = False) -> int:
    name, args = (
        ("tenants:disconnect_app", [trip.customer.pk, app]) if app else ("tenants:disconnect", [trip.customer.pk])
    )
    given = {"tenant_id": trip.tenant.id, **({"remove": "1"} if remove else {})}
    return trip.client.post(reverse(name, args=args), given).status_code


def test_both_apps_lose_their_roles_when_asked_and_the_rest_is_named_with_steps(trip: Trip, sim: Handle) -> None:
    """Disconnect with removal: recorded before, read back after, and exactly what remains."""
    elevation = both(trip, sim)
    helpdesk = trip.principal().id
    assert leave(trip, remove=True) == 302
    assert roles_of(trip, helpdesk) == set()
    assert roles_of(trip, elevation) == set()
    assert not trip.is_connected()
    assert connection_of(trip.customer.pk, app=AppKind.ELEVATION) is None
    kinds = [(event.kind, event.result) for event in trip.events("tenants.assignment_removed")]
    assert kinds == [("intent", Result.NONE), ("outcome", Result.DONE)] * 2
    (farewell,) = Farewell.objects.filter(customer=trip.customer)
    assert len(farewell.removed) == 2
    assert [remnant["what"].split(" with ")[0] for remnant in farewell.remaining] == [
        f"The enterprise app {trip.app.display_name}",
        "The enterprise app Tenantry Elevation",
    ]
    page = trip.page()
    assert "What remains in the tenant" in page
    assert f"az ad sp delete --id {helpdesk}" in page
    trip.client.post(reverse("tenants:farewell_seen", args=[trip.customer.pk]))
    assert "What remains in the tenant" not in trip.page()


def test_without_the_elevation_app_nothing_is_removed_there_and_the_page_says_why(trip: Trip) -> None:
    """The help-desk app cannot; nothing is sent, the box is off, and what remains is listed."""
    trip.connect()
    trip.give_role()
    trip.look(minutes=20)
    page = trip.client.get(reverse("tenants:disconnect", args=[trip.customer.pk])).content.decode()
    assert "The help-desk app may not remove roles" in page
    assert leave(trip, remove=True) == 403
    assert trip.is_connected()
    assert leave(trip) == 302
    assert roles_of(trip, trip.principal().id) == {PAA}
    (farewell,) = Farewell.objects.filter(customer=trip.customer)
    assert farewell.removed == []
    assert any("Privileged Authentication Administrator" in remnant["what"] for remnant in farewell.remaining)


def test_a_role_through_a_group_is_named_as_remaining_with_its_group(trip: Trip) -> None:
    trip.tenant.add_sku("AAD_PREMIUM")
    trip.connect()
    group = trip.tenant.add_group("Our desk", assignable=True)
    trip.tenant.add_member(group, trip.principal())
    trip.tenant.assign_role(group.id, PAA)
    trip.look(minutes=20)
    leave(trip)
    (farewell,) = Farewell.objects.filter(customer=trip.customer)
    assert "through the group “Our desk”" in farewell.remaining[0]["what"]


def test_the_elevation_app_goes_alone_and_password_functions_stay(trip: Trip, sim: Handle) -> None:
    """AC-X.4: disconnect works per app; just-in-time grants are switched off with it."""
    elevation = both(trip, sim)
    Tenant.objects.filter(pk=trip.tenant_id).update(is_jit_wanted=True)
    assert leave(trip, app="elevation", remove=True) == 302
    assert roles_of(trip, elevation) == set()
    assert roles_of(trip, trip.principal().id) == {PAA}
    assert trip.is_connected()
    assert connection_of(trip.customer.pk, app=AppKind.ELEVATION) is None
    assert not Tenant.objects.get(pk=trip.tenant_id).is_jit_wanted


def test_an_answer_that_is_lost_after_the_effect_counts_as_removed_only_by_the_read(trip: Trip, sim: Handle) -> None:
    """Unknown outcome: the read decides."""
    both(trip, sim)
    trip.tenant.fault("lost", method="DELETE", path="/roleManagement/directory/roleAssignments/*", times=1)
    assert leave(trip, remove=True) == 302
    outcomes = [event.result for event in trip.events("tenants.assignment_removed") if event.kind == "outcome"]
    assert outcomes == [Result.DONE, Result.DONE]


def test_a_removal_that_microsoft_does_not_carry_out_is_never_claimed(trip: Trip, sim: Handle) -> None:
    """A 403 on the removal: told as remaining, recorded as refused."""
    both(trip, sim)
    path = "/roleManagement/directory/roleAssignments/*"
    trip.tenant.fault("error", method="DELETE", path=path, times=9, status=403, code="Authorization_RequestDenied")
    assert leave(trip, remove=True) == 302
    trip.tenant.clear_faults()
    assert roles_of(trip, trip.principal().id) == {PAA}
    (farewell,) = Farewell.objects.filter(customer=trip.customer)
    assert farewell.removed == []
    assert any("Privileged Authentication Administrator" in remnant["what"] for remnant in farewell.remaining)
    outcomes = [event.result for event in trip.events("tenants.assignment_removed") if event.kind == "outcome"]
    assert outcomes == [Result.REFUSED, Result.REFUSED]


def test_when_microsoft_does_not_answer_nothing_is_disconnected_and_asking_again_finds_the_rest(
    trip: Trip, sim: Handle
) -> None:
    """Resumable: the connection is forgotten last."""
    both(trip, sim)
    trip.tenant.fault("error", method="GET", path="/roleManagement/directory/roleAssignments*", times=60, status=503)
    assert leave(trip, remove=True) == 403
    trip.tenant.clear_faults()
    assert trip.is_connected()
    assert leave(trip, remove=True) == 302
    assert roles_of(trip, trip.principal().id) == set()
