"""Who may do what to which kind of account, and after which proof. Pure: no database, no Django, no Microsoft.

A rule stands for one kind of account and one deed. It names the roles that may act, and what must be shown first: a
fresh proof that it is the technician (step-up), a caller whose identity was proven this strongly, the consent of a
second technician. The first thing that is missing never hides the others: a page can say all of them at once.
"""

import dataclasses
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from tenantry.kit.decision import Denied
from tenantry.reach import Target, roles


class TargetClass(StrEnum):
    """Kinds of account. When several fit, the strictest counts: the last of this list."""

    ORDINARY = "ordinary"
    ADMINISTRATOR = "administrator"
    GLOBAL_ADMINISTRATOR = "global_administrator"
    OWN_ACCOUNT = "own_account"
    EMERGENCY = "emergency"


class Deed(StrEnum):
    """What is done to the account. They equal the help desk's kinds of operation."""

    RESET_PASSWORD = "reset_password"  # noqa: S105  the name of a deed
    BLOCK_SIGN_IN = "block_sign_in"
    UNBLOCK_SIGN_IN = "unblock_sign_in"
    REVOKE_SESSIONS = "revoke_sessions"
    ACCESS_PASS = "access_pass"  # noqa: S105  as above


class Strength(IntEnum):
    """How surely a caller's identity is proven. A method has a strength, a rule asks for one."""

    NONE = 0
    BASIC = 1  # somebody who reads the mail of the address in the directory
    GOOD = 2  # somebody who holds the telephone known to the directory, or whose manager vouches
    STRONG = 3  # somebody who signed in to their own tenant with a second factor, or answered on an enrolled device


CLASS_WORDS: Final[Mapping[TargetClass, str]] = MappingProxyType(
    {
        TargetClass.ORDINARY: "Ordinary user",
        TargetClass.ADMINISTRATOR: "Administrator",
        TargetClass.GLOBAL_ADMINISTRATOR: "Global Administrator",
        TargetClass.OWN_ACCOUNT: "Technician's own account",
        TargetClass.EMERGENCY: "Emergency access account",
    }
)
CLASS_ABOUT: Final[Mapping[TargetClass, str]] = MappingProxyType(
    {
        TargetClass.ORDINARY: "Holds no directory role, may activate none, and is in no role-assignable group.",
        TargetClass.ADMINISTRATOR: (
            "Holds or may activate another directory role, is in a role-assignable group or owns one, or the roles "
            "could not be read."
        ),
        TargetClass.GLOBAL_ADMINISTRATOR: (
            "Holds or may activate Global Administrator, directly or by a group, or a role that can take one over: "
            "Privileged Role Administrator, Privileged Authentication Administrator."
        ),
        TargetClass.OWN_ACCOUNT: "The technician's own account in this tenant.",
        TargetClass.EMERGENCY: "Marked as an emergency access (break-glass) account. Nobody touches it from here.",
    }
)
DEED_WORDS: Final[Mapping[Deed, str]] = MappingProxyType(
    {
        Deed.RESET_PASSWORD: "Reset password",
        Deed.BLOCK_SIGN_IN: "Block sign-in",
        Deed.UNBLOCK_SIGN_IN: "Unblock sign-in",
        Deed.REVOKE_SESSIONS: "Revoke sessions",
        Deed.ACCESS_PASS: "Temporary Access Pass",
    }
)
STRENGTH_WORDS: Final[Mapping[Strength, str]] = MappingProxyType(
    {
        Strength.NONE: "Not asked for",
        Strength.BASIC: "Basic: code by mail",
        Strength.GOOD: "Good: code by SMS, manager vouches, own Microsoft sign-in",
        Strength.STRONG: "Strong: own Microsoft sign-in with second factor, Duo push",
    }
)

OWNER, ADMINISTRATOR, ENGINEER, HELP_DESK = "owner", "administrator", "engineer", "help_desk"
ROLES: Final = (OWNER, ADMINISTRATOR, ENGINEER, HELP_DESK)
"""Roles that a rule can name, the greatest first. Auditors change nothing, whatever a rule says."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """What one deed on one kind of account asks for.

    Attributes:
        roles: who may act; empty: nobody.
        step_up: a fresh proof that it is really the technician.
        strength: how surely the caller must be proven.
        needs_approval: whether a second technician must agree.
    """

    roles: frozenset[str]
    step_up: bool = False
    strength: Strength = Strength.NONE
    needs_approval: bool = False

    def is_weaker_than(self, other: "Rule") -> bool:
        """Whether anything that `other` asks for is not asked for here."""
        return bool(
            self.roles - other.roles
            or (other.step_up and not self.step_up)
            or self.strength < other.strength
            or (other.needs_approval and not self.needs_approval)
        )

    def joined_with(self, other: "Rule") -> "Rule":
        """What satisfies both: the roles that both let act, and everything that either asks for."""
        return Rule(
            self.roles & other.roles,
            self.step_up or other.step_up,
            max(self.strength, other.strength),
            self.needs_approval or other.needs_approval,
        )

    def asks(self) -> str:
        """What it asks for beside the role, in words; empty for nothing."""
        parts = []
        if self.strength:
            parts.append("a verified caller")
        if self.step_up:
            parts.append("a fresh proof that it is you")
        if self.needs_approval:
            parts.append("a second technician's approval")
        return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""

    def words(self) -> str:
        """The rule in one sentence."""
        if not self.roles:
            return "Nobody, through this console."
        who = {OWNER: "owners", ADMINISTRATOR: "administrators", ENGINEER: "engineers", HELP_DESK: "help desk"}
        parts = [", ".join(who[role] for role in ROLES if role in self.roles).capitalize()]
        if self.step_up:
            parts.append("after confirming that it is them")
        if self.strength:
            parts.append(f"with a caller proven at least {Strength(self.strength).name.lower()}")
        if self.needs_approval:
            parts.append("with a second technician's approval")
        return ", ".join(parts) + "."


_ALL: Final = frozenset(ROLES)
_ENGINEERS: Final = frozenset({OWNER, ADMINISTRATOR, ENGINEER})
_LEADS: Final = frozenset({OWNER, ADMINISTRATOR})
_NOBODY: Final = Rule(frozenset())

DEFAULTS: Final[Mapping[tuple[TargetClass, Deed], Rule]] = MappingProxyType(
    {
        **{(TargetClass.ORDINARY, deed): Rule(_ALL) for deed in Deed},
        # Whoever sits down at an unlocked console must not walk away with a password, or open a closed door.
        (TargetClass.ORDINARY, Deed.RESET_PASSWORD): Rule(_ALL, step_up=True),
        (TargetClass.ORDINARY, Deed.UNBLOCK_SIGN_IN): Rule(_ALL, step_up=True),
        # A pass stands for password and second factor at once, so nobody gets one for a story.
        (TargetClass.ORDINARY, Deed.ACCESS_PASS): Rule(_ALL, step_up=True, strength=Strength.GOOD),
        **{(TargetClass.ADMINISTRATOR, deed): Rule(_ENGINEERS, step_up=True) for deed in Deed},
        (TargetClass.ADMINISTRATOR, Deed.ACCESS_PASS): Rule(_ENGINEERS, step_up=True, strength=Strength.GOOD),
        **{
            (TargetClass.GLOBAL_ADMINISTRATOR, deed): Rule(_LEADS, step_up=True, needs_approval=True)
            for deed in Deed
            if deed != Deed.REVOKE_SESSIONS
        },
        (TargetClass.GLOBAL_ADMINISTRATOR, Deed.ACCESS_PASS): Rule(
            _LEADS, step_up=True, strength=Strength.GOOD, needs_approval=True
        ),
        # Ending sessions takes nothing away that signing in again would not give back, and in an attack minutes count.
        (TargetClass.GLOBAL_ADMINISTRATOR, Deed.REVOKE_SESSIONS): Rule(_ENGINEERS, step_up=True),
        **{(TargetClass.OWN_ACCOUNT, deed): Rule(_ENGINEERS, step_up=True, needs_approval=True) for deed in Deed},
        **{(TargetClass.EMERGENCY, deed): _NOBODY for deed in Deed},
    }
)
"""What holds until somebody with the permission changes it."""

FIXED: Final = frozenset({TargetClass.EMERGENCY})
"""Kinds whose rules nobody edits: an emergency is no time for a console that may be taken."""


TAKE_OVER_ALL: Final = frozenset(
    {
        roles.GLOBAL_ADMINISTRATOR,
        # Either can make itself or another a Global Administrator, or set such a one's password.
        roles.PRIVILEGED_ROLE_ADMINISTRATOR,
        roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
    }
)
"""Roles that own the tenant. Source: "Least privileged roles by task", "Privileged roles and permissions"."""


def classify(*, target: Target, is_emergency: bool, is_own: bool, are_roles_known: bool) -> TargetClass:
    """The kind of account, the strictest that fits. Roles that could not be read count as some.

    Who may activate a role is one call away from holding it, so eligible roles count like active ones.
    """
    if is_emergency:
        return TargetClass.EMERGENCY
    if is_own:
        return TargetClass.OWN_ACCOUNT
    held = target.role_ids | target.eligible_role_ids
    if held & TAKE_OVER_ALL:
        return TargetClass.GLOBAL_ADMINISTRATOR
    if held or target.is_in_role_assignable_group or not are_roles_known:
        return TargetClass.ADMINISTRATOR
    return TargetClass.ORDINARY


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """What an account counts as.

    Attributes:
        target_class: the kind of account.
        is_eligible: only because of a role that is not in force, and that the user may activate.
        beneath: of a technician's own account, the kind it is besides; its rule holds too.
    """

    target_class: TargetClass
    is_eligible: bool = False
    beneath: TargetClass | None = None


def rule_for(rules: Mapping[tuple[TargetClass, Deed], Rule], standing: Standing, deed: Deed) -> Rule:
    """The rule that counts for an account. One's own Global Administrator account is no less one of those."""
    rule = rules[standing.target_class, deed]
    return rule if standing.beneath is None else rule.joined_with(rules[standing.beneath, deed])


def standing_of(*, target: Target, is_emergency: bool, is_own: bool, are_roles_known: bool) -> Standing:
    """The kind of account (see `classify`), and whether it rests on a role that is only eligible."""
    found, by_active = (
        classify(target=each, is_emergency=is_emergency, is_own=is_own, are_roles_known=are_roles_known)
        for each in (target, dataclasses.replace(target, eligible_role_ids=frozenset()))
    )
    beneath = None
    if found is TargetClass.OWN_ACCOUNT:
        beneath = classify(target=target, is_emergency=False, is_own=False, are_roles_known=are_roles_known)
    return Standing(found, is_eligible=found is not by_active, beneath=beneath)


@dataclasses.dataclass(frozen=True, slots=True)
class Proofs:
    """What was shown so far.

    Attributes:
        stepped_up: the technician proved lately that it is them.
        strength: how surely the caller was proven, for this account, deed and ticket.
        overridden: somebody with the permission took it on themselves to go without the caller's proof.
        approved: a second technician agreed to exactly this.
    """

    stepped_up: bool = False
    strength: Strength = Strength.NONE
    overridden: bool = False
    approved: bool = False


NOTHING_SHOWN: Final = Proofs()


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say.

    Attributes:
        target_class: the kind of account.
        deed: what is to be done.
        rule: the rule that counts.
        denied: why it may not be done at all by this technician; None when it may.
        wants_step_up: a fresh proof is missing.
        wants_strength: the proof of the caller that is missing; NONE when it is there or not asked for.
        wants_approval: a second technician's consent is missing.
        is_eligible: it is that kind only by a role that the user may activate.
    """

    target_class: TargetClass
    deed: Deed
    rule: Rule
    denied: Denied | None
    wants_step_up: bool = False
    wants_strength: Strength = Strength.NONE
    wants_approval: bool = False
    is_eligible: bool = False

    @property
    def is_allowed(self) -> bool:
        """Whether nothing is missing."""
        return self.denied is None and not (self.wants_step_up or self.wants_strength or self.wants_approval)

    @property
    def class_words(self) -> str:
        """The kind of account in words."""
        return _class_words(self.target_class, is_eligible=self.is_eligible)

    def refusal(self) -> Denied | None:
        """The first thing in the way, as a refusal; None when it may be done now."""
        if self.denied is not None:
            return self.denied
        what = f"“{DEED_WORDS[self.deed]}” on {_article(self.class_words)}"
        if self.wants_strength:
            strength = STRENGTH_WORDS[self.wants_strength]
            return Denied(
                code="verification_missing",
                reason=f"{what} asks for a caller who proved who they are ({strength[0].lower()}{strength[1:]}).",
                remedy="Verify the caller first, for this user and this ticket.",
                who="you, with the caller",
            )
        if self.wants_step_up:
            return Denied(
                code="step_up_missing",
                reason=f"{what} asks you to confirm that it is you.",
                remedy="Confirm with your passkey or a code, then go on.",
                who="you",
            )
        if self.wants_approval:
            return Denied(
                code="approval_missing",
                reason=f"{what} asks for a second technician's approval.",
                remedy="Ask for it; a colleague decides, and it is done in that moment.",
                who="a second technician",
            )
        return None


def judge(
    rule: Rule,
    *,
    role: str,
    target_class: TargetClass,
    deed: Deed,
    proofs: Proofs = NOTHING_SHOWN,
    is_eligible: bool = False,
) -> Verdict:
    """What `rule` says to somebody with `role` who has shown `proofs`; `is_eligible` only changes the words."""
    denied = _denied(rule, role=role, target_class=target_class, deed=deed, is_eligible=is_eligible)
    if denied is not None:
        return Verdict(target_class, deed, rule, denied, is_eligible=is_eligible)
    is_proven = proofs.strength >= rule.strength or proofs.overridden
    return Verdict(
        target_class,
        deed,
        rule,
        None,
        wants_step_up=rule.step_up and not proofs.stepped_up,
        wants_strength=Strength.NONE if is_proven else rule.strength,
        wants_approval=rule.needs_approval and not proofs.approved,
        is_eligible=is_eligible,
    )


def may_approve(rule: Rule, *, role: str, target_class: TargetClass, deed: Deed) -> Denied | None:
    """Why somebody with `role` may not agree to it; None when they may: who may not do it cannot let others do it."""
    return _denied(rule, role=role, target_class=target_class, deed=deed)


def _class_words(target_class: TargetClass, *, is_eligible: bool) -> str:
    return f"{CLASS_WORDS[target_class]} (eligible)" if is_eligible else CLASS_WORDS[target_class]


def _denied(
    rule: Rule, *, role: str, target_class: TargetClass, deed: Deed, is_eligible: bool = False
) -> Denied | None:
    if target_class is TargetClass.EMERGENCY:
        return Denied(
            code="emergency_account",
            reason="This is an emergency access account. Nobody touches it through this console.",
            remedy="Follow the customer's emergency plan. If the mark is wrong, an owner or administrator removes it.",
            who="the customer",
        )
    if role in rule.roles and role in _ALL:
        return None
    words = _class_words(target_class, is_eligible=is_eligible)
    allowed = [each for each in ROLES if each in rule.roles]
    names = {OWNER: "an owner", ADMINISTRATOR: "an administrator", ENGINEER: "an engineer", HELP_DESK: "the help desk"}
    who = " or ".join(names[each] for each in allowed) or "nobody"
    return Denied(
        code="rule_role",
        reason=f"The rules do not let your role do “{DEED_WORDS[deed]}” on {_article(words)}.",
        remedy=f"Hand it to {who}." if allowed else "The rules let nobody do it here; use the Microsoft admin center.",
        who=who,
    )


def _article(words: str) -> str:
    lowered = words if words.startswith("Global") else words[0].lower() + words[1:]
    return f"an {lowered}" if lowered[0] in "aeiou" else f"a {lowered}"
