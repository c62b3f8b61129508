"""Why everything is stopped, and why it goes on."""

from django import forms


class ReasonForm(forms.Form):
    """A reason, kept in the record."""

    reason = forms.CharField(
        label="Reason",
        help_text="Kept in the activity log, and told through every channel of alerts.",
        min_length=3,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
