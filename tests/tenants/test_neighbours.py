"""Old names, look-alikes, and what a previous provider left behind (J8)."""

import uuid
from urllib.parse import urlsplit

from django.urls import reverse
from tests.tenants.conftest import Trip

from entrasim.handle import Handle
from tenantry.customers.models import Customer
from tenantry.reach import roles
from tenantry.tenants.models import Tenant
from tenantry.tenants.policies import Neighbour, Origin, origin_of

GA = roles.GLOBAL_ADMINISTRATOR


def neighbours(trip: Trip) -> list[Neighbour]:
    return list(map(Neighbour.from_json, Tenant.objects.get(pk=trip.tenant_id).neighbours))


def test_ac_8_3_another_providers_app_with_a_role_is_listed_to_review_and_left_alone(trip: Trip, sim: Handle) -> None:
    """AC-8.3: with its roles, owner and date; direct and through a group; recorded once; nothing removed."""
    theirs = sim.register_app(display_name="Nightjar MSP Tool", secret="x" * 40, required_app_roles=["User.Read.All"])
    trip.tenant.consent(app=theirs)
    principal = trip.tenant.service_principal(theirs)
    trip.tenant.assign_role(principal.id, GA)
    grouped = sim.register_app(display_name="Nightjar Backup", secret="x" * 40, required_app_roles=["User.Read.All"])
    trip.tenant.consent(app=grouped)
    trip.tenant.add_sku("AAD_PREMIUM")
    group = trip.tenant.add_group("Nightjar", assignable=True)
    trip.tenant.add_member(group, trip.tenant.service_principal(grouped))
    trip.tenant.assign_role(group.id, roles.USER_ADMINISTRATOR)
    harmless = sim.register_app(display_name="Calendar", secret="x" * 40, required_app_roles=["User.Read.All"])
    trip.tenant.consent(app=harmless)
    trip.connect()
    found = {neighbour.name: neighbour for neighbour in neighbours(trip) if neighbour.is_leftover}
    assert set(found) == {"Nightjar MSP Tool", "Nightjar Backup"}
    tool = found["Nightjar MSP Tool"]
    assert tool.roles == ("Global Administrator",)
    assert tool.origin is Origin.OTHER
    assert tool.owner_id == theirs.home_tenant_id
    assert tool.since is not None
    assert found["Nightjar Backup"].roles == ("User Administrator",)
    page = trip.page()
    assert "Nightjar MSP Tool" in page
    assert "We remove nothing here" in page
    assert len(trip.events("tenants.neighbour_found")) == 2
    trip.look(hours=30)
    assert len(trip.events("tenants.neighbour_found")) == 2  # once
    assert [entry for entry in trip.tenant.journal() if entry.method in {"PATCH", "DELETE", "PUT"}] == []


def test_ac_8_4_one_named_exactly_like_ours_is_flagged_as_not_ours(trip: Trip, sim: Handle) -> None:
    """AC-8.4: same name, other application id; with or without a role."""
    name = trip.app.display_name
    impostor = sim.register_app(display_name=name, secret="x" * 40, required_app_roles=["User.Read.All"])
    trip.tenant.consent(app=impostor)
    trip.connect()
    (found,) = [neighbour for neighbour in neighbours(trip) if neighbour.is_look_alike]
    assert found.app_id == impostor.app_id
    assert "named like ours, not ours" in trip.page()
    assert str(trip.connection().service_principal_id) == trip.principal().id
    assert trip.principal().id != found.object_id


def test_whose_an_app_is_follows_from_ids_and_never_from_its_name() -> None:
    """AC-8.4: origin by application id and owner."""
    ours, home, tenant = "a" * 8, "b" * 8, "c" * 8

    def of(app_id: str = "x", owner: str = "y", kind: str = "Application") -> Origin:
        return origin_of(
            app_id=app_id, owner_id=owner, kind=kind, ours=frozenset({ours}), tenant_id=tenant, our_home=home
        )

    assert of(app_id=ours) is Origin.OURS
    assert of(owner=tenant) is Origin.CUSTOMER
    assert of(kind="ManagedIdentity") is Origin.CUSTOMER
    assert of(owner="f8cdef31-a31e-4b4a-93e4-5f571e91255a") is Origin.MICROSOFT
    assert of(owner=home) is Origin.PARTNER
    assert of(owner="") is Origin.OTHER


def test_ac_8_3_before_consent_the_connect_screen_tells_of_an_earlier_connection_and_asks(trip: Trip) -> None:
    """AC-8.3: name, roles and date are shown, and the browser leaves only after a yes."""
    Customer.objects.filter(pk=trip.customer.pk).update(domain=trip.tenant.domain)
    trip.tenant.consent(app=trip.app)
    trip.principal().display_name = "Quickpass"
    trip.give_role(roles.USER_ADMINISTRATOR)
    url = reverse("tenants:connect", args=[trip.customer.pk])
    asked = trip.client.post(url, {"wanted_role": roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})
    assert asked.status_code == 409
    page = asked.content.decode()
    assert "Our app is in this tenant already" in page
    assert "“Quickpass”" in page
    assert "User Administrator" in page
    assert not trip.is_connected()
    gone = trip.client.post(url, {"wanted_role": roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, "go_on": "1"})
    assert gone.status_code == 302
    assert urlsplit(gone.headers["Location"]).path.endswith("/adminconsent")


def test_without_an_earlier_connection_nothing_is_asked(trip: Trip) -> None:
    """AC-8.3: unknown domain, known domain without our app: straight to Microsoft."""
    url = reverse("tenants:connect", args=[trip.customer.pk])
    for domain in (f"nowhere-{uuid.uuid4().hex[:6]}.example", trip.tenant.domain):
        Customer.objects.filter(pk=trip.customer.pk).update(domain=domain)
        answer = trip.client.post(url, {"wanted_role": roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})
        assert answer.status_code == 302, domain


def test_a_review_that_is_refused_keeps_what_was_read(trip: Trip) -> None:
    """One bad answer changes nothing."""
    trip.connect()
    before = Tenant.objects.get(pk=trip.tenant_id).neighbours_read_at
    assert before is not None
    trip.tenant.fault("error", path="*/roleAssignments*", times=50, status=503)
    trip.client.post(reverse("tenants:review", args=[trip.customer.pk]), {"tenant_id": str(trip.tenant_id)})
    trip.run_jobs()
    trip.tenant.clear_faults()
    assert Tenant.objects.get(pk=trip.tenant_id).neighbours_read_at == before


def test_ac_8_3_an_older_consent_that_lets_us_read_little_is_told_all_the_same(trip: Trip) -> None:
    """AC-8.3: a token could be had, so our app is there, although its name cannot be read."""
    Customer.objects.filter(pk=trip.customer.pk).update(domain=trip.tenant.domain)
    trip.tenant.consent(app=trip.app)
    for name in ("Application.Read.All", "Organization.Read.All", "RoleManagement.Read.Directory"):
        trip.tenant.remove_permission(trip.app, name)
    url = reverse("tenants:connect", args=[trip.customer.pk])
    asked = trip.client.post(url, {"wanted_role": roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})
    assert asked.status_code == 409
    assert "under a name that the old consent does not let us read" in asked.content.decode()
