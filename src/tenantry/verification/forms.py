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


class SenderForm(forms.Form):
    """What Twilio's console shows. What each must be like is decided by the action."""

    account = forms.CharField(
        label="Account SID", max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    key = forms.CharField(
        label="API key SID",
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="Secret of the API key, or auth token",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    service = forms.CharField(
        label="Verify service SID",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class DuoForm(forms.Form):
    """What Duo's Admin Panel shows of an Admin API application."""

    host = forms.CharField(
        label="API hostname",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "api-1a2b3c4d.duosecurity.com"}),
    )
    key = forms.CharField(
        label="Integration key",
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="Secret key", max_length=100, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )


class CodeForm(forms.Form):
    """The code that the caller reads out."""

    code = forms.CharField(
        label="Code that the caller reads to you",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
    )
