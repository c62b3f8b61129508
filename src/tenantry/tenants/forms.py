"""Forms of this domain. Each names customer and tenant; the server refuses when they do not belong together."""

from collections.abc import Collection
from typing import Any

from django import forms

from tenantry.reach import roles
from tenantry.tenants.models import RolePath
from tenantry.tenants.policies import WISH_LABELS, Wish, options_for

_OPTIONS = roles.role_options(looks_after_admins=True)
ROLE_HINTS = {option.role.template_id: f"{option.summary} {option.limit}" for option in _OPTIONS}
RECOMMENDED_ROLE = next(option.role.template_id for option in _OPTIONS if option.is_recommended)
_CHOICES = [
    (option.role.template_id, f"{option.role.name} (recommended)" if option.is_recommended else option.role.name)
    for option in _OPTIONS
]


class RoleForm(forms.Form):
    """Which directory role the enterprise app is to have."""

    wanted_role = forms.ChoiceField(
        label="Role of the enterprise app",
        choices=_CHOICES,
        widget=forms.RadioSelect,
        initial=RECOMMENDED_ROLE,
        error_messages={"required": "Choose one of the roles.", "invalid_choice": "Choose one of the roles."},
    )


class OfTenantForm(forms.Form):
    """A button that acts on the connection the page showed."""

    tenant_id = forms.UUIDField(widget=forms.HiddenInput)


PATH_HINTS = {
    "": "Direct where PIM is off, with PIM where it is on. Follows when the tenant changes.",
    RolePath.DIRECT: "Works in every tenant, without any licence.",
    RolePath.PIM: "The same assignment, made in PIM's wizard: active, permanent, with a justification. Needs P2.",
    RolePath.GROUP: "Through a role-assignable security group that the app is a member of. Needs one P1 licence.",
}


class ChoosePathForm(OfTenantForm):
    """On which road the enterprise app gets its role."""

    path = forms.ChoiceField(
        label="Road",
        choices=[("", "Automatic (recommended)"), *((path.value, path.label) for path in RolePath)],
        widget=forms.RadioSelect,
        required=False,
        error_messages={"invalid_choice": "Choose one of the roads."},
    )
    group_name = forms.CharField(label="Name of the group", max_length=256, required=False)


class FeaturesForm(OfTenantForm):
    """Which features are wanted, and the role for them."""

    wishes = forms.MultipleChoiceField(
        label="Features wanted",
        choices=[(wish.value, label) for wish, label in WISH_LABELS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one feature.", "invalid_choice": "Choose among the features."},
    )
    wanted_role = forms.ChoiceField(
        label="Role of the help-desk app",
        widget=forms.RadioSelect,
        required=False,
        error_messages={"invalid_choice": "Choose one of the roles."},
    )
    is_confirmed = forms.BooleanField(
        label="Yes, Global Administrator is really what this app is to have", required=False
    )

    def __init__(self, *args: Any, path: RolePath, wishes: Collection[Wish], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        options = options_for(wishes, path=path)
        self.has_dangerous = any(option.needs_confirmation for option in options)
        self.fields["wanted_role"].choices = [  # type: ignore[attr-defined]
            ("", "The least role that does (recommended)"),
            *((option.role.template_id, option.role.name) for option in options),
        ]
        self.role_hints = {
            "": "Follows from the features above.",
            **{option.role.template_id: f"{option.summary} {option.limit}" for option in options},
        }
        if not self.has_dangerous:
            del self.fields["is_confirmed"]


class ChooseRoleForm(RoleForm, OfTenantForm):
    """Another role for a connection."""
