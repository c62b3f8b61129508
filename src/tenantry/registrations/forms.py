"""What the page's buttons say."""

from typing import Any

from django import forms

from tenantry.graph.apps import App
from tenantry.registrations.actions.signing_in import PURPOSES, Wish


class WishForm(forms.Form):
    """What to do after the sign-in."""

    purpose = forms.ChoiceField(choices=[(purpose, purpose) for purpose in PURPOSES])
    app = forms.ChoiceField(choices=[(app.value, app.value) for app in App], required=False)
    tenant = forms.UUIDField(required=False)
    take_over = forms.UUIDField(required=False)
    beside = forms.BooleanField(required=False)
    shown_helpdesk = forms.CharField(max_length=64, required=False)
    shown_elevation = forms.CharField(max_length=64, required=False)

    def wish(self) -> Wish:
        """The form as the action takes it."""
        data: dict[str, Any] = self.cleaned_data
        return Wish(
            purpose=data["purpose"],
            app=App(data["app"]) if data["app"] else None,
            tenant=str(data["tenant"] or ""),
            take_over=str(data["take_over"] or ""),
            beside=data["beside"],
            shown={app.value: data[f"shown_{app.value}"] for app in App},
        )
