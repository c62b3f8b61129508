"""Forms of the notifications pages. What an address must be like is decided by the actions."""

from django import forms


class MailForm(forms.Form):
    """Addresses, one on each line or with commas between."""

    addresses = forms.CharField(
        label="Addresses",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "alerts@example.com", "autocomplete": "off"}),
    )

    def wanted(self) -> list[str]:
        """The single addresses."""
        return str(self.cleaned_data["addresses"]).replace(",", "\n").replace(";", "\n").splitlines()


class WebhookForm(forms.Form):
    """The receiver's address."""

    url = forms.CharField(
        label="Address",
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://hooks.example.com/…", "autocomplete": "off"}),
    )
