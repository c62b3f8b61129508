"""Every cell of both tables through the enforcement, and a handful live over HTTPS."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock

from entrasim import enforcement
from entrasim.effective import permissions_of
from entrasim.handle import TenantHandle
from entrasim.tables.matrices import NAMED_ROLES, RESET, SENSITIVE, Standing
from entrasim.tables.permissions import APPLICATION
from entrasim.tables.roles import BUILTIN_ROLES

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
FORBIDDEN = "Insufficient privileges to complete the operation."

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the official tables are not beside the repository")


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def standing_of(row: dict[str, str]) -> str:
    return {
        "none": Standing.NO_ROLE,
        "role_assignable_group_member_or_owner": Standing.GROUP_MEMBER,
        "rmau_scoped_role": Standing.RESTRICTED_SCOPE,
        "any_other_role": Standing.OTHER_ROLE,
    }.get(row["target_kind"], row["target_template_id"])


@pytest.mark.reference
@needs_reference
def test_every_cell_of_the_reset_table_is_enforced() -> None:
    for row in rows("password_reset_matrix.csv"):
        allowed = enforcement.may_reset(frozenset({row["actor_template_id"]}), {standing_of(row)})
        assert allowed == (row["can_reset"] == "y"), row
    assert len(rows("password_reset_matrix.csv")) == 180


@pytest.mark.reference
@needs_reference
def test_every_cell_of_the_sensitive_actions_table_is_enforced() -> None:
    for row in rows("sensitive_actions_matrix.csv"):
        allowed = enforcement.may_act(frozenset({row["actor_template_id"]}), {standing_of(row)})
        assert allowed == (row["can_act"] == "y"), row
    assert len(rows("sensitive_actions_matrix.csv")) == 108


@pytest.mark.reference
@needs_reference
def test_the_tables_of_roles_and_permissions_are_whole() -> None:
    roles = {row["template_id"]: row for row in rows("directory_roles.csv")}
    assert roles.keys() == BUILTIN_ROLES.keys()
    for role_id, role in BUILTIN_ROLES.items():
        assert role.display_name == roles[role_id]["display_name"]
        assert role.is_privileged == (roles[role_id]["is_privileged"] == "true")
    for row in rows("graph_permissions.csv"):
        if row["type"] == "Application":
            assert APPLICATION[row["permission"]] == row["id"]


def test_no_role_that_is_no_column_acts_on_anybody() -> None:
    actors = frozenset().union(*RESET.values(), *SENSITIVE.values())
    for role in BUILTIN_ROLES:
        if role not in actors:
            assert not enforcement.may_reset(frozenset({role}), {Standing.NO_ROLE})
            assert not enforcement.may_act(frozenset({role}), {Standing.NO_ROLE})


def test_a_target_with_several_roles_needs_all_of_them_allowed() -> None:
    helpdesk = frozenset({"729827e3-9c14-49f7-bb1b-9608f156bbb8"})
    reader, author = "4a5d8f65-41da-4de4-8968-e035b65339cf", "c4e39bd9-1100-46d3-8c65-fb160da0071f"
    assert enforcement.may_reset(helpdesk, {reader})
    assert not enforcement.may_reset(helpdesk, {reader, author})


def test_standings_are_read_from_the_tenant(tenant: TenantHandle, clock: StandingClock) -> None:
    plain = tenant.add_user(name="Plain Person")
    author = tenant.add_user(name="Auth Admin", roles=["Authentication Administrator"])
    exotic = tenant.add_user(name="Teams Admin", roles=["Teams Administrator"])
    custom = tenant.add_user(name="Custom Holder")
    tenant.assign_role(custom.id, tenant.add_custom_role("App support").id)
    owner, through = tenant.add_user(name="Group Owner"), tenant.add_user(name="Group Member")
    desk = tenant.add_group("Desk", assignable=True, members=[through], owners=[owner])
    tenant.assign_role(desk.id, "Reports Reader")
    scoped = tenant.add_user(name="Scoped Admin")
    unit = tenant.add_restricted_unit("Vault")
    tenant.assign_role(scoped.id, "User Administrator", f"/administrativeUnits/{unit.id}")

    def read(user_id: str) -> set[str]:
        return enforcement.standings_of(tenant.state, tenant.user(user_id), clock.now())

    assert read(plain.id) == {Standing.NO_ROLE}
    assert read(author.id) == {"c4e39bd9-1100-46d3-8c65-fb160da0071f"}
    assert read(exotic.id) == {Standing.OTHER_ROLE}
    assert read(custom.id) == {Standing.OTHER_ROLE}
    assert read(owner.id) == {Standing.GROUP_MEMBER}
    assert read(through.id) == {Standing.GROUP_MEMBER, "4a5d8f65-41da-4de4-8968-e035b65339cf"}
    assert read(scoped.id) == {Standing.RESTRICTED_SCOPE, "fe930be7-5e62-47db-91af-98c3a49a38b1"}
    assert BUILTIN_ROLES.keys() >= NAMED_ROLES


@pytest.mark.parametrize(
    ("role", "target_roles", "status"),
    [
        ("User Administrator", [], 204),
        ("User Administrator", ["Groups Administrator"], 204),
        ("User Administrator", ["Global Administrator"], 403),
        ("Helpdesk Administrator", ["Reports Reader"], 204),
        ("Helpdesk Administrator", ["Authentication Administrator"], 403),
        ("Privileged Authentication Administrator", ["Global Administrator"], 204),
        ("Privileged Role Administrator", [], 403),
        ("Directory Readers", [], 403),
    ],
)
def test_resets_over_https_follow_the_table(
    client_for: ClientFor, tenant: TenantHandle, role: str, target_roles: list[str], status: int
) -> None:
    target = tenant.add_user(roles=target_roles)
    client = client_for("User-PasswordProfile.ReadWrite.All", roles=(role,))
    assert client.reset(target.id).status == status
    assert (tenant.user(target.id).password == "Quiet-Harbour-88") == (status == 204)


def test_the_permission_alone_and_the_role_alone_are_both_refused(client_for: ClientFor, tenant: TenantHandle) -> None:
    target = tenant.add_user()
    without_role = client_for("User-PasswordProfile.ReadWrite.All")
    without_permission = client_for("User.ReadWrite.All", "Directory.ReadWrite.All", roles=("User Administrator",))
    assert without_role.reset(target.id).message == FORBIDDEN
    assert without_permission.reset(target.id).code == "Authorization_RequestDenied"
    assert any("without a consented permission" in complaint for complaint in tenant.lint())


@pytest.mark.parametrize(
    ("permissions", "role", "status"),
    [
        (("User.EnableDisableAccount.All", "User.Read.All"), "User Administrator", 204),
        (("User.EnableDisableAccount.All",), "User Administrator", 403),
        (("User.EnableDisableAccount.All", "User.Read.All"), "Helpdesk Administrator", 403),
        (("User.EnableDisableAccount.All", "User.Read.All"), "Security Operator", 204),
        (("User.ReadWrite.All",), "Authentication Administrator", 204),
        (("User.ReadUpdate.All",), "User Administrator", 403),
    ],
)
def test_blocking_follows_permissions_and_the_sensitive_table(
    client_for: ClientFor, tenant: TenantHandle, permissions: tuple[str, ...], role: str, status: int
) -> None:
    target = tenant.add_user()
    assert client_for(*permissions, roles=(role,)).patch(f"/users/{target.id}", {"accountEnabled": False}).status == (
        status
    )
    assert tenant.user(target.id).account_enabled == (status != 204)


def test_a_role_through_a_group_counts_for_the_app(client_for: ClientFor, tenant: TenantHandle) -> None:
    target = tenant.add_user()
    client = client_for("User-PasswordProfile.ReadWrite.All")
    desk = tenant.add_group("Apps that reset", assignable=True)
    tenant.assign_role(desk.id, "User Administrator")
    assert client.reset(target.id).status == 403
    tenant.add_member(desk, tenant.service_principal(client.app))
    assert client.reset(target.id).status == 204


def test_a_role_scoped_to_a_unit_does_not_count_for_the_tenant(client_for: ClientFor, tenant: TenantHandle) -> None:
    target = tenant.add_user()
    unit = tenant.add_unit("Branch", [target])
    client = client_for("User-PasswordProfile.ReadWrite.All")
    scope = f"/administrativeUnits/{unit.id}"
    tenant.assign_role(tenant.service_principal(client.app).id, "User Administrator", scope)
    assert client.reset(target.id).status == 403


def test_members_of_a_restricted_unit_answer_only_to_roles_scoped_to_it(client: Client) -> None:
    target = client.tenant.add_user()
    unit = client.tenant.add_restricted_unit("Emergency accounts", [target])
    answer = client.reset(target.id)
    assert answer.status == 403
    assert answer.message.startswith("This user is a member of a restricted management administrative unit.")
    scope = f"/administrativeUnits/{unit.id}"
    client.tenant.assign_role(client.tenant.service_principal(client.app).id, "User Administrator", scope)
    assert client.reset(target.id).status == 204
    assert client.get(f"/users/{target.id}?$select=isManagementRestricted").json["isManagementRestricted"] is True


def test_a_new_role_comes_into_force_after_its_lag_and_with_a_new_token(
    client_for: ClientFor, tenant: TenantHandle, clock: StandingClock
) -> None:
    target = tenant.add_user()
    tenant.set_lag(role_assignment=900)
    client = client_for("User-PasswordProfile.ReadWrite.All", roles=("User Administrator",))
    assert client.reset(target.id).status == 403
    clock.travel(seconds=901)
    assert client.reset(target.id).status == 403
    client.forget_token()
    assert client.reset(target.id).status == 204


def test_writes_need_the_permission_in_the_token_and_in_the_tenant(
    client: Client, clock: StandingClock, tenant: TenantHandle
) -> None:
    target = tenant.add_user()
    assert client.token
    tenant.remove_permission(client.app, "User-PasswordProfile.ReadWrite.All")
    assert client.reset(target.id).status == 403
    assert "User.Read.All" in permissions_of(tenant.state, tenant.service_principal(client.app), clock.now())
    assert client.get("/users?$top=1").status == 200
    tenant.withdraw_consent(client.app)
    assert client.get("/users?$top=1").code == "Authorization_IdentityNotFound"


def test_revoking_follows_the_reset_table(client_for: ClientFor, tenant: TenantHandle) -> None:
    target, boss = tenant.add_user(), tenant.add_user(roles=["Global Administrator"])
    client = client_for("User.RevokeSessions.All", roles=("Helpdesk Administrator",))
    answer = client.post(f"/users/{target.id}/revokeSignInSessions")
    assert (answer.status, answer.json["value"]) == (200, True)
    assert tenant.user(target.id).sign_in_sessions_valid_from_date_time is not None
    assert client.post(f"/users/{boss.id}/revokeSignInSessions").status == 403


def test_an_expired_a_foreign_and_a_missing_token_are_refused(client: Client, clock: StandingClock) -> None:
    assert client.get("/users", Authorization="Bearer ").message == "Access token is empty."
    assert client.get("/users", Authorization="Bearer a.b.c").code == "InvalidAuthenticationToken"
    assert client.get("/users?$top=1").status == 200
    clock.travel(seconds=dt.timedelta(hours=1).total_seconds())
    answer = client.get("/users?$top=1")
    assert (answer.status, answer.message) == (401, "Lifetime validation failed, the token is expired.")
