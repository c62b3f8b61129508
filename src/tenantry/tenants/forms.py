"""Forms of this domain. Each names customer and tenant; the server refuses when they do not belong together."""

from django import forms

from tenantry.reach import roles
from tenantry.tenants.models import RolePath

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


class ChooseRoleForm(RoleForm, OfTenantForm):
    """Another role for a connection."""
