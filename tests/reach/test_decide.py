"""Decisions that no single cell tells: accounts, units, groups, several roles, permissions and the words."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.kit.decision import Allowed, Decision, Denied
from tenantry.reach import Action, Reacher, Target, decide, explain_all, least_roles, matrices, roles
from tenantry.reach.permission_ids import PERMISSION_IDS
from tenantry.reach.permissions import HELPDESK_OPTIONAL, HELPDESK_REQUIRED

PAA = roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR
UNIT = "5f0c7f5e-0000-4000-8000-000000000001"
CUSTOM_ROLE = "0c0ffee0-0000-4000-8000-00000000beef"

EVERYTHING = HELPDESK_REQUIRED | HELPDESK_OPTIONAL


def connection(*role_ids: str) -> Reacher:
    return Reacher(role_ids=frozenset(role_ids), permissions=EVERYTHING)


def scoped_connection(*role_ids: str) -> Reacher:
    return Reacher(unit_role_ids={UNIT: frozenset(role_ids)}, permissions=EVERYTHING)


def user(*role_ids: str) -> Target:
    return Target(display_name="Dana Doe", role_ids=frozenset(role_ids))


def denied(decision: Decision) -> Denied:
    assert isinstance(decision, Denied), decision
    assert decision.reason.endswith(".")
    assert decision.remedy.endswith(".")
    assert decision.who
    return decision


def note(decision: Decision) -> str:
    assert isinstance(decision, Allowed), decision
    return decision.note


def test_ac_5_2_every_target_role_must_be_allowed_and_the_blocking_one_is_named() -> None:
    target = user(roles.PASSWORD_ADMINISTRATOR, roles.PRIVILEGED_ROLE_ADMINISTRATOR)
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=connection(roles.USER_ADMINISTRATOR), target=target))
    assert answer.code == "role_insufficient"
    assert "Dana Doe, who holds Privileged Role Administrator:" in answer.reason
    assert "User Administrator is not enough" in answer.reason
    assert "Assign Privileged Authentication Administrator" in answer.remedy


def test_two_roles_that_each_cover_a_part_are_not_added_up() -> None:
    target = user(roles.HELPDESK_ADMINISTRATOR, roles.AUTHENTICATION_ADMINISTRATOR)
    reacher = connection(roles.HELPDESK_ADMINISTRATOR, roles.AUTHENTICATION_ADMINISTRATOR)
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=reacher, target=target))
    assert answer.code == "role_insufficient"


def test_ac_5_2_a_group_member_with_a_minor_role_is_protected_too() -> None:
    target = Target(role_ids=frozenset({roles.DIRECTORY_READERS}), is_in_role_assignable_group=True)
    answer = denied(decide(action=Action.BLOCK_SIGN_IN, reacher=connection(roles.USER_ADMINISTRATOR), target=target))
    assert "member or owner of a role-assignable group" in answer.reason
    assert decide(action=Action.BLOCK_SIGN_IN, reacher=connection(PAA), target=target)


def test_a_custom_role_is_named_by_its_own_name() -> None:
    target = Target(role_ids=frozenset({CUSTOM_ROLE}), custom_role_names={CUSTOM_ROLE.upper(): "Print Room Lead"})
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=connection(roles.USER_ADMINISTRATOR), target=target))
    assert "holds Print Room Lead" in answer.reason


def test_the_implicit_roles_of_members_and_guests_do_not_count_as_roles() -> None:
    target = user(*roles.IMPLICIT_ROLES)
    assert decide(action=Action.BLOCK_SIGN_IN, reacher=connection(roles.USER_ADMINISTRATOR), target=target)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("actor", [roles.GLOBAL_ADMINISTRATOR, PAA, roles.USER_ADMINISTRATOR])
def test_ac_5_2_a_restricted_unit_blocks_everyone_not_scoped_to_it(action: Action, actor: str) -> None:
    for target in (
        Target(is_management_restricted=True),
        Target(is_management_restricted=True, restricted_unit_ids=frozenset({UNIT})),
    ):
        assert denied(decide(action=action, reacher=connection(actor), target=target)).code == "restricted_unit"
    elsewhere = Reacher(unit_role_ids={"another": frozenset({PAA})}, permissions=EVERYTHING)
    assert denied(decide(action=action, reacher=elsewhere, target=target)).code == "restricted_unit"


@pytest.mark.parametrize("action", Action)
def test_a_role_scoped_to_the_restricted_unit_reaches_its_members(action: Action) -> None:
    target = Target(is_management_restricted=True, restricted_unit_ids=frozenset({UNIT.upper()}))
    assert decide(action=action, reacher=scoped_connection(roles.USER_ADMINISTRATOR), target=target)
    administrator = Target(restricted_unit_ids=frozenset({UNIT}), role_ids=frozenset({roles.SECURITY_ADMINISTRATOR}))
    answer = denied(
        decide(action=action, reacher=scoped_connection(roles.AUTHENTICATION_ADMINISTRATOR), target=administrator)
    )
    assert answer.code == "role_insufficient"
    assert "scoped to that unit" in answer.remedy
    assert decide(action=action, reacher=scoped_connection(PAA), target=administrator)


@pytest.mark.parametrize("action", Action)
def test_nobody_reaches_a_global_administrator_in_a_restricted_unit(action: Action) -> None:
    target = Target(restricted_unit_ids=frozenset({UNIT}), role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR}))
    answer = denied(decide(action=action, reacher=scoped_connection(PAA), target=target))
    assert answer.code == "restricted_unit"
    assert answer.reason.startswith("Nobody")
    assert least_roles(action, target) == ()


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(is_synced=True), "synced_account"),
        (Target(domain_is_federated=True), "federated_domain"),
        (Target(is_guest=True), "guest_account"),
    ],
)
def test_ac_5_2_synced_federated_and_guest_accounts_cannot_be_reset_each_for_its_own_reason(
    target: Target, code: str
) -> None:
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=connection(PAA), target=target))
    assert answer.code == code
    assert least_roles(Action.RESET_PASSWORD, target) == ()


def test_blocking_a_synced_user_is_allowed_and_says_that_the_next_sync_overwrites_it() -> None:
    decisions = explain_all(connection(PAA), Target(is_synced=True))
    assert "Disable it in the on-premises" in note(decisions[Action.BLOCK_SIGN_IN])
    assert "Enable it in the on-premises" in note(decisions[Action.UNBLOCK_SIGN_IN])
    assert note(decisions[Action.REVOKE_SESSIONS]) == ""


def test_sessions_of_federated_users_can_be_revoked_and_of_guests_cannot() -> None:
    federated = explain_all(connection(PAA), Target(domain_is_federated=True))
    assert "identity provider" in note(federated[Action.REVOKE_SESSIONS])
    guest = explain_all(connection(PAA), Target(is_guest=True))
    assert denied(guest[Action.REVOKE_SESSIONS]).code == "guest_account"
    assert "this tenant only" in note(guest[Action.BLOCK_SIGN_IN])


@pytest.mark.parametrize("actor", [roles.HELPDESK_ADMINISTRATOR, roles.PASSWORD_ADMINISTRATOR])
def test_ac_5_1_reset_only_roles_warn_of_a_live_refusal_and_cannot_block(actor: str) -> None:
    decisions = explain_all(connection(actor), user())
    assert "at least User Administrator" in note(decisions[Action.RESET_PASSWORD])
    for action in (Action.BLOCK_SIGN_IN, Action.UNBLOCK_SIGN_IN):
        answer = denied(decisions[action])
        assert answer.code == "role_insufficient"
        assert "Assign User Administrator" in answer.remedy


def test_a_role_that_microsoft_promises_leaves_no_note() -> None:
    reacher = connection(roles.HELPDESK_ADMINISTRATOR, roles.USER_ADMINISTRATOR)
    assert [note(decision) for decision in explain_all(reacher, user()).values()] == [""] * len(Action)


def test_revoking_with_password_administrator_alone_warns() -> None:
    decision = decide(action=Action.REVOKE_SESSIONS, reacher=connection(roles.PASSWORD_ADMINISTRATOR), target=user())
    assert "may refuse" in note(decision)


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        (Action.RESET_PASSWORD, "User-PasswordProfile.ReadWrite.All"),
        (Action.BLOCK_SIGN_IN, "User.EnableDisableAccount.All"),
        (Action.UNBLOCK_SIGN_IN, "User.EnableDisableAccount.All"),
        (Action.REVOKE_SESSIONS, "User.RevokeSessions.All"),
        (Action.ACCESS_PASS, "UserAuthMethod-TAP.ReadWrite.All"),
    ],
)
def test_a_missing_permission_is_told_by_name_before_any_role(action: Action, permission: str) -> None:
    reacher = Reacher(role_ids=frozenset(), permissions=EVERYTHING - {permission})
    answer = denied(decide(action=action, reacher=reacher, target=user()))
    assert answer.code == "permission_missing"
    assert permission in answer.reason


def test_a_pass_takes_no_role_but_in_a_restricted_unit_and_warns_of_administrators() -> None:
    """Microsoft's page asks a signed-in user for a role, and an app for its permission alone."""
    nobody = Reacher(permissions=EVERYTHING)
    assert note(decide(action=Action.ACCESS_PASS, reacher=nobody, target=user())) == ""
    administrator = decide(action=Action.ACCESS_PASS, reacher=nobody, target=user(roles.GLOBAL_ADMINISTRATOR))
    assert "as an administrator" in note(administrator)
    restricted = Target(is_management_restricted=True, restricted_unit_ids=frozenset({UNIT}))
    assert denied(decide(action=Action.ACCESS_PASS, reacher=nobody, target=restricted)).code == "restricted_unit"


def test_permissions_may_be_given_as_ids() -> None:
    granted = frozenset(PERMISSION_IDS[name] for name in EVERYTHING)
    reacher = Reacher(role_ids=frozenset({PAA.upper()}), permissions=granted)
    assert all(explain_all(reacher, user()).values())


def test_without_a_role_the_least_role_is_named() -> None:
    answer = denied(decide(action=Action.BLOCK_SIGN_IN, reacher=connection(), target=user()))
    assert answer.code == "role_missing"
    assert "Dana Doe" in answer.reason
    assert "User Administrator" in answer.remedy


def test_an_eligible_role_does_not_count_and_the_answer_says_make_it_active() -> None:
    reacher = Reacher(eligible_role_ids=frozenset({PAA}), permissions=EVERYTHING)
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=reacher, target=user(roles.GLOBAL_ADMINISTRATOR)))
    assert answer.code == "role_eligible_only"
    assert "Active" in answer.remedy


def test_ac_2_4_a_role_scoped_to_a_unit_does_not_count_for_the_tenant() -> None:
    answer = denied(decide(action=Action.RESET_PASSWORD, reacher=scoped_connection(PAA), target=user()))
    assert answer.code == "role_scoped_to_unit"
    assert "limited to an administrative unit" in answer.reason


@pytest.mark.parametrize(
    ("action", "target", "expected"),
    [
        (Action.RESET_PASSWORD, user(), roles.USER_ADMINISTRATOR),
        (Action.RESET_PASSWORD, user(roles.AUTHENTICATION_ADMINISTRATOR), roles.AUTHENTICATION_ADMINISTRATOR),
        (Action.BLOCK_SIGN_IN, user(roles.GLOBAL_ADMINISTRATOR), PAA),
        (Action.REVOKE_SESSIONS, user(), roles.HELPDESK_ADMINISTRATOR),
    ],
)
def test_the_least_role_comes_first(action: Action, target: Target, expected: str) -> None:
    assert least_roles(action, target)[0].template_id == expected


ROLE_IDS = st.frozensets(st.sampled_from([*sorted(matrices.LISTED_ROLES), *matrices.RESET, CUSTOM_ROLE]), max_size=4)
TARGETS = st.builds(
    Target,
    role_ids=ROLE_IDS,
    holds_role_scoped_to_restricted_unit=st.booleans(),
    is_in_role_assignable_group=st.booleans(),
    is_management_restricted=st.booleans(),
    restricted_unit_ids=st.sampled_from([frozenset[str](), frozenset({UNIT})]),
    is_synced=st.booleans(),
    domain_is_federated=st.booleans(),
    is_guest=st.booleans(),
)
REACHERS = st.builds(
    Reacher,
    role_ids=ROLE_IDS,
    eligible_role_ids=ROLE_IDS,
    unit_role_ids=st.builds(lambda held: {UNIT: held}, ROLE_IDS),
    permissions=st.sampled_from([EVERYTHING, frozenset[str]()]),
)
ACTIONS = st.sampled_from(Action)


@given(action=ACTIONS, reacher=REACHERS, target=TARGETS, more=ROLE_IDS)
def test_another_role_of_the_target_never_makes_the_impossible_possible(
    action: Action, reacher: Reacher, target: Target, more: frozenset[str]
) -> None:
    before = decide(action=action, reacher=reacher, target=target)
    after = decide(action=action, reacher=reacher, target=replace_target(target, target.role_ids | more))
    assert before or not after


@given(action=ACTIONS, reacher=REACHERS, target=TARGETS, more=ROLE_IDS, more_in_unit=ROLE_IDS)
def test_another_role_of_ours_never_makes_the_possible_impossible(
    action: Action, reacher: Reacher, target: Target, more: frozenset[str], more_in_unit: frozenset[str]
) -> None:
    stronger = Reacher(
        role_ids=reacher.role_ids | more,
        eligible_role_ids=reacher.eligible_role_ids,
        unit_role_ids={UNIT: reacher.unit_role_ids[UNIT] | more_in_unit},
        permissions=reacher.permissions,
    )
    before = decide(action=action, reacher=reacher, target=target)
    assert not before or decide(action=action, reacher=stronger, target=target)


@given(action=ACTIONS, reacher=REACHERS, target=TARGETS)
def test_every_answer_is_whole_sentences_and_the_recommended_role_really_does_it(
    action: Action, reacher: Reacher, target: Target
) -> None:
    decision = decide(action=action, reacher=reacher, target=target)
    if isinstance(decision, Denied):
        denied(decision)
        assert "Assign  " not in decision.remedy
    for role in least_roles(action, target):
        enough = Reacher(
            role_ids=frozenset({role.template_id}),
            unit_role_ids=dict.fromkeys(target.restricted_unit_ids, frozenset({role.template_id})),
            permissions=EVERYTHING,
        )
        unit_unknown = target.is_restricted and not target.restricted_unit_ids
        assert unit_unknown or decide(action=action, reacher=enough, target=target)


def replace_target(target: Target, role_ids: frozenset[str]) -> Target:
    return Target(
        display_name=target.display_name,
        role_ids=role_ids,
        holds_role_scoped_to_restricted_unit=target.holds_role_scoped_to_restricted_unit,
        is_in_role_assignable_group=target.is_in_role_assignable_group,
        is_management_restricted=target.is_management_restricted,
        restricted_unit_ids=target.restricted_unit_ids,
        is_synced=target.is_synced,
        domain_is_federated=target.domain_is_federated,
        is_guest=target.is_guest,
    )


def test_reach_needs_neither_django_nor_the_network() -> None:
    code = "import sys, tenantry.reach; print({'django', 'urllib3', 'socket'} & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"}
    )
    assert found.stdout.strip() == "set()"
