"""The rules as values: who may do what to which kind of account, after which proof."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.reach import Target, roles
from tenantry.safeguards.policies import (
    DEFAULTS,
    ROLES,
    Deed,
    Proofs,
    Rule,
    Standing,
    Strength,
    TargetClass,
    classify,
    judge,
    may_approve,
    rule_for,
    standing_of,
)

C, D = TargetClass, Deed

_RULES = st.builds(
    Rule,
    roles=st.frozensets(st.sampled_from([*ROLES, "auditor", "nobody"])),
    step_up=st.booleans(),
    strength=st.sampled_from(Strength),
    needs_approval=st.booleans(),
)
_PROOFS = st.builds(
    Proofs,
    stepped_up=st.booleans(),
    strength=st.sampled_from(Strength),
    overridden=st.booleans(),
    approved=st.booleans(),
)


@pytest.mark.parametrize(
    ("target", "is_emergency", "is_own", "are_known", "expected"),
    [
        (Target(), False, False, True, C.ORDINARY),
        (Target(), False, False, False, C.ADMINISTRATOR),
        (Target(role_ids=frozenset({roles.GLOBAL_READER})), False, False, True, C.ADMINISTRATOR),
        (Target(is_in_role_assignable_group=True), False, False, True, C.ADMINISTRATOR),
        (Target(role_ids=frozenset({"11111111-0000-0000-0000-000000000001"})), False, False, True, C.ADMINISTRATOR),
        (Target(role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR})), False, False, True, C.GLOBAL_ADMINISTRATOR),
        (Target(role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR.upper()})), False, False, True, C.GLOBAL_ADMINISTRATOR),
        (Target(role_ids=frozenset({roles.PRIVILEGED_ROLE_ADMINISTRATOR})), False, False, True, C.GLOBAL_ADMINISTRATOR),
        (Target(eligible_role_ids=frozenset({roles.GLOBAL_READER})), False, False, True, C.ADMINISTRATOR),
        (Target(eligible_role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR})), False, False, True, C.GLOBAL_ADMINISTRATOR),
        (Target(), False, True, True, C.OWN_ACCOUNT),
        (Target(role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR})), False, True, True, C.OWN_ACCOUNT),
        (Target(), True, True, True, C.EMERGENCY),
    ],
)
def test_an_account_is_of_the_strictest_kind_that_fits(
    target: Target, is_emergency: bool, is_own: bool, are_known: bool, expected: TargetClass
) -> None:
    found = classify(target=target, is_emergency=is_emergency, is_own=is_own, are_roles_known=are_known)
    assert found is expected


def test_the_defaults_cover_every_kind_and_deed() -> None:
    assert set(DEFAULTS) == set(itertools.product(TargetClass, Deed))


def test_by_default_the_help_desk_reaches_ordinary_users_only() -> None:
    for (target_class, deed), rule in DEFAULTS.items():
        verdict = judge(rule, role="help_desk", target_class=target_class, deed=deed)
        assert (verdict.denied is None) == (target_class is C.ORDINARY), (target_class, deed)


def test_by_default_a_global_administrators_password_takes_two_people() -> None:
    rule = DEFAULTS[C.GLOBAL_ADMINISTRATOR, D.RESET_PASSWORD]
    alone = judge(rule, role="owner", target_class=C.GLOBAL_ADMINISTRATOR, deed=D.RESET_PASSWORD, proofs=Proofs(True))
    assert alone.wants_approval
    assert not alone.is_allowed
    engineer = judge(rule, role="engineer", target_class=C.GLOBAL_ADMINISTRATOR, deed=D.RESET_PASSWORD)
    assert engineer.denied is not None
    assert may_approve(rule, role="engineer", target_class=C.GLOBAL_ADMINISTRATOR, deed=D.RESET_PASSWORD) is not None


@given(rule=_RULES, proofs=_PROOFS, role=st.sampled_from([*ROLES, "auditor", ""]), deed=st.sampled_from(Deed))
def test_nobody_reaches_an_emergency_account_whatever_a_rule_says(
    rule: Rule, proofs: Proofs, role: str, deed: Deed
) -> None:
    verdict = judge(rule, role=role, target_class=C.EMERGENCY, deed=deed, proofs=proofs)
    assert not verdict.is_allowed
    refusal = verdict.refusal()
    assert refusal is not None
    assert refusal.code == "emergency_account"


@given(
    rule=_RULES,
    proofs=_PROOFS,
    role=st.sampled_from([*ROLES, "auditor", ""]),
    deed=st.sampled_from(Deed),
    target_class=st.sampled_from([each for each in TargetClass if each is not C.EMERGENCY]),
)
def test_it_is_allowed_exactly_when_role_and_every_proof_are_there(
    rule: Rule, proofs: Proofs, role: str, deed: Deed, target_class: TargetClass
) -> None:
    verdict = judge(rule, role=role, target_class=target_class, deed=deed, proofs=proofs)
    expected = (
        role in ROLES
        and role in rule.roles
        and (proofs.stepped_up or not rule.step_up)
        and (proofs.approved or not rule.needs_approval)
        and (proofs.overridden or proofs.strength >= rule.strength)
    )
    assert verdict.is_allowed == expected
    assert (verdict.refusal() is None) == expected


@given(old=_RULES, new=_RULES, proofs=_PROOFS, role=st.sampled_from(ROLES))
def test_a_rule_that_is_not_weaker_allows_nothing_that_the_other_refuses(
    old: Rule, new: Rule, proofs: Proofs, role: str
) -> None:
    if new.is_weaker_than(old):
        return
    now = judge(new, role=role, target_class=C.ORDINARY, deed=D.BLOCK_SIGN_IN, proofs=proofs)
    before = judge(old, role=role, target_class=C.ORDINARY, deed=D.BLOCK_SIGN_IN, proofs=proofs)
    assert before.is_allowed or not now.is_allowed


def test_a_kind_that_rests_on_an_eligible_role_says_so_and_microsofts_tables_leave_it_out() -> None:
    """Issue 4, target classes: the words tell that the role is not in force; the rule is the same."""
    top, small = frozenset({roles.GLOBAL_ADMINISTRATOR}), frozenset({roles.GLOBAL_READER})
    cases = [
        (Target(role_ids=small, eligible_role_ids=top), Standing(C.GLOBAL_ADMINISTRATOR, is_eligible=True)),
        (Target(role_ids=top, eligible_role_ids=top), Standing(C.GLOBAL_ADMINISTRATOR)),
        (Target(role_ids=small, eligible_role_ids=small), Standing(C.ADMINISTRATOR)),
        (Target(eligible_role_ids=small), Standing(C.ADMINISTRATOR, is_eligible=True)),
    ]
    for target, expected in cases:
        assert standing_of(target=target, is_emergency=False, is_own=False, are_roles_known=True) == expected
        assert target.rows() == Target(role_ids=target.role_ids).rows()
    rule = DEFAULTS[C.GLOBAL_ADMINISTRATOR, D.RESET_PASSWORD]
    refused = judge(
        rule, role="help_desk", target_class=C.GLOBAL_ADMINISTRATOR, deed=D.RESET_PASSWORD, is_eligible=True
    )
    assert refused.class_words == "Global Administrator (eligible)"
    assert refused.denied is not None
    assert "a Global Administrator (eligible)" in refused.denied.reason


@given(own=_RULES, besides=_RULES, proofs=_PROOFS, role=st.sampled_from(ROLES))
def test_ones_own_account_is_no_way_around_the_rule_of_the_kind_it_is_besides(
    own: Rule, besides: Rule, proofs: Proofs, role: str
) -> None:
    """Issue 4, target classes: the strictest counts, so neither rule lets through what the other refuses."""
    both = own.joined_with(besides)
    assert not both.is_weaker_than(own)
    assert not both.is_weaker_than(besides)
    verdict = judge(both, role=role, target_class=C.OWN_ACCOUNT, deed=D.BLOCK_SIGN_IN, proofs=proofs)
    each = [
        judge(rule, role=role, target_class=C.OWN_ACCOUNT, deed=D.BLOCK_SIGN_IN, proofs=proofs)
        for rule in (own, besides)
    ]
    assert verdict.is_allowed == all(found.is_allowed for found in each)
    top = Target(role_ids=frozenset({roles.GLOBAL_ADMINISTRATOR}))
    standing = standing_of(target=top, is_emergency=False, is_own=True, are_roles_known=True)
    rules = {(C.OWN_ACCOUNT, D.BLOCK_SIGN_IN): own, (C.GLOBAL_ADMINISTRATOR, D.BLOCK_SIGN_IN): besides}
    assert rule_for(rules, standing, D.BLOCK_SIGN_IN) == both
