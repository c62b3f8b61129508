"""The demo world: tenants that differ as real ones do, the same in every run."""

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from entrasim.clock import SystemClock
from entrasim.server import Simulator
from entrasim.worlds import harbour_it
from entrasim.worlds.features import OLDER_NAME
from entrasim.worlds.harbour_it import HarbourIT

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle
    from entrasim.state import User

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


def built(*, seed: int = harbour_it.SEED, big: int | None = 200, lag: str = "none") -> HarbourIT:
    clock = SystemClock()
    simulator = Simulator(clock=clock)
    uris = ["http://localhost:8000/connect/return"]
    return harbour_it.build(
        simulator.handle, clock=clock, redirect_uris=uris, seed=seed, big=big, lag=harbour_it.LAGS[lag]
    )


@pytest.fixture(scope="module")
def world() -> HarbourIT:
    return built()


def roles_of(tenant: "TenantHandle", user: "User") -> list[str]:
    return [a.role_definition_id for a in tenant.state.role_assignments.values() if a.principal_id == user.id]


def plans(tenant: "TenantHandle") -> set[str]:
    """Names of the premium plans that are in force."""
    return {
        name
        for sku in tenant.state.skus.values()
        if sku.capability_status == "Enabled"
        for name, status in sku.service_plans.values()
        if status == "Success" and ("PREMIUM" in name or "Governance" in name)
    }


def test_there_are_at_least_ten_customers_and_every_one_is_different(world: HarbourIT) -> None:
    assert len(world.customers) >= 10
    kinds = {tenant.state.kind for tenant in world.customers.values()}
    assert len(kinds) == len(world.customers)


def test_the_largest_customer_has_twenty_thousand_users() -> None:
    assert len(built(big=None).customers["big"].state.users) > 20_000


def test_the_same_seed_gives_the_same_names_and_passwords_and_another_seed_others() -> None:
    first, second, other = built(big=50), built(big=50), built(seed=7, big=50)

    def people(world: HarbourIT) -> list[tuple[str, str | None]]:
        return [
            (user.user_principal_name, user.password)
            for tenant in world.tenants
            for user in tenant.state.users.values()
        ]

    assert people(first) == people(second)
    assert first.helpdesk.secrets == second.helpdesk.secrets
    assert {password for _, password in people(first) if password}.isdisjoint(
        {password for _, password in people(other) if password}
    )


def test_every_tenant_has_a_global_administrator_with_a_strong_password(world: HarbourIT) -> None:
    for tenant in world.tenants:
        assert GLOBAL_ADMINISTRATOR in roles_of(tenant, tenant.admin)
        assert tenant.admin.account_enabled
        assert len(tenant.admin.password or "") >= 16
        assert not tenant.admin.force_change_password_next_sign_in
    assert len({tenant.admin.password for tenant in world.tenants}) == len(world.tenants)


def test_login_names_are_ascii_and_unique_and_names_come_in_many_scripts(world: HarbourIT) -> None:
    scripts = set()
    for tenant in world.tenants:
        upns = [user.user_principal_name.lower() for user in tenant.state.users.values()]
        assert len(upns) == len(set(upns))
        for user in tenant.state.users.values():
            assert re.fullmatch(r"[A-Za-z0-9'._#-]+@[a-z0-9.-]+", user.user_principal_name.replace("_", "-"))
            scripts |= {unicodedata.name(c).split()[0] for c in user.display_name if c.isalpha()}
    wanted = {"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "CJK", "HANGUL"}
    assert wanted <= scripts


def test_every_customer_has_guests_somebody_who_left_and_somebody_who_never_came(world: HarbourIT) -> None:
    for tenant in world.customers.values():
        users = tenant.state.users.values()
        guests = [user for user in users if user.user_type == "Guest"]
        assert guests
        assert all("#EXT#@" in guest.user_principal_name and guest.password is None for guest in guests)
        assert any(not user.account_enabled for user in users)
        assert any(user.last_sign_in_date_time is None for user in users)
        assert any(user.user_principal_name.startswith("dana.o'brien@") for user in users)
        assert any(len(roles_of(tenant, user)) >= 3 for user in users)
    assert any(
        len(user.display_name) > 64 for tenant in world.customers.values() for user in tenant.state.users.values()
    )


def test_licences_differ_from_tenant_to_tenant(world: HarbourIT) -> None:
    assert plans(world.customers["plain"]) == set()
    assert plans(world.customers["p1"]) == {"AAD_PREMIUM"}
    assert "AAD_PREMIUM_P2" in plans(world.customers["p2"])
    assert "AAD_PREMIUM_P2" in plans(world.customers["p2-no-permanent"])
    assert "AAD_PREMIUM_P2" not in plans(world.customers["p2-expired"])
    expired = {sku.capability_status for sku in world.customers["p2-expired"].state.skus.values()}
    assert expired & {"Suspended", "Deleted", "LockedOut"}


def test_one_policy_forbids_permanent_active_assignment(world: HarbourIT) -> None:
    rules = world.customers["p2-no-permanent"].state.pim_policy
    assert rules["Expiration_Admin_Assignment"]["isExpirationRequired"] is True
    assert world.customers["p2"].state.pim_policy == {}


def test_one_tenant_is_hybrid_and_one_is_federated(world: HarbourIT) -> None:
    hybrid = world.customers["hybrid"]
    assert hybrid.state.on_premises_sync_enabled
    synced = [user for user in hybrid.state.users.values() if user.on_premises_sync_enabled]
    assert len(synced) > 20
    assert all(user.on_premises_immutable_id and user.on_premises_last_sync_date_time for user in synced)
    assert not hybrid.admin.on_premises_sync_enabled
    federated = world.customers["federated"]
    assert federated.state.domains[federated.domain].authentication_type == "Federated"
    assert federated.admin.user_principal_name.endswith(federated.state.initial_domain)


def test_one_tenant_knows_our_app_under_an_older_name_beside_a_look_alike(world: HarbourIT) -> None:
    principals = {p.app_id: p for p in world.customers["older-name"].state.service_principals.values()}
    ours = principals[world.helpdesk.app_id]
    assert ours.display_name == OLDER_NAME
    assert 0 < len(ours.app_role_assignments) < len(world.helpdesk.required_app_roles)
    stranger = principals[world.look_alike.app_id]
    assert stranger.display_name == world.helpdesk.display_name
    assert stranger.app_id != ours.app_id


def test_no_other_customer_has_consented_yet(world: HarbourIT) -> None:
    for key, tenant in world.customers.items():
        known = {principal.app_id for principal in tenant.state.service_principals.values()}
        assert (world.helpdesk.app_id in known) == (key == "older-name")


def test_emergency_accounts_are_in_a_restricted_unit(world: HarbourIT) -> None:
    tenant = world.customers["emergency"]
    unit = next(unit for unit in tenant.state.administrative_units.values() if unit.is_member_management_restricted)
    accounts = [tenant.state.users[member] for member in unit.members]
    assert len(accounts) == 2
    for account in accounts:
        assert account.user_principal_name.endswith(tenant.state.initial_domain)
        assert GLOBAL_ADMINISTRATOR in roles_of(tenant, account)


def test_role_assignable_groups_have_members_and_owners(world: HarbourIT) -> None:
    tenant = world.customers["groups"]
    groups = [group for group in tenant.state.groups.values() if group.is_assignable_to_role]
    assert len(groups) == 2
    assert all(group.members and group.owners for group in groups)
    holders = {assignment.principal_id for assignment in tenant.state.role_assignments.values()}
    assert sum(group.id in holders for group in groups) == 1


def test_the_apps_ask_for_what_they_need(world: HarbourIT) -> None:
    assert world.helpdesk.display_name == "Tenantry Help Desk"
    assert world.elevation.display_name == "Tenantry Elevation"
    assert len(world.helpdesk.required_app_roles) == len(harbour_it.HELPDESK_PERMISSIONS)
    assert len(world.elevation.required_app_roles) == len(harbour_it.ELEVATION_PERMISSIONS)
    assert world.helpdesk.home_tenant_id == world.partner.id


def test_nothing_is_dated_in_the_future_and_lag_is_per_tenant() -> None:
    world = built(big=20, lag="demo")
    now = SystemClock().now()
    for tenant in world.customers.values():
        assert tenant.state.lag.role_assignment == 45
        assert all(user.created_date_time <= now for user in tenant.state.users.values())
        assert all(
            user.created_date_time <= user.last_password_change_date_time for user in tenant.state.users.values()
        )
        assert all(a.created_date_time < now for a in tenant.state.role_assignments.values())
    lags = [tenant.state.lag for tenant in world.customers.values()]
    assert len({id(lag) for lag in lags}) == len(lags)
