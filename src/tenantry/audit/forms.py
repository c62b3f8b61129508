"""The filters of the activity page."""

import datetime as dt
from typing import Any

from django import forms

from tenantry.audit.models import Result
from tenantry.audit.queries import Filter, actions_known, words_of


class ActivityFilter(forms.Form):
    """Every field is optional; a field that cannot be read is shown with its error and does not narrow."""

    text = forms.CharField(
        required=False,
        max_length=200,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Person, customer, technician or ticket"}),
    )
    action = forms.ChoiceField(required=False, label="Action")
    result = forms.ChoiceField(
        required=False,
        label="Result",
        choices=[("", "Any result"), ("open", "Under way"), *[choice for choice in Result.choices if choice[0]]],
    )
    customer = forms.UUIDField(required=False, widget=forms.HiddenInput)
    target = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own signature
        super().__init__(*args, **kwargs)
        field = self.fields["action"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Any action"), *[(action, words_of(action)) for action in actions_known()]]

    def wanted(self) -> Filter:
        """The filter that the valid fields make. Dates are whole days in UTC; `until` is included."""
        self.is_valid()
        clean = self.cleaned_data
        since, until = clean.get("since"), clean.get("until")
        return Filter(
            text=clean.get("text") or "",
            customer_id=clean.get("customer"),
            action=clean.get("action") or "",
            result=clean.get("result") or "",
            target_id=clean.get("target") or "",
            since=dt.datetime.combine(since, dt.time.min, dt.UTC) if since else None,
            # The calendar's last day has no next one; nothing is recorded after it.
            until=dt.datetime.combine(until + dt.timedelta(days=1), dt.time.min, dt.UTC)
            if until and until < dt.date.max
            else None,
        )
