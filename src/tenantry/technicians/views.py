"""One-time links, the first owner, and a technician's own settings."""

import uuid
from http import HTTPStatus
from typing import cast

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import password_set
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.graph.errors import GraphError
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.kit.needs import own_account
from tenantry.kit.sealed import Secret
from tenantry.technicians import actions, microsoft, queries, sessions
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.deployment import entries_for
from tenantry.technicians.errors import LinkUnusable
from tenantry.technicians.factors import has_second_factor
from tenantry.technicians.forms import OwnerForm, ProfileForm
from tenantry.technicians.middleware import ENROLLED
from tenantry.technicians.models import LinkPurpose, MicrosoftAccount, Technician
from tenantry.technicians.queries import LinkState
from tenantry.technicians.recording import network_address

# The token is in the address of these pages, so the address must never travel as a referrer. "no-referrer" would also
# make browsers send `Origin: null` with the page's own form, which the CSRF check rightly refuses; "strict-origin"
# sends the bare origin and nothing of the path.
_FORM_PAGE_REFERRER = "strict-origin"
_DEAD_PAGE_REFERRER = "no-referrer"


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in with a one-time link. Opening it changes nothing (scanners of mail open links); its button does."""
    if request.method != "POST":
        found = queries.find_link(token=token, purpose=LinkPurpose.SIGN_IN)
        if found.link is None or found.state != LinkState.READY:
            return dead_link(request, LinkUnusable(found.state))
        return without_path_in_referrers(
            render(request, "technicians/welcome.html", {"technician": found.link.technician})
        )
    try:
        technician = actions.use_sign_in_link(token=token, network_address=network_address(request))
    except LinkUnusable as refusal:
        return dead_link(request, refusal)
    return without_path_in_referrers(sign_in(request, technician))


@login_not_required
@never_cache
@require_POST
def to_microsoft(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider's own tenant."""
    if not microsoft.is_offered():
        raise Http404
    wanted = request.POST.get("next", "")
    next_page = wanted if get_adapter(request).is_safe_url(wanted) else str(settings.LOGIN_REDIRECT_URL)
    try:
        return HttpResponseRedirect(microsoft.leave(request, next_page=next_page))
    except GraphError as error:
        messages.error(request, f"Microsoft's sign-in service gave no answer: {error.message} Try again in a moment.")
        return redirect("account_login")


@login_not_required
@never_cache
@require_GET
def from_microsoft(request: HttpRequest) -> HttpResponse:
    """Where Microsoft sends the technician back to; only a sign-in that this browser began opens anything."""
    if not microsoft.is_offered():
        raise Http404
    try:
        arrived = microsoft.come_back(request, address=network_address(request))
    except NotAllowed as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}")
        return redirect("account_login")
    except GraphError as error:
        messages.error(request, f"Microsoft did not sign you in: {error.message}")
        return redirect("account_login")
    technician = arrived.technician
    if request.user.is_authenticated and request.user != technician:
        logout(request)
    record_authentication(request, technician, microsoft.METHOD)
    if arrived.has_proved_mfa:
        login(request, technician, backend=settings.AUTHENTICATION_BACKENDS[0])
        request.session[ENROLLED] = str(technician.pk)
        account_signals.user_logged_in.send(sender=Technician, request=request, user=technician)
        return HttpResponseRedirect(arrived.next_page)
    return cast("HttpResponse", perform_login(request, technician, redirect_url=arrived.next_page))


@login_not_required
@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Create the first owner with the set-up link, and sign in."""
    found = queries.find_link(token=token, purpose=LinkPurpose.OWNER_SETUP)
    if found.state != LinkState.READY:
        return dead_link(request, LinkUnusable(found.state), is_setup=True)
    if queries.has_owner():
        return _owner_exists(request)
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            owner = actions.create_first_owner(
                token=token,
                display_name=form.cleaned_data["display_name"],
                email=form.cleaned_data["email"],
                password=Secret(form.cleaned_data["password1"]),
                network_address=network_address(request),
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        except LinkUnusable as refusal:
            return dead_link(request, refusal, is_setup=True)
        except NotAllowed:
            return _owner_exists(request)
        else:
            return without_path_in_referrers(sign_in(request, owner))
    return without_path_in_referrers(render(request, "technicians/setup.html", {"form": form}))


@own_account
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """A technician's own account: name and address, password, second step, sessions."""
    technician = technician_of(request)
    if request.method == "POST":
        form = ProfileForm(request.POST)
        if form.is_valid():
            if form.cleaned_data["email"] != technician.email:
                # Whoever changes the address changes who signs in: confirm first, then this form is sent again.
                return cast("HttpResponse", _save_profile_confirmed(request, form))
            return _save_profile(request, form)
    else:
        form = ProfileForm(initial={"display_name": technician.display_name, "email": technician.email})
    return _show_settings(request, form)


@own_account
@require_POST
def end_session(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Sign out in one other browser, at once."""
    sessions.end_one(actor=actor_of(request), technician=technician_of(request), session_id=session_id)
    messages.success(request, "You are signed out there.")
    return redirect("technicians:settings")


@own_account
@require_GET
def protect(request: HttpRequest) -> HttpResponse:
    """Choose a second factor: where whoever has none is led, and can do nothing else."""
    if has_second_factor(technician_of(request)):
        return redirect("technicians:settings")
    return render(request, "technicians/protect.html")


@own_account
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out in all other browsers; this one stays signed in."""
    technician = technician_of(request)
    actions.end_other_sessions(actor=actor_of(request), technician=technician)
    sessions.end_rows(technician, but=sessions.current_id(request))
    update_session_auth_hash(request, technician)
    messages.success(request, "You are signed out in all other browsers.")
    return redirect("technicians:settings")


@own_account
@login_not_required
def not_offered(request: HttpRequest, rest: str = "") -> HttpResponse:
    """A page of allauth that this product does not offer: sign-up, password by e-mail, other e-mail addresses."""
    del request, rest
    raise Http404


# A first password may be set without the old one, so somebody with a second factor confirms with that.
set_password = own_account(reauthentication_required(app="allauth.account")(password_set))


def sign_in(request: HttpRequest, technician: Technician) -> HttpResponse:
    """Sign in through allauth, so that a second step that was set up is still asked for."""
    if request.user.is_authenticated and request.user != technician:
        logout(request)
    record_authentication(request, technician, "link")
    return cast("HttpResponse", perform_login(request, technician, redirect_url=settings.LOGIN_REDIRECT_URL))


def dead_link(
    request: HttpRequest, refusal: LinkUnusable, *, is_setup: bool = False, kind: str = "link"
) -> HttpResponse:
    """The page of a link that does nothing: what happened, why, what to do. `kind` is "link" or "invitation"."""
    status = HTTPStatus.NOT_FOUND if refusal.state == LinkState.UNKNOWN else HTTPStatus.GONE
    context = {"refusal": refusal, "state": str(refusal.state), "is_setup": is_setup, "kind": kind}
    response = render(request, "technicians/link_refused.html", context, status=status)
    response["Referrer-Policy"] = _DEAD_PAGE_REFERRER
    return response


def _owner_exists(request: HttpRequest) -> HttpResponse:
    response = render(request, "technicians/owner_exists.html", status=HTTPStatus.GONE)
    response["Referrer-Policy"] = _DEAD_PAGE_REFERRER
    return response


def without_path_in_referrers(response: HttpResponse) -> HttpResponse:
    """Keep the token in the page's address out of what browsers tell other servers."""
    response["Referrer-Policy"] = _FORM_PAGE_REFERRER
    return response


def _show_settings(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    technician = technician_of(request)
    factors = list(Authenticator.objects.filter(user=technician).order_by("created_at"))
    codes = next((factor for factor in factors if factor.type == Authenticator.Type.RECOVERY_CODES), None)
    return render(
        request,
        "technicians/settings.html",
        {
            "form": form,
            "technician": technician,
            "deployment": entries_for(technician),
            "sessions": sessions.sessions_of(technician),
            "this_session": sessions.current_id(request),
            "idle_minutes": settings.SESSION_IDLE_MINUTES,
            "session_hours": settings.SESSION_HOURS,
            "microsoft": MicrosoftAccount.objects.filter(technician=technician).first(),
            "totp": next((factor for factor in factors if factor.type == Authenticator.Type.TOTP), None),
            "keys": [factor for factor in factors if factor.type == Authenticator.Type.WEBAUTHN],
            "codes": codes,
            "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        },
    )


@reauthentication_required(app="allauth.account")  # type: ignore[untyped-decorator]  # allauth publishes no types
def _save_profile_confirmed(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    return _save_profile(request, form)


def _save_profile(request: HttpRequest, form: ProfileForm) -> HttpResponse:
    try:
        actions.change_profile(
            actor=actor_of(request),
            technician=technician_of(request),
            display_name=form.cleaned_data["display_name"],
            email=form.cleaned_data["email"],
        )
    except Invalid as refusal:
        form.add_error(refusal.field or None, refusal.reason)
        return _show_settings(request, form)
    messages.success(request, "Saved.")
    return redirect("technicians:settings")
