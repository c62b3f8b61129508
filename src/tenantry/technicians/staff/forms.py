"""Forms about colleagues and teams."""

import uuid
from typing import Any

from django import forms
from django.contrib.auth import password_validation

from tenantry.technicians.forms import PASSWORD_HINT
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import SERVICE_ROLES, Role, grantable
from tenantry.technicians.staff.reading import list_people, list_teams


class TeamsField(forms.TypedMultipleChoiceField):
    """Teams to tick; none is an answer too."""

    def __init__(self) -> None:
        super().__init__(
            label="Teams",
            required=False,
            coerce=uuid.UUID,
            choices=lambda: [(str(team.pk), team.name) for team in list_teams()],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": "A team was deleted a moment ago. Choose again."},
        )


class RoleForm(forms.Form):
    """A role that somebody may give."""

    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  Django's own arguments
        giver: Technician,
        is_service: bool = False,
        **kwargs: Any,  # noqa: ANN401  as above
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared so above
        field.choices = [
            (role.value, role.label) for role in grantable(giver.role) if role in SERVICE_ROLES or not is_service
        ]


class InviteForm(RoleForm):
    """Who is invited, and as what."""

    display_name = forms.CharField(label="Name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="They sign in with it. The invitation goes there.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    teams = TeamsField()

    field_order = ("display_name", "email", "role", "teams")

    def __init__(self, *args: Any, giver: Technician, **kwargs: Any) -> None:  # noqa: ANN401  as above
        kwargs.setdefault("initial", {"role": Role.HELP_DESK})
        super().__init__(*args, giver=giver, **kwargs)

    def clean_email(self) -> str:
        """Addresses are kept in lower case."""
        return str(self.cleaned_data["email"]).lower()


class ServiceForm(RoleForm):
    """A service account's name and role, and the teams whose customers it sees."""

    display_name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    teams = TeamsField()

    field_order = ("display_name", "role", "teams")

    def __init__(self, *args: Any, giver: Technician, **kwargs: Any) -> None:  # noqa: ANN401  as above
        kwargs.setdefault("initial", {"role": Role.HELP_DESK})
        super().__init__(*args, giver=giver, is_service=True, **kwargs)


class TeamsForm(forms.Form):
    """The teams somebody is in."""

    teams = TeamsField()


class TeamNameForm(forms.Form):
    """A team's name."""

    name = forms.CharField(label="Name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class TeamForm(TeamNameForm):
    """A team: its name, members, what it sees."""

    sees_everything = forms.BooleanField(
        label="Sees every customer",
        required=False,
        help_text="Customers that are added later too. The linked customer groups then make no difference.",
    )
    members = forms.TypedMultipleChoiceField(
        label="Members",
        required=False,
        coerce=uuid.UUID,
        choices=lambda: [
            (str(person.technician.pk), f"{person.technician.display_name} ({person.address})")
            for person in list_people()
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "A member is gone. Choose again."},
    )


class JoinForm(forms.Form):
    """What somebody who was invited says about themselves. Typed passwords are not sent back to the browser."""

    display_name = forms.CharField(
        label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password1 = forms.CharField(
        label="Password",
        strip=False,
        help_text=PASSWORD_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="Password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, technician: Technician, **kwargs: Any) -> None:  # noqa: ANN401  as above
        kwargs["initial"] = {"display_name": technician.display_name}
        super().__init__(*args, **kwargs)
        self._email = technician.email

    def clean(self) -> None:
        """The passwords are alike and good enough for this person."""
        super().clean()
        password, repeated = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if not password:
            return
        if repeated and repeated != password:
            self.add_error("password2", "The two passwords differ. Type the same one twice.")
        person = Technician(display_name=self.cleaned_data.get("display_name", ""), email=self._email)
        try:
            password_validation.validate_password(password, person)
        except forms.ValidationError as error:
            self.add_error("password1", error)
