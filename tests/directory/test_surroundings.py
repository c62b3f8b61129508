"""Roles, role-assignable groups, licences and domains, and what `reach` is told about a user."""

import datetime as dt
import uuid

import pytest
from tests.directory.conftest import Mirror

from tenantry.reach import roles


def test_roles_are_known_direct_through_groups_and_limited_to_units(mirror: Mirror) -> None:
    from tenantry.directory import queries

    tenant = mirror.tenant
    direct = tenant.add_user(name="Dana Direct", roles=["User Administrator"])
    member = tenant.add_user(name="Mia Member")
    owner = tenant.add_user(name="Oli Owner")
    scoped = tenant.add_user(name="Uma Unit")
    plain = tenant.add_user(name="Pat Plain")
    group = tenant.add_group("Desk", assignable=True, members=[member], owners=[owner])
    tenant.assign_role(group.id, "Helpdesk Administrator")
    unit = tenant.add_unit("North")
    tenant.assign_role(scoped.id, "Password Administrator", scope=f"/administrativeUnits/{unit.id}")
    mirror.sync()

    details = queries.user_details(mirror.mirrored(direct))
    assert [(role.name, role.group_name, role.is_limited_to_unit) for role in details.roles] == [
        ("User Administrator", "", False)
    ]
    details = queries.user_details(mirror.mirrored(member))
    assert [(role.name, role.group_name) for role in details.roles] == [("Helpdesk Administrator", "Desk")]
    assert [(held.name, held.is_owner) for held in details.groups] == [("Desk", False)]
    details = queries.user_details(mirror.mirrored(owner))
    assert details.roles == []
    assert [(held.name, held.is_owner) for held in details.groups] == [("Desk", True)]
    assert queries.user_details(mirror.mirrored(scoped)).roles[0].is_limited_to_unit

    flags = {
        user.display_name: (mirror.mirrored(user).is_admin, mirror.mirrored(user).is_protected)
        for user in (direct, member, owner, scoped, plain)
    }
    assert flags == {
        "Dana Direct": (True, False),
        "Mia Member": (True, True),
        "Oli Owner": (False, True),
        "Uma Unit": (True, False),
        "Pat Plain": (False, False),
    }
    target = queries.target_of(mirror.mirrored(member))
    assert target.role_ids == {roles.HELPDESK_ADMINISTRATOR}
    assert target.is_in_role_assignable_group
    assert queries.target_of(mirror.mirrored(plain)).role_ids == frozenset()


def test_roles_and_protection_that_were_taken_back_are_forgotten(mirror: Mirror) -> None:
    tenant = mirror.tenant
    dana = tenant.add_user(name="Dana Doe", roles=["User Administrator"])
    group = tenant.add_group("Desk", assignable=True, members=[dana])
    mirror.sync()
    assert mirror.mirrored(dana).is_admin
    assert mirror.mirrored(dana).is_protected
    tenant.remove_role(dana.id, "User Administrator")
    tenant.remove_member(group, dana)
    mirror.sync()
    assert not mirror.mirrored(dana).is_admin
    assert not mirror.mirrored(dana).is_protected


def test_a_custom_role_is_known_by_its_own_id_and_name(mirror: Mirror) -> None:
    from tenantry.directory import queries

    custom = mirror.tenant.add_custom_role("Printer Keeper")
    dana = mirror.tenant.add_user(name="Dana Doe")
    mirror.tenant.assign_role(dana.id, custom.id)
    mirror.sync()
    target = queries.target_of(mirror.mirrored(dana))
    assert target.role_ids == {custom.id}
    assert target.custom_role_names == {custom.id: "Printer Keeper"}


def test_licences_and_domains_are_read_and_premium_plans_recognised(mirror: Mirror) -> None:
    from tenantry.directory import queries
    from tenantry.directory.models import TenantDomain

    mirror.sync()
    facts = queries.licence_facts(mirror.tenant_id)
    assert (facts.has_p1, facts.has_p2, facts.has_governance) == (True, True, False)
    names = set(TenantDomain.objects.filter(tenant_id=mirror.tenant_id).values_list("name", flat=True))
    assert names == set(mirror.tenant.state.domains)
    for sku in mirror.tenant.state.skus.values():
        sku.capability_status = "Suspended"
    mirror.sync()
    facts = queries.licence_facts(mirror.tenant_id)
    assert (facts.has_p1, facts.has_p2) == (False, False)


def test_synced_guest_and_federated_accounts_are_told_apart(mirror: Mirror) -> None:
    from tenantry.directory import queries

    tenant = mirror.tenant
    synced = tenant.add_user(name="Sam Synced", synced=True)
    guest = tenant.add_user(name="Gil Guest", guest=True)
    tenant.state.domains[tenant.domain].authentication_type = "Federated"
    mirror.sync()
    assert queries.target_of(mirror.mirrored(synced)).is_synced
    assert queries.target_of(mirror.mirrored(synced)).domain_is_federated
    assert queries.target_of(mirror.mirrored(guest)).is_guest
    assert not queries.target_of(mirror.mirrored(guest)).domain_is_federated


def test_a_missing_permission_leaves_a_named_gap_and_the_rest_is_read(mirror: Mirror) -> None:
    from tenantry.directory import queries
    from tenantry.directory.models import SyncState, TenantDomain

    mirror.tenant.remove_permission(mirror.app, "RoleManagement.Read.Directory")
    mirror.tenant.add_user(name="Dana Doe")
    row = mirror.sync()
    assert row.state == SyncState.CURRENT
    assert mirror.names() == {"Dana Doe"}
    assert list(row.gaps) == ["roles"]
    assert "RoleManagement.Read.Directory" in row.gaps["roles"]
    assert queries.sync_summary(mirror.tenant_id).gaps == (row.gaps["roles"],)
    assert TenantDomain.objects.filter(tenant_id=mirror.tenant_id).exists()


def test_what_protects_many_users_costs_three_queries(mirror: Mirror) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tenantry.directory import queries
    from tenantry.directory.models import DirectoryUser

    for number in range(30):
        mirror.tenant.add_user(name=f"User {number}", roles=["Reports Reader"] if number % 3 == 0 else [])
    mirror.sync()
    users = DirectoryUser.objects.filter(tenant_id=mirror.tenant_id)
    for some in (list(users[:1]), list(users)):
        with CaptureQueriesContext(connection) as seen:
            targets = queries.targets_of(some)
        assert len(seen) == 3
        assert set(targets) == {user.object_id for user in some}


@pytest.mark.parametrize("days", [None, 30, 2_147_483_647])
def test_password_expiry_follows_the_domain_and_says_what_is_unconfirmed(mirror: Mirror, days: int | None) -> None:
    from tenantry.directory import passwords, queries

    mirror.tenant.state.domains[mirror.tenant.domain].password_validity_period_in_days = days
    dana = mirror.tenant.add_user(name="Dana Doe")
    exempt = mirror.tenant.add_user(name="Eva Exempt", password_policies="DisablePasswordExpiration")
    mirror.sync()
    user = mirror.mirrored(dana)
    facts = passwords.facts(user, queries.user_details(user).domain)
    expected = {None: "unconfirmed", 30: "After 30 days", 2_147_483_647: "Never"}[days]
    assert expected in facts.expiry
    assert (facts.expires_at is not None) == (days == 30)
    spared = mirror.mirrored(exempt)
    assert passwords.facts(spared, queries.user_details(spared).domain).expiry.startswith("Never")


def test_forgetting_a_tenant_leaves_nothing_of_it(mirror: Mirror) -> None:
    from tenantry.directory import actions, models

    member = mirror.tenant.add_user(name="Mia Member")
    mirror.tenant.add_group("Desk", assignable=True, members=[member])
    mirror.sync()
    actions.forget_tenant(tenant_id=mirror.tenant_id)
    for model in (
        models.DirectorySync,
        models.DirectoryUser,
        models.RoleHolding,
        models.RoleGroup,
        models.RoleGroupMember,
        models.TenantDomain,
        models.TenantLicence,
    ):
        assert not model._default_manager.filter(tenant_id=mirror.tenant_id).exists()
    assert uuid.UUID(mirror.tenant.id) == mirror.tenant_id


def test_who_may_activate_a_role_counts_like_who_holds_it_and_by_a_group_too(mirror: Mirror) -> None:
    """Issue 4, target classes: a Global Administrator who has not activated the role is no ordinary user."""
    from tenantry.directory import queries
    from tenantry.directory.models import DirectoryUser

    tenant = mirror.tenant
    dana, mia, oli, unit_keeper, late = (tenant.add_user(name=name) for name in ("Dana", "Mia", "Oli", "Uma", "Lea"))
    pat = tenant.add_user(name="Pat Plain")
    tenant.assign_by_pim(dana.id, "Global Administrator", eligible=True)
    tenant.assign_role(dana.id, "Reports Reader")
    group = tenant.add_group("Desk", assignable=True, members=[mia], owners=[oli])
    tenant.assign_by_pim(group.id, "Helpdesk Administrator", eligible=True)
    unit = tenant.add_unit("North", restricted=True)
    scope = f"/administrativeUnits/{unit.id}"
    tenant.assign_by_pim(unit_keeper.id, "Password Administrator", eligible=True, scope=scope)
    ends_at = mirror.clock.now() + dt.timedelta(days=1)
    tenant.assign_by_pim(late.id, "User Administrator", eligible=True, ends_at=ends_at)
    mirror.sync()

    target = queries.target_of(mirror.mirrored(dana))
    assert target.role_ids == {roles.REPORTS_READER}
    assert target.eligible_role_ids == {roles.GLOBAL_ADMINISTRATOR}
    assert not target.rows() & queries.target_of(mirror.mirrored(tenant.admin)).rows()
    assert [(role.name, role.is_eligible) for role in queries.user_details(mirror.mirrored(dana)).roles] == [
        ("Global Administrator", True),
        ("Reports Reader", False),
    ]
    held = queries.user_details(mirror.mirrored(mia)).roles
    assert [(role.name, role.group_name, role.is_eligible) for role in held] == [
        ("Helpdesk Administrator", "Desk", True)
    ]
    assert queries.user_details(mirror.mirrored(oli)).roles == []
    assert queries.user_details(mirror.mirrored(unit_keeper)).roles[0].is_limited_to_unit
    admins = DirectoryUser.objects.filter(tenant_id=mirror.tenant_id, is_admin=True)
    assert set(admins.values_list("display_name", flat=True)) >= {"Dana", "Mia", "Uma", "Lea"}
    assert not mirror.mirrored(pat).is_admin
    # Blocking the only active one still says what is lost: nobody knows whether an eligible one ever activated it.
    assert queries.is_last_global_administrator(mirror.mirrored(tenant.admin))

    tenant.remove_eligible(dana.id, "Global Administrator")
    mirror.clock.travel(days=2)
    mirror.sync()
    assert queries.target_of(mirror.mirrored(dana)).eligible_role_ids == frozenset()
    assert not mirror.mirrored(late).is_admin
    assert mirror.mirrored(mia).is_admin


@pytest.mark.parametrize("case", ["no licence", "never opened", "refused", "no answer", "many"])
def test_nobody_eligible_is_told_apart_from_eligible_roles_that_could_not_be_read(mirror: Mirror, case: str) -> None:
    """Issue 4, target classes: what could not be read never makes an ordinary user, and keeps what was known."""
    from tenantry.directory import queries

    tenant = mirror.tenant
    path = "/roleManagement/directory/roleEligibilityScheduleInstances"
    dana = tenant.add_user(name="Dana Doe")
    tenant.assign_by_pim(dana.id, "User Administrator", eligible=True)
    crowd = [tenant.add_user(name=f"User {number}") for number in range(105 if case == "many" else 0)]
    for each in crowd:
        tenant.assign_by_pim(each.id, "Reports Reader", eligible=True)
    mirror.sync()
    assert mirror.mirrored(dana).is_admin
    assert all(mirror.mirrored(each).is_admin for each in crowd)
    match case:
        case "no licence":
            for sku in tenant.state.skus.values():
                sku.capability_status = "Suspended"
        case "never opened":
            tenant.onboard_pim(onboarded=False)
        case "refused":
            tenant.fault("error", path=path, times=100, status=403)
        case "no answer":
            tenant.fault("error", path=path, times=100, status=503)
    row = mirror.sync()
    is_known = case in {"no licence", "never opened", "many"}
    assert list(row.gaps) == ([] if is_known else ["eligible"])
    assert queries.are_roles_known(mirror.tenant_id) is is_known
    assert mirror.mirrored(dana).is_admin is (case not in {"no licence", "never opened"})
