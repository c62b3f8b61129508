"""Form fields as the console shows them: `{% load ui_forms %}`.

`{% field form.name %}` is the label, the hint, the control and the error, tied together for screen readers. The
control keeps whatever attributes its widget has.
"""

from collections.abc import Mapping

from django import forms, template
from django.forms.boundfield import BoundField

register = template.Library()

_WIDE = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def _kind(bound: BoundField, *, is_switch: bool) -> str:
    """Which drawing the field's widget gets."""
    widget = bound.field.widget
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "switch" if is_switch else "check"
    return "set" if isinstance(widget, _WIDE) else "line"


@register.inclusion_tag("tenantry/components/field.html")
def field(
    bound: BoundField,
    hint: str = "",
    *,
    label: str = "",
    switch: bool = False,
    hints: Mapping[str, str] | None = None,
    mono: bool = False,
) -> dict[str, object]:
    """One field of a form.

    Args:
        bound: the field, e.g. `form.name`.
        hint: what to know before filling it; the form's `help_text` when left out.
        label: replaces the form's label.
        switch: draw a checkbox as a switch (takes effect with the form, not at once).
        hints: for radio cards, a text under each choice, by the choice's value.
        mono: type in a fixed-width face (ids, codes).
    """
    text = hint or bound.help_text
    kind = _kind(bound, is_switch=switch)
    described = " ".join(
        f"{bound.auto_id}_{part}" for part, is_there in (("helptext", text), ("error", bound.errors)) if is_there
    )
    attrs: dict[str, str | bool] = {}
    if described and kind != "set":
        attrs["aria-describedby"] = described
    if kind == "switch":
        attrs["role"] = "switch"
    own_class = str(bound.field.widget.attrs.get("class", ""))
    if mono:
        attrs["class"] = f"{own_class} mono".strip()
    choices = []
    if kind == "set":
        choices = [
            {"option": option, "hint": (hints or {}).get(str(option.data["value"]), "")} for option in bound.subwidgets
        ]
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": text,
        "described": described,
        "control": "" if kind == "set" else bound.as_widget(attrs=attrs),
        "choices": choices,
        "is_password": isinstance(bound.field.widget, forms.PasswordInput),
    }


@register.inclusion_tag("tenantry/components/form_fields.html")
def form_fields(form: forms.BaseForm) -> dict[str, object]:
    """Every field of the form in order, after what is wrong with the form as a whole."""
    return {"form": form}


@register.inclusion_tag("tenantry/components/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, object]:
    """What keeps the form from being accepted, each line leading to its field; nothing while all is well."""
    wrong = [bound for bound in form if bound.errors and not bound.is_hidden]
    hidden = [error for bound in form.hidden_fields() for error in bound.errors]
    return {"form": form, "wrong": wrong, "whole": [*form.non_field_errors(), *hidden]}


@register.inclusion_tag("tenantry/components/password_hints.html")
def password_hints(bound: BoundField, username: str = "") -> dict[str, object]:
    """What Microsoft asks of a password, ticked off while it is typed into `bound`."""
    return {"bound": bound, "username": username}
