"""Forms of this domain."""

import uuid
from typing import Any

from django import forms

from tenantry.customers.groups.reading import groups_of, groups_to_add_to
from tenantry.customers.models import Customer
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.staff.forms import TeamsField


class CustomerForm(forms.Form):
    """A customer's name, the domain its tenant is expected to have, and its groups where one may choose them."""

    name = forms.CharField(label="Name", max_length=200, error_messages={"required": "Give the customer a name."})
    domain = forms.CharField(
        label="Expected domain",
        max_length=300,
        required=False,
        help_text="A domain of their Microsoft 365 tenant, like kestrel.example. When another tenant answers, you "
        "are asked before it is connected.",
    )
    groups = forms.TypedMultipleChoiceField(
        label="Customer groups",
        required=False,
        coerce=uuid.UUID,
        widget=forms.CheckboxSelectMultiple,
        help_text="The teams linked to a group see its customers.",
        error_messages={
            "invalid_choice": "Choose among the groups that are offered.",
            "required": "Choose a customer group, or you would not see the customer.",
        },
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  Django's own arguments
        technician: Technician,
        customer: Customer | None = None,
        **kwargs: Any,  # noqa: ANN401  as above
    ) -> None:
        if customer is not None:
            present = groups_of(customer.pk, technician=technician)
            kwargs["initial"] = {
                "name": customer.name,
                "domain": customer.domain,
                "groups": [str(group.pk) for group in present],
            }
        super().__init__(*args, **kwargs)
        offered = groups_to_add_to(technician)
        if not offered or (customer is not None and not technician.may(Permission.CUSTOMERS_GROUP)):
            del self.fields["groups"]
            return
        field = self.fields["groups"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  declared so above
        field.choices = [(str(group.pk), group.name) for group in offered]
        field.required = customer is None and not technician.sees_everything

    def chosen_groups(self) -> list[uuid.UUID] | None:
        """The groups that were ticked; None when the form that was sent does not offer them."""
        return self.cleaned_data["groups"] if "groups" in self.fields and "groups-offered" in self.data else None


class GroupNameForm(forms.Form):
    """A customer group's name."""

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class GroupForm(GroupNameForm):
    """A customer group: its name, and the teams that see its customers."""

    teams = TeamsField()
