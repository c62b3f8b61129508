"""Forms of this domain."""

from django import forms


class RoadForm(forms.Form):
    """Confirms one plan, by the digest of what was shown."""

    work_id = forms.UUIDField(widget=forms.HiddenInput)
    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    justification = forms.CharField(
        label="Justification", max_length=500, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    ticket = forms.CharField(
        label="Ticket", max_length=100, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
