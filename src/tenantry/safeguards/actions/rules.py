"""Changing the rules."""

from collections.abc import Mapping

from django.db import transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid
from tenantry.safeguards import queries
from tenantry.safeguards.events import SafeguardEvent
from tenantry.safeguards.models import StoredRule
from tenantry.safeguards.policies import (
    CLASS_WORDS,
    DEED_WORDS,
    DEFAULTS,
    FIXED,
    HELP_DESK,
    ROLES,
    Deed,
    Rule,
    TargetClass,
)
from tenantry.technicians.access import require_permission
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission

_NEVER_HELP_DESK = frozenset({TargetClass.GLOBAL_ADMINISTRATOR, TargetClass.OWN_ACCOUNT})


def change_rules(
    *, actor: Actor, technician: Technician, wanted: Mapping[tuple[TargetClass, Deed], Rule]
) -> list[tuple[TargetClass, Deed]]:
    """Put these rules in force; those that are not named stay as they are. Each change is one event.

    Returns:
        What changed.

    Raises:
        NotAllowed: the technician may not change rules.
        Invalid: a rule names a role that no rule can name, or is one of those that nobody edits.
    """
    require_permission(technician, Permission.SETTINGS_RULES)
    for key, rule in wanted.items():
        _check(key, rule)
    changed = []
    with transaction.atomic():
        before = queries.rules()
        for key, rule in wanted.items():
            old = before[key]
            if rule == old:
                continue
            changed.append(key)
            if rule == DEFAULTS[key]:
                StoredRule.objects.filter(target_class=key[0], deed=key[1]).delete()
            else:
                StoredRule.objects.update_or_create(
                    target_class=key[0],
                    deed=key[1],
                    defaults={
                        "roles": sorted(rule.roles),
                        "step_up": rule.step_up,
                        "strength": int(rule.strength),
                        "needs_approval": rule.needs_approval,
                        "changed_at": clock.now(),
                        "changed_by": actor.name,
                    },
                )
            _record(actor, key, old, rule)
    return changed


def reset_rules(*, actor: Actor, technician: Technician) -> int:
    """Go back to the defaults; returns how many rules that changed."""
    return len(change_rules(actor=actor, technician=technician, wanted=dict(DEFAULTS)))


def _check(key: tuple[TargetClass, Deed], rule: Rule) -> None:
    target_class, deed = key
    words = f"{CLASS_WORDS[target_class]}, {DEED_WORDS[deed].lower()}"
    if target_class in FIXED:
        if rule != DEFAULTS[key]:
            raise Invalid(f"{words}: nobody changes this rule.", field=f"{target_class}-{deed}")
        return
    if unknown := rule.roles - set(ROLES):
        raise Invalid(f"{words}: no rule can name {', '.join(sorted(unknown))}.", field=f"{target_class}-{deed}")
    if target_class in _NEVER_HELP_DESK and HELP_DESK in rule.roles:
        raise Invalid(
            f"{words}: the help desk may not be named here.",
            field=f"{target_class}-{deed}",
            remedy="Whoever answers the telephone must not be the one who can be talked into this.",
        )


def _record(actor: Actor, key: tuple[TargetClass, Deed], old: Rule, new: Rule) -> None:
    words = f"{CLASS_WORDS[key[0]]}, {DEED_WORDS[key[1]].lower()}"
    weaker = " It asks for less than before." if new.is_weaker_than(old) else ""
    audit.record(
        actor=actor,
        action=SafeguardEvent.RULE_CHANGED,
        about=About(target_kind="rule", target_id=f"{key[0]}.{key[1]}", target_name=words),
        summary=f"{new.words()} Was: {old.words()}{weaker}",
        details={"before": _as_json(old), "after": _as_json(new), "is_weaker": new.is_weaker_than(old)},
    )


def _as_json(rule: Rule) -> dict[str, object]:
    return {
        "roles": sorted(rule.roles),
        "step_up": rule.step_up,
        "strength": int(rule.strength),
        "needs_approval": rule.needs_approval,
    }
