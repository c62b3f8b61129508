"""Forms of the help desk."""

from typing import Any

from django import forms

from tenantry.helpdesk import passwords
from tenantry.helpdesk.actions.requests import JUSTIFICATION, PASS_MINUTES, TICKET_LENGTH, PassWish
from tenantry.helpdesk.guarding import OVERRIDE_LENGTHS
from tenantry.helpdesk.passwords import Source
from tenantry.kit.sealed import Secret

_SHORTEST, _LONGEST = JUSTIFICATION


class ConfirmForm(forms.Form):
    """Why, for which ticket; and the signed confirmation."""

    confirmation = forms.CharField(widget=forms.HiddenInput)
    justification = forms.CharField(
        label="Justification",
        help_text="Why this is done. It is kept in the activity log.",
        min_length=_SHORTEST,
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"list": "justifications", "autocomplete": "off"}),
    )
    ticket = forms.CharField(
        label="Ticket",
        help_text="The reference in your ticket system.",
        required=False,
        max_length=TICKET_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    override_reason = forms.CharField(
        label="Go on without the caller's proof, because",
        help_text="Stands out in the activity log, with your name.",
        required=False,
        min_length=OVERRIDE_LENGTHS[0],
        max_length=OVERRIDE_LENGTHS[1],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CodeForm(forms.Form):
    """The code that belongs to a one-time link."""

    code = forms.CharField(
        label="Code",
        help_text="Six digits that you were told by another way, usually on the telephone.",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )


class StopForm(forms.Form):
    """Why nobody waits for an outcome any more."""

    justification = forms.CharField(
        label="Justification",
        help_text="Why you stop waiting. It is kept in the activity log.",
        min_length=_SHORTEST,
        max_length=_LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PassForm(ConfirmForm):
    """A Temporary Access Pass: also for how long, and for how many sign-ins."""

    minutes = forms.IntegerField(
        label="Good for, in minutes",
        help_text="Most tenants allow 60 to 480 minutes. The shorter, the better.",
        initial=60,
        min_value=PASS_MINUTES[0],
        max_value=PASS_MINUTES[1],
    )
    is_once = forms.BooleanField(
        label="For one sign-in only",
        help_text=(
            "Recommended. Leave it out when the user has to sign in on several devices, or registers a passkey on "
            "another one."
        ),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  Django's own
        super().__init__(*args, **kwargs)
        self.order_fields(["confirmation", "minutes", "is_once", "justification", "ticket", "override_reason"])

    def wish(self) -> PassWish:
        """What the pass is to be like, from a valid form."""
        return PassWish(minutes=self.cleaned_data["minutes"], is_once=self.cleaned_data["is_once"])


class ResetForm(ConfirmForm):
    """A reset: also where the new password comes from.

    A typed password is never sent back to the browser: after an error it is typed again. A page with a password in its
    source would live on in the browser's memory and history, which is worse than typing it twice.
    """

    source = forms.ChoiceField(
        label="New password", choices=Source.choices, initial=Source.WORDS, widget=forms.RadioSelect
    )
    password = forms.CharField(
        label="Password, if you type it",
        required=False,
        strip=False,
        max_length=passwords.LONGEST,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "spellcheck": "false"}),
    )
    must_change = forms.BooleanField(
        label="The user must change it at the next sign-in",
        help_text="Recommended: then only the user knows the password.",
        required=False,
        initial=True,
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  Django's own
        user_principal_name: str,
        may_type: bool = True,
        **kwargs: Any,  # noqa: ANN401  as above
    ) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        if not may_type and isinstance(source, forms.ChoiceField):  # whoever types a password knows it
            source.choices = [choice for choice in Source.choices if choice[0] != Source.TYPED]
        self._user_principal_name = user_principal_name
        self.order_fields(
            ["confirmation", "source", "password", "must_change", "justification", "ticket", "override_reason"]
        )

    def clean(self) -> dict[str, Any]:
        """Check a typed password by the rules Microsoft states."""
        cleaned: dict[str, Any] = super().clean() or {}
        typed = cleaned.pop("password", "") or ""
        if cleaned.get("source") == Source.TYPED:
            found = passwords.problems(typed, self._user_principal_name)
            for problem in found:
                self.add_error("password", problem)
            if not found:
                cleaned["new_password"] = Secret(typed)
        return cleaned

    def new_password(self) -> Secret:
        """The password of a valid form: the typed one, or a fresh one."""
        source = self.cleaned_data["source"]
        if source == Source.TYPED:
            typed: Secret = self.cleaned_data["new_password"]
            return typed
        make = passwords.readable if source == Source.WORDS else passwords.random
        return make(self._user_principal_name)
