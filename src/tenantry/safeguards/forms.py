"""Forms of rules, of trying them, and of decisions."""

from collections.abc import Mapping
from typing import Any

from django import forms

from tenantry.safeguards.policies import (
    CLASS_WORDS,
    DEED_WORDS,
    FIXED,
    ROLES,
    STRENGTH_WORDS,
    Deed,
    Rule,
    Strength,
    TargetClass,
)

ROLE_WORDS = {
    "owner": "Owners",
    "administrator": "Administrators",
    "engineer": "Engineers",
    "help_desk": "Help desk",
}
_STRENGTHS = [(str(int(each)), words) for each, words in STRENGTH_WORDS.items()]


class RulesForm(forms.Form):
    """Every rule that can be changed, four fields each."""

    def __init__(self, *args: Any, rules: Mapping[tuple[TargetClass, Deed], Rule], **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self.rules = rules
        for (target_class, deed), rule in rules.items():
            if target_class in FIXED:
                continue
            name = f"{target_class}-{deed}"
            words = f"{CLASS_WORDS[target_class]}, {DEED_WORDS[deed].lower()}"
            self.fields[f"{name}-roles"] = forms.MultipleChoiceField(
                choices=[(role, ROLE_WORDS[role]) for role in ROLES],
                required=False,
                initial=sorted(rule.roles),
                label=f"{words}: who may",
                widget=forms.CheckboxSelectMultiple,
            )
            self.fields[f"{name}-step_up"] = forms.BooleanField(
                required=False, initial=rule.step_up, label="Confirm that it is them"
            )
            self.fields[f"{name}-strength"] = forms.ChoiceField(
                choices=_STRENGTHS, initial=str(int(rule.strength)), label="Caller"
            )
            self.fields[f"{name}-needs_approval"] = forms.BooleanField(
                required=False, initial=rule.needs_approval, label="Second technician approves"
            )

    def wanted(self) -> dict[tuple[TargetClass, Deed], Rule]:
        """The rules of a valid form."""
        clean = self.cleaned_data
        return {
            (target_class, deed): Rule(
                roles=frozenset(clean[f"{target_class}-{deed}-roles"]),
                step_up=clean[f"{target_class}-{deed}-step_up"],
                strength=Strength(int(clean[f"{target_class}-{deed}-strength"])),
                needs_approval=clean[f"{target_class}-{deed}-needs_approval"],
            )
            for target_class, deed in self.rules
            if target_class not in FIXED
        }

    def groups(self) -> list[tuple[TargetClass, list[tuple[Deed, dict[str, forms.BoundField]]]]]:
        """The fields by kind of account and deed, for the page."""
        found: dict[TargetClass, list[tuple[Deed, dict[str, forms.BoundField]]]] = {}
        for target_class, deed in self.rules:
            if target_class in FIXED:
                continue
            name = f"{target_class}-{deed}"
            parts = {part: self[f"{name}-{part}"] for part in ("roles", "step_up", "strength", "needs_approval")}
            found.setdefault(target_class, []).append((deed, parts))
        return list(found.items())


class TryForm(forms.Form):
    """Whom to try the rules with."""

    technician = forms.ChoiceField(label="Technician")
    customer = forms.ChoiceField(label="Customer")
    user = forms.CharField(
        label="User",
        max_length=320,
        help_text="Sign-in name, or the beginning of a name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    deed = forms.ChoiceField(label="What", choices=[(str(deed), words) for deed, words in DEED_WORDS.items()])

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  Django's own
        technicians: list[tuple[str, str]],
        customers: list[tuple[str, str]],
        **kwargs: Any,  # noqa: ANN401  as above
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("technician", technicians), ("customer", customers)):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = choices or [("", "None yet")]


class NoteForm(forms.Form):
    """A word to the one who asked."""

    note = forms.CharField(
        label="Note",
        help_text="For the colleague who asked; kept in the activity log.",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class MarkForm(forms.Form):
    """Why an account is marked for emergencies, or no longer."""

    justification = forms.CharField(
        label="Justification",
        help_text="Kept in the activity log.",
        min_length=3,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
