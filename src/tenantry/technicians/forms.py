"""Forms of our own pages: the first owner, the profile."""

from django import forms
from django.contrib.auth import password_validation

from tenantry.technicians.models import Technician

PASSWORD_HINT = "At least 12 characters. Not a common password, not made of your name or address."  # noqa: S105  a hint


class OwnerForm(forms.Form):
    """Who the first owner is. Typed passwords are not sent back to the browser."""

    display_name = forms.CharField(
        label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="You sign in with it.",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
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

    def clean_email(self) -> str:
        """Addresses are kept in lower case."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> None:
        """The passwords are alike and good enough for this person."""
        super().clean()
        password = self.cleaned_data.get("password1")
        if not password:
            return
        repeated = self.cleaned_data.get("password2")
        if repeated and repeated != password:
            self.add_error("password2", "The two passwords differ. Type the same one twice.")
        person = Technician(
            display_name=self.cleaned_data.get("display_name", ""), email=self.cleaned_data.get("email", "")
        )
        try:
            password_validation.validate_password(password, person)
        except forms.ValidationError as error:
            self.add_error("password1", error)


class ProfileForm(forms.Form):
    """A technician's own name and address."""

    display_name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="Shown to colleagues and written into the activity log.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="You sign in with it. A change asks you to confirm it is you.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        """Addresses are kept in lower case."""
        return str(self.cleaned_data["email"]).lower()
