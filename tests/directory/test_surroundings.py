"""Roles, role-assignable groups, licences and domains, and what `reach` is told about a user."""

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
