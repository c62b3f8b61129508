"""How allauth behaves here: nobody signs up, words are ours, secrets of second factors are sealed."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from tenantry.kit.sealed import Secret, seal, unseal
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Role

# allauth's hook sees the text only, not the row it is for, so the place is the column.
_PLACE = {"table": "mfa_authenticator", "row": "", "column": "data"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Accounts are made by owners; nobody signs up by themselves."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is switched off. Ask an owner.",
        "email_password_mismatch": "This e-mail address and password do not belong together. Check both and try again.",
        "enter_current_password": "This is not your current password.",
        "incorrect_code": "This code is not right, or it was used already. Wait for the next one and try again.",
        "incorrect_password": "This is not your password.",
        "rate_limited": "Too many tries. Wait a minute and try again.",
        "too_many_login_attempts": "Too many failed tries. Wait five minutes and try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        del request
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Count a try at a password, per network address and per account; the record says once that a limit was met.

        Raises:
            ValidationError: too many.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            from tenantry.technicians import recording  # noqa: PLC0415  it needs this adapter to tell addresses

            recording.note_lock(request, str(credentials.get("email") or ""))
            raise

    def pre_login(self, request: HttpRequest, user: Technician, **options: Any) -> HttpResponse | None:  # noqa: ANN401  allauth's own
        """Keep to who may sign in without Microsoft. Owners always may: a fault there must not lock everybody out."""
        ways = {step["method"] for step in get_authentication_records(request, user)}
        if settings.LOCAL_SIGN_IN == "owners" and user.role != Role.OWNER and "microsoft" not in ways:
            messages.error(request, "Here only owners sign in without Microsoft. Use “Sign in with Microsoft”.")
            return redirect("account_login")
        answer: HttpResponse | None = super().pre_login(request, user, **options)
        return answer

    def reauthenticate(self, user: Technician, password: str) -> bool:
        """Check the password of somebody who is signed in, within the same limits as at sign-in.

        allauth's own version looks the address up among its verified e-mail addresses, which are not used here.
        """
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the settings."""
        del request
        return reverse("technicians:settings")

    def get_reauthentication_methods(self, user: Technician) -> list[dict[str, str]]:
        """The ways to confirm it is you, in our words."""
        words = {
            "reauthenticate": "Use your password",
            "mfa_reauthenticate": "Use a code",
            "mfa_reauthenticate:webauthn": "Use a passkey or security key",
        }
        methods: list[dict[str, str]] = super().get_reauthentication_methods(user)
        if any(method["id"] != "reauthenticate" for method in methods):
            # Whoever has a second factor confirms with it; a password alone can be known to others. The key comes
            # first: it cannot be phished.
            methods = [method for method in methods if method["id"] != "reauthenticate"]
            methods.sort(key=lambda method: method["id"] != "mfa_reauthenticate:webauthn")
        return [{**method, "description": words.get(method["id"], method["description"])} for method in methods]


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """Second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Recovery codes need an authenticator app or a passkey first.",
        "incorrect_code": "This code is not right, or it was used already. Wait for the next one and try again.",
    }

    def encrypt(self, text: str) -> str:
        """Seal an authenticator's secret before it is stored."""
        return base64.b64encode(seal(Secret(text), **_PLACE)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed."""
        return unseal(base64.b64decode(encrypted_text), **_PLACE).reveal()

    def generate_authenticator_name(self, user: Technician, type: Authenticator.Type) -> str:  # noqa: A002  allauth's name
        """What a new passkey is called until its owner names it."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return "Passkey" if number == 1 else f"Passkey {number}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Who asks for the passkey: this deployment, under the product's name."""
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}
