"""The filters of the users table: a plain GET form whose every field is optional."""

import functools
from typing import Final

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tenantry.directory.listing import FILTERS, ORDERS, Wanted

_ANY: Final = {
    "signin": ("Sign-in", "Any sign-in"),
    "licence": ("Licence", "Any licence"),
    "type": ("Type", "Members and guests"),
    "source": ("Source", "Any source"),
    "rights": ("Rights", "Any rights"),
}


def _choice(name: str) -> forms.ChoiceField:
    label, every = _ANY[name]
    choices = [("", every), *((value, words) for value, (words, _) in FILTERS[name].items())]
    return forms.ChoiceField(required=False, label=label, choices=choices)


class UserFilter(forms.Form):
    """Search, filters and order of the users table; a value that is not known does not narrow."""

    q = forms.CharField(required=False, max_length=200)
    signin = _choice("signin")
    licence = _choice("licence")
    type = _choice("type")
    source = _choice("source")
    rights = _choice("rights")
    show = forms.ChoiceField(
        required=False, label="Show", choices=[("", "Present users"), ("removed", "Deleted in the tenant")]
    )
    sort = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    use_required_attribute = False

    @property
    def choices(self) -> list[tuple[SafeString, SafeString]]:
        """The fields to choose from, in their order, each as label and control."""
        return [_drawn(name, self.cleaned_data.get(name, "")) for name in (*FILTERS, "show")]

    def wanted(self) -> Wanted:
        """What the valid fields ask for."""
        self.is_valid()
        clean = self.cleaned_data
        sort = clean.get("sort") or "name"
        order = sort.removeprefix("-")
        return Wanted(
            text=(clean.get("q") or "").replace("\0", ""),
            filters={name: clean[name] for name in FILTERS if clean.get(name)},
            order=order if order in ORDERS else "name",
            is_descending=sort.startswith("-") and order in ORDERS,
            is_removed=clean.get("show") == "removed",
        )


@functools.cache
def _drawn(name: str, value: str) -> tuple[SafeString, SafeString]:
    """Label and control of a field with a valid value; drawn once for each, not once for each page."""
    field = UserFilter({name: value})[name]
    return format_html('<label for="{}">{}</label>', field.id_for_label, field.label), SafeString(str(field))
