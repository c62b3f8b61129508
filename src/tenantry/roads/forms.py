"""Forms of this domain."""

from django import forms


class PlanForm(forms.Form):
    """Confirms one plan, by the digest of what was shown."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    justification = forms.CharField(
        label="Justification", max_length=500, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    ticket = forms.CharField(
        label="Ticket", max_length=64, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class RoadForm(PlanForm):
    """The same by a technician, who names the row as well."""

    work_id = forms.UUIDField(widget=forms.HiddenInput)
