"""AADSTS errors as a person sees them: on a page, or carried back to the app in the query.

Texts follow `reference-error-codes` (Microsoft Entra authentication and authorization error codes). An error that
could send a code to a stranger (unknown app, unregistered address) is shown and never redirected.
"""

import dataclasses
import datetime as dt
import urllib.parse
import uuid

from werkzeug import Response

from entrasim.pages.html import alert, el
from entrasim.pages.layout import Redirect, login_page


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """One AADSTS error: its number, Microsoft's sentence, and the OAuth `error` it travels under."""

    code: int
    message: str
    error: str = "invalid_request"

    def description(self, now: dt.datetime) -> str:
        """The text of `error_description`, with fresh trace and correlation ids."""
        stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        return (
            f"AADSTS{self.code}: {self.message} Trace ID: {uuid.uuid4()} Correlation ID: {uuid.uuid4()} "
            f"Timestamp: {stamp}"
        )


def unknown_app(client_id: str, tenant_name: str) -> Trouble:
    """No app with that client id."""
    return Trouble(
        700016,
        f"Application with identifier '{client_id}' was not found in the directory '{tenant_name}'. This can happen if "
        "the application has not been installed by the administrator of the tenant or consented to by any user in the "
        "tenant. You may have sent your authentication request to the wrong tenant.",
        "unauthorized_client",
    )


def unregistered_redirect(client_id: str, redirect_uri: str) -> Trouble:
    """The redirect address is not one of the app's."""
    return Trouble(
        50011,
        f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs configured for "
        f"the application '{client_id}'. Make sure the redirect URI sent in the request matches one added to your "
        "application in the Azure portal.",
    )


def unknown_tenant(tenant: str) -> Trouble:
    """No such directory."""
    return Trouble(
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def no_common() -> Trouble:
    """The v2.0 admin consent address does not take `common`."""
    return Trouble(
        50059,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    )


def missing(parameter: str) -> Trouble:
    """A parameter that must be there is not."""
    return Trouble(900144, f"The request body must contain the following parameter: '{parameter}'.")


def other_directory(upn: str, app_name: str, client_id: str, tenant_name: str) -> Trouble:
    """The account lives in another directory and is no guest here."""
    return Trouble(
        50020,
        f"User account '{upn}' from identity provider does not exist in tenant '{tenant_name}' and cannot access the "
        f"application '{client_id}'({app_name}) in that tenant. The account needs to be added as an external user in "
        "the tenant first. Sign out and sign in again with a different Azure Active Directory user account.",
        "access_denied",
    )


def single_tenant(client_id: str, app_name: str) -> Trouble:
    """An app of one directory at an address for all of them."""
    return Trouble(
        50194,
        f"Application '{client_id}'({app_name}) is not configured as a multi-tenant application. Usage of the /common "
        "endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or "
        "configure the application to be multi-tenant.",
    )


def disabled_app(client_id: str, app_name: str) -> Trouble:
    """The enterprise app is switched off in the directory."""
    return Trouble(7000112, f"Application '{client_id}'({app_name}) is disabled.", "unauthorized_client")


NEEDS_MFA = Trouble(
    50079,
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll "
    "in multifactor authentication to access this application.",
    "interaction_required",
)
DECLINED = Trouble(65004, "User declined to consent to access the app.", "access_denied")
NEEDS_ADMIN = Trouble(
    90094,
    "The grant requires admin permission. An administrator of the organization must consent to the application.",
    "access_denied",
)


def trouble_page(trouble: Trouble, now: dt.datetime, *, status: int = 400) -> Response:
    """Microsoft's page "Sorry, but we're having trouble signing you in"."""
    text, _, details = trouble.description(now).partition(" Trace ID: ")
    return login_page(
        "Sorry, but we're having trouble signing you in",
        alert(text),
        el("p", f"Trace ID: {details}", class_="details"),
        status=status,
    )


def expired_page(address: str) -> Response:
    """A form without this browser's token."""
    return login_page(
        "This page has expired",
        el("p", "Nothing was changed. The form was not from a page that this browser was given, or it is too old."),
        el("p", el("a", "Start again", href=address)),
        status=400,
    )


def back_to(redirect_uri: str, query: dict[str, str], *, fragment: bool = False) -> Response:
    """Send the browser to the app with that query. Microsoft ends error addresses with an empty fragment."""
    joint = "&" if "?" in redirect_uri else "?"
    address = redirect_uri + joint + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
    return Redirect(address + ("#" if fragment else ""))
