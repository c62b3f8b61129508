"""The form for a new token."""

import uuid
from typing import Any

from django import forms

from tenantry.api.actions import DAYS, DEFAULT_DAYS
from tenantry.api.queries import offered_to
from tenantry.customers.groups.reading import groups_looked_after
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission


class TokenForm(forms.Form):
    """What a token is for, what it may do, for which customers, and how long."""

    name = forms.CharField(max_length=60, label="What it is for")
    permissions = forms.MultipleChoiceField(
        label="May",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that the token may do."},
    )
    groups = forms.MultipleChoiceField(
        required=False, label="Only customers of these groups", widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(min_value=DAYS[0], max_value=DAYS[1], initial=DEFAULT_DAYS, label="Days until it ends")

    def __init__(self, data: Any = None, *, holder: Technician) -> None:  # noqa: ANN401  Django's own
        super().__init__(data)
        permissions, groups = self.fields["permissions"], self.fields["groups"]
        if isinstance(permissions, forms.MultipleChoiceField) and isinstance(groups, forms.MultipleChoiceField):
            permissions.choices = offered_to(holder)
            groups.choices = [(str(group.pk), group.name) for group in groups_looked_after(holder)]
            if not groups.choices:
                del self.fields["groups"]

    def wanted(self) -> dict[str, Any]:
        """The arguments of `make_token`."""
        groups = [uuid.UUID(each) for each in self.cleaned_data.get("groups") or ()]
        return {
            "name": self.cleaned_data["name"],
            "permissions": [Permission(each) for each in self.cleaned_data["permissions"]],
            "customer_group_ids": groups or None,
            "days": self.cleaned_data["days"],
        }
