"""Forms of the page of streams. What an address must be like is decided by the actions."""

from django import forms

from tenantry.streams.models import StreamKind

_WHOLE = "Send what is recorded already, too"


class WebhookForm(forms.Form):
    """The receiver's address."""

    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://siem.example.com/…", "autocomplete": "off"}),
    )
    whole = forms.BooleanField(label=_WHOLE, required=False)


class SyslogForm(forms.Form):
    """The server, and how it is spoken to."""

    kind = forms.ChoiceField(
        label="Transport", choices=[(kind.value, kind.label) for kind in StreamKind if kind != StreamKind.WEBHOOK]
    )
    host = forms.CharField(
        label="Host", max_length=253, widget=forms.TextInput(attrs={"placeholder": "syslog.example.com"})
    )
    port = forms.IntegerField(label="Port", initial=6514, min_value=1, max_value=65_535)
    whole = forms.BooleanField(label=_WHOLE, required=False)
