"""Forms of caller verification."""

from django import forms

from tenantry.verification.actions.starting import TICKET_LENGTH
from tenantry.verification.policies import Method


class StartForm(forms.Form):
    """For which ticket, and how."""

    ticket = forms.CharField(
        label="Ticket",
        help_text="The proof is good for this ticket only. Use the same one when you confirm.",
        required=False,
        max_length=TICKET_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    method = forms.ChoiceField(choices=[(str(each), str(each)) for each in Method])


class CodeForm(forms.Form):
    """The code that the caller reads out."""

    code = forms.CharField(
        label="Code that the caller reads to you",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
    )
