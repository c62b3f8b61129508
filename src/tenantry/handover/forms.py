"""Forms of this domain."""

from django import forms

from tenantry.handover.actions import LONGEST_DAYS


class LinkForm(forms.Form):
    """How long a page lives."""

    days = forms.IntegerField(label="Days until it ends", min_value=1, max_value=LONGEST_DAYS, initial=7)
