"""Forms of this domain."""

from django import forms


class CustomerForm(forms.Form):
    """A customer's name and the domain its tenant is expected to have."""

    name = forms.CharField(label="Name", max_length=200, error_messages={"required": "Give the customer a name."})
    domain = forms.CharField(
        label="Expected domain",
        max_length=300,
        required=False,
        help_text="A domain of their Microsoft 365 tenant, like kestrel.example. When another tenant answers, you "
        "are asked before it is connected.",
    )
