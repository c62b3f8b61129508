"""allauth's forms in our words: labels and hints instead of placeholders. What they check and do is allauth's."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from cryptography.exceptions import InvalidSignature
from django import forms

from tenantry.technicians.forms import PASSWORD_HINT

_CODE_HINT = "Six digits from your authenticator app, or one of your recovery codes."
_NOT_ACCEPTED = "This key was not accepted. Is it one you have added here? Try again."


class _Worded(forms.Form):
    """Replaces labels, hints and attributes after allauth has built its fields."""

    labels: dict[str, str] = {}
    hints: dict[str, str] = {}
    focused = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  allauth's own arguments
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
        if self.focused in self.fields:
            self.fields[self.focused].widget.attrs["autofocus"] = True


class LoginForm(_Worded, account.LoginForm):  # type: ignore[misc]  # allauth publishes no types
    """E-mail address and password."""

    labels = {"login": "E-mail address", "password": "Password"}
    focused = "login"

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as above
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"


class ReauthenticateForm(_Worded, account.ReauthenticateForm):  # type: ignore[misc]  # as above
    """The password once more."""

    labels = {"password": "Your password"}
    focused = "password"


class ChangePasswordForm(_Worded, account.ChangePasswordForm):  # type: ignore[misc]  # as above
    """The old password and the new one twice."""

    labels = {"oldpassword": "Current password", "password1": "New password", "password2": "New password again"}
    hints = {"password1": PASSWORD_HINT}


class SetPasswordForm(_Worded, account.SetPasswordForm):  # type: ignore[misc]  # as above
    """The first password, twice."""

    labels = {"password1": "New password", "password2": "New password again"}
    hints = {"password1": PASSWORD_HINT}


class AuthenticateForm(_Worded, mfa.AuthenticateForm):  # type: ignore[misc]  # as above
    """The second step of a sign-in."""

    labels = {"code": "Code"}
    hints = {"code": _CODE_HINT}
    focused = "code"


class ReauthenticateCodeForm(_Worded, mfa.ReauthenticateForm):  # type: ignore[misc]  # as above
    """A code to confirm it is you."""

    labels = {"code": "Code"}
    hints = {"code": _CODE_HINT}
    focused = "code"


class ActivateTOTPForm(_Worded, totp.ActivateTOTPForm):  # type: ignore[misc]  # as above
    """The first code of a new authenticator app."""

    labels = {"code": "Code from the app"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  as above
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class _Credential(forms.Form):
    """Refuses what no key would send; allauth leaves some of it to fail as a server error."""

    def clean_credential(self) -> Any:  # noqa: ANN401  allauth's authenticator row
        """Check the answer of the key.

        Raises:
            ValidationError: malformed, signed by another key, or too many tries.
        """
        try:
            return super().clean_credential()  # type: ignore[misc]  # allauth's form, next in line
        except (AttributeError, KeyError, TypeError, ValueError, InvalidSignature) as error:
            raise forms.ValidationError(_NOT_ACCEPTED, code="incorrect_code") from error
        except forms.ValidationError as error:
            if error.code == "incorrect_code":
                raise forms.ValidationError(_NOT_ACCEPTED, code=error.code) from error
            raise


class LoginWebAuthnForm(_Credential, webauthn.LoginWebAuthnForm):  # type: ignore[misc]  # as above
    """A passkey in place of address and password."""


class AuthenticateWebAuthnForm(_Credential, webauthn.AuthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    """A passkey or security key as the second step."""


class ReauthenticateWebAuthnForm(_Credential, webauthn.ReauthenticateWebAuthnForm):  # type: ignore[misc]  # as above
    """A passkey or security key to confirm it is you."""


class AddWebAuthnForm(_Worded, webauthn.AddWebAuthnForm):  # type: ignore[misc]  # as above
    """A new passkey or security key."""

    labels = {"name": "Name", "passwordless": "Sign in with it alone, without a password"}
    hints = {
        "name": "So that you can tell your keys apart.",
        "passwordless": "Makes it a passkey. Your device then asks for a fingerprint, your face or a PIN.",
    }

    def clean(self) -> dict[str, Any]:
        """Check what the new key answered."""
        try:
            return super().clean() or {}
        except (AttributeError, KeyError, TypeError, ValueError, InvalidSignature) as error:
            raise forms.ValidationError("This key was not accepted. Try again, or try another key.") from error


class EditWebAuthnForm(_Worded, webauthn.EditWebAuthnForm):  # type: ignore[misc]  # as above
    """Another name for a key."""

    labels = {"name": "Name"}
